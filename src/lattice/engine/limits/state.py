"""What faces show of a limit."""

from __future__ import annotations

from dataclasses import dataclass


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
