"""What exports cost: rows per second and growth of memory, for each format that streams.

One run with many results is put into a real store by the engine's own writer, and one with a few. Each format then
exports both, each in a process of its own, through the call that `lattice export` makes. Memory is the peak of such a
process; its growth is that of the large run over the small one.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from harness import evaluation, print_table, question, scratch, verdict
from lattice.config.hashing import canonical, config_hash
from lattice.core.errors import ErrorKind
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.models import Usage
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.core.trials import Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.reporting.exports import FORMATS
from lattice.service.conclusion import Stand, conclude
from lattice.service.reading import export_run
from lattice.store import ResultStatus, Store, open_store

FEW = 1_000
BUDGET_MB = 100.0
FAILED_OF = 64
"""One trial in so many fails."""

_AT_ONCE = 5_000
_SUMMARIES = tuple(each.name for each in FORMATS if each.with_results)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=int, default=1_000_000)
    parser.add_argument("--format", dest="formats", action="append", metavar="NAME", help="only this one (repeatable)")
    parser.add_argument("--as", dest="role", choices=("fill", "export"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--run", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    match options.role:
        case "fill":
            fill(options.folder, options.results)
        case "export":
            sys.stdout.buffer.write(orjson.dumps(exported(options.folder, options.run, options.formats[0])))
        case _:
            compare(options)


def compare(options: argparse.Namespace) -> None:
    """Each format, small run and large run, and a table."""
    names = options.formats or [each.name for each in FORMATS if each.name not in _SUMMARIES]
    rows = []
    with scratch() as folder:
        began = time.monotonic()
        in_process("fill", folder, "--results", str(options.results))
        print(f"{options.results:,} results stored in {time.monotonic() - began:.0f} s", flush=True)
        for name in names:
            few, many = (measured(folder, name, run) for run in (1, 2))
            growth = many["peak"] - few["peak"]
            rows.append(
                (
                    name,
                    f"{options.results / many['seconds']:,.0f}",
                    f"{many['seconds']:.1f} s",
                    f"{many['bytes'] / 1e6:,.0f} MB",
                    f"{many['peak']:.0f} MB",
                    f"{growth:+.1f} MB",
                    verdict(growth, BUDGET_MB),
                )
            )
    print_table(("", "rows / s", "elapsed", "file", "peak memory", "growth", f"of {BUDGET_MB:.0f} MB"), rows)


def measured(folder: Path, name: str, run: int) -> dict[str, float]:
    """One export in a process of its own."""
    found: dict[str, float] = orjson.loads(in_process("export", folder, "--format", name, "--run", str(run)))
    return found


def in_process(role: str, folder: Path, *options: str) -> bytes:
    """This program again, for one thing."""
    command = [sys.executable, __file__, "--as", role, "--folder", str(folder), *options]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout


# -- in a process of its own


def exported(folder: Path, number: int, name: str) -> dict[str, float]:
    """Seconds, bytes and peak memory of one export."""
    path = folder / f"results.{name}"
    with open_store(url(folder)) as store:
        record = store.find_run(f"benchmark-{number}#1")
        began = time.monotonic()
        export_run(store, record, str(path), format=name)
        seconds = time.monotonic() - began
    size = path.stat().st_size
    path.unlink()
    return {"seconds": seconds, "bytes": size, "peak": peak()}


def peak() -> float:
    """The most memory this process has had, in MB: its own alone, unlike what getrusage tells of a child."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) * 1024 / 1e6


def fill(folder: Path, results: int) -> None:
    """Two runs of one evaluation each: the first with few results."""
    with open_store(url(folder)) as store:
        for number, count in enumerate((FEW, results), start=1):
            configured = Evaluation.model_validate({**evaluation(count, {}), "name": f"Benchmark {number}"})
            record = create(store, configured, count)
            asyncio.run(carry_out(store, record))
            finish(store, record, configured)


def url(folder: Path) -> str:
    return f"sqlite:///{folder / 'lattice.db'}"


