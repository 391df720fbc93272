"""Carries runs out for Python: within a running event loop, to the end in a thread, or as a stream of events."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from lattice.api.events import Watcher
from lattice.api.handles import LOOK_EVERY, Event, Pause, Run, RunEnded, told
from lattice.api.showing import display_for, shown
from lattice.core.runs import RunRecord
from lattice.service.assembly import Surroundings
from lattice.service.execution import AS_CONFIGURED, ResumeSettings, execute, run_in_loop, signals_to
from lattice.service.session import Controls
from lattice.store import Store, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A stored run that can be carried out."""

    record: RunRecord
    surroundings: Surroundings
    settings: ResumeSettings = AS_CONFIGURED


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be carried out, and how it is shown.

    Parameters
    ----------
    url: of the store.
    prepare: makes the run, or finds it; everything is checked before.
    progress: see `lattice.api.showing.display_for`.
    """

    url: str
    prepare: Callable[[Store], Start]
    progress: bool | None = None
    controls: Controls = field(default_factory=Controls)


async def carried_out(order: Order) -> Run:
    """Carry a run out on the running event loop; cancelling the task stops it at once."""
    with open_store(order.url) as store:
        start = await asyncio.to_thread(order.prepare, store)
        with signals_to(order.controls):
            async with shown(store, start.record, display_for(order.progress)):
                record = await _executed(store, start, order.controls)
        return Run(order.url, record)


def carried_out_to_the_end(order: Order) -> Run:
    """Carry a run out, in a thread of its own where an event loop runs already.

    There, an interrupt cancels it as Ctrl-C does elsewhere, and a second one stops it at once.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run_in_loop(carried_out(order))
    worker = _Worker(order)
    worker.start()
    while not worker.ended.is_set():
        try:
            # Not join(): an interrupt while it waits makes Python 3.11 and 3.12 take the thread for ended.
            worker.ended.wait()
        except KeyboardInterrupt:
            worker.interrupt()
    return worker.outcome()


async def streamed(order: Order) -> AsyncGenerator[Event]:
    """Carry a run out on the running event loop, and tell what happens; whoever leaves cancels it gracefully."""
    with open_store(order.url) as store:
        start = await asyncio.to_thread(order.prepare, store)
        running = asyncio.create_task(_executed(store, start, order.controls))
        try:
            with signals_to(order.controls):
                watcher = await asyncio.to_thread(Watcher, store, start.record)
                async for event in told(order.url, watcher, _UntilDone(running)):
                    yield event
                yield RunEnded(run=Run(order.url, await running))
        except asyncio.CancelledError:
            running.cancel()
            raise
        finally:
            await _drained(running, order.controls)


async def _executed(store: Store, start: Start, controls: Controls) -> RunRecord:
    return await execute(store, start.record, start.surroundings, controls=controls, settings=start.settings)


async def _drained(running: asyncio.Task[RunRecord], controls: Controls) -> None:
    """Let a run that nobody watches any more finish the calls that are in flight."""
    if not running.done():
        controls.cancel()
    with suppress(asyncio.CancelledError):
        await asyncio.wait({running})
    if not running.cancelled():
        # What it raised has been raised already, or there is nobody left to hear it.
        running.exception()


class _UntilDone(Pause):
    """Waits for the next look, or for the end of the run if that comes first."""

    def __init__(self, running: asyncio.Task[RunRecord]) -> None:
        self._running = running

    @property
    def is_last(self) -> bool:
        return self._running.done()

    async def wait(self) -> None:
        await asyncio.wait({self._running}, timeout=LOOK_EVERY)


class _Worker(threading.Thread):
    """A thread with an event loop of its own, for one run."""

    def __init__(self, order: Order) -> None:
        super().__init__(name="lattice-run")
        self.ended = threading.Event()
        self._order = order
        self._loop: asyncio.AbstractEventLoop | None = None
        self._run: Run | None = None
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._run = run_in_loop(self._carried_out())
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread as it is
            self._error = error
        finally:
            self.ended.set()

    def interrupt(self) -> None:
        """Ask the run to stop; what is asked before its loop stands is kept for it."""
        if self._loop is None:
            self._order.controls.cancel()
            return
        with suppress(RuntimeError):  # the loop has just ended, and the run with it
            self._loop.call_soon_threadsafe(self._order.controls.cancel)

    def outcome(self) -> Run:
        """The run, or what was raised."""
        if self._error is not None:
            raise self._error
        assert self._run is not None  # the thread has ended
        return self._run

    async def _carried_out(self) -> Run:
        self._loop = asyncio.get_running_loop()
        return await carried_out(self._order)
