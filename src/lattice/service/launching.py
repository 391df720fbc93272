"""Starts runs as processes of their own, for faces that must outlive them and be outlived by them.

A run that the Studio starts is carried out by ``lattice resume`` in a process of its own: changed code of a target is
loaded afresh, a crash takes nothing else along, and the run goes on when the Studio is restarted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from lattice.core.errors import UsageError
from lattice.core.exits import ExitCode
from lattice.core.runs import RunRecord, RunStatus
from lattice.service.control import cancel_run
from lattice.service.execution import AS_CONFIGURED, ResumeSettings, check_resumable, is_live
from lattice.service.provenance import tagged
from lattice.service.reading import reference_of
from lattice.service.workspace import kept_folder
from lattice.store import Store

LONGEST_REASON = 4000
MOST_ORDERS = 1000
STOPS_WITHIN = 10.0
"""Seconds that a process which has just begun with its run has to let go of it."""


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


class Launcher:
    """Starts runs, and remembers why one could not be started.

    A process that ends before it holds the run has said why on its standard error; whoever shows the run asks
    `refusal` for it.
    """

    def __init__(self, place: Place) -> None:
        self._place = place
        self._lock = threading.Lock()
        self._refusals: dict[int, str] = {}
        self._starting: dict[int, subprocess.Popen[bytes]] = {}
        self._watches: dict[int, threading.Thread] = {}
        self._began: dict[int, datetime] = {}
        self._ordering = threading.Lock()
        self._orders: OrderedDict[str, RunRecord] = OrderedDict()

    @property
    def place(self) -> Place:
        """Where it starts them."""
        return self._place

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
        """Carry a pending run out, or finish what is missing of one, in a process of its own.

        Raises
        ------
        UsageError: it is carried out already, nothing is left to do, or no process can be started.
        """
        if is_live(record):
            raise UsageError(f"{reference_of(record)} is running already")
        check_resumable(record, settings)
        self._let_go(record)
        with self._lock:
            if record.key in self._starting:
                raise UsageError(f"{reference_of(record)} is being started already")
            self._refusals.pop(record.key, None)
            said = TemporaryFile()  # noqa: SIM115 - closed by the thread that reads it
            try:
                process = self._process(record, settings, said)
            except OSError as error:
                said.close()
                raise UsageError(f"{reference_of(record)} cannot be started: {error}") from error
            self._starting[record.key] = process
            self._began[record.key] = datetime.now(UTC)
            watch = threading.Thread(target=self._wait, args=(record.key, process, said), daemon=True)
            self._watches[record.key] = watch
            watch.start()

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

    def _process(self, record: RunRecord, settings: ResumeSettings, said: IO[bytes]) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "lattice", "resume", record.id, "--no-progress", *options(settings)]
        if self._place.db is not None:
            command += ["--db", self._place.db]
        return subprocess.Popen(
            command,
            cwd=self._place.folder,
            env=dict(self._place.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )

    def _wait(self, run_key: int, process: subprocess.Popen[bytes], said: IO[bytes]) -> None:
        with said:
            code = process.wait()
            said.seek(max(0, said.seek(0, os.SEEK_END) - LONGEST_REASON))
            reason = _reason(said.read().decode(errors="replace"), code)
        with self._lock:
            self._starting.pop(run_key, None)
            self._watches.pop(run_key, None)
            if reason:
                self._refusals[run_key] = reason


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
