"""How long a run will still take. Pure: it is told what ended when, and reads no clock."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lattice.core.evaluation import Evaluation
from lattice.core.targets import TargetSettings

FEWEST_DONE = 3
RECENT_SHARE = 0.4
"""The recent window is this share of the time seen…"""
SHORTEST_WINDOW = 10.0
"""…and at least this many seconds."""
PRIOR = 15
"""The recent rate counts for n / (n + 15) after n trials in the window, the overall rate for the rest."""
SPREAD = 0.3
"""How much longer than the average the last trials take, in average durations per log(concurrency)."""
_EULER = 0.5772156649


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What an estimate is made from.

    Parameters
    ----------
    total, done: trials.
    elapsed: seconds of work up to now.
    history: (elapsed seconds, trials done by then), ascending, such as ``RunRecord.live["pace"]``; it may
        start late.
    max_concurrent: trials open at once.
    allowance: trials a second that known rate limits let through, None without any.
    hold: seconds for which nothing will start, such as a wait for a rate limit.
    """

    total: int
    done: int
    elapsed: float
    history: Sequence[tuple[float, int]]
    max_concurrent: int
    allowance: float | None = None
    hold: float = 0.0


def remaining(pace: Pace) -> float | None:
    """Seconds until the last trial ends, or None while too little has ended to say.

    The rate is that of a recent window, blended on a logarithmic scale with the rate since the first trial
    ended (which ran alone and says nothing about the rate), and never above what known limits let through.
    The last trials
    do not end at that rate: a place that becomes free stays free. What that adds grows with the harmonic
        number of
    the places still open, as for independent durations.
    """
    left = pace.total - pace.done
    if left <= 0:
        return 0.0
    rate = _rate(pace)
    if rate is None:
        return None
    places = min(pace.max_concurrent, left)
    one_trial = places / rate
    first_at, first_done = pace.history[0]
    if first_done <= 2 and first_at > 0:
        one_trial = min(one_trial, 3 * first_at)
    drain = SPREAD * one_trial * max(0.0, math.log(places) + _EULER - 1)
    return left / rate + drain + pace.hold


def allowance_of(evaluation: Evaluation) -> float | None:
    """Trials a second that the evaluation's own limits let through; None where it sets none.

    Requests are limited per provider: a trial whose target and judge share one needs two of them, or more where there
    are several judges or samples. One in pairwise mode asks the judge twice, and shares the baseline's call with the
    other challengers of its input.
    """
    per_minute = evaluation.run.limits.requests_per_minute
    if per_minute is None:
        return None
    targets = [_limited_by(target) for target in evaluation.targets]
    trials = len(evaluation.contenders)
    orders = 2 if evaluation.is_pairwise else 1
    judges = [
        judge.model.partition("/")[0] for judge in evaluation.judges for _ in range(trials * orders * judge.samples)
    ]
    busiest = max(Counter([*targets, *judges]).values())
    return per_minute / 60 * trials / busiest


def _limited_by(target: TargetSettings) -> str:
    """What its calls count against: the provider, the endpoint's host, the function's module."""
    if target.http is not None:
        return f"http:{target.http.place}"
    if target.python is not None:
        return f"python:{target.python.partition(':')[0]}"
    return (target.model or "").partition("/")[0]


def _rate(pace: Pace) -> float | None:
    """Trials a second, or None while too few have ended."""
    history = [(at, done) for at, done in pace.history if at <= pace.elapsed and done <= pace.done]
    if not history or pace.done < min(FEWEST_DONE, pace.total):
        return None
    first_at, first_done = history[0]
    seen, ended = pace.elapsed - first_at, pace.done - first_done
    if seen <= 0 or ended <= 0:
        return None
    overall = ended / seen
    window = max(RECENT_SHARE * seen, SHORTEST_WINDOW)
    since_at, since_done = max(
        (point for point in history if pace.elapsed - point[0] >= window), default=(first_at, first_done)
    )
    lately = pace.done - since_done
    weight = lately / (lately + PRIOR)
    recent = max(lately / (pace.elapsed - since_at), overall / 100)
    rate = math.exp(weight * math.log(recent) + (1 - weight) * math.log(overall))
    return rate if pace.allowance is None else min(rate, pace.allowance)
