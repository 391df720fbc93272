"""Commands of Lattice in processes of their own, and what they work on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lattice.core.runs import RunRecord
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.ledger import Ledger
from lattice.providers.simulated.server import SimulatorServer
from lattice.store import Store, open_store

PATIENCE = 30.0
"""Seconds after which whatever is waited for will not come."""


def eventually(found: Callable[[], Any], what: str) -> Any:
    """Ask until the answer is true, and give it."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := found()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE:g} s for {what}")
        time.sleep(0.005)
    return answer


class Forker:
    """Starts commands as processes (see `forking`).

    Parameters
    ----------
    folder: where they write what would go to the terminal.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.forking"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )

    def ask(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


@dataclass(frozen=True, slots=True)
class Ended:
    """A command that has ended, with what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """What it wrote as JSON."""
        assert self.out, self.err
        document: dict[str, Any] = json.loads(self.out)
        return document


class Command:
    """A command that has been started."""

    def __init__(self, forker: Forker, arguments: tuple[str, ...], folder: Path, environ: Mapping[str, str]) -> None:
        self._forker = forker
        self._files = [forker.folder / f"{name}-{time.monotonic_ns()}" for name in ("out", "err")]
        out, err = map(str, self._files)
        order = {"start": arguments, "cwd": str(folder), "environ": dict(environ), "out": out, "err": err}
        self.number: int = forker.ask(order)
        self._code: int | None = None

    @property
    def code(self) -> int | None:
        """Its exit code, None while it lives."""
        if self._code is None:
            self._code = self._forker.ask({"poll": self.number})
        return self._code

    def send(self, which: signal.Signals) -> None:
        os.kill(self.number, which)

    def until(self, found: Callable[[], Any], what: str) -> None:
        """Wait for something that happens while it lives."""
        eventually(lambda: found() or self.code is not None, what)
        assert found(), f"the command ended before {what}: {self.end().err}"

    def kill(self) -> None:
        """End it with SIGKILL."""
        self.send(signal.SIGKILL)
        assert self.end().code == -signal.SIGKILL

    def end(self) -> Ended:
        """Wait for it to end by itself."""
        eventually(lambda: self.code is not None, "the end of a command")
        assert self._code is not None
        out, err = (file.read_text() for file in self._files)
        return Ended(self._code, out, err)


class Simulated:
    """A simulator that listens in a thread of this process.

    Attributes
    ----------
    counters: what it was asked. url: where it listens.
    """

    counters: Ledger
    url: str

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._work, name="simulator")

    def __enter__(self) -> Simulated:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def environ(self) -> dict[str, str]:
        return {"OPENAI_BASE_URL": f"{self.url}/v1", "OPENAI_API_KEY": "any"}

    def _work(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        async with SimulatorServer(self._behaviour) as server:
            self.counters, self.url = server.counters, server.url
            self._ready.set()
            await self._stop.wait()


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with an evaluation, its inputs and a store.

    Parameters
    ----------
    db: another store than the folder's own, which commands find in ``LATTICE_DB``.
    """

    folder: Path
    forker: Forker
    db: str | None = None

    @property
    def url(self) -> str:
        return self.db or f"sqlite:///{self.folder / '.lattice' / 'lattice.db'}"

    def write(self, inputs: int, run: Mapping[str, Any] | None = None, **more: Any) -> Path:
        """Write an evaluation of so many inputs, with a block `run` and further keys."""
        rows = [{"id": f"q{n}", "input": question(n), "reference": f"answer {n}"} for n in range(1, inputs + 1)]
        (self.folder / "inputs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
        data = {
            "name": "Crash",
            "targets": [{"name": "Target", "model": "openai/sim-assistant"}],
            "inputs": {"path": "inputs.jsonl"},
            "scoring": {"judge": {"model": "openai/sim-judge", "mode": "reference"}},
            "run": dict(run or {}),
            **more,
        }
        path = self.folder / "evaluation.json"
        path.write_text(json.dumps(data))
        return path

    def start(self, server: Simulated, *arguments: str) -> Command:
        """Start a command."""
        environ = server.environ if self.db is None else {**server.environ, "LATTICE_DB": self.db}
        return Command(self.forker, arguments, self.folder, environ)

    def run(self, server: Simulated, *arguments: str) -> Ended:
        """Carry a command out to its end."""
        return self.start(server, *arguments).end()

    @contextmanager
    def store(self) -> Iterator[Store]:
        with open_store(self.url) as store:
            yield store

    def record(self, reference: str = "latest") -> RunRecord:
        """A run as it is stored now."""
        with self.store() as store:
            return store.find_run(reference)


def question(number: int) -> str:
    """The text of one input, which stands in every call that is made for it."""
    return f"Question {number:04d}: what is meant by term {number:04d}?"


def position_of(text: str) -> int:
    """Which input a call was made for."""
    return int(text.partition("Question ")[2][:4])
