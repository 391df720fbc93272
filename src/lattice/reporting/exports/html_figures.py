"""Charts within a report: drawn once, in the colours of the page that is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup

from lattice.reporting.charts import Chart, Theme
from lattice.reporting.charts.palette import light_and_dark
from lattice.reporting.charts.rendering import FONT, svg

WIDTH = 520

_SIZE = re.compile(r'^<svg [^>]*?width="(?P<width>[\d.]+)" height="(?P<height>[\d.]+)"[^>]*>')


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart and its picture. `picture` is made by Vega from a specification of ours, which escapes every text."""

    chart: Chart
    picture: Markup


def figure_of(chart: Chart) -> Figure:
    """Draw a chart; its size is that of the page, and its text is told by the page's description."""
    drawn = svg(chart, Theme.LIGHT, WIDTH)
    found = _SIZE.match(drawn)
    assert found is not None  # Vega gives the size first
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {found["width"]} {found["height"]}" '
        f'width="{found["width"]}" aria-hidden="true" focusable="false">'
    )
    return Figure(chart=chart, picture=Markup(head + _without_fonts(drawn[found.end() :])))


def _without_fonts(drawn: str) -> str:
    """Texts have the font of the page, which stands once and not at each of them."""
    return re.sub(r' font-family="[^"]*"', "", drawn)


def font() -> str:
    """The rule of a stylesheet that gives the pictures the font they were laid out in."""
    return f".figure svg {{ font-family: {FONT}; }}"


def dark_colours() -> Iterator[str]:
    """Rules of a stylesheet that give the pictures the colours of a dark page."""
    for light, dark in light_and_dark():
        for attribute in ("fill", "stroke"):
            yield f'.figure [{attribute}="{light}"] {{ {attribute}: {dark}; }}'
