from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.judging import JudgeSettings, ScaleName, ScaleSettings
from lattice.scoring.scales import scale_of


def test_likert_5_maps_to_quarters_exactly() -> None:
    scale = scale_of("likert-5")
    assert [(level.value, level.score) for level in scale.levels] == [
        (1, 0.0),
        (2, 0.25),
        (3, 0.5),
        (4, 0.75),
        (5, 1.0),
    ]
    assert scale.label == "Likert-5"


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("binary", (0, 1)),
        ("likert-3", (1, 2, 3)),
        ("likert-7", tuple(range(1, 8))),
        ("likert-10", tuple(range(1, 11))),
    ],
)
def test_named_scales_have_their_whole_numbers(name: ScaleName, values: tuple[int, ...]) -> None:
    assert scale_of(name).values == values


def test_a_scale_of_ones_own_is_shown_by_its_ends_and_keeps_its_labels() -> None:
    scale = scale_of(ScaleSettings(min=0, max=20, labels={0: "useless", 20: "perfect"}))
    assert scale.label == "0–20"
    assert len(scale.levels) == 21
    assert (scale.levels[0].label, scale.levels[1].label, scale.levels[20].label) == (
        "useless",
        "",
        "perfect",
    )


def test_a_minus_is_no_dash() -> None:
    assert scale_of(ScaleSettings(min=-5, max=5)).label == "−5–5"


def test_the_scale_of_a_judge_is_the_one_it_is_configured_with() -> None:
    assert scale_of(JudgeSettings(model="sim/judge", scale="binary")).label == "Binary"


def test_values_between_the_levels_are_read_as_the_decimals_they_are_shown_as() -> None:
    scale = scale_of("likert-5")
    assert scale.to_score(4.4) == 0.85
    assert scale.to_native(0.85) == 4.4
    assert scale.to_score(3.95) == 0.7375


@pytest.mark.parametrize("native", [0, 6, 5.0001, float("nan"), float("inf")])
def test_a_native_value_off_the_scale_has_no_score(native: float) -> None:
    with pytest.raises(ValueError):
        scale_of("likert-5").to_score(native)


@pytest.mark.parametrize("score", [-0.01, 1.01, float("nan")])
def test_a_score_outside_0_to_1_has_no_native_value(score: float) -> None:
    with pytest.raises(ValueError):
        scale_of("likert-5").to_native(score)


@given(low=st.integers(-50, 50), size=st.integers(1, 100), data=st.data())
def test_every_level_maps_to_its_score_and_back(low: int, size: int, data: st.DataObject) -> None:
    scale = scale_of(ScaleSettings(min=low, max=low + size))
    level = data.draw(st.sampled_from(scale.levels))
    assert scale.to_score(level.value) == level.score == (level.value - low) / size
    assert round(scale.to_native(level.score), 9) == level.value
