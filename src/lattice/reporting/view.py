"""A run at one moment: what a live view shows, from its row in the store and what happens right now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from lattice.core.errors import ErrorKind
from lattice.core.evaluation import SCORE
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.core.trials import Step, TrialKey
from lattice.reporting.estimate import Pace, remaining
from lattice.store.records import AttemptRow, ResultStatus

SHOWN_ERRORS = 5


class ErrorState(StrEnum):
    """What became of an error."""

    RETRYING = "retrying"
    FAILED = "failed"
    RECOVERED = "recovered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorLine:
    """The last thing that went wrong with one trial.

    Parameters
    ----------
    target: its name where a run has several, else None.
    number, allowed: which attempt failed, of how many.
    retry_at: when the next attempt starts, UTC; None without one.
    """

    key: TrialKey
    target: str | None
    step: Step
    kind: ErrorKind
    message: str
    number: int
    allowed: int
    at: datetime
    retry_at: datetime | None
    state: ErrorState


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMean:
    """The mean so far of one target's score.

    Parameters
    ----------
    target: its name where a run has several, else None.
    metric: its name, None for the score.
    n, ended: inputs that are part of the mean, of those that have ended.
    lower, upper: live interval, valid at every look; None before there is one.
    waiting_for: the input that holds back more inputs than run at once anyway, else None.
    """

    target: str | None
    mean: float
    n: int
    ended: int
    lower: float | None = None
    upper: float | None = None
    method: str | None = None
    waiting_for: int | None = None
    metric: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something that calls wait for, such as ``the rate limit of openai``, and the seconds if they are known."""

    reason: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run at one moment.

    Parameters
    ----------
    name: of the evaluation. reference: ``SLUG#3``, as commands take it.
    elapsed, remaining: seconds; `remaining` is None while it cannot be told.
    unresolved: trials with an error that is not resolved: the failed and those that are tried again.
    errors: the last ones, oldest first.
    cost_usd: known costs so far; None where no price is known.
    budget_usd: what the run may cost, if that is limited.
    in_flight: trials open now, None when the process that runs them is another one.
    checking: the first trial runs alone. draining: nothing new starts any more.
    paused: nothing but transient failures; a single trial probes.
    failure, hint: why the run itself failed, and what to do about it.
    """

    name: str
    reference: str
    status: RunStatus
    progress: Progress
    elapsed: float
    at: datetime
    remaining: float | None = None
    means: tuple[RunningMean, ...] = ()
    unresolved: int = 0
    errors: tuple[ErrorLine, ...] = ()
    tokens: int = 0
    cost_usd: float | None = None
    unpriced: bool = False
    budget_usd: float | None = None
    in_flight: int | None = None
    waits: tuple[Wait, ...] = ()
    checking: bool = False
    draining: bool = False
    paused: bool = False
    interrupted: bool = False
    stopped: str | None = None
    failure: str | None = None
    hint: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will change by itself."""
        return self.interrupted or self.status not in (RunStatus.PENDING, RunStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a run's configuration says about showing it; read once, not at every look.

    Parameters
    ----------
    targets: their names, in the order of the configuration.
    repeats: trials of one input.
    allowance: trials a second that configured limits let through.
    unpriced: whether some model's price is unknown; all_unpriced: whether every one is.
    headline: name of the metric whose mean is shown; None where nothing is scored.
    """

    targets: tuple[str, ...]
    max_concurrent: int
    repeats: int = 1
    allowance: float | None = None
    budget_usd: float | None = None
    unpriced: bool = False
    all_unpriced: bool = False
    headline: str | None = SCORE


class ErrorLog:
    """What went wrong in a run, trial by trial, as its attempt log is read piece by piece.

    It keeps one line for each trial that has an unresolved error, and the last lines of all.
    """

    def __init__(self, targets: Sequence[str], *, keep: int = SHOWN_ERRORS) -> None:
        self._several = len(targets) > 1
        self._keep = keep
        self._retrying: dict[TrialKey, ErrorLine] = {}
        self._settled: list[ErrorLine] = []

    def add(self, rows: Iterable[AttemptRow]) -> list[ErrorLine]:
        """Take in further failed attempts in the order of the log; the lines that they give."""
        lines = []
        for row in rows:
            line = self._line(row)
            lines.append(line)
            self._retrying.pop(line.key, None)
            if line.state is ErrorState.RETRYING:
                self._retrying[line.key] = line
            elif line.state is ErrorState.FAILED:
                self._settle(line)
        return lines

    def ended(self, keys: Iterable[TrialKey]) -> list[ErrorLine]:
        """Trials that were scored: their errors are resolved. Gives the lines of those errors."""
        resolved = [line for key in keys if (line := self._retrying.pop(key, None)) is not None]
        return [replace(line, state=ErrorState.RECOVERED, retry_at=None) for line in resolved]

    @property
    def retrying(self) -> int:
        """How many trials have an error and are tried again."""
        return len(self._retrying)

    def last(self) -> tuple[ErrorLine, ...]:
        """The last lines, oldest first: those that failed and those that are tried again."""
        lines = [*self._settled, *self._retrying.values()]
        return tuple(sorted(lines, key=lambda line: line.at)[-self._keep :])

    def _settle(self, line: ErrorLine) -> None:
        self._settled.append(line)
        del self._settled[: -self._keep]

    def _line(self, row: AttemptRow) -> ErrorLine:
        attempt = row.attempt
        state = _state(row)
        again = state is ErrorState.RETRYING and attempt.wait is not None
        return ErrorLine(
            key=attempt.key,
            target=row.target if self._several else None,
            step=attempt.step,
            kind=attempt.kind,
            message=attempt.message,
            number=attempt.number,
            allowed=attempt.allowed,
            at=attempt.at,
            retry_at=attempt.at + timedelta(seconds=attempt.wait or 0.0) if again else None,
            state=state,
        )


def _state(row: AttemptRow) -> ErrorState:
    if row.ended is ResultStatus.SCORED:
        return ErrorState.RECOVERED
    if row.ended is ResultStatus.FAILED or row.attempt.wait is None:
        return ErrorState.FAILED
    return ErrorState.RETRYING


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What goes on in a running process right now; all unknown for a run of another process."""

    in_flight: int | None = None
    waits: tuple[Wait, ...] = ()
    checking: bool = False
    draining: bool = False
    paused: bool = False
    retrying: int | None = None

    @classmethod
    def of(cls, published: Mapping[str, Any]) -> Activity:
        """Read what the engine publishes (``RunRecord.activity``)."""
        phase = published.get("phase")
        waits = _waits(published.get("limits") or ())
        if (probe := published.get("probe_in")) is not None:
            waits.append(Wait(reason="the next try", seconds=float(probe)))
        return cls(
            in_flight=published.get("in_flight"),
            waits=tuple(waits),
            checking=phase == "checking",
            draining=phase == "draining",
            paused=phase == "paused",
            retrying=published.get("retrying"),
        )


NOTHING_KNOWN = Activity()


def _waits(limits: Iterable[Mapping[str, Any]]) -> list[Wait]:
    """Why calls wait, once per reason; a pause by provider with the longest of its models."""
    paused: dict[str, float] = {}
    queued: dict[str, None] = {}
    for limit in limits:
        if (seconds := limit.get("paused_for") or 0.0) > 0:
            reason = f"the rate limit of {limit['provider']}"
            paused[reason] = max(paused.get(reason, 0.0), seconds)
        elif limit.get("waiting") and limit.get("reason"):
            queued[f"{limit['provider']}: {limit['reason']}"] = None
    return [
        *(Wait(reason=reason, seconds=seconds) for reason, seconds in paused.items()),
        *(Wait(reason=reason) for reason in queued),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When somebody looks, and what they know beside the run's row.

    Parameters
    ----------
    now: UTC.
    since_commit: seconds since `RunRecord.elapsed` was saved; a running run's time goes on meanwhile.
    """

    now: datetime
    since_commit: float = 0.0
    activity: Activity = field(default_factory=Activity)


def view_of(run: RunRecord, terms: Terms, errors: ErrorLog, moment: Moment) -> RunView:
    """What to show of a run."""
    running = run.status is RunStatus.RUNNING and not run.interrupted
    elapsed = run.elapsed + (moment.since_commit if running else 0.0)
    activity = moment.activity if running else NOTHING_KNOWN
    retrying = (errors.retrying if activity.retrying is None else activity.retrying) if running else 0
    failure = run.failure or {}
    # What functions and endpoints cost shows as they answer.
    untold = any(target.get("unpriced") for target in run.live.get("targets", ()))
    unpriced, spent = terms.unpriced or untold, sum(run.live.get("cost_usd", {}).values())
    return RunView(
        name=run.evaluation_name,
        reference=f"{run.evaluation_slug}#{run.number}",
        status=run.status,
        progress=run.progress,
        elapsed=elapsed,
        at=moment.now,
        remaining=_remaining(run, terms, elapsed, activity) if running else None,
        means=_means(run.live, terms),
        unresolved=run.progress.failed + retrying,
        errors=errors.last(),
        tokens=sum(sum(usage) for usage in run.live.get("usage", {}).values()),
        cost_usd=None if terms.all_unpriced or (untold and not spent) else spent,
        unpriced=unpriced,
        budget_usd=terms.budget_usd,
        in_flight=activity.in_flight,
        waits=activity.waits,
        checking=activity.checking or (running and run.progress.done == 0 and not activity.draining),
        draining=running and (run.draining or activity.draining),
        paused=activity.paused,
        interrupted=run.interrupted,
        stopped=run.stopped,
        failure=failure.get("message"),
        hint=failure.get("hint"),
    )


def _remaining(run: RunRecord, terms: Terms, elapsed: float, activity: Activity) -> float | None:
    return remaining(
        Pace(
            total=run.progress.total,
            done=run.progress.done,
            elapsed=elapsed,
            history=[(at, done) for at, done in run.live.get("pace", ())],
            max_concurrent=terms.max_concurrent,
            allowance=terms.allowance,
            hold=max((wait.seconds or 0.0 for wait in activity.waits), default=0.0),
        )
    )


def _means(live: Mapping[str, Any], terms: Terms) -> tuple[RunningMean, ...]:
    several = len(terms.targets) > 1
    return tuple(
        _mean(tally, name if several else None, terms)
        for name, tally in zip(terms.targets, live.get("targets", ()), strict=False)
        if tally.get("interval") or tally.get("metrics", {}).get(terms.headline, {}).get("n")
    )


def _mean(tally: Mapping[str, Any], target: str | None, terms: Terms) -> RunningMean:
    ended = tally["done"] // terms.repeats
    look = tally.get("interval")
    metric = None if terms.headline == SCORE else terms.headline
    if look is None:
        score = tally["metrics"][terms.headline]
        mean = score["sum"] / score["n"]
        return RunningMean(target=target, metric=metric, mean=mean, n=score["n"], ended=tally["done"])
    behind = ended - tally["failed"] // terms.repeats - look["n"]
    return RunningMean(
        target=target,
        metric=metric,
        mean=look["mean"],
        n=look["n"],
        ended=max(ended, look["n"]),
        lower=look["lower"],
        upper=look["upper"],
        method=look["method"],
        waiting_for=look.get("waiting_for") if behind > terms.max_concurrent else None,
    )
