"""Gates on runs that have ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from lattice.core.conditions import parse_condition
from lattice.core.runs import RunStatus
from lattice.gates import (
    GateResult,
    MetricNumbers,
    RunNumbers,
    TargetNumbers,
    Verdict,
    decide,
    overall,
)
from lattice.stats import mean_interval, measure, measure_difference

WORKED_EXAMPLE = [0.0] * 8 + [0.25] * 12 + [0.5] * 28 + [0.75] * 82 + [1.0] * 67


def metric(
    scores: Sequence[float | None], target: str = "A", name: str = "score", *, passes: float | None = None
) -> MetricNumbers:
    rule = None if passes is None else (lambda score: score >= passes)
    measured = measure([(score,) for score in scores], passes=rule)
    return MetricNumbers(target=target, name=name, measured=measured, native=(1, 5))


def run(*metrics: MetricNumbers, status: RunStatus = RunStatus.COMPLETED) -> RunNumbers:
    targets = {each.target: each.measured for each in metrics}
    return RunNumbers(
        status=status,
        targets=tuple(
            TargetNumbers(name=name, ended=found.ended, failed=found.unscored, cost_usd=0.5, latency_p95=2.0)
            for name, found in targets.items()
        ),
        metrics=metrics,
        cost_usd=1.0,
    )


def gate(text: str, numbers: RunNumbers) -> GateResult:
    return decide([parse_condition(text)], numbers)[0]


def test_the_worked_example_fails_its_mean_and_leaves_its_lower_end_open() -> None:
    numbers = run(metric(WORKED_EXAMPLE))
    mean, lower = decide([parse_condition("mean > 0.80"), parse_condition("ci_lower > 0.75")], numbers)
    assert mean.verdict is Verdict.FAIL
    assert mean.value == pytest.approx(0.738579, abs=1e-6)
    assert mean.reason == "0.7386 is not above 0.80"
    assert lower.verdict is Verdict.INCONCLUSIVE
    assert lower.reason.startswith("the 95% interval [0.6990, 0.7734] (adjusted_t) has 0.75 inside; about ")
    assert overall([mean, lower]) is Verdict.FAIL


def test_twenty_inputs_with_a_mean_of_085_are_inconclusive_not_a_failure() -> None:
    numbers = run(metric([0.75] * 12 + [1.0] * 8))
    mean, lower = decide([parse_condition("mean > 0.80"), parse_condition("ci_lower > 0.75")], numbers)
    assert (mean.verdict, mean.value) == (Verdict.PASS, 0.85)
    assert lower.verdict is Verdict.INCONCLUSIVE
    assert lower.more_inputs is not None
    assert overall([mean, lower]) is Verdict.INCONCLUSIVE


def test_a_mean_of_exactly_080_does_not_pass_above_080() -> None:
    for scores in ([0.75] * 4 + [1.0], [0.7, 0.8, 0.9] * 11, [0.8] * 30, [0.6 * 1.0 + 0.4 * 0.5] * 7):
        numbers = run(metric(scores))
        assert gate("mean > 0.80", numbers).verdict is Verdict.FAIL
        assert gate("mean >= 0.80", numbers).verdict is Verdict.PASS
        assert gate("mean == 0.8", numbers).verdict is Verdict.PASS


def test_a_value_that_rounds_to_the_threshold_is_shown_in_full() -> None:
    found = gate("mean > 0.80", run(metric([0.80001] * 10)))
    assert found.verdict is Verdict.PASS
    assert found.reason.startswith("0.80001")


def test_ten_perfect_scores_do_not_pass_a_lower_end_above_075() -> None:
    found = gate("ci_lower > 0.75", run(metric([1.0] * 10)))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert found.value == pytest.approx(0.733251, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("ci_lower > 0.60", Verdict.PASS),
        ("ci_lower > 0.72", Verdict.INCONCLUSIVE),
        ("ci_lower > 0.80", Verdict.FAIL),
        ("ci_upper < 0.80", Verdict.PASS),
        ("ci_upper < 0.72", Verdict.INCONCLUSIVE),
        ("ci_upper < 0.60", Verdict.FAIL),
    ],
)
def test_an_end_of_the_interval_has_three_answers(text: str, verdict: Verdict) -> None:
    assert gate(text, run(metric(WORKED_EXAMPLE))).verdict is verdict


def test_thresholds_on_the_native_scale() -> None:
    numbers = run(metric(WORKED_EXAMPLE))
    found = gate("mean >= 3.8 on native scale", numbers)
    assert found.verdict is Verdict.PASS
    assert found.value == pytest.approx(3.954315, abs=1e-6)
    assert gate("min >= 2 on native scale", numbers).reason == "1.0000 is not at least 2 on native scale"
    exact = run(metric([0.75] * 4 + [0.5]))
    assert gate("mean >= 3.8 on native scale", exact).value == 3.8
    assert gate("mean > 3.8 on native scale", exact).verdict is Verdict.FAIL
    assert gate("ci_lower > 3.2 on native scale", numbers).verdict is Verdict.PASS


def test_median_minimum_and_pass_rate_are_values() -> None:
    numbers = run(metric(WORKED_EXAMPLE, passes=0.75))
    assert gate("median == 0.75", numbers).verdict is Verdict.PASS
    assert gate("min > 0", numbers).verdict is Verdict.FAIL
    assert gate("pass_rate > 0.75", numbers).value == 149 / 197


def test_a_condition_without_a_target_must_hold_for_every_target() -> None:
    numbers = run(metric([1.0] * 20, "A"), metric([0.5] * 20, "B"), metric([0.75] * 20, "C"))
    found = gate("mean > 0.80", numbers)
    assert (found.verdict, found.value) == (Verdict.FAIL, 0.5)
    assert found.reason == "B: 0.5000 is not above 0.80"
    assert gate("A/mean > 0.80", numbers).verdict is Verdict.PASS
    assert gate("mean > 0.40", numbers).value == 0.5
    assert gate("mean <= 1", numbers).value == 1.0


def test_a_criterion_is_decided_by_its_name() -> None:
    numbers = run(metric([1.0] * 9), metric([0.5] * 9, name="accuracy"))
    assert gate("accuracy.mean > 0.8", numbers).value == 0.5
    with pytest.raises(ValueError, match="does not have"):
        gate("style.mean > 0.8", numbers)
    with pytest.raises(ValueError, match="does not have"):
        gate("B/failure_rate < 0.1", numbers)


def test_no_score_and_one_score_decide_little() -> None:
    nothing = gate("mean > 0.5", run(metric([])))
    assert (nothing.verdict, nothing.value, nothing.reason) == (
        Verdict.INCONCLUSIVE,
        None,
        "there is no score to decide it on",
    )
    assert gate("ci_lower > 0.5", run(metric([]))).reason == "there is no score"
    one = run(metric([0.9]))
    assert gate("mean > 0.5", one).verdict is Verdict.PASS
    assert gate("ci_lower > 0.5", one).reason == "the scores give no interval"


def test_below_five_percent_missing_the_numbers_stand() -> None:
    numbers = run(metric([0.75] * 50 + [1.0] * 46 + [None] * 4))
    assert gate("mean > 0.85", numbers).verdict is Verdict.PASS


def test_from_five_percent_missing_both_extremes_must_agree() -> None:
    numbers = run(metric([0.75] * 50 + [1.0] * 45 + [None] * 5))
    stands = gate("mean > 0.80", numbers)
    assert stands.verdict is Verdict.PASS
    assert "5 of 100 ended trials have no score, and it holds whatever they were" in stands.reason
    open_ = gate("mean > 0.85", numbers)
    assert open_.verdict is Verdict.INCONCLUSIVE
    assert "at the lowest end of the scale the gate says fail, at the highest pass" in open_.reason
    assert open_.more_inputs is None
    assert gate("failure_rate <= 0.05", numbers).verdict is Verdict.PASS
    assert gate("cost_usd < 2", numbers).verdict is Verdict.PASS


def test_everything_missing_is_never_a_pass() -> None:
    numbers = run(metric([None] * 20))
    for text in ("mean > 0.5", "ci_lower > 0.5", "min > 0.5", "mean < 0.5"):
        assert gate(text, numbers).verdict is Verdict.INCONCLUSIVE


def test_from_five_percent_of_failed_trials_every_gate_says_so() -> None:
    numbers = run(metric([1.0] * 90 + [None] * 10))
    for text in ("mean > 0.5", "cost_usd < 2", "latency_p95 < 3"):
        assert gate(text, numbers).reason.endswith("; 10 of 100 trials failed")
    assert "failed" not in gate("cost_usd < 2", run(metric([1.0] * 96 + [None] * 4))).reason


def test_cost_latency_and_failure_rate() -> None:
    numbers = run(metric([1.0] * 19 + [None]), metric([1.0] * 18 + [None] * 2, "B"))
    assert gate("failure_rate < 0.10", numbers).reason.startswith("B: 0.1000 is not below 0.10")
    assert gate("cost_usd < 0.9", numbers).verdict is Verdict.FAIL
    assert gate("A/cost_usd < 0.9", numbers).verdict is Verdict.PASS
    assert gate("latency_p95 <= 2", numbers).verdict is Verdict.PASS


def test_an_unknown_cost_is_inconclusive_not_zero() -> None:
    numbers = RunNumbers(
        status=RunStatus.COMPLETED,
        targets=(TargetNumbers(name="A", ended=0, failed=0),),
        metrics=(),
        unpriced=("local/own",),
    )
    cost = gate("cost_usd < 5", numbers)
    assert (cost.verdict, cost.value) == (Verdict.INCONCLUSIVE, None)
    assert cost.reason == "the cost is unknown, since the price of local/own is"
    assert gate("failure_rate < 1", numbers).verdict is Verdict.INCONCLUSIVE
    assert gate("latency_p95 < 1", numbers).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("status", [RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.RUNNING])
def test_gates_of_a_run_that_did_not_complete_are_not_evaluated(status: RunStatus) -> None:
    found = gate("mean > 0.1", run(metric([1.0] * 20), status=status))
    assert found.verdict is Verdict.NOT_EVALUATED
    assert status.value in found.reason
    assert overall([found]) is Verdict.NOT_EVALUATED


def test_all_gates_together() -> None:
    results = {verdict: GateResult(condition="", verdict=verdict, value=None, reason="") for verdict in Verdict}
    passed, failed, open_, not_ = (results[verdict] for verdict in Verdict)
    assert overall([passed, open_, failed]) is Verdict.FAIL
    assert overall([passed, open_]) is Verdict.INCONCLUSIVE
    assert overall([passed, not_]) is Verdict.NOT_EVALUATED
    assert overall([passed, passed]) is Verdict.PASS
    assert overall([]) is Verdict.PASS


def difference(before: Sequence[float | None], after: Sequence[float | None]) -> RunNumbers:
    measured = measure_difference([(score,) for score in before], [(score,) for score in after])
    numbers = run(metric(after))
    against = MetricNumbers(target="A", measured=measured, native=(0, 4))
    return RunNumbers(status=numbers.status, targets=numbers.targets, metrics=numbers.metrics, differences=(against,))


def test_a_difference_from_the_baseline_is_decided_by_adjusted_t() -> None:
    numbers = difference([0.5] * 10, [0.75] * 10)
    assert gate("difference.mean >= 0.25", numbers).verdict is Verdict.PASS
    assert gate("difference.mean >= 1 on native scale", numbers).verdict is Verdict.PASS
    lower = gate("difference.ci_lower > 0", numbers)
    assert lower.verdict is Verdict.INCONCLUSIVE
    assert "(adjusted_t)" in lower.reason
    same = difference(WORKED_EXAMPLE, WORKED_EXAMPLE)
    assert gate("difference.ci_lower > -0.02", same).verdict is Verdict.PASS
    assert gate("difference.ci_lower > 0.02", same).verdict is Verdict.FAIL


def test_a_difference_with_missing_pairs_is_decided_at_both_extremes() -> None:
    numbers = difference([0.5] * 95 + [None] * 5, [0.5] * 100)
    assert gate("difference.mean >= 0", numbers).verdict is Verdict.INCONCLUSIVE
    assert gate("difference.mean >= -0.1", numbers).verdict is Verdict.PASS


def test_an_unfair_comparison_is_refused() -> None:
    base = difference([0.5] * 10, [0.75] * 10)
    refused = MetricNumbers(
        target="A", measured=base.differences[0].measured, refused="the two runs have different judges"
    )
    numbers = RunNumbers(status=base.status, targets=base.targets, metrics=base.metrics, differences=(refused,))
    found = gate("difference.mean > 0", numbers)
    assert (found.verdict, found.reason) == (Verdict.NOT_EVALUATED, "the two runs have different judges")


def test_so_many_more_inputs_do_decide_it_most_of_the_time() -> None:
    random, decided = np.random.default_rng(0), 0
    first = gate("ci_lower > 0.69", run(metric(WORKED_EXAMPLE[::2])))
    assert first.verdict is Verdict.INCONCLUSIVE
    assert first.more_inputs is not None
    for _ in range(100):
        scores = random.choice(WORKED_EXAMPLE, len(WORKED_EXAMPLE[::2]) + first.more_inputs)
        decided += gate("ci_lower > 0.69", run(metric(scores.tolist()))).verdict is Verdict.PASS
    assert decided / 100 == pytest.approx(0.8, abs=0.15)


def test_a_mean_at_the_threshold_is_not_promised_a_decision() -> None:
    found = gate("ci_lower > 0.75", run(metric([0.5, 1.0] * 20)))
    assert (found.verdict, found.more_inputs) == (Verdict.INCONCLUSIVE, None)
    assert "unlikely to decide it" in found.reason


def losing_low_scores(share: float, seed: int) -> tuple[list[float | None], list[float]]:
    """200 scores around the threshold; the ones that go missing are the lowest."""
    random = np.random.default_rng(seed)
    centre = random.uniform(0.6, 0.95)
    scores = np.clip(np.round(4 * random.normal(centre, 0.2, 200)) / 4, 0, 1)
    lost = set(np.argsort(scores, kind="stable")[: int(200 * share)].tolist())
    seen = [None if place in lost else float(score) for place, score in enumerate(scores)]
    return seen, scores.tolist()


def test_with_the_lowest_tenth_missing_a_passed_gate_is_a_true_pass() -> None:
    passed = 0
    for seed in range(150):
        seen, full = losing_low_scores(0.10, seed)
        results = decide([parse_condition("mean > 0.80"), parse_condition("ci_lower > 0.75")], run(metric(seen)))
        truth = mean_interval(full)
        if results[0].verdict is Verdict.PASS:
            assert truth.mean > 0.80
        if results[1].verdict is Verdict.PASS:
            assert truth.lower > 0.75
        passed += overall(results) is Verdict.PASS
    assert passed > 10


def test_at_two_percent_missing_passes_stay_passes() -> None:
    conditions = [parse_condition("mean > 0.80"), parse_condition("ci_lower > 0.75")]
    passed = 0
    for seed in range(150):
        seen, _ = losing_low_scores(0.02, seed)
        known = [score for score in seen if score is not None]
        alone, among = overall(decide(conditions, run(metric(known)))), overall(decide(conditions, run(metric(seen))))
        assert among is alone
        passed += among is Verdict.PASS
    assert passed > 10


def test_without_a_baseline_a_difference_is_not_evaluated() -> None:
    numbers = run(metric([0.5] * 10))
    found = gate("difference.mean > 0", numbers)
    assert found.verdict is Verdict.NOT_EVALUATED
    assert "there is no baseline to differ from; set one with 'lattice baseline set RUN'" in found.reason
    told = replace(numbers, no_differences="support#1 is the baseline itself")
    assert gate("difference.mean > 0", told).reason.startswith("support#1 is the baseline itself")
