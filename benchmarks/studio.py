"""What the Studio costs: pages over a run with many results, and readers who watch a live one.

One run with many results is put into a real store by the engine's own writer. `lattice studio` serves it in a process
of its own, and each page is asked for several times: what counts is the time until the first byte of the answer. The
budget is for pages in the order of inputs or scores, which the store keeps; by latency all results are sorted.

Then a run of simulated models is carried out by `lattice run` alone, and with readers who follow its page by
server-sent events: behind a limit that gives about 200 results a second, and as fast as it can. The delay is from the
moment at which a commit can be read in the store until a reader is told of at least as many results.
"""

from __future__ import annotations

import argparse
import http.client
import re
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from export import fill, url
from harness import LATTICE, print_table, scratch, verdict, write_evaluation, write_inputs
from lattice.core.runs import RunRecord, RunStatus
from lattice.store import Store, open_store

PAGE_BUDGET = 0.150
DELAY_BUDGET = 1.0
COST_BUDGET = 0.20
RATE = 200

_ADDRESS = re.compile(r"http://127\.0\.0\.1:(\d+)")
_LOOK_EVERY = 0.005
_PATIENCE = 120.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=int, default=100_000, help="of the run whose pages are asked for")
    parser.add_argument("--inputs", type=int, default=6_000, help="of the run that is watched")
    parser.add_argument("--readers", type=int, default=20)
    parser.add_argument("--times", type=int, default=7, help="how often each page is asked for")
    options = parser.parse_args()
    with scratch() as folder:
        pages(folder, options)
    with scratch() as folder:
        watching(folder, options)


