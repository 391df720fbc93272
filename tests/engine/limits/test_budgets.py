"""Whole runs against limits as providers keep them: time over the ideal, refusals, nothing lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import pytest
from tests.engine.limits.strict_server import (
    Budget,
    EvenBudget,
    Load,
    MinuteBudget,
    Outcome,
    Server,
    StrayRefusals,
    Tells,
    UsedUp,
    measure,
)
from tests.engine.virtual_time import VirtualClock, run_virtually

from lattice.core.evaluation import Limits

SEEDS = range(2)
CONFIGURED = Limits(requests_per_minute=600)


def outcome(
    seed: int,
    tells: Tells,
    loads: Sequence[Load],
    *,
    budgets: Callable[[Random], dict[str, Budget]] = lambda random: {"": EvenBudget(600)},
    latency: tuple[float, float] = (0.05, 0.3),
    transit: float = 0.02,
    tokens: EvenBudget | None = None,
    most_at_once: float = float("inf"),
) -> Outcome:
    async def main(clock: VirtualClock) -> Outcome:
        random = Random(seed)
        server = Server(
            budgets(random),
            tells,
            clock,
            random,
            latency,
            transit=transit,
            tokens=tokens,
            most_at_once=most_at_once,
        )
        return await measure(server, loads)

    return run_virtually(main)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("at_once", [4, 32, 100])
def test_a_limit_told_by_headers_is_used_to_the_full_without_a_refusal(seed: int, at_once: int) -> None:
    run = outcome(seed, Tells.HEADERS, [Load(750, at_once=at_once)])
    assert run.over_ideal(600) <= 1.02
    assert run.refused_share <= 0.005
    assert run.lost == 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tells", list(Tells))
def test_so_is_a_configured_one(seed: int, tells: Tells) -> None:
    run = outcome(seed, tells, [Load(750, limits=CONFIGURED)])
    assert run.over_ideal(600) <= 1.02
    assert run.refused_share <= 0.005
    assert run.lost == 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("limits", [None, CONFIGURED])
def test_two_runs_share_a_limit(seed: int, limits: Limits | None) -> None:
    run = outcome(seed, Tells.HEADERS, [Load(375, limits=limits), Load(375, limits=limits)])
    assert run.over_ideal(600) <= 1.02
    assert run.refused_share <= 0.005
    assert run.lost == 0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    ("per_minute", "latency", "transit"),
    [(600, (0.2, 8.0), 0.02), (600, (0.2, 8.0), 0.2), (3000, (0.05, 0.3), 0.2), (360, (0.2, 3.0), 0.02)],
    ids=["answers of 0.2 to 8 s", "and a slow network", "a fast limit", "a slow limit"],
)
def test_calls_that_overtake_each_other_do_not_make_one_budget_look_like_two(
    seed: int, per_minute: int, latency: tuple[float, float], transit: float
) -> None:
    run = outcome(
        seed,
        Tells.HEADERS,
        [Load(375), Load(375)],
        budgets=lambda random: {"": EvenBudget(per_minute)},
        latency=latency,
        transit=transit,
    )
    assert run.refused == 0
    assert run.lost == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_nor_do_refusals_of_a_network_that_is_slow_now_and_then(seed: int) -> None:
    """With up to 0.3 s on the way, calls sent apart arrive together; the pace kept after that is below the limit's."""
    run = outcome(seed, Tells.HEADERS, [Load(375), Load(375)], transit=0.3)
    assert run.refused_share <= 0.005
    assert run.over_ideal(600) <= 1.05
    assert run.lost == 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tells", [Tells.RETRY_AFTER, Tells.NOTHING])
@pytest.mark.parametrize("at_once", [2, 10, 100])
@pytest.mark.parametrize("sleeps", [False, True])
def test_a_limit_that_nobody_tells_is_learned(seed: int, tells: Tells, at_once: int, sleeps: bool) -> None:
    run = outcome(seed, tells, [Load(750, at_once=at_once, sleeps=sleeps)])
    assert run.over_ideal(600) <= 1.08
    assert run.lost == 0
    assert run.most_refusals <= 3


