"""The writer of one run: a thread that commits whatever has gathered whenever it is free.

Nothing waits for a timer: what comes after a while is committed at once, and what comes while a commit is under way,
or in the breath that follows it, is gathered for the next one. So few slow trials are committed one by one and
many fast ones in groups. What a caller awaits is on disk when it is told.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from sqlalchemy import Connection

from lattice.core.errors import LatticeError, StoreError, StoreGone
from lattice.core.runs import RunStatus, StopRequest
from lattice.core.trials import Attempt, Response, Result, TrialKey
from lattice.store.commits import Batch, Commits, Committed, End
from lattice.store.database import Database

MOST_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often an idle writer looks up, in seconds.

    Parameters
    ----------
    poll: between looks whether somebody asked to stop; a new activity is saved within it as well.
    heartbeat: between signs of life.
    breath: from a commit to the next one at least. Without it the writer wakes for every single row when trials end
        faster than that, and takes time from the thread that makes the calls.
    """

    poll: float = 0.2
    heartbeat: float = 2.0
    breath: float = 0.002


class _Kind(Enum):
    RESPONSE = auto()
    RESULT = auto()
    ATTEMPT = auto()
    END = auto()
    CLOSE = auto()


@dataclass(slots=True)
class _Gathered:
    """One commit's worth of the queue."""

    batch: Batch = field(default_factory=Batch)
    responses: list[asyncio.Future[None]] = field(default_factory=list)
    results: list[asyncio.Future[int]] = field(default_factory=list)
    end: End | None = None
    ended: asyncio.Future[None] | None = None
    close: bool = False

    def futures(self) -> list[asyncio.Future[Any]]:
        return [*self.responses, *self.results, *([self.ended] if self.ended else [])]


