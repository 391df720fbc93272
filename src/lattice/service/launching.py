"""Starts runs as processes of their own, for faces that must outlive them and be outlived by them.

A run that the Studio or a scheduler starts is carried out by ``lattice resume`` in a process of its own: changed code
of a target is loaded afresh, a crash takes nothing else along, and the run goes on when the Studio is restarted.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from lattice.core.errors import LatticeError, NotFound, UsageError
from lattice.core.exits import ExitCode
from lattice.core.runs import RunRecord, RunStatus
from lattice.service.control import cancel_run
from lattice.service.execution import AS_CONFIGURED, ResumeSettings, check_resumable, is_live
from lattice.service.provenance import tagged
from lattice.service.reading import reference_of
from lattice.service.workspace import VARIABLE, kept_folder
from lattice.store import Store, Turn

log = logging.getLogger(__name__)

MAX_RUNS = 4
LONGEST_REASON = 4000
MOST_ORDERS = 1000
STOPS_WITHIN = 10.0
"""Seconds that a process which has just begun with its run has to let go of it."""
HANDED_OVER_WITHIN = 60.0
"""Seconds that runs have for their calls in flight when they are handed over."""
SIGNED_EVERY = 10.0
"""Seconds between the signs of life for turns that are held; after three times that they are taken for lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where runs are started, so that their process finds what the face that starts it finds.

    Parameters
    ----------
    folder: the working directory; the workspace is found from it, and keys in a ``.env`` there.
    db: the store as it was named, None for the workspace.
    environ: variables of the process.
    """

    folder: Path
    db: str | None = None
    environ: Mapping[str, str] = field(repr=False)

    def found(self, folder: str | None) -> Path | None:
        """The folder of an evaluation file that was kept with a version or a run; None where it is not here."""
        return kept_folder(folder, self.db, self.environ, self.folder)

    def tagged(self, tags: Mapping[str, str], folder: str | None) -> dict[str, str]:
        """Tags of a new run: those that are given, and where its file is in a git work tree, the commit."""
        found = self.found(folder)
        return dict(tags) if found is None else tagged(tags, found)

    def variables(self) -> dict[str, str]:
        """The variables of a run's process; its store is named by one, since command lines are shown to everybody."""
        return {**self.environ, **({} if self.db is None else {VARIABLE: self.db})}


