"""Starts and resumes runs in this process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from pydantic import ValidationError

from lattice.core.errors import StoreError, UsageError
from lattice.core.evaluation import Evaluation, RunSettings
from lattice.core.runs import Claim, RunRecord, RunStatus
from lattice.engine.clock import SystemClock
from lattice.engine.limits import Limiter
from lattice.engine.observing import Observer
from lattice.reporting.budgets import budgets_of
from lattice.service.assembly import Surroundings, assembled
from lattice.service.baselines import Baseline
from lattice.service.functions import with_functions
from lattice.service.limiting import shared_limiter
from lattice.service.obstacles import unpriced_for, unpriced_models
from lattice.service.session import Controls, Session
from lattice.store import Store
from lattice.targets import StoredTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeSettings:
    """How a session is carried out, where that differs from the configuration; None changes nothing.

    Parameters
    ----------
    timeout: seconds per attempt.
    budget_usd, budget_tokens: of the whole run, what was spent before included.
    failed: run failed and unscored trials again as well.
    """

    timeout: float | None = None
    max_concurrent: int | None = None
    budget_usd: float | None = None
    budget_tokens: int | None = None
    failed: bool = False

    def recorded(self, earlier: Mapping[str, Any]) -> dict[str, Any]:
        """What is kept beside the configuration, in the shape of its block `run`: earlier settings stay in force."""
        given = {"timeout": self.timeout, "max_concurrent": self.max_concurrent}
        limits = {"cost_usd": self.budget_usd, "tokens": self.budget_tokens}
        budget = {**(earlier.get("budget") or {}), **_without_none(limits)}
        return {**earlier, **_without_none(given), **({"budget": budget} if budget else {})}

    def as_json(self) -> dict[str, Any]:
        """What was given, as it waits in the queue."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def of_json(cls, data: Mapping[str, Any]) -> ResumeSettings:
        """What waited in the queue; whatever else stands there was written by another version."""
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in data.items() if name in known})


def _without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def in_force(evaluation: Evaluation, settings: Mapping[str, Any], unpriced: Sequence[str] | None = None) -> RunSettings:
    """How a run is carried out: as configured, but for the settings that it was resumed with.

    Parameters
    ----------
    unpriced: what the run calls without a known price; all of the evaluation's that have none if absent.

    Raises
    ------
    UsageError: a value cannot be used.
    """
    configured = evaluation.run.model_dump()
    budget = {**configured["budget"], **settings.get("budget", {})}
    try:
        combined = RunSettings.model_validate({**configured, **settings, "budget": budget})
    except ValidationError as error:
        found = error.errors()[0]
        raise UsageError(f"{'.'.join(map(str, found['loc']))}: {found['msg']}, got {found['input']!r}") from error
    unpriced = unpriced_models(evaluation) if unpriced is None else unpriced
    if combined.budget.cost_usd is not None and unpriced:
        raise UsageError(f"a cost cannot be limited while prices are unknown: {', '.join(unpriced)}")
    return combined


T = TypeVar("T")

AS_CONFIGURED = ResumeSettings()


async def execute(
    store: Store,
    record: RunRecord,
    surroundings: Surroundings,
    *,
    controls: Controls | None = None,
    limiter: Limiter | None = None,
    settings: ResumeSettings = AS_CONFIGURED,
    turn: str | None = None,
    against: Baseline | None = None,
    observer: Observer | None = None,
) -> RunRecord:
    """Carry a run out, or finish what is missing of it, in this process and event loop.

    Parameters
    ----------
    controls: through which it can be stopped from outside.
    limiter: shared with other runs; that of the running event loop if absent.
    turn: that the run was started for out of the queue (`lattice.store.Turn`).
    against: what gates on a difference are about; the baseline that is set for the evaluation if absent.
    observer: follows it, if there is one.

    Returns
    -------
    The run as it was stored last: completed, failed or cancelled; running if its process is to go.

    Raises
    ------
    UsageError: another process carries it out, nothing is left to do, or the turn is over.
    StoreError: the store refused to take results; the run reads as interrupted.
    CancelledError: the task was cancelled; so is the run then, and what is there stays.
    """
    evaluation = Evaluation.model_validate(with_functions(record.config, surroundings.functions))
    clock = SystemClock()
    recorded = settings.recorded(record.settings)
    combined = in_force(evaluation, recorded, unpriced_for(record, evaluation))
    stored = {} if record.origin is None else {each.name: StoredTarget(each.name) for each in evaluation.targets}
    async with assembled(evaluation, surroundings, combined, stand_ins=stored) as assembly:
        claim = store.claim(record.key, settings=recorded, again=settings.failed, turn=turn)
        session = Session(
            store=store,
            record=store.run(record.key),
            claim=claim,
            evaluation=evaluation,
            settings=combined,
            limiter=limiter or shared_limiter(),
            clock=clock,
            again=settings.failed,
            against=against,
            observer=observer,
        )
        with _released_on_error(store, record, claim):
            await session.run(assembly, controls or Controls())
    return store.run(record.key)


