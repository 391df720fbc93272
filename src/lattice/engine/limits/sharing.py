"""Which models of one key share a limit.

Headers hold for a model, and often, though not always, one budget is told for every model of the key. So
models that are told the same limit are taken to share it, until what is left of it shows that they do not.
With N calls started by time t and m left at rate r, m + N − r·t never rises for a budget that all N calls drew
on: it gains at most r·t and loses every call. If it does rise, the others' calls did not count, and the model
gets a pool of its own. (A budget that starts anew at a fixed time gains nothing until then.) It takes a few
calls in a short time to see that, so slow limits are taken to be separate.

Models that were told the same limit, or none at all, and are refused at the same time share what refused
them. Models with different limits never do.
"""

from __future__ import annotations

from collections.abc import Iterable

from lattice.core.limits import LimitHints
from lattice.engine.limits.lane import Lane, Sight
from lattice.engine.limits.pace import CATCH_UP
from lattice.engine.limits.pool import Pool, Start

_TOGETHER = 2.0
"""Seconds within which two models are refused by the same limit."""

_NOISE = 3.0
"""Calls by which what is left may be off at least."""

_ROUNDED = 1.0
_LATE = 0.3
"""Calls by which what is left is off for rounding, and seconds by which calls may arrive later than others: as long as
a connection may take to come about."""

_SOONER = 2.0
"""Seconds by which a time told in whole seconds cannot differ by chance."""


def told(lane: Lane, lanes: Iterable[Lane], hints: LimitHints, start: Start, now: float) -> None:
    """Adopt what a call's headers said."""
    limit = hints.requests.limit if hints.requests is not None else None
    if limit is not None and lane.pool.limit != limit and not lane.alone and _shows(limit):
        others = (one.pool for one in lanes if one is not lane and not one.alone)
        shared = next((pool for pool in others if pool.limit == limit), None)
        if shared is not None:
            _join(lane, shared)
    lane.pool.tell(hints, start if start.pool is lane.pool else None, now)
    if start.pool is lane.pool and any(one.pool is lane.pool for one in lanes if one is not lane):
        _examine(lane, hints, start, now)


def refused(lane: Lane, lanes: Iterable[Lane], now: float) -> None:
    """A call was refused: whoever was refused at the same time shares the limit."""
    lane.refused_at = now
    for other in lanes:
        if other.pool is lane.pool or other.pool.limit != lane.pool.limit:
            continue
        if now - other.refused_at <= _TOGETHER:
            other.pool.absorb(lane.pool, now)
            other.alone = lane.alone = False
            _join(lane, other.pool)
            return


def _shows(limit: int) -> bool:
    """Whether calls that may be caught up are enough to tell a shared budget from separate ones."""
    return CATCH_UP * limit / 60.0 > _NOISE + 1.0


def _join(lane: Lane, pool: Pool) -> None:
    lane.pool = pool
    lane.first = lane.lowest = lane.last = None


def _examine(lane: Lane, hints: LimitHints, start: Start, now: float) -> None:
    """See whether what is left shows that other models' calls do not count."""
    told, pace = hints.requests, lane.pool.requests
    if told is None or told.remaining is None or pace is None:
        return
    first, lowest, last = lane.first, lane.lowest, lane.last
    if last is not None and start.at < last.at:
        # An answer that others have overtaken tells of a time before theirs, when more could be left.
        return
    seen = Sight(at=start.at, calls=start.calls, left=told.remaining, reset=told.reset or 0.0)
    # The rate that was told, and not the one kept after refusals, is what a budget gains.
    rate = pace.nominal
    noise = max(_NOISE, _ROUNDED + _LATE * rate)
    lane.last = seen
    if first is None or lowest is None or last is None or _is_renewed(last, seen, rate, noise):
        lane.first = lane.lowest = seen
        return
    if _is_window(first, seen, noise):
        surplus = float(seen.total - first.total)
    else:
        surplus = seen.total - lowest.total - rate * (seen.at - lowest.at)
        if surplus < 0.0:
            lane.lowest = seen
    if surplus > noise:
        lane.alone = True
        own = Pool()
        own.greet()
        own.tell(hints, None, now)
        _join(lane, own)


def _is_renewed(before: Sight, after: Sight, rate: float, noise: float) -> bool:
    """Whether more is left than an even refill can explain."""
    return after.left - before.left > rate * (after.at - before.at) + noise


def _is_window(before: Sight, after: Sight, noise: float) -> bool:
    """Whether the budget starts anew at a fixed time: what is left shrinks, and yet it is whole sooner."""
    return after.left < before.left - noise and after.reset < before.reset - _SOONER
