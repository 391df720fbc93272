"""What faces show of a limit."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.engine.limits.lane import Lane
from lattice.engine.limits.pace import Pace


@dataclass(frozen=True, slots=True, kw_only=True)
class GateState:
    """How one model's calls stand with their limit.

    Parameters
    ----------
    waiting: calls that wait for their turn.
    in_flight: calls that were started and have not ended, of all models that share the limit.
    paused_for: seconds until any of them starts again, None where nothing is paused.
    reason: why calls wait, for people; None where none does.
    requests_per_minute: the pace that calls keep at the moment, None where there is none.
    """

    provider: str
    model: str
    waiting: int
    in_flight: int
    paused_for: float | None = None
    reason: str | None = None
    requests_per_minute: float | None = None


def gate_state(provider: str, lane: Lane, requests: Pace | None, tokens: Pace | None, now: float) -> GateState:
    """How one model's calls stand, given the paces that were configured for the whole account."""
    pool = lane.pool
    paces = [pace for pace in (requests, pool.requests, pool.learner.pace) if pace is not None]
    slowest = min((pace.rate for pace in paces), default=None)
    paused = pool.paused_until - now
    return GateState(
        provider=provider,
        model=lane.model,
        waiting=lane.waiting,
        in_flight=pool.in_flight,
        paused_for=paused if paused > 0 else None,
        reason=_reason(lane, requests, tokens, now),
        requests_per_minute=None if slowest is None else slowest * 60.0,
    )


def _reason(lane: Lane, requests: Pace | None, tokens: Pace | None, now: float) -> str | None:
    pool = lane.pool
    if pool.paused_until > now:
        if pool.told_pause is not None:
            return f"provider asked to wait {pool.told_pause:.{0 if pool.told_pause >= 1 else 1}f} s"
        return "provider refused calls"
    if not lane.waiting:
        return None
    told = [pace for pace in (requests, pool.requests) if pace is not None]
    learned = pool.learner.pace
    slowest = min(told, key=lambda pace: pace.rate, default=None)
    if learned is not None and (slowest is None or learned.rate < slowest.rate):
        return f"rate limit, learned from refusals: about {learned.rate * 60:.0f} requests a minute"
    waits = [pace for pace in (tokens, pool.tokens) if pace is not None]
    if waits and max(pace.ready_at(1.0) for pace in waits) > now:
        return f"rate limit of {min(pace.nominal for pace in waits) * 60:.0f} tokens a minute"
    if slowest is not None:
        return f"rate limit of {slowest.nominal * 60:.0f} requests a minute"
    if not pool.is_known:
        return "waiting for the first answer"
    if pool.ceiling.is_reached(pool.in_flight):
        return f"at most {int(pool.ceiling.limit)} calls at once, after refusals"
    return None
