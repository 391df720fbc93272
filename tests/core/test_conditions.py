from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.conditions import METRICS, Condition, Operator, parse_condition


def test_a_bare_metric_is_about_the_score_of_every_target() -> None:
    assert parse_condition(" mean > 0.80 ") == Condition(
        text="mean > 0.80", metric="mean", operator=Operator.GREATER, threshold=0.8
    )


def test_a_criterion_a_target_and_the_native_scale() -> None:
    condition = parse_condition("Production RAG Stack/accuracy.ci_lower >= 3.5 on native scale")
    assert condition.target == "Production RAG Stack"
    assert condition.name == "accuracy"
    assert condition.metric == "ci_lower"
    assert condition.operator is Operator.AT_LEAST
    assert condition.threshold == 3.5
    assert condition.native


@pytest.mark.parametrize("target", ["meta-llama/llama-3", "gpt-4.1", "a > b", "RAG / v2", "ümlaut"])
def test_a_target_may_be_called_nearly_anything(target: str) -> None:
    condition = parse_condition(f"{target}/mean < 0.5")
    assert (condition.target, condition.name, condition.metric) == (target, None, "mean")


def test_a_name_may_hold_spaces() -> None:
    assert parse_condition("cites a source.pass_rate >= .9").name == "cites a source"


@pytest.mark.parametrize(
    "text",
    ["", "mean", "mean > ", "mean 0.8", "mean > x", "mean > 0.8 native", "/mean > 0", "mean => 1", "80%"],
)
def test_another_form_is_answered_with_the_form(text: str) -> None:
    with pytest.raises(ValueError, match=r"write \[TARGET/\]\[NAME\.\]METRIC OP NUMBER"):
        parse_condition(text)


def test_an_unknown_metric_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(ValueError, match="did you mean 'mean'"):
        parse_condition("meen > 0.8")


def test_a_native_threshold_without_saying_so_is_answered_with_how_to_say_it() -> None:
    with pytest.raises(ValueError, match=r"write 'mean >= 3\.8 on native scale'"):
        parse_condition("mean >= 3.8")


def test_a_rate_in_percent_is_refused() -> None:
    with pytest.raises(ValueError, match=r"write 5% as 0\.05"):
        parse_condition("failure_rate < 5")


def test_money_and_seconds_may_be_above_one() -> None:
    assert parse_condition("cost_usd <= 5").threshold == 5
    assert parse_condition("latency_p95 < 2.5").threshold == 2.5


def test_a_metric_without_a_native_scale_cannot_be_on_it() -> None:
    with pytest.raises(ValueError, match="has no native scale"):
        parse_condition("failure_rate < 0.05 on native scale")


def test_a_number_beyond_all_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        parse_condition("cost_usd < 1e999")


@pytest.mark.parametrize(
    ("operator", "below", "at", "above"),
    [
        (">", False, False, True),
        (">=", False, True, True),
        ("<", True, False, False),
        ("<=", True, True, False),
        ("==", False, True, False),
    ],
)
def test_operators_compare_as_they_read(operator: str, below: bool, at: bool, above: bool) -> None:
    compare = Operator(operator)
    assert (compare.holds(0.7, 0.8), compare.holds(0.8, 0.8), compare.holds(0.9, 0.8)) == (below, at, above)


@given(
    metric=st.sampled_from(METRICS),
    operator=st.sampled_from(list(Operator)),
    threshold=st.floats(min_value=-1, max_value=1),
)
def test_what_is_written_is_what_is_read(metric: str, operator: Operator, threshold: float) -> None:
    condition = parse_condition(f"{metric} {operator} {threshold!r}")
    assert (condition.metric, condition.operator, condition.threshold) == (metric, operator, threshold)


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_an_error_of_value(text: str) -> None:
    try:
        condition = parse_condition(text)
    except ValueError:
        return
    assert condition.metric in METRICS
