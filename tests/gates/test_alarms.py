"""Conditions that are alerts where they hold."""

from __future__ import annotations

import pytest

from lattice.core.conditions import parse_condition
from lattice.core.runs import RunStatus
from lattice.gates import Alarm, AlarmResult, MetricNumbers, RunNumbers, TargetNumbers, alarms
from lattice.stats.missing import Estimate, Measured


def measured(lower: float, upper: float, **more: Estimate | int | None) -> Measured:
    mean = (lower + upper) / 2
    return Measured(estimate=Estimate(n=200, mean=mean, lower=lower, upper=upper), ended=200, **more)  # type: ignore[arg-type]


def decided(
    text: str, *differences: MetricNumbers, status: RunStatus = RunStatus.COMPLETED, failed: int = 0
) -> AlarmResult:
    scores = MetricNumbers(target="Bot", measured=measured(0.6, 0.7), native=(1, 5))
    numbers = RunNumbers(
        status=status,
        targets=(TargetNumbers(name="Bot", ended=200, failed=failed),),
        metrics=(scores,),
        differences=differences,
    )
    [found] = alarms([parse_condition(text)], numbers)
    return found


def difference(lower: float, upper: float, target: str = "Bot") -> MetricNumbers:
    return MetricNumbers(target=target, measured=measured(lower, upper))


@pytest.mark.parametrize(
    ("lower", "upper", "alarm"),
    [(-0.3, -0.1, Alarm.ALERT), (-0.1, 0.1, Alarm.CLEAR), (0.1, 0.2, Alarm.CLEAR), (-0.1, 0.0, Alarm.CLEAR)],
)
def test_a_drop_is_an_alert_once_the_whole_interval_lies_below(lower: float, upper: float, alarm: Alarm) -> None:
    assert decided("difference.ci_upper < 0", difference(lower, upper)).alarm is alarm


def test_a_value_on_the_judges_own_scale() -> None:
    assert decided("mean < 3.8 on native scale").alarm is Alarm.ALERT
    assert decided("mean < 3.6 on native scale").alarm is Alarm.CLEAR


def test_of_several_targets_one_is_enough() -> None:
    found = decided("difference.ci_upper < 0", difference(0.1, 0.2), difference(-0.2, -0.1, "Other"))
    assert found.alarm is Alarm.ALERT
    assert found.reason.startswith("Other: ")


def test_missing_scores_leave_open_what_depends_on_them() -> None:
    low, high = (Estimate(n=200, mean=mean, lower=mean, upper=mean) for mean in (-0.4, 0.2))
    open_ = MetricNumbers(target="Bot", measured=measured(-0.3, -0.1, unscored=10, lowest=low, highest=high))
    assert decided("difference.ci_upper < 0", open_).alarm is Alarm.UNDECIDED
    sure = MetricNumbers(target="Bot", measured=measured(-0.3, -0.1, unscored=10, lowest=low, highest=low))
    assert decided("difference.ci_upper < 0", sure).alarm is Alarm.ALERT
    few = MetricNumbers(target="Bot", measured=measured(-0.3, -0.1, unscored=9, lowest=low, highest=high))
    assert decided("difference.ci_upper < 0", few).alarm is Alarm.ALERT


def test_what_is_unfair_is_not_evaluated_and_without_a_number_it_is_undecided() -> None:
    nothing = Measured(estimate=Estimate(n=0), ended=0)
    refused = MetricNumbers(target="Bot", measured=nothing, refused="different rubrics")
    assert decided("difference.ci_upper < 0", refused).alarm is Alarm.NOT_EVALUATED
    none = MetricNumbers(target="Bot", measured=nothing)
    assert decided("difference.ci_upper < 0", none).alarm is Alarm.UNDECIDED
    assert decided("difference.mean < 0", none).alarm is Alarm.UNDECIDED


def test_a_run_that_did_not_complete_has_no_numbers_to_decide_on() -> None:
    for status in (RunStatus.FAILED, RunStatus.CANCELLED):
        assert decided("mean < 1", status=status).alarm is Alarm.NOT_EVALUATED


def test_a_failure_rate_is_one_too() -> None:
    assert decided("failure_rate > 0.1", failed=30).alarm is Alarm.ALERT
    assert decided("failure_rate > 0.1", failed=3).alarm is Alarm.CLEAR
