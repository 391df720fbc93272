"""Colours and shapes: one series has the same ones in every chart and on every page.

Chosen so that people with any colour vision tell each two of them apart (ΔE of 19 or more with usual, protanopic,
deuteranopic and tritanopic vision) and that each stands out from its ground, 3 : 1 or more. Their lightness differs
too, for print in grey; neighbours differ in shape and dash besides, so that nothing depends on colour alone.
"""

from __future__ import annotations

from lattice.reporting.charts.records import Theme

SERIES: dict[Theme, tuple[str, ...]] = {
    Theme.LIGHT: ("#2860cd", "#d4751f", "#0b5a30", "#8d0b6b", "#5e5600", "#309bce", "#5a148d", "#8a9199"),
    Theme.DARK: ("#5a91f5", "#ee7420", "#b4efbf", "#c06a8a", "#f4df7e", "#65c9fe", "#957fbd", "#b6bdc7"),
}
"""Colours of series by index; a page's stylesheet uses the same values."""

SHAPES = ("circle", "square", "triangle-up", "diamond", "triangle-down", "cross", "triangle-right", "triangle-left")
"""Shapes of points, by the same index."""

DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3), (4, 2), (12, 4), (1, 3), (6, 2, 1, 2))
"""Dashes of lines, by the same index."""

INK: dict[Theme, str] = {Theme.LIGHT: "#1c2430", Theme.DARK: "#e8ecf1"}
QUIET: dict[Theme, str] = {Theme.LIGHT: "#5a6472", Theme.DARK: "#a3adba"}
GRID: dict[Theme, str] = {Theme.LIGHT: "#e3e7ec", Theme.DARK: "#2c343f"}
RULE: dict[Theme, str] = {Theme.LIGHT: "#98a2ae", Theme.DARK: "#626d7b"}
PAPER: dict[Theme, str] = {Theme.LIGHT: "#ffffff", Theme.DARK: "#12161c"}
"""What lies under a chart that stands alone; on a page it is the page's own background."""


def series_colour(index: int, theme: Theme = Theme.LIGHT) -> str:
    """The colour of a series, as ``#rrggbb``; after the last it starts again, with `series_shape` one further."""
    colours = SERIES[theme]
    return colours[index % len(colours)]


def series_shape(index: int) -> str:
    """The shape of a series' points."""
    return SHAPES[(index + index // len(SHAPES)) % len(SHAPES)]


def series_dash(index: int) -> list[int]:
    """The dash of a series' line."""
    return list(DASHES[(index + index // len(DASHES)) % len(DASHES)])


def recoloured(colour: str, theme: Theme) -> str:
    """A colour of the light palette as the theme has it; any other stays as it is."""
    return colour if theme is Theme.LIGHT else _DARK.get(colour, colour)


def light_and_dark() -> list[tuple[str, str]]:
    """Every colour of the light palette with the one that stands for it on a dark page."""
    roles = (INK, QUIET, GRID, RULE, PAPER)
    return [
        *zip(SERIES[Theme.LIGHT], SERIES[Theme.DARK], strict=True),
        *((role[Theme.LIGHT], role[Theme.DARK]) for role in roles),
    ]


_DARK = dict(light_and_dark())