def create(store: Store, configured: Evaluation, count: int) -> RunRecord:
    """A pending run over so many inputs."""
    version = store.add_version(
        name=configured.name,
        slug=configured.name.lower().replace(" ", "-"),
        type=configured.type.value,
        config=canonical(configured),
        config_hash=config_hash(configured),
        input_set=store.stage_inputs(inputs(count)),
    )
    return store.create_run(version.key, seed=1, total=count, tags={}, trigger="benchmark")


def inputs(count: int) -> Iterator[Input]:
    for number in range(1, count + 1):
        asked = question(number)
        yield Input(position=number, id=asked["id"], input=asked["input"], reference=asked["reference"])


async def carry_out(store: Store, record: RunRecord) -> None:
    """Commit a response and a result for each input, with the engine's writer."""
    writer = store.writer(record.key, store.claim(record.key), Totals(record.progress.total))
    writer.start()
    try:
        for start in range(1, record.progress.total + 1, _AT_ONCE):
            waiting: list[asyncio.Future[Any]] = []
            for position in range(start, min(start + _AT_ONCE, record.progress.total + 1)):
                key = TrialKey(position, 0, 0)
                if position % FAILED_OF:
                    waiting.append(writer.put_response(key, response(position)))
                waiting.append(writer.put_result(result(key)))
            await asyncio.gather(*waiting)
        await writer.finish(RunStatus.RUNNING)
    finally:
        await writer.close()


def finish(store: Store, record: RunRecord, configured: Evaluation) -> None:
    """Sum the run up and end it, so that an export reads its numbers as they are stored."""
    stand = Stand(status=RunStatus.COMPLETED, stopped=None, live={}, elapsed=1.0)
    conclusion = conclude(store, store.run(record.key), configured, stand)

    async def end() -> None:
        writer = store.writer(record.key, store.claim(record.key), Totals(record.progress.total, done=True))
        writer.start()
        await writer.finish(RunStatus.COMPLETED, summary=conclusion.as_json())
        await writer.close()

    asyncio.run(end())


def response(position: int) -> Response:
    """About 400 characters, after 0.3 to 1.3 s, which come in no order."""
    text = f"To connect device {position} open its settings. " + "Choose Network, confirm the code, wait. " * 9
    usage = Usage(input_tokens=60, output_tokens=90)
    return Response(
        text=text,
        latency=0.3 + position * 7_919 % 10_007 / 10_007,
        usage=usage,
        cost_usd=0.0004,
        model="sim-assistant",
        finish_reason="stop",
    )


def result(key: TrialKey) -> Result:
    """A score with about 200 characters of reasoning, or now and then a failure."""
    if key.position % FAILED_OF == 0:
        failure = Failure(step=Step.TARGET, kind=ErrorKind.TIMEOUT, message="Timeout after 60s")
        return Result(key=key, failure=failure, attempts=3, duration=180.0)
    native = 1 + key.position % 5
    reasoning = f"It deserves a {native}. " + "It says most of what the reference says. " * 4
    return Result(
        key=key,
        verdict=Verdict(
            metrics={"score": Metric(score=(native - 1) / 4, native=native)}, reasoning=reasoning, raw="{}"
        ),
        attempts=2,
        usage=Usage(input_tokens=300, output_tokens=60),
        cost_usd=0.0009,
        judge_latency=0.6,
        duration=1.5,
    )


class Totals:
    """Counts of trials, as the writer wants them."""

    def __init__(self, total: int, *, done: bool = False) -> None:
        failed = total // FAILED_OF if done else 0
        self._total, self._failed, self._successful = total, failed, total - failed if done else 0

    def add_response(self, key: TrialKey, response: Response) -> None:
        """Responses are not counted."""

    def add_result(self, result: Result, replaced: ResultStatus | None) -> None:
        if result.failure is None:
            self._successful += 1
        else:
            self._failed += 1

    def progress(self) -> Progress:
        done = self._successful + self._failed
        return Progress(total=self._total, done=done, successful=self._successful, failed=self._failed)

    def elapsed(self) -> float:
        return 1.0

    def snapshot(self) -> Mapping[str, Any]:
        return {}


if __name__ == "__main__":
    main()
