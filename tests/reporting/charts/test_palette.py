"""Colours that everybody tells apart, on paper and on a dark page."""

from __future__ import annotations

from itertools import combinations

import pytest
from tests.reporting.charts.colour_vision import DEUTAN, NORMAL, PROTAN, TRITAN, Colour, contrast, difference

from lattice.reporting.charts.palette import (
    DASHES,
    INK,
    PAPER,
    QUIET,
    SERIES,
    SHAPES,
    light_and_dark,
    recoloured,
    series_colour,
    series_dash,
    series_shape,
)
from lattice.reporting.charts.records import Theme

THEMES = list(Theme)


@pytest.mark.parametrize("theme", THEMES)
def test_a_series_stands_out_from_the_ground(theme: Theme) -> None:
    # WCAG 2.1, 1.4.11: graphical objects.
    assert [colour for colour in SERIES[theme] if contrast(colour, PAPER[theme]) < 3] == []


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read(theme: Theme) -> None:
    assert contrast(INK[theme], PAPER[theme]) >= 7
    assert contrast(QUIET[theme], PAPER[theme]) >= 4.5


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("vision", [NORMAL, PROTAN, DEUTAN, TRITAN], ids=["usual", "protan", "deutan", "tritan"])
def test_no_two_series_look_alike_whatever_ones_colour_vision(theme: Theme, vision: Colour) -> None:
    pairs = [(one, other, difference(one, other, vision)) for one, other in combinations(SERIES[theme], 2)]
    assert [pair for pair in pairs if pair[2] < 19] == []


def test_a_series_keeps_its_colour_and_after_the_last_they_start_again() -> None:
    assert [series_colour(index) for index in range(8)] == list(SERIES[Theme.LIGHT])
    assert series_colour(8) == series_colour(0)
    assert series_colour(3, Theme.DARK) == SERIES[Theme.DARK][3]


def test_series_of_one_colour_differ_in_shape_and_dash() -> None:
    looks = [(series_colour(index), series_shape(index)) for index in range(24)]
    assert len(set(looks)) == 24
    assert series_dash(0) != series_dash(8)
    assert len(SHAPES) == len(DASHES) == len(SERIES[Theme.LIGHT]) == len(SERIES[Theme.DARK])


def test_each_colour_has_one_for_dark_pages() -> None:
    assert all(recoloured(light, Theme.DARK) == dark for light, dark in light_and_dark())
    assert all(recoloured(light, Theme.LIGHT) == light for light, _ in light_and_dark())
    assert recoloured("transparent", Theme.DARK) == "transparent"
    assert len({light for light, _ in light_and_dark()}) == len(light_and_dark())