@pytest.mark.parametrize("seed", SEEDS)
def test_two_runs_learn_it_together(seed: int) -> None:
    run = outcome(seed, Tells.NOTHING, [Load(375), Load(375)])
    assert run.over_ideal(600) <= 1.08
    assert run.lost == 0


@pytest.mark.parametrize("per_minute", [60, 240, 6000])
def test_slow_and_fast_limits_are_learned_too(per_minute: int) -> None:
    trials = 100 if per_minute < 600 else 3000
    run = outcome(1, Tells.NOTHING, [Load(trials)], budgets=lambda random: {"": EvenBudget(per_minute)})
    assert run.over_ideal(per_minute) <= 1.2
    assert run.lost == 0


@pytest.mark.parametrize("seconds", [1.0, 60.0])
@pytest.mark.parametrize("per_minute", [60, 600])
def test_models_with_a_budget_each_do_not_slow_each_other_down(per_minute: int, seconds: float) -> None:
    def budgets(random: Random) -> dict[str, Budget]:
        return {"target": EvenBudget(per_minute, seconds), "judge": EvenBudget(per_minute, seconds)}

    run = outcome(1, Tells.HEADERS, [Load(max(per_minute, 200))], budgets=budgets)
    assert run.over_ideal(2 * per_minute) <= 1.08
    assert run.refused_share <= 0.005


@pytest.mark.parametrize("tells", list(Tells))
def test_a_budget_that_starts_anew_every_minute_loses_no_call(tells: Tells) -> None:
    run = outcome(1, tells, [Load(1000)], budgets=lambda random: {"": MinuteBudget(600, 17.0)})
    assert run.over_ideal(600) <= 1.1
    assert run.lost == 0


def test_budgets_of_a_minute_for_each_model_are_told_apart() -> None:
    def budgets(random: Random) -> dict[str, Budget]:
        return {"target": MinuteBudget(600, 17.0), "judge": MinuteBudget(600, 17.0)}

    run = outcome(1, Tells.HEADERS, [Load(1000)], budgets=budgets)
    assert run.over_ideal(1200) <= 1.08
    assert run.lost == 0


@pytest.mark.parametrize("tells", list(Tells))
@pytest.mark.parametrize("limits", [None, Limits(tokens_per_minute=80_000)])
def test_tokens_are_a_limit_like_requests(tells: Tells, limits: Limits | None) -> None:
    loads = [Load(500, tokens=400, limits=limits)]
    run = outcome(1, tells, loads, budgets=lambda random: {}, tokens=EvenBudget(80_000))
    assert run.over_ideal(200) <= 1.1
    assert run.lost == 0


def test_a_limit_of_calls_at_once_is_found() -> None:
    run = outcome(1, Tells.NOTHING, [Load(400)], budgets=lambda random: {}, latency=(0.8, 1.2), most_at_once=8)
    assert run.over_ideal(480) <= 1.5
    assert run.lost == 0


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("tells", [Tells.RETRY_AFTER, Tells.NOTHING])
def test_stray_refusals_slow_a_run_down_but_never_stall_it(seed: int, tells: Tells) -> None:
    """3 in 100 calls are refused whatever the pace; 57 calls a second are possible, and each refusal pauses all."""
    run = outcome(seed, tells, [Load(500, at_once=10)], budgets=lambda random: {"": StrayRefusals(0.03, random)})
    assert run.elapsed <= 200.0
    assert run.lost == 0


@pytest.mark.parametrize("seconds", [5.0, 20.0, 60.0])
def test_a_limit_that_somebody_else_has_used_up_costs_the_wait_and_hardly_more(seconds: float) -> None:
    run = outcome(1, Tells.RETRY_AFTER, [Load(300)], budgets=lambda random: {"": UsedUp(seconds, EvenBudget(600))})
    assert run.elapsed <= seconds + 1.1 * 60.0
    assert run.lost == 0


def test_nothing_slows_where_there_is_no_limit() -> None:
    run = outcome(1, Tells.NOTHING, [Load(300, at_once=50)], budgets=lambda random: {}, latency=(1.0, 1.0))
    assert run.refused == 0
    assert run.elapsed <= 2.1 + 300 * 2.1 / 50
