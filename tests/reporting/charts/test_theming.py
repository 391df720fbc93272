"""A specification in the colours of a page."""

from __future__ import annotations

import json

from tests.reporting.charts.subjects import example, renamed

from lattice.reporting.charts import Theme, series_colour, themed
from lattice.reporting.charts.distribution import distribution_chart
from lattice.reporting.charts.means import means_chart
from lattice.reporting.charts.palette import INK


def test_a_dark_page_has_its_own_colours_and_shines_through() -> None:
    chart = means_chart(example(gates=("mean > 0.8",)))
    light, dark = (themed(chart.spec, theme) for theme in Theme)
    assert light["background"] == dark["background"] == "transparent"
    assert dark["config"]["legend"]["labelColor"] == INK[Theme.DARK]
    assert series_colour(0, Theme.DARK) in json.dumps(dark)
    assert INK[Theme.LIGHT] not in json.dumps(dark)


def test_what_is_shown_is_the_same_in_both() -> None:
    spec = distribution_chart(example(targets=2)).spec
    assert themed(spec, Theme.LIGHT)["data"] == themed(spec, Theme.DARK)["data"] == spec["data"]
    assert "config" not in spec


def test_a_target_that_is_called_like_a_colour_keeps_its_name() -> None:
    names = [series_colour(0), INK[Theme.LIGHT]]
    dark = themed(means_chart(renamed(names)).spec, Theme.DARK)
    assert [row["series"] for row in dark["data"]["values"]] == names
    domains = [layer["encoding"]["color"]["scale"]["domain"] for layer in dark["layer"] if "color" in layer["encoding"]]
    assert domains == [names, names]


def test_nothing_moves() -> None:
    assert "transition" not in json.dumps(themed(means_chart(example()).spec, Theme.LIGHT))
