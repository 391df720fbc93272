"""What happens in a run, told to whoever wants to follow it: a log, a trace.

Events say what, where and how long, and never what was asked or answered: nothing that follows a run can give away its
contents. A run that nobody follows is carried out by `Caller` and `Trials` themselves and pays nothing for this.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from lattice.core.errors import CallError, ErrorKind
from lattice.core.limits import LimitKey
from lattice.core.models import Usage
from lattice.core.runs import RunStatus
from lattice.core.trials import Result, Step, TrialKey
from lattice.engine.calls import A, Caller, CallPlace, Setback
from lattice.engine.limits import Permit
from lattice.engine.plan import Trial
from lattice.engine.trial import FatalFailure, Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class RunBegan:
    """A session of a run began; `done` of its trials had ended before."""

    at: float
    total: int
    done: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialBegan:
    """A trial was taken up."""

    key: TrialKey
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded:
    """One call came back, or failed.

    Parameters
    ----------
    number: 1 for the first call of its step.
    began, at: seconds of the engine's clock.
    kind: why it failed; None where it did not.
    model, finish_reason: as the provider named them.
    """

    key: TrialKey
    step: Step
    limit: LimitKey
    number: int
    began: float
    at: float
    kind: ErrorKind | None = None
    usage: Usage | None = None
    cost_usd: float | None = None
    model: str | None = None
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFailed:
    """What follows a failed call: another one after `wait` seconds, or nothing."""

    key: TrialKey
    step: Step
    number: int
    kind: ErrorKind
    wait: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialEnded:
    """A trial ended.

    Parameters
    ----------
    finished: it has a result; else the run stopped before.
    step, kind: of the failure; None where it has a score.
    """

    key: TrialKey
    at: float
    finished: bool
    attempts: int = 0
    step: Step | None = None
    kind: ErrorKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """A session ended; `RunStatus.RUNNING` means that the run is interrupted.

    Parameters
    ----------
    stopped: ``budget`` or ``decided`` where that ended it.
    kind: why the run itself failed; ``store`` where the store refused.
    """

    at: float
    status: RunStatus
    stopped: str | None = None
    kind: str | None = None


Event = RunBegan | TrialBegan | CallEnded | AttemptFailed | TrialEnded | RunEnded


class Observer(Protocol):
    """Follows one session of a run, on its event loop: it must come back at once and not raise."""

    def note(self, event: Event) -> None:
        """Something has happened."""


class ObservedCaller(Caller):
    """Makes calls and tells of each."""

    def __init__(self, observer: Observer, **parts: Any) -> None:
        super().__init__(**parts)
        self._observer = observer

    async def _attempt(
        self, place: CallPlace, number: int, permit: Permit, make: Callable[[], Awaitable[A]]
    ) -> A | Setback:
        began = self._clock.now()
        outcome = await super()._attempt(place, number, permit, make)
        self._observer.note(_ended(place, number, began, self._clock.now(), outcome))
        return outcome

    def log(self, key: TrialKey, step: Step, error: CallError, attempts: int, *, wait: float | None = None) -> None:
        super().log(key, step, error, attempts, wait=wait)
        self._observer.note(AttemptFailed(key=key, step=step, number=attempts, kind=error.kind, wait=wait))


class ObservedTrials(Trials):
    """Carries trials out and tells of each."""

    def __init__(self, observer: Observer, **parts: Any) -> None:
        super().__init__(**parts)
        self._observer = observer

    async def run(self, trial: Trial) -> Result:
        self._observer.note(TrialBegan(key=trial.key, at=self._clock.now()))
        end: dict[str, Any] = {"finished": False}
        try:
            result = await super().run(trial)
            failure = result.failure
            end = {"finished": True, "attempts": result.attempts}
        except FatalFailure as fatal:
            failure = fatal.failure
            raise
        except BaseException:
            failure = None
            raise
        finally:
            if failure is not None:
                end |= {"step": failure.step, "kind": failure.kind}
            self._observer.note(TrialEnded(key=trial.key, at=self._clock.now(), **end))
        return result


def _ended(place: CallPlace, number: int, began: float, at: float, outcome: Any) -> CallEnded:
    """What may be told of a call's outcome; its texts stay where they are."""
    told: dict[str, Any]
    if isinstance(outcome, Setback):
        told = {"kind": outcome.error.kind, "usage": outcome.error.usage, "cost_usd": outcome.error.cost_usd}
    else:
        told = {name: getattr(outcome, name, None) for name in ("usage", "cost_usd", "model", "finish_reason")}
    return CallEnded(key=place.key, step=place.step, limit=place.limit, number=number, began=began, at=at, **told)
