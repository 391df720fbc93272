"""Charts as pictures, made without a browser and without a network."""

from __future__ import annotations

import textwrap
from typing import Any

import orjson

from lattice.reporting.charts.palette import PAPER
from lattice.reporting.charts.records import Chart, Theme
from lattice.reporting.charts.theming import themed

ENDINGS = (".svg", ".png", ".json")
WIDTH = 680
# All of them have the same widths; Liberation Sans comes with the converter.
FONT = "Arial, 'Liberation Sans', Arimo, Helvetica, sans-serif"
_TITLE, _SUBTITLE = 84, 112


def svg(chart: Chart, theme: Theme = Theme.LIGHT, width: int = WIDTH) -> str:
    """A picture for a page: without a title, on a transparent ground.

    Parameters
    ----------
    width: in units, legend and axes included.
    """
    return _converted(_sized(themed(chart.spec, theme), width))


def svg_file(chart: Chart, theme: Theme = Theme.LIGHT) -> str:
    """A picture that stands alone: with its title, on a ground of its own."""
    return _converted(standalone(chart, theme))


def png(chart: Chart, theme: Theme = Theme.LIGHT, scale: float = 2.0) -> bytes:
    """The same as pixels.

    Parameters
    ----------
    scale: pixels per unit; the picture is about `WIDTH` units wide.
    """
    # It brings a JavaScript engine of 80 MB.
    import vl_convert

    return vl_convert.vegalite_to_png(standalone(chart, theme), scale=scale, allowed_base_urls=[])


def standalone(chart: Chart, theme: Theme = Theme.LIGHT) -> dict[str, Any]:
    """The specification with its title and caption, on a ground of its own, of a fixed width."""
    spec = _sized(themed(chart.spec, theme), WIDTH)
    return {
        **spec,
        "background": PAPER[theme],
        "padding": 20,
        "title": {"text": _lines(chart.title, _TITLE), "subtitle": _lines(chart.caption, _SUBTITLE)},
    }


def picture(chart: Chart, ending: str, theme: Theme = Theme.LIGHT, scale: float = 2.0) -> bytes:
    """A file that stands alone: ``.svg``, ``.png`` or, as Vega-Lite, ``.json``; see `ENDINGS`.

    Parameters
    ----------
    scale: pixels per unit of a PNG.
    """
    match ending:
        case ".png":
            return png(chart, theme, scale)
        case ".json":
            return orjson.dumps(standalone(chart, theme), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        case _:
            return svg_file(chart, theme).encode()


def _converted(spec: dict[str, Any]) -> str:
    # As above.
    import vl_convert

    return vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])


def _sized(spec: dict[str, Any], width: int) -> dict[str, Any]:
    """Of a fixed width, and in a font whose letters are as wide on the screen of the reader as they are here."""
    return {**spec, "width": width, "config": {**spec["config"], "font": FONT}}


def _lines(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width) or [""]