class RunWriter:
    """Takes what a run brings, from its event loop, and commits it.

    All methods are called on the loop that `start` was called on. A commit that fails for good (a full disk, a
    store gone read-only, the claim lost) ends the writer: whoever waits gets the `StoreError`, and so does
    everybody who puts something in afterwards; `close` is still due.

    Parameters
    ----------
    on_stop: called on the loop, once for each request to stop that comes through the store.
    on_error: called on the loop, once, when the writer has ended with an error.
    """

    def __init__(
        self,
        database: Database,
        commits: Commits,
        *,
        on_stop: Callable[[StopRequest], None] | None = None,
        on_error: Callable[[StoreError], None] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self.on_stop = on_stop or _ignore_stop
        self.on_error = on_error or _ignore_error
        self._database = database
        self._commits = commits
        self._pace = pace or Pace()
        self._queue: queue.SimpleQueue[tuple[_Kind, Any, Any]] = queue.SimpleQueue()
        self._activity: Mapping[str, Any] = {}
        self._saved_activity: Mapping[str, Any] = self._activity
        self._stop_request = StopRequest.NONE
        self._error: StoreError | None = None
        self._ended = False
        self._closing = False
        self._last_commit = time.monotonic()
        self._closed: asyncio.Future[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._work, name="lattice-writer", daemon=True)

    def start(self) -> None:
        """Begin to write; needs a running event loop."""
        self._loop = asyncio.get_running_loop()
        self._closed = self._loop.create_future()
        self._thread.start()

    def put_response(self, key: TrialKey, response: Response) -> asyncio.Future[None]:
        """Store a response; done when it is committed.

        Raises
        ------
        StoreError: out of the future; it is not stored.
        """
        future: asyncio.Future[None] = self._running_loop().create_future()
        self._put(_Kind.RESPONSE, (key, response), future)
        return future

    def put_result(self, result: Result) -> asyncio.Future[int]:
        """Store a result, in the place of an earlier one if there is one; gives its `seq` when it is committed.

        Raises
        ------
        StoreError: out of the future; it is not stored, and an earlier one stays.
        """
        future: asyncio.Future[int] = self._running_loop().create_future()
        self._put(_Kind.RESULT, result, future)
        return future

    def put_attempt(self, attempt: Attempt) -> None:
        """Store a failed call, without waiting for it."""
        self._queue.put((_Kind.ATTEMPT, attempt, None))

    def set_activity(self, activity: Mapping[str, Any]) -> None:
        """What the run is doing, as JSON data; saved with the next commit, or soon without one.

        The mapping is read by the writer's thread: pass a new one each time and do not change it afterwards.
        """
        self._activity = activity

    async def finish(
        self,
        status: RunStatus,
        *,
        stopped: str | None = None,
        failure: Mapping[str, Any] | None = None,
        summary: Mapping[str, Any] | None = None,
    ) -> None:
        """Commit what is left, then how the run ended. `RunStatus.RUNNING` leaves it interrupted, to be resumed.

        Raises
        ------
        StoreError: the end could not be written; the run will read as interrupted.
        """
        future: asyncio.Future[None] = self._running_loop().create_future()
        end = End(status=status, stopped=stopped, failure=failure, summary=summary)
        self._put(_Kind.END, end, future)
        await future

    async def close(self) -> None:
        """End the thread. A run that was not finished is left interrupted."""
        if self._closed is None:
            return
        if not self._closing:
            self._closing = True
            self._queue.put((_Kind.CLOSE, None, None))
        await asyncio.shield(self._closed)
        self._thread.join()

    def _put(self, kind: _Kind, content: Any, future: asyncio.Future[Any]) -> None:
        if self._closing:
            future.set_exception(StoreError("the run's writer has been closed; nothing more can be stored"))
        else:
            self._queue.put((kind, content, future))

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            raise RuntimeError("the writer has not been started")
        return self._loop

    def _work(self) -> None:
        """The thread."""
        try:
            with self._database.connection() as connection:
                self._stop_request = self._commits.open(connection)
                self._until_closed(connection)
        except Exception as error:  # noqa: BLE001 - whatever ends this thread must reach those who wait for it
            self._fail(error, [])
            self._refuse_until_closed()
        self._tell(self._resolve_closed)

    def _until_closed(self, connection: Connection) -> None:
        if self._stop_request is not StopRequest.NONE:
            self._tell(self.on_stop, self._stop_request)
        while True:
            gathered = self._gather()
            try:
                with self._database.explained():
                    self._turn(connection, gathered)
            except Exception as error:  # noqa: BLE001 - as above; the futures of this turn are known here only
                self._fail(error, gathered.futures())
                if not gathered.close:
                    self._refuse_until_closed()
                return
            if gathered.close:
                return

    def _turn(self, connection: Connection, gathered: _Gathered) -> None:
        """One look at the queue: a commit if there is something to say, else a look at the run."""
        if self._database.dialect.is_gone():
            raise StoreGone(
                f"the store {self._database.dialect.place} was removed while the run went on, and its results with "
                "it; the run has stopped. To keep results elsewhere, name another store with --db"
            )
        activity = self._activity
        silent = time.monotonic() - self._last_commit
        due = activity is not self._saved_activity or silent >= self._pace.heartbeat
        if len(gathered.batch) or (due and not self._ended):
            committed = self._commits.commit(connection, gathered.batch, activity)
            self._saved_activity = activity
            self._last_commit = time.monotonic()
            if gathered.responses or gathered.results:
                self._tell(_resolve, gathered, committed)
            self._notice(committed.stop_request)
        elif not self._ended and gathered.end is None and not gathered.close:
            self._notice(self._commits.poll(connection))
        self._end(connection, gathered)

    def _end(self, connection: Connection, gathered: _Gathered) -> None:
        if gathered.end is not None:
            self._commits.end(connection, gathered.end)
            self._ended = True
            self._tell(_resolve_one, gathered.ended)
        elif gathered.close and not self._ended:
            self._commits.end(connection, End(status=RunStatus.RUNNING))

    def _gather(self) -> _Gathered:
        """Wait for something to do, at most until the next look is due, and take everything there is."""
        gathered = _Gathered()
        with suppress(queue.Empty):
            item = self._queue.get(timeout=self._pace.poll)
            rest = self._last_commit + self._pace.breath - time.monotonic()
            if rest > 0:
                time.sleep(rest)
            while self._add(gathered, *item) and len(gathered.batch) < MOST_AT_ONCE:
                item = self._queue.get_nowait()
        return gathered

    def _add(self, gathered: _Gathered, kind: _Kind, content: Any, future: Any) -> bool:
        """Put one item of the queue where it belongs; False when nothing may be taken with it any more."""
        batch = gathered.batch
        match kind:
            case _Kind.RESPONSE:
                batch.responses.append(content)
                gathered.responses.append(future)
            case _Kind.RESULT:
                batch.results.append(content)
                gathered.results.append(future)
            case _Kind.ATTEMPT:
                batch.attempts.append(content)
            case _Kind.END:
                gathered.end, gathered.ended = content, future
                return False
            case _Kind.CLOSE:
                gathered.close = True
                return False
        return True

    def _notice(self, request: StopRequest) -> None:
        if request is not self._stop_request:
            self._stop_request = request
            if request is not StopRequest.NONE:
                self._tell(self.on_stop, request)

    def _fail(self, error: Exception, waiting: list[asyncio.Future[Any]]) -> None:
        known = error if isinstance(error, StoreError) else _unexpected(error)
        self._error = known
        self._tell(_fail_all, waiting, known)
        self._tell(self.on_error, known)

    def _refuse_until_closed(self) -> None:
        """Answer everybody who comes after the failure, so that nobody waits for ever."""
        while True:
            gathered = _Gathered()
            more = self._add(gathered, *self._queue.get())
            self._tell(_fail_all, gathered.futures(), self._error)
            if not more and gathered.close:
                return

    def _tell(self, callback: Callable[..., None], *arguments: Any) -> None:
        """Call back on the loop; a loop that is closed has nobody left to tell."""
        loop = self._running_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(callback, *arguments)

    def _resolve_closed(self) -> None:
        _resolve_one(self._closed)


def _resolve(gathered: _Gathered, committed: Committed) -> None:
    for future in gathered.responses:
        if not future.done():
            future.set_result(None)
    for seq, waiting in enumerate(gathered.results, committed.first_seq):
        if not waiting.done():
            waiting.set_result(seq)


def _resolve_one(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _fail_all(futures: list[asyncio.Future[Any]], error: StoreError) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)


def _unexpected(error: Exception) -> StoreError:
    """An error nobody foresaw, for those who wait on the loop; the original one is its cause."""
    text = str(error) if isinstance(error, LatticeError) else f"{type(error).__name__}: {error}"
    known = StoreError(f"a result could not be stored: {text}")
    known.__cause__ = error
    return known


def _ignore_stop(request: StopRequest) -> None:
    """Nobody listens."""


def _ignore_error(error: StoreError) -> None:
    """Nobody listens; the futures carry the error too."""