@contextmanager
def _released_on_error(store: Store, record: RunRecord, claim: Claim) -> Iterator[None]:
    """A run that ends in an error is held by nobody, even if this process lives on: a notebook's, for example."""
    try:
        yield
    except asyncio.CancelledError:
        store.release(record.key, claim, RunStatus.CANCELLED)
        raise
    except BaseException:
        # The store may be what failed; then the run is held until this process ends.
        with suppress(StoreError):
            store.release(record.key, claim, RunStatus.RUNNING)
        raise


@contextmanager
def signals_to(controls: Controls) -> Iterator[None]:
    """While this lasts, Ctrl-C cancels (twice: at once) and SIGTERM drains and leaves the run interrupted.

    Only the main thread's event loop gets signals; elsewhere this does nothing.
    """
    loop = asyncio.get_running_loop()
    handlers: Mapping[signal.Signals, Any] = {
        signal.SIGINT: controls.cancel,
        signal.SIGTERM: controls.terminate,
    }
    installed = []
    try:
        for number, handler in handlers.items():
            loop.add_signal_handler(number, handler)
            installed.append(number)
    except (NotImplementedError, RuntimeError, ValueError):
        # Not the main thread, or a platform without signal handlers on loops: its caller stops it in other ways.
        installed.clear()
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)


def check_resumable(record: RunRecord, settings: ResumeSettings) -> None:
    """Say why a run cannot be resumed, if so.

    Raises
    ------
    UsageError: nothing is left to do, or the budget that it would have is spent already.
    """
    _check_left(record, settings)
    all_ended = record.progress.done == record.progress.total
    if is_live(record) or (all_ended and not settings.failed):
        # Another process has it, which is said when it is to be claimed; or only its end is to be written down.
        return
    limits = budgets_of(record, settings.recorded(record.settings))
    # A limit that is none at all is refused with the other settings.
    if spent := [each for each in limits if each.is_reached and each.limit > 0]:
        name = f"{record.evaluation_slug}#{record.number}"
        again = " --failed" if settings.failed else ""
        raise UsageError(
            f"{name} has spent {' and '.join(each.text for each in spent)}, so nothing would run; to go on: "
            f"lattice resume {name}{again} {' '.join(each.option for each in spent)}"
        )


def _check_left(record: RunRecord, settings: ResumeSettings) -> None:
    progress = record.progress
    if record.contents_deleted_at is not None:
        raise UsageError(f"{record.evaluation_slug}#{record.number} cannot be resumed: its contents were deleted")
    if record.stopped == "decided" and not settings.failed:
        raise UsageError(
            f"{record.evaluation_slug}#{record.number} is complete: every gate was decided after {progress.done} of "
            f"{progress.total}; for the rest, run it again without run.stop_when"
        )
    # A run whose process died between its last result and its end has everything but the end.
    over = (RunStatus.COMPLETED, RunStatus.FAILED)
    if record.status not in over or progress.done < progress.total or (settings.failed and progress.failed):
        return
    name = f"{record.evaluation_slug}#{record.number}"
    what = "is complete" if record.status is RunStatus.COMPLETED else "has failed, and no trial is left"
    again = f"; to run its {progress.failed} failed trials again: lattice resume {name} --failed"
    raise UsageError(f"{name} {what}: {progress.done} of {progress.total}{again if progress.failed else ''}")


def is_live(record: RunRecord) -> bool:
    """Whether some process carries it out now."""
    return record.status is RunStatus.RUNNING and not record.interrupted


def run_in_loop(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a new event loop, a faster one where it is installed."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(main)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # optional: not built for every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
