"""The estimate against synthetic runs, whose end is known."""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Callable
from statistics import median

import pytest

from lattice.core.evaluation import Evaluation
from lattice.reporting.estimate import Pace, allowance_of, remaining

Duration = Callable[[random.Random], float]


def constant(_rng: random.Random) -> float:
    return 1.0


def lognormal(rng: random.Random) -> float:
    return math.exp(rng.gauss(0, 0.6))


def ends_of_trials(
    total: int,
    places: int,
    duration: Duration,
    *,
    seed: int,
    per_second: float = math.inf,
    burst: float = 1.0,
) -> list[float]:
    """When each trial of a run ends: the first alone, the others as places and the limit let them start."""
    rng = random.Random(seed)
    open_trials = [duration(rng)]
    ends: list[float] = []
    started, now, tokens, refilled = 1, 0.0, burst, 0.0
    while open_trials:
        ends.append(heapq.heappop(open_trials))
        now = max(now, ends[-1])
        while started < total and len(open_trials) < places:
            if per_second < math.inf:
                tokens = min(burst, tokens + (now - refilled) * per_second)
                if tokens < 1:
                    now += (1 - tokens) / per_second
                    tokens = 1.0
                tokens, refilled = tokens - 1, now
            heapq.heappush(open_trials, now + duration(rng))
            started += 1
    return sorted(ends)


def history_of(ends: list[float], done: int) -> list[tuple[float, int]]:
    """As the engine keeps it: at most one point a second, the last 90."""
    points: list[tuple[float, int]] = []
    for index, end in enumerate(ends[:done]):
        if not points or end - points[-1][0] >= 1:
            points.append((end, index + 1))
    return points[-90:]


def error_at_a_quarter(ends: list[float], *, places: int, allowance: float | None = None) -> float:
    done = len(ends) // 4
    now = ends[done - 1]
    pace = Pace(
        total=len(ends),
        done=done,
        elapsed=now,
        history=history_of(ends, done),
        max_concurrent=places,
        allowance=allowance,
    )
    estimate = remaining(pace)
    assert estimate is not None
    truth = ends[-1] - now
    return abs(estimate - truth) / truth


@pytest.mark.parametrize(
    ("total", "places", "duration", "per_second", "burst"),
    [
        pytest.param(200, 10, constant, math.inf, 1, id="constant durations"),
        pytest.param(200, 10, lognormal, math.inf, 1, id="durations that vary"),
        pytest.param(1000, 32, lognormal, math.inf, 1, id="many places"),
        pytest.param(200, 10, lognormal, 5.0, 5, id="behind a rate limit"),
        pytest.param(200, 50, lognormal, 1.0, 1, id="behind a slow rate limit with far too many places"),
        pytest.param(20_000, 50, lognormal, 5.0, 5, id="a long run whose history starts late"),
    ],
)
def test_at_a_quarter_of_a_run_the_median_error_is_below_15_percent(
    total: int, places: int, duration: Duration, per_second: float, burst: float
) -> None:
    seeds = range(3 if total > 5000 else 40)
    errors = [
        error_at_a_quarter(
            ends_of_trials(total, places, duration, seed=seed, per_second=per_second, burst=burst),
            places=places,
        )
        for seed in seeds
    ]
    assert median(errors) < 0.15


def test_an_allowance_used_up_at_once_does_not_promise_its_pace_for_the_rest_where_the_limit_is_known() -> None:
    runs = [ends_of_trials(400, 32, lognormal, seed=seed, per_second=5.0, burst=120) for seed in range(40)]
    known = [error_at_a_quarter(ends, places=32, allowance=5.0) for ends in runs]
    unknown = [error_at_a_quarter(ends, places=32) for ends in runs]
    assert median(known) < 0.2
    assert median(known) < median(unknown) / 2


def test_a_slow_first_trial_counts_for_nothing() -> None:
    quick = ends_of_trials(200, 10, constant, seed=0)
    slow_start = [end + 60 for end in quick]
    assert error_at_a_quarter(slow_start, places=10) < 0.15


def test_a_run_that_becomes_slower_is_noticed() -> None:
    history = [(float(second), 10 * second) for second in range(1, 31)]
    history += [(30.0 + second, 300 + second) for second in range(1, 31)]
    estimate = remaining(Pace(total=1000, done=330, elapsed=60.0, history=history, max_concurrent=10))
    assert estimate is not None
    assert estimate > 1.5 * (670 / (330 / 60))


def test_nothing_is_promised_before_a_few_trials_have_ended() -> None:
    assert remaining(Pace(total=200, done=0, elapsed=9.0, history=[], max_concurrent=10)) is None
    assert remaining(Pace(total=200, done=1, elapsed=9.0, history=[(2.0, 1)], max_concurrent=10)) is None
    assert remaining(Pace(total=200, done=2, elapsed=9.0, history=[(2.0, 1)], max_concurrent=10)) is None


def test_a_run_that_is_done_needs_no_more_time() -> None:
    assert remaining(Pace(total=5, done=5, elapsed=9.0, history=[], max_concurrent=10)) == 0.0


def test_a_known_wait_is_added() -> None:
    history = [(float(second), second) for second in range(1, 51)]
    pace = Pace(total=100, done=50, elapsed=50.0, history=history, max_concurrent=1)
    held = Pace(total=100, done=50, elapsed=50.0, history=history, max_concurrent=1, hold=30.0)
    without, with_wait = remaining(pace), remaining(held)
    assert without is not None
    assert with_wait == pytest.approx(without + 30)


def test_a_stalled_run_gives_a_long_estimate_and_no_error() -> None:
    history = [(float(second), second) for second in range(1, 51)]
    estimate = remaining(Pace(total=100, done=50, elapsed=5000.0, history=history, max_concurrent=1))
    assert estimate is not None
    assert 50 < estimate < math.inf


def evaluation(*models: str, judge: str, per_minute: int | None) -> Evaluation:
    return Evaluation.model_validate(
        {
            "name": "Limits",
            "targets": [{"name": f"t{index}", "model": model} for index, model in enumerate(models)],
            "inputs": {"items": ["a"]},
            "scoring": {"judge": {"model": judge}},
            "run": {"limits": {"requests_per_minute": per_minute}},
        }
    )


def test_a_limit_lets_half_as_many_trials_through_where_target_and_judge_share_it() -> None:
    assert allowance_of(evaluation("openai/a", judge="openai/b", per_minute=600)) == 5.0
    assert allowance_of(evaluation("openai/a", judge="anthropic/b", per_minute=600)) == 10.0
    assert allowance_of(evaluation("openai/a", "anthropic/c", judge="anthropic/b", per_minute=600)) == pytest.approx(
        20 / 3
    )
    assert allowance_of(evaluation("openai/a", judge="openai/b", per_minute=None)) is None