def pages(folder: Path, options: argparse.Namespace) -> None:
    """The first byte of each page, and a table."""
    fill(folder, options.results)
    with open_store(url(folder)) as store:
        run = store.find_run("benchmark-2#1")
    last = max(1, min(1_000, options.results // 50))
    results = f"/runs/{run.id}/results"
    asked = {
        "a run's page": f"/runs/{run.id}",
        "results, page 1": results,
        f"results, page {last:,}": f"{results}?page={last}",
        "filtered by score": f"{results}?where=score+%3C+3",
        f"filtered by score, page {max(1, last // 5):,}": f"{results}?where=score+%3C+3&page={max(1, last // 5)}",
        "failed": f"{results}?where=failed",
        "sorted by score": f"{results}?sort=score",
        f"sorted by score, page {last:,}": f"{results}?sort=-score&page={last}",
        f"sorted by latency, page {last:,}": f"{results}?sort=-latency&page={last}",
        f"filtered by latency, page {last // 2:,}": f"{results}?where=latency+%3E+0.1&page={last // 2}",
        "one trial": f"{results}/{options.results // 2 + 1}/1/1?at={options.results // 2}",
    }
    rows = []
    with studio(folder) as port:
        first_byte(port, "/")
        for name, path in asked.items():
            first, *again = (first_byte(port, path) for _ in range(options.times + 1))
            middle = statistics.median(again)
            told = (f"{1000 * middle:.0f} ms", f"{1000 * max(again):.0f} ms", f"{1000 * first:.0f} ms")
            bounded = "sorted by latency" not in name
            rows.append((name, *told, verdict(max(middle, first), PAGE_BUDGET) if bounded else "no budget"))
    budget = f"of {1000 * PAGE_BUDGET:.0f} ms"
    print_table((f"{options.results:,} results", "first byte", "slowest", "the first time", budget), rows)


def watching(folder: Path, options: argparse.Namespace) -> None:
    """The throughput of a run alone and with readers, and a table."""
    write_inputs(folder, options.inputs)
    rows = []
    with open_store(watched_url(folder)) as store, studio(folder, watched_url(folder)) as port:
        for name, inputs, run in (
            (f"about {RATE} a second", min(options.inputs, 10 * RATE), {"limits": {"requests_per_minute": 120 * RATE}}),
            ("no limit", options.inputs, {}),
        ):
            path = write_evaluation(folder, watched_evaluation(inputs, {"max_concurrent": 32, **run}))
            alone = carried_out(store, path, port, 0)
            seen = carried_out(store, path, port, options.readers)
            cost, delay = 1 - seen.throughput / alone.throughput, statistics.median(seen.delays)
            rows.append(
                (
                    name,
                    f"{alone.throughput:.0f}",
                    f"{seen.throughput:.0f}",
                    f"{100 * cost:+.1f}% ({verdict(cost, COST_BUDGET)})",
                    f"{1000 * delay:.0f} ms ({verdict(delay, DELAY_BUDGET)})",
                    f"{1000 * max(seen.delays):.0f} ms",
                )
            )
    head = ("results / s", "alone", f"{options.readers} readers", "cost", "commit to reader", "slowest")
    print_table(head, rows)


def watched_evaluation(inputs: int, run: Mapping[str, Any]) -> dict[str, Any]:
    """An evaluation of simulated models, which answer at once."""
    return {
        "name": "Watched",
        "targets": [{"name": "Target", "model": "sim/assistant"}],
        "inputs": {"path": "inputs.jsonl", "limit": inputs},
        "scoring": {"judge": {"model": "sim/judge", "mode": "reference"}},
        "run": dict(run),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """How a run went: results a second, and how many seconds after commits readers were told of them."""

    throughput: float
    delays: list[float]


@dataclass(slots=True)
class Tape:
    """Moments at which a count was reached."""

    marks: list[tuple[float, int]] = field(default_factory=list)

    def note(self, count: int) -> None:
        self.marks.append((time.monotonic(), count))

    def reached(self, count: int) -> float | None:
        """When it was at least so many."""
        return next((at for at, each in self.marks if each >= count), None)


def carried_out(store: Store, path: Path, port: int, readers: int) -> Watched:
    """One run in a process of its own, looked at by so many readers."""
    before = {run.key for run in store.runs()}
    command = [*LATTICE, "run", str(path), "--no-progress", "--db", watched_url(path.parent)]
    committed, told = Tape(), [Tape() for _ in range(readers)]
    with subprocess.Popen(command, cwd=path.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        record = begun(store, before)
        threads = [threading.Thread(target=read, args=(port, record, tape), daemon=True) for tape in told]
        for thread in threads:
            thread.start()
        while process.poll() is None:
            done = store.run(record.key).progress.done
            if not committed.marks or done > committed.marks[-1][1]:
                committed.note(done)
            time.sleep(_LOOK_EVERY)
    record = store.run(record.key)
    if record.status is not RunStatus.COMPLETED:
        raise RuntimeError(f"the watched run ended as {record.status}")
    for thread in threads:
        thread.join(5.0)
    (began, first), (ended, last) = committed.marks[0], committed.marks[-1]
    delays = [delay for tape in told for delay in delays_of(committed, tape)]
    return Watched(throughput=(last - first) / (ended - began), delays=delays)


def begun(store: Store, before: set[int]) -> RunRecord:
    """The run that has just been started, with its first results."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        for run in store.runs(limit=1):
            if run.key not in before and run.progress.done:
                return run
        time.sleep(_LOOK_EVERY)
    raise RuntimeError("the watched run did not begin")


def read(port: int, run: RunRecord, tape: Tape) -> None:
    """Follow a run's page, as a browser does, until all its results are told."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    connection.request("GET", f"/runs/{run.id}/live")
    response = connection.getresponse()
    event = b""
    while line := response.readline():
        name, _, value = line.rstrip(b"\r\n").partition(b": ")
        if name == b"event":
            event = value
        elif name == b"data" and event == b"run-done":
            tape.note(int(value))
            if int(value) >= run.progress.total:
                break
    connection.close()


def delays_of(committed: Tape, told: Tape) -> Iterator[float]:
    """For each commit how long after it a reader was told; commits before the first word are left out."""
    if not told.marks:
        return
    start = told.marks[0][0]
    for at, count in committed.marks:
        heard = told.reached(count)
        if at >= start and heard is not None:
            yield max(0.0, heard - at)


# -- the Studio


@contextmanager
def studio(folder: Path, db: str | None = None) -> Iterator[int]:
    """`lattice studio` in a process of its own, over a store; gives its port."""
    command = [*LATTICE, "studio", "--no-open", "--port", "0", "--db", db or url(folder)]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        try:
            assert process.stdout is not None
            said = ""
            while (found := _ADDRESS.search(said)) is None:
                line = process.stdout.readline()
                if not line:
                    raise RuntimeError(f"the Studio ended: {said}")
                said += line
            yield int(found[1])
        finally:
            process.terminate()


def first_byte(port: int, path: str) -> float:
    """Seconds from the request to the first byte of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    connection.connect()
    began = time.monotonic()
    connection.request("GET", path)
    response = connection.getresponse()
    taken = time.monotonic() - began
    response.read()
    connection.close()
    if response.status != 200:
        raise RuntimeError(f"{path} gave {response.status}")
    return taken


def watched_url(folder: Path) -> str:
    return f"sqlite:///{folder / 'watched.db'}"


if __name__ == "__main__":
    main()
