"""Rate limits as a provider enforces them: a bucket that refills evenly and holds one second's worth."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lattice.core.limits import Allowance, LimitHints
from lattice.providers.simulated.behaviour import Behaviour, LimitScope

_ROUNDING = 1e-6
"""Seconds; a clock that counts from 1970 cannot tell shorter times apart reliably."""


class Bucket:
    """One limit, by the generic cell rate algorithm (ITU-T I.371), kept in seconds.

    In any window of w seconds it takes at most ``rate · (w + 1)`` units. A single request that is worth more
    than one second waits until the bucket is whole, and then counts in full against what follows.

    Parameters
    ----------
    per_minute: units that come back in one minute.
    """

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._rate = per_minute / 60.0
        self._whole_at = 0.0

    def wait(self, units: float, now: float) -> float:
        """Seconds until so many units are there; 0.0 when they are there now."""
        debt = max(self._whole_at - now, 0.0)
        wait = debt + min(units / self._rate, 1.0) - 1.0
        return wait if wait > _ROUNDING else 0.0

    def take(self, units: float, now: float) -> None:
        """Take units that `wait` has found to be there."""
        self._whole_at = max(self._whole_at, now) + units / self._rate

    def standing(self, now: float) -> Allowance:
        """What is left: units that could be taken now, and seconds until the bucket is whole."""
        debt = max(self._whole_at - now, 0.0)
        left = math.floor((1.0 - debt) * self._rate + _ROUNDING)
        return Allowance(limit=self._per_minute, remaining=max(left, 0 if debt else 1), reset=debt)


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """Whether a request may pass.

    Parameters
    ----------
    wait: seconds until it might; 0.0 when it has passed.
    exceeded: ``requests`` or ``tokens``, None when it has passed.
    hints: what is left, None where no limit is set.
    """

    wait: float = 0.0
    exceeded: str | None = None
    hints: LimitHints | None = None


class Gate:
    """The limits of one behaviour: for everything together, or for each model by itself."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._requests_per_minute = behaviour.requests_per_minute
        self._tokens_per_minute = behaviour.tokens_per_minute
        self._per_model = behaviour.limit_scope is LimitScope.MODEL
        self._buckets: dict[str, tuple[Bucket | None, Bucket | None]] = {}
        self.limited = self._requests_per_minute is not None or self._tokens_per_minute is not None

    def admit(self, model: str, tokens: int, now: float) -> Admission:
        """Let one request of so many tokens pass, or say how long it has to wait. A refusal costs nothing."""
        requests, all_tokens = self._pair(model)
        wait = requests.wait(1, now) if requests else 0.0
        token_wait = all_tokens.wait(tokens, now) if all_tokens else 0.0
        exceeded = None
        if wait or token_wait:
            exceeded = "requests" if wait >= token_wait else "tokens"
            wait = max(wait, token_wait)
        else:
            if requests:
                requests.take(1, now)
            if all_tokens:
                all_tokens.take(tokens, now)
        hints = LimitHints(
            requests=requests.standing(now) if requests else None,
            tokens=all_tokens.standing(now) if all_tokens else None,
        )
        return Admission(wait=wait, exceeded=exceeded, hints=hints)

    def _pair(self, model: str) -> tuple[Bucket | None, Bucket | None]:
        scope = model if self._per_model else ""
        pair = self._buckets.get(scope)
        if pair is None:
            rpm, tpm = self._requests_per_minute, self._tokens_per_minute
            pair = (Bucket(rpm) if rpm else None, Bucket(tpm) if tpm else None)
            self._buckets[scope] = pair
        return pair