class Launcher:
    """Starts runs in their turn, and remembers why one could not be started.

    A run that is asked for goes through the queue in the store, and begins at once where there is room. A process that
    ends before it holds the run has said why on its standard error; whoever shows the run asks `refusal` for it.

    Parameters
    ----------
    store: whose queue it starts runs of, beside any other launcher over the same store.
    max_runs: how many that were started out of that queue may be carried out at once, wherever they are.
    """

    def __init__(self, place: Place, store: Store, *, max_runs: int = MAX_RUNS) -> None:
        self._place = place
        self._store = store
        self._max_runs = max_runs
        self._lock = threading.Lock()
        self._refusals: dict[int, str] = {}
        self._starting: dict[int, subprocess.Popen[bytes]] = {}
        self._watches: dict[int, threading.Thread] = {}
        self._began: dict[int, datetime] = {}
        self._held: set[str] = set()
        self._unsettled: set[str] = set()
        self._signed = -SIGNED_EVERY
        self._dispatching = threading.Lock()
        self._stopping = self._handing_over = False
        self._ordering = threading.Lock()
        self._orders: OrderedDict[str, RunRecord] = OrderedDict()

    @property
    def place(self) -> Place:
        """Where it starts them."""
        return self._place

    @property
    def max_runs(self) -> int:
        """How many runs that were started out of the queue may be carried out at once."""
        return self._max_runs

    @property
    def is_stopping(self) -> bool:
        """Whether it starts nothing more."""
        return self._stopping

    def once(self, order: str, make: Callable[[], RunRecord]) -> RunRecord:
        """The run of one order, which `make` starts when it comes first: a button that is hit twice starts one run.

        Parameters
        ----------
        order: names the order, such as what a form was given when it was shown; empty for one that has no name.
        """
        if not order:
            return make()
        with self._ordering:
            if order not in self._orders:
                self._orders[order] = make()
                while len(self._orders) > MOST_ORDERS:
                    self._orders.popitem(last=False)
            return self._orders[order]

    def start(self, record: RunRecord, settings: ResumeSettings = AS_CONFIGURED) -> None:
        """Carry a pending run out, or finish what is missing of one, in a process of its own: now, or in its turn.

        Raises
        ------
        UsageError: it waits or is carried out already, nothing is left to do, or no process can be started.
        """
        if is_live(record):
            raise UsageError(f"{reference_of(record)} is running already")
        check_resumable(record, settings)
        self._let_go(record)
        with self._lock:
            self._refusals.pop(record.key, None)
        self._store.queue.put(record, settings.as_json())
        self.start_queued(record)

    def start_queued(self, record: RunRecord) -> None:
        """Begin with what waits in the queue, this run among it if it is its turn.

        Raises
        ------
        UsageError: no process can be started for this run.
        """
        if (reason := self.dispatch().get(record.key)) is not None:
            raise UsageError(reason)

    def dispatch(self) -> Mapping[int, str]:
        """Start the runs whose turn it is, while there is room.

        Returns
        -------
        Why runs could not be started, by their keys.
        """
        failed: dict[int, str] = {}
        with self._dispatching:
            self._keep_turns()
            queue, most = self._store.queue, self._max_runs
            while not self._stopping and queue.has_turn(most) and (turn := queue.take(most)) is not None:
                failed.update(self._begin(turn))
        return failed

    def stop(self) -> None:
        """Start nothing more; what is carried out goes on in its own processes, and what waits is kept in the store."""
        with self._dispatching:
            self._stopping = True

    def hand_over(self, within: float = HANDED_OVER_WITHIN) -> None:
        """Start nothing more, interrupt the runs that were started here, and let them wait for whoever comes next.

        A run that is interrupted lets its calls in flight finish.

        Parameters
        ----------
        within: seconds to wait for that; what takes longer is found by whoever comes next, as after a crash.
        """
        self._handing_over = True
        self.stop()
        with self._lock:
            processes, watches = list(self._starting.values()), list(self._watches.values())
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + within
        for watch in watches:
            watch.join(max(0.0, deadline - time.monotonic()))

    def cancel(self, store: Store, record: RunRecord, *, at_once: bool = False) -> str:
        """Ask a run to stop; one whose process has not begun with it yet does not begin any more.

        Returns
        -------
        What was done, for the user.

        Raises
        ------
        UsageError: the run has ended already.
        """
        if not is_live(record):
            with self._lock:
                process = self._starting.get(record.key)
            if process is not None:
                process.terminate()
                with suppress(subprocess.TimeoutExpired):
                    process.wait(STOPS_WITHIN)
                record = store.run(record.key)
        return cancel_run(store, record, at_once=at_once)

    def is_starting(self, run_key: int) -> bool:
        """Whether a process of ours works on the run, or is about to."""
        with self._lock:
            return run_key in self._starting

    def began(self, run_key: int) -> datetime | None:
        """When the last process of ours for the run was started, UTC; what ended later, it has carried out."""
        with self._lock:
            return self._began.get(run_key)

    def refusal(self, run_key: int) -> str | None:
        """Why the last process for this run ended before or while it carried it out; None where it did not say."""
        with self._lock:
            return self._refusals.get(run_key)

    def _let_go(self, record: RunRecord) -> None:
        """The process of a run that has just ended is about to end as well: whoever goes on at once waits for it."""
        with self._lock:
            watch = self._watches.get(record.key)
        if watch is not None and record.status is not RunStatus.PENDING:
            watch.join(STOPS_WITHIN)

    def _begin(self, turn: Turn) -> Mapping[int, str]:
        """Start the process of a turn; gives the reason by the run's key where there can be none."""
        try:
            record = self._store.find_run(turn.run_id)
        except NotFound:
            # It has been deleted since it was taken.
            self._settle(turn.token)
            return {}
        said = TemporaryFile()  # noqa: SIM115 - closed by the thread that reads it
        try:
            process = self._process(record, turn, said)
        except OSError as error:
            said.close()
            self._settle(turn.token)
            reason = f"{reference_of(record)} cannot be started: {error}"
            with self._lock:
                self._refusals[record.key] = reason
            return {record.key: reason}
        watch = threading.Thread(target=self._wait, args=(record.key, turn, process, said), daemon=True)
        with self._lock:
            self._refusals.pop(record.key, None)
            self._starting[record.key] = process
            self._began[record.key] = datetime.now(UTC)
            self._watches[record.key] = watch
            self._held.add(turn.token)
            watch.start()
        return {}

    def _process(self, record: RunRecord, turn: Turn, said: IO[bytes]) -> subprocess.Popen[bytes]:
        settings = ResumeSettings.of_json(turn.settings)
        command = [sys.executable, "-m", "lattice", "resume", record.id, "--no-progress", *options(settings)]
        return subprocess.Popen(
            [*command, "--turn", turn.token],
            cwd=self._place.folder,
            env=self._place.variables(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )

    def _wait(self, run_key: int, turn: Turn, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        with said:
            code = process.wait()
            said.seek(max(0, said.seek(0, os.SEEK_END) - LONGEST_REASON))
            reason = _reason(said.read().decode(errors="replace"), code)
        with self._lock:
            if reason and not self._handing_over:
                self._refusals[run_key] = reason
        self._settle(turn.token)
        try:
            self.dispatch()
        except LatticeError as error:
            log.warning("what waits in the queue is not started yet: %s", error)
        with self._lock:
            if self._starting.get(run_key) is process:
                del self._starting[run_key], self._watches[run_key]

    def _settle(self, token: str) -> None:
        """The process of a turn has ended: its run waits again if it is handed over, and else leaves the queue."""
        with self._lock:
            self._held.discard(token)
        try:
            if self._handing_over:
                self._store.queue.put_back(token)
            else:
                self._store.queue.leave(token)
        except LatticeError as error:
            log.warning("the queue cannot be written: %s", error)
            with self._lock:
                self._unsettled.add(token)

    def _keep_turns(self) -> None:
        """Give signs of life for the turns that are held, and settle those that could not be before."""
        with self._lock:
            held, unsettled = set(self._held), set(self._unsettled)
            self._unsettled.clear()
        for token in unsettled:
            self._settle(token)
        if held and time.monotonic() - self._signed >= SIGNED_EVERY:
            self._store.queue.keep(held)
            self._signed = time.monotonic()


def options(settings: ResumeSettings) -> Sequence[str]:
    """`settings` as options of ``lattice resume``."""
    given = {
        "--timeout": settings.timeout,
        "--max-concurrent": settings.max_concurrent,
        "--budget": settings.budget_usd,
        "--budget-tokens": settings.budget_tokens,
    }
    named = [text for name, value in given.items() if value is not None for text in (name, str(value))]
    return [*named, "--failed"] if settings.failed else named


def _reason(text: str, code: int) -> str:
    """Why a process has ended before its work was done: what it said from its last ``Error:`` on, or what ended it."""
    if code < 0:
        return f"its process was ended by {_signal_name(-code)}"
    if code not in (ExitCode.FAILED, ExitCode.USAGE):
        return ""
    _, found, after = text.rpartition("Error: ")
    # Without that word it is a defect, whose last line names it.
    return after.strip() if found else text.strip().rpartition("\n")[2]


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
