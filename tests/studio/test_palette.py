"""Pages and charts give a run the same colour."""

from __future__ import annotations

import re

from lattice.reporting.charts import SERIES_COLOURS, Theme
from lattice.studio.pages.charts import COLOURS
from lattice.studio.templating import STATIC

SERIES = re.compile(r"--series-(\d): (#[0-9a-f]{6})")


def test_the_stylesheet_has_the_colours_of_the_charts() -> None:
    style = (STATIC / "studio.css").read_text(encoding="utf-8")
    found = [colour for _, colour in SERIES.findall(style)]
    light, dark = (list(SERIES_COLOURS[theme][:COLOURS]) for theme in (Theme.LIGHT, Theme.DARK))
    assert found == [*light, *dark, *dark]
