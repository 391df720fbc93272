"""Gates decided while the run goes on."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from lattice.core.conditions import parse_condition
from lattice.core.runs import RunStatus
from lattice.gates import GateResult, MetricNumbers, RunNumbers, TargetNumbers, Verdict, decided
from lattice.stats import LiveMetric

LEVELS = [0.0, 0.25, 0.5, 0.75, 1.0]


def look(live: LiveMetric, *, cost_usd: float | None = 1.0) -> RunNumbers:
    measured = live.measured()
    target = TargetNumbers(name="A", ended=measured.ended, failed=measured.unscored, latency_p95=1.0)
    return RunNumbers(
        status=RunStatus.RUNNING,
        targets=(target,),
        metrics=(MetricNumbers(target="A", measured=measured, native=(1, 5)),),
        cost_usd=cost_usd,
    )


def live(scores: Iterable[float | None], *, passes: float | None = None) -> LiveMetric:
    found = LiveMetric(passes=None if passes is None else (lambda score: score >= passes))
    for score in scores:
        found.add((score,))
    return found


def settle(text: str, numbers: RunNumbers) -> GateResult | None:
    found = decided([parse_condition(text)], numbers)
    return found[0] if found else None


def stopped_at(scores: list[float], text: str) -> tuple[int, Verdict] | None:
    running = LiveMetric()
    for n, score in enumerate(scores, start=1):
        running.add((score,))
        found = settle(text, look(running))
        if found is not None:
            return n, found.verdict
    return None


def draws(weights: list[float], seed: int, n: int = 1_000) -> list[float]:
    return [float(score) for score in np.random.default_rng(seed).choice(LEVELS, n, p=weights)]


def test_a_clear_pass_stops_well_before_the_end() -> None:
    found = stopped_at(draws([0.01, 0.01, 0.03, 0.15, 0.80], 1), "mean > 0.80")
    assert found is not None
    assert found[0] < 300
    assert found[1] is Verdict.PASS


def test_a_clear_failure_stops_well_before_the_end() -> None:
    found = stopped_at(draws([0.2, 0.2, 0.2, 0.2, 0.2], 2), "ci_lower > 0.75")
    assert found is not None
    assert found[0] < 300
    assert found[1] is Verdict.FAIL


def test_at_the_threshold_itself_at_most_one_run_in_twenty_passes_wrongly() -> None:
    # The interval never grows, so what any of the 1,000 looks decides is still decided at the last.
    weights, wrong = [0.05, 0.05, 0.10, 0.25, 0.55], 0
    truth = float(np.dot(LEVELS, weights))
    assert truth == pytest.approx(0.80)
    for seed in range(500):
        running = LiveMetric()
        running.plain.extend(draws(weights, seed))
        found = settle("mean > 0.80", look(running))
        wrong += found is not None
    assert wrong / 500 <= 0.05


def test_what_one_look_has_decided_the_next_does_not_take_back() -> None:
    scores, running, verdict = draws([0.1, 0.1, 0.1, 0.2, 0.5], 3, 600), LiveMetric(), None
    for score in scores:
        running.add((score,))
        found = settle("mean > 0.6", look(running))
        assert verdict is None or (found is not None and found.verdict is verdict)
        verdict = found.verdict if found else None
    assert verdict is Verdict.PASS


def test_every_gate_must_be_decided() -> None:
    numbers = look(live(draws([0.01, 0.01, 0.03, 0.15, 0.80], 1)))
    clear, open_ = parse_condition("mean > 0.80"), parse_condition("mean > 0.93")
    found = decided([clear], numbers)
    assert found is not None
    assert "valid at every look, is above 0.80" in found[0].reason
    assert decided([clear, open_], numbers) is None
    assert decided([], numbers) is None


@pytest.mark.parametrize("text", ["median > 0.1", "failure_rate < 0.5", "latency_p95 < 9", "cost_usd < 5", "min >= 0"])
def test_what_can_still_change_stays_open(text: str) -> None:
    assert settle(text, look(live([1.0] * 200))) is None


def test_what_only_moves_one_way_is_settled_once_it_is_past_the_threshold() -> None:
    numbers = look(live([1.0, 0.25] * 100))
    cost = settle("cost_usd < 0.5", numbers)
    minimum = settle("min > 0.5", numbers)
    assert cost is not None
    assert minimum is not None
    assert (cost.verdict, minimum.verdict) == (Verdict.FAIL, Verdict.FAIL)
    low = settle("min <= 0.5", numbers)
    assert low is not None
    assert low.verdict is Verdict.PASS
    assert settle("cost_usd < 0.5", look(live([1.0]), cost_usd=None)) is None


def test_a_pass_rate_is_settled_by_its_own_live_interval() -> None:
    numbers = look(live([1.0] * 190 + [0.0] * 10, passes=0.75))
    found = settle("pass_rate > 0.8", numbers)
    assert found is not None
    assert (found.verdict, found.value) == (Verdict.PASS, 0.95)
    assert settle("pass_rate > 0.93", numbers) is None


def test_equality_can_only_be_ruled_out() -> None:
    numbers = look(live([1.0, 0.5] * 200))
    assert settle("mean == 0.75", numbers) is None
    found = settle("mean == 0.2", numbers)
    assert found is not None
    assert found.verdict is Verdict.FAIL


def test_with_many_missing_both_extremes_must_be_settled() -> None:
    scores: list[float | None] = [1.0, 1.0, 0.75, 0.75, 1.0, 1.0, 1.0, 1.0, 1.0, None] * 60
    numbers = look(live(scores))
    assert settle("mean > 0.80", numbers) is not None
    assert settle("mean > 0.90", numbers) is None
    assert settle("mean > 0.90", look(live([s for s in scores if s is not None]))) is not None


def test_before_the_first_score_nothing_is_settled() -> None:
    numbers = look(live([]))
    for text in ("mean > 0.5", "ci_lower > 0.5", "min > 0.5", "pass_rate > 0.5"):
        assert settle(text, numbers) is None
