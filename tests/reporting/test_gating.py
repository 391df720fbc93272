"""Gates, decided on a run's summary."""

from __future__ import annotations

import pytest
from tests.reporting.run_records import evaluation, example_rows, score_row

from lattice.core.conditions import parse_condition
from lattice.core.runs import RunStatus
from lattice.gates import Verdict, check
from lattice.reporting.figures import Summary
from lattice.reporting.gating import GateOutcome, decide_conditions, decide_gates, names_of
from lattice.reporting.summary import Session, spending_of, summarise
from lattice.store.records import ScoreRow


def verdicts(rows: list[ScoreRow], *conditions: str) -> list[str]:
    """The verdicts on a completed run of the documented example; through the store's form of its summary."""
    summary = summarise(rows, evaluation(passes=">= 4"), Session(total=len(rows)))
    stored = Summary.from_json(summary.as_json())
    found = decide_conditions(conditions, evaluation(passes=">= 4"), stored, RunStatus.COMPLETED)
    return [outcome.verdict.value for outcome in found]


def test_the_documented_gates_on_the_documented_numbers() -> None:
    summary = summarise(example_rows(), evaluation(), Session(total=200))
    first, second = decide_gates(
        evaluation(gates=("mean > 0.80", "ci_lower > 0.75")), summary, RunStatus.COMPLETED, None
    )
    assert (first.verdict, first.condition) == (Verdict.FAIL, "mean > 0.80")
    assert first.value == pytest.approx(0.7386, abs=1e-4)
    assert second.verdict is Verdict.INCONCLUSIVE
    assert first.reason


def test_ten_perfect_scores_do_not_pass_a_gate_on_the_lower_end() -> None:
    assert verdicts([score_row(place, 5) for place in range(10)], "ci_lower > 0.75") == ["inconclusive"]


def test_a_mean_of_exactly_the_threshold_is_not_above_it() -> None:
    rows = [score_row(place, native) for place, native in enumerate([4, 4, 4, 4, 5] * 4)]
    assert verdicts(rows, "mean > 0.80", "mean >= 0.80", "mean >= 4.2 on native scale") == ["fail", "pass", "pass"]


def test_many_missing_scores_make_a_gate_inconclusive_unless_both_ends_agree() -> None:
    rows = [score_row(place, 4) for place in range(90)] + [score_row(place) for place in range(90, 100)]
    assert verdicts(rows, "mean > 0.70", "mean > 0.50", "mean > 0.90") == ["inconclusive", "pass", "fail"]
    assert verdicts(rows, "pass_rate >= 0.95", "pass_rate >= 0.85") == ["inconclusive", "pass"]


def test_a_few_missing_scores_change_no_verdict() -> None:
    rows = [score_row(place, 4) for place in range(98)] + [score_row(place) for place in range(98, 100)]
    assert verdicts(rows, "mean > 0.74", "failure_rate <= 0.02") == ["pass", "pass"]


def test_missing_repeats_count_at_both_ends_within_their_input() -> None:
    rows = [score_row(place, 4, repeat=repeat) for place in range(20) for repeat in range(2)]
    rows[0] = score_row(0, repeat=0)
    rows[2] = score_row(1, repeat=0)
    metric = summarise(rows, evaluation(repeats=2), Session(total=40)).metric()
    assert metric.lowest is not None
    assert metric.highest is not None
    assert metric.mean == 0.75
    assert metric.lowest.mean == pytest.approx((18 * 0.75 + 2 * 0.375) / 20)
    assert metric.highest.mean == pytest.approx((18 * 0.75 + 2 * 0.875) / 20)


def test_latency_and_cost_can_be_gated_and_an_unknown_cost_is_no_cost() -> None:
    rows = [score_row(place, 4, latency=float(place), cost=0.01) for place in range(1, 101)]
    live = {"cost_usd": {"target": 1.0, "judge": 0.0}}
    priced = summarise(rows, evaluation(), Session(total=100, spending=spending_of(live, evaluation())))
    unknown = spending_of(live, evaluation(), ["anthropic/claude-3-5-sonnet-20241022"])
    unpriced = summarise(rows, evaluation(), Session(total=100, spending=unknown))
    conditions = ("latency_p95 < 96", "cost_usd <= 1.0")
    assert [
        each.verdict.value for each in decide_conditions(conditions, evaluation(), priced, RunStatus.COMPLETED)
    ] == [
        "pass",
        "pass",
    ]
    assert decide_conditions(conditions, evaluation(), unpriced, RunStatus.COMPLETED)[1].verdict is not Verdict.PASS
    assert priced.targets[0].cost_usd == pytest.approx(1.0)
    assert unpriced.targets[0].cost_usd is None


@pytest.mark.parametrize(
    ("status", "stopped"), [(RunStatus.CANCELLED, None), (RunStatus.CANCELLED, "budget"), (RunStatus.FAILED, None)]
)
def test_gates_of_a_run_that_did_not_complete_are_not_evaluated(status: RunStatus, stopped: str | None) -> None:
    summary = summarise(example_rows(), evaluation(), Session(total=400, live_intervals={}))
    (outcome,) = decide_gates(evaluation(gates=("mean > 0.10",)), summary, status, stopped)
    assert outcome.verdict is Verdict.NOT_EVALUATED
    assert (stopped or status.value) in outcome.reason


def test_an_outcome_reads_back_as_it_was_stored() -> None:
    outcome = GateOutcome(condition="mean > 0", verdict=Verdict.PASS, value=0.5, reason="it is", more_inputs=3)
    assert GateOutcome.from_json(outcome.as_json()) == outcome
    assert list(outcome.as_json()) == ["condition", "verdict", "value", "reason", "more_inputs"]


def test_conditions_can_be_checked_before_anything_is_spent() -> None:
    names = names_of(evaluation(criteria=[{"name": "tone"}]))
    check([parse_condition("tone.mean > 3 on native scale")], names)
    with pytest.raises(ValueError, match="accuracy"):
        check([parse_condition("accuracy.mean > 3")], names)
    with pytest.raises(ValueError, match="pass rate"):
        check([parse_condition("pass_rate > 0.5")], names)
