"""Gates that end a run once they are decided."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from random import Random

import numpy as np
import pytest

from lattice.core.conditions import parse_condition
from lattice.core.trials import Metric, Result, TrialKey, Verdict
from lattice.engine.deciding import GateWatch, Terms
from lattice.engine.live import LiveTotals, Shape
from lattice.engine.plan import Schedule
from lattice.gates import Verdict as GateVerdict

LEVELS = [0.0, 0.25, 0.5, 0.75, 1.0]
GOOD = [0.01, 0.01, 0.03, 0.15, 0.80]
EVEN = [0.2, 0.2, 0.2, 0.2, 0.2]


def scored(score: float | None, name: str = "score") -> Mapping[str, Metric] | None:
    return None if score is None else {name: Metric(score=score, native=1 + 4 * score)}


def terms(*gates: str, targets: Sequence[str] = ("A",), repeats: int = 1, unpriced: tuple[str, ...] = ()) -> Terms:
    return Terms(
        conditions=tuple(parse_condition(text) for text in gates),
        targets=tuple(targets),
        native={"score": (1, 5)},
        passes={"score": lambda score: score >= 0.75},
        repeats=repeats,
        unpriced=unpriced,
    )


def watching(found: Terms, n: int = 1_000) -> tuple[GateWatch, list[int]]:
    schedule = Schedule(array("q", range(1, n + 1)), seed=4)
    return GateWatch(found, schedule.ranks()), list(schedule.order)


def draws(weights: list[float], seed: int, n: int = 1_000) -> list[float]:
    return [float(score) for score in np.random.default_rng(seed).choice(LEVELS, n, p=weights)]


def fed(watch: GateWatch, order: Sequence[int], scores: Iterable[float | None]) -> int | None:
    """After how many inputs it was decided, in the order of the schedule."""
    for n, (position, score) in enumerate(zip(order, scores, strict=False), start=1):
        watch.add(TrialKey(position, 0, 0), scored(score))
        watch.look(0.0)
        if watch.verdicts is not None:
            return n
    return None


@pytest.mark.parametrize(
    ("weights", "verdict"), [(GOOD, GateVerdict.PASS), (EVEN, GateVerdict.FAIL)], ids=["pass", "fail"]
)
def test_a_clear_case_of_1000_inputs_is_decided_well_before_the_end(weights: list[float], verdict: GateVerdict) -> None:
    watch, order = watching(terms("mean > 0.80", "ci_lower > 0.75"))
    stopped = fed(watch, order, draws(weights, 1))
    assert stopped is not None
    assert stopped < 300
    assert watch.verdicts is not None
    assert {each.verdict for each in watch.verdicts} == {verdict}
    assert f"decided after the first {stopped:,} scheduled inputs" in watch.verdicts[0].reason


def test_at_the_threshold_runs_hardly_ever_stop_with_a_pass() -> None:
    weights = [0.05, 0.05, 0.10, 0.25, 0.55]
    assert float(np.dot(LEVELS, weights)) == pytest.approx(0.80)
    wrong = 0
    for seed in range(20):
        watch, order = watching(terms("mean > 0.80"), n=200)
        fed(watch, order, draws(weights, seed, 200))
        wrong += watch.verdicts is not None and watch.verdicts[0].verdict is GateVerdict.PASS
    assert wrong <= 2


def test_results_out_of_turn_wait_for_the_schedule() -> None:
    watch, order = watching(terms("mean > 0.5"), n=200)
    for position in order[1:]:
        watch.add(TrialKey(position, 0, 0), scored(1.0))
        watch.look(0.0)
    assert watch.verdicts is None
    watch.add(TrialKey(order[0], 0, 0), None)
    watch.look(0.0)
    assert watch.verdicts is not None


def test_the_order_of_completion_makes_no_difference() -> None:
    scores = draws(GOOD, 3, 200)
    decided = []
    for seed in range(5):
        watch, order = watching(terms("mean > 0.80"), n=200)
        outcomes = list(zip(order, scores, strict=True))
        Random(seed).shuffle(outcomes)
        for position, score in outcomes:
            watch.add(TrialKey(position, 0, 0), scored(score))
        watch.look(0.0)
        assert watch.verdicts is not None
        decided.append(watch.verdicts[0].value)
    assert len(set(decided)) == 1


def test_many_missing_scores_are_taken_at_both_ends() -> None:
    scores: list[float | None] = [1.0, 1.0, 1.0, 1.0, None] * 60
    watch, order = watching(terms("mean > 0.85"), n=300)
    assert fed(watch, order, scores) is None
    watch, order = watching(terms("mean > 0.60"), n=300)
    assert fed(watch, order, scores) is not None


def test_every_gate_and_every_target_must_be_decided() -> None:
    watch, order = watching(terms("mean > 0.5", targets=("A", "B")), n=200)
    assert fed(watch, order, [1.0] * 200) is None
    for position in order[:100]:
        watch.add(TrialKey(position, 1, 0), scored(1.0))
        watch.look(0.0)
    assert watch.verdicts is not None
    open_watch, order = watching(terms("mean > 0.5", "median > 0.5"), n=200)
    assert fed(open_watch, order, [1.0] * 200) is None


def test_a_gate_on_one_target_needs_that_one_alone() -> None:
    watch, order = watching(terms("A/mean > 0.5", targets=("A", "B")), n=200)
    assert fed(watch, order, [1.0] * 200) is not None


def test_an_input_counts_once_all_its_repeats_have_ended() -> None:
    watch, order = watching(terms("mean > 0.5", repeats=2), n=200)
    for repeat in (0, 1):
        assert watch.verdicts is None
        for position in order:
            watch.add(TrialKey(position, 0, repeat), scored(1.0))
            watch.look(0.0)
    assert watch.verdicts is not None


def test_a_pass_rate_is_decided_by_its_rule() -> None:
    watch, order = watching(terms("pass_rate > 0.5"), n=200)
    assert fed(watch, order, [0.75] * 200) is not None


def test_a_cost_past_its_threshold_is_decided_unless_a_price_is_unknown() -> None:
    for unpriced, decided in (((), True), (("sim/x",), False)):
        watch, order = watching(terms("cost_usd < 0.5", unpriced=unpriced), n=10)
        watch.add(TrialKey(order[0], 0, 0), scored(1.0))
        watch.look(0.6)
        assert (watch.verdicts is not None) is decided


def test_the_first_verdicts_stand() -> None:
    watch, order = watching(terms("mean > 0.5"))
    fed(watch, order, [1.0] * 1_000)
    first = watch.verdicts
    for position in order[300:]:
        watch.add(TrialKey(position, 0, 0), scored(0.0))
        watch.look(0.0)
    assert watch.verdicts is first


def totals(watch: GateWatch, schedule: Schedule) -> LiveTotals:
    shape = Shape(total=len(schedule), targets=1, repeats=1, order=schedule.order, ranks=schedule.ranks())
    return LiveTotals(shape, clock=lambda: 0.0, watch=watch)


def test_the_totals_of_a_run_feed_it_and_a_resumed_run_knows_at_once() -> None:
    schedule = Schedule(array("q", range(1, 201)), seed=4)
    watch = GateWatch(terms("mean > 0.5"), schedule.ranks())
    subject = totals(watch, schedule)
    for position in schedule.order:
        verdict = Verdict(metrics={"score": Metric(score=1.0, native=5.0)})
        subject.add_result(Result(key=TrialKey(position, 0, 0), verdict=verdict), None)
        if watch.verdicts is not None:
            break
    ended = subject.progress().done
    assert 5 < ended < 100
    resumed = GateWatch(terms("mean > 0.5"), schedule.ranks())
    found = [(TrialKey(position, 0, 0), scored(1.0)) for position in schedule.order[:ended]]
    totals(resumed, schedule).restore(subject.last_snapshot(), found, again={})
    assert resumed.verdicts == watch.verdicts


def test_the_last_snapshot_has_the_interval_of_the_end() -> None:
    schedule = Schedule(array("q", range(1, 201)), seed=4)
    subject = totals(GateWatch(terms("mean > 0.999"), schedule.ranks()), schedule)
    verdict = Verdict(metrics={"score": Metric(score=1.0, native=5.0)})
    for position in schedule.order[:50]:
        subject.add_result(Result(key=TrialKey(position, 0, 0), verdict=verdict), None)
        subject.snapshot()
    assert subject.snapshot()["targets"][0]["interval"]["n"] == 1
    assert subject.last_snapshot()["targets"][0]["interval"]["n"] == 50


def test_failures_that_count_as_a_score_decide_what_lost_ones_leave_open() -> None:
    decided: dict[bool, GateWatch] = {}
    for counted in (True, False):
        decided[counted], order = watching(terms("mean < 0.5"), n=200)
        for position in order:
            decided[counted].add(TrialKey(position, 0, 0), scored(0.0 if counted else None), failed=True)
            decided[counted].look(0.0)
    assert decided[False].verdicts is None
    (verdict,) = decided[True].verdicts or ()
    assert (verdict.verdict, verdict.value) == (GateVerdict.PASS, 0.0)
