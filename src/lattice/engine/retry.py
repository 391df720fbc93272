"""What follows a failed call: another attempt after a while, the end of the trial, or the end of the run.

Pure: the same arguments always give the same decision. Time and chance come from the caller.
"""

from __future__ import annotations

from dataclasses import dataclass

from lattice.core.errors import ErrorKind
from lattice.core.evaluation import Retries

FIRST_BACKOFF = 1.0
"""Seconds before the second attempt, where nobody said how long to wait; doubled with every further one."""

_DOUBLINGS = 16
"""More make no difference: every wait is capped long before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The call is made once more, after `wait` seconds."""

    wait: float


@dataclass(frozen=True, slots=True)
class Stop:
    """No attempt is left, or none could help: the trial fails and the run goes on."""


@dataclass(frozen=True, slots=True)
class Fatal:
    """No call of the run can succeed: the run fails at once."""


Decision = Again | Stop | Fatal


def granted(kind: ErrorKind, policy: Retries) -> int:
    """Attempts that may follow the first one when calls fail with `kind`."""
    match kind:
        case ErrorKind.RATE_LIMIT:
            return policy.rate_limit
        case ErrorKind.TIMEOUT:
            return policy.timeout
        case ErrorKind.SERVER_ERROR | ErrorKind.CONNECTION:
            return policy.server_error
        case _:
            return 0


def allowed(kind: ErrorKind, policy: Retries) -> int:
    """Attempts in all when every one fails with `kind`: the 3 of *attempt 2 of 3*."""
    return 1 + granted(kind, policy)


def decide(
    kind: ErrorKind, attempts: int, policy: Retries, *, retry_after: float | None = None, jitter: float
) -> Decision:
    """Say what follows the latest failure of a call.

    Parameters
    ----------
    kind: of the latest failure.
    attempts: calls made so far, the failed one included and whatever the earlier ones failed with. One more
        is granted while they do not exceed what `policy` grants for the latest kind, so that a call is never
        made more often than 1 + the largest number of the policy.
    retry_after: seconds the provider asked to wait. Never undercut, except by ``policy.max_wait``.
    jitter: uniform on [0, 1), drawn for this decision.
    """
    if kind.is_fatal:
        return Fatal()
    if attempts > granted(kind, policy):
        return Stop()
    return Again(wait=min(_wait(kind, attempts, retry_after, jitter), policy.max_wait))


def _wait(kind: ErrorKind, attempts: int, retry_after: float | None, jitter: float) -> float:
    if retry_after is not None and retry_after > 0:
        return retry_after + jitter * min(1.0, 0.1 * retry_after)
    if kind is ErrorKind.TIMEOUT:
        return 0.0
    backoff = FIRST_BACKOFF * 2.0 ** min(attempts - 1, _DOUBLINGS)
    return float(backoff * (1.0 + jitter) / 2.0)
