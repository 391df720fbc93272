"""Starts and resumes runs in this process."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from lattice.core.errors import UsageError
from lattice.core.evaluation import Budget, Evaluation, RunSettings
from lattice.core.runs import RunRecord, RunStatus
from lattice.engine.clock import SystemClock
from lattice.engine.limits import Limiter
from lattice.service.assembly import Surroundings, assembled
from lattice.service.session import Controls, Session
from lattice.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeSettings:
    """How a session is carried out, where that differs from the configuration; None changes nothing.

    Parameters
    ----------
    timeout: seconds per attempt. budget_usd: of the whole run, what was spent before included.
    failed: run failed and unscored trials again as well.
    """

    timeout: float | None = None
    max_concurrent: int | None = None
    budget_usd: float | None = None
    failed: bool = False

    def as_json(self) -> dict[str, Any]:
        """What is recorded beside the configuration."""
        given = {
            "timeout": self.timeout,
            "max_concurrent": self.max_concurrent,
            "budget_usd": self.budget_usd,
        }
        return {name: value for name, value in given.items() if value is not None}

    def applied(self, settings: RunSettings) -> RunSettings:
        """The settings in force.

        Raises
        ------
        UsageError: a value cannot be used.
        """
        changes: dict[str, Any] = {}
        if self.timeout is not None:
            changes["timeout"] = self.timeout
        if self.max_concurrent is not None:
            changes["max_concurrent"] = self.max_concurrent
        if self.budget_usd is not None:
            changes["budget"] = Budget(cost_usd=self.budget_usd, tokens=settings.budget.tokens)
        try:
            return RunSettings.model_validate(settings.model_copy(update=changes).model_dump())
        except ValueError as error:
            raise UsageError(f"these settings cannot be used: {error}") from error


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
) -> RunRecord:
    """Carry a run out, or finish what is missing of it, in this process and event loop.

    Parameters
    ----------
    controls: through which it can be stopped from outside.
    limiter: shared by the runs of one process; a new one if absent.

    Returns
    -------
    The run as it was stored last: completed, failed or cancelled; running if its process is to go.

    Raises
    ------
    UsageError: another process carries it out, or nothing is left to do.
    StoreError: the store refused to take results; the run reads as interrupted.
    """
    evaluation = Evaluation.model_validate(record.config)
    clock = SystemClock()
    in_force = settings.applied(evaluation.run)
    async with assembled(evaluation, surroundings) as assembly:
        claim = store.claim(record.key, settings=settings.as_json() or None, again=settings.failed)
        session = Session(
            store=store,
            record=store.run(record.key),
            claim=claim,
            evaluation=evaluation,
            settings=in_force,
            limiter=limiter or Limiter(clock),
            clock=clock,
            again=settings.failed,
        )
        await session.run(assembly, controls or Controls())
    return store.run(record.key)


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
    UsageError: nothing is left to do.
    """
    progress = record.progress
    if progress.done < progress.total or (settings.failed and progress.failed):
        return
    name = f"{record.evaluation_slug}#{record.number}"
    if progress.failed:
        raise UsageError(
            f"{name} is complete: {progress.done} of {progress.total}; "
            f"to run its {progress.failed} failed trials again: lattice resume {name} --failed"
        )
    raise UsageError(f"{name} is complete: {progress.done} of {progress.total}")


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
