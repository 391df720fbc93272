"""What Lattice costs: CPU and memory per judged input, against a bare aiohttp loop that makes the same calls.

Both ask the same simulator (no latency, a process of its own) the same two questions per input, with the same
number of calls at once, on uvloop, in turns within one invocation. The bare loop builds each body, reads each
answer as JSON, and stores nothing. Lattice runs through `lattice.run`: inputs staged, every response and result
committed, numbers computed. CPU is that of the whole process, threads included, from a warm start: interpreter,
imports and a first small run are left out in both alike.

Then memory: the peak of a process that stages inputs, plans them and makes its first calls.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import os
import pstats
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import aiohttp
import orjson
import uvloop

import lattice
from harness import (
    Simulator,
    evaluation,
    print_table,
    question,
    scratch,
    simulator,
    verdict,
    write_evaluation,
    write_inputs,
)
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.models import Model
from lattice.core.trials import Response
from lattice.scoring import build_judge

BUDGET, MOONSHOT = 4.0, 2.0
MEMORY_BUDGET, MEMORY_MOONSHOT = 1.5, 1.2
FIRST_CALL_BUDGET = 20.0
WARM_UP = 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=3_000, help="judged inputs per round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrent", type=int, default=10, help="calls (bare) and trials (Lattice) at once")
    parser.add_argument("--million", action="store_true", help="also the memory of 1,000,000 inputs")
    parser.add_argument("--no-memory", action="store_true", help="only CPU")
    parser.add_argument("--profile", action="store_true", help="print where Lattice's own time goes")
    parser.add_argument("--as", dest="role", choices=tuple(ROLES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.role:
        sys.stdout.buffer.write(orjson.dumps(ROLES[options.role](options)))
        return
    with simulator() as server:
        compare(options, server)
        if not options.no_memory:
            compare_memory(options, server)


def compare(options: argparse.Namespace, server: Simulator) -> None:
    """CPU of both, in turns."""
    measured: dict[str, list[dict[str, Any]]] = {"bare": [], "lattice": []}
    for turn in range(options.rounds):
        for role in ("bare", "lattice") if turn % 2 == 0 else ("lattice", "bare"):
            measured[role].append(measure(role, options, server, options.inputs))
    rows = []
    for role, runs in measured.items():
        each = [1e3 * run["cpu"] / options.inputs for run in runs]
        wall = [1e3 * run["elapsed"] / options.inputs for run in runs]
        memory = max(run["memory"] for run in runs)
        rows.append((role, spread(each), spread(wall), f"{memory:.0f} MiB"))
    print(f"{options.inputs:,} inputs, two calls each, {options.concurrent} at once, {options.rounds} rounds")
    print_table(("", "CPU ms / input", "elapsed ms / input", "peak memory"), rows)
    ratio = median_cpu(measured["lattice"]) / median_cpu(measured["bare"])
    own = 1e3 * (median_cpu(measured["lattice"]) - median_cpu(measured["bare"])) / options.inputs
    tokens = {role: {run["tokens"] for run in runs} for role, runs in measured.items()}
    same = len(tokens["bare"] | tokens["lattice"]) == 1
    print(
        f"both asked the same: {'yes' if same else f'NO: {tokens}'} ({measured['bare'][0]['tokens']:,} tokens a round)"
    )
    print(f"Lattice's own CPU: {own:.3f} ms per judged input")
    print(f"ratio: {ratio:.2f}   (budget {BUDGET:g}: {verdict(ratio, BUDGET)}; moonshot {MOONSHOT:g})\n")


def compare_memory(options: argparse.Namespace, server: Simulator) -> None:
    """Peak memory by the number of inputs."""
    sizes = (1_000, 100_000, *((1_000_000,) if options.million else ()))
    runs = {size: measure("staged", options, server, size) for size in sizes}
    rows = [
        (
            f"{size:,} inputs",
            f"{run['memory']:.0f} MiB",
            f"{run['memory'] / runs[1_000]['memory']:.2f}",
            f"{run['elapsed']:.2f} s",
        )
        for size, run in runs.items()
    ]
    print_table(("staged, planned, first trials run", "peak memory", "ratio", "elapsed"), rows)
    largest = sizes[-1]
    ratio = runs[largest]["memory"] / runs[1_000]["memory"]
    print(
        f"memory at {largest:,} over 1,000: {ratio:.2f}   (budget {MEMORY_BUDGET:g}: {verdict(ratio, MEMORY_BUDGET)};"
        f" moonshot {MEMORY_MOONSHOT:g})"
    )
    if options.million:
        first = runs[largest]["elapsed"]
        print(
            f"first calls within {first:.1f} s   (budget {FIRST_CALL_BUDGET:g} s: {verdict(first, FIRST_CALL_BUDGET)})"
        )


def measure(role: str, options: argparse.Namespace, server: Simulator, inputs: int) -> dict[str, Any]:
    """Run one side in a process of its own."""
    command = [sys.executable, __file__, "--as", role, "--inputs", str(inputs), "--concurrent", str(options.concurrent)]
    if options.profile:
        command.append("--profile")
    found = subprocess.run(command, env=server.environ(), stdout=subprocess.PIPE, check=True)
    measured: dict[str, Any] = orjson.loads(found.stdout)
    return measured


# -- one side, in its own process


def bare(options: argparse.Namespace) -> dict[str, Any]:
    """The same calls by hand."""
    bodies = Bodies()
    uvloop.run(ask_all(bodies, WARM_UP, options.concurrent))
    return metered(lambda: uvloop.run(ask_all(bodies, options.inputs, options.concurrent)))


class Bodies:
    """The bodies that Lattice sends, built as one would without it: constants with a few texts between them."""

    def __init__(self) -> None:
        settings = Evaluation.model_validate(evaluation(1, {}))
        assert settings.scoring is not None
        assert settings.scoring.judge is not None
        judge = build_judge(settings.scoring.judge, cast(Model, None))
        asked = judge.request(
            Input(position=1, id="1", input="\0input\0", reference="\0reference\0"),
            Response(text="\0response\0", latency=0.0),
        )
        system, user = asked.messages
        assert asked.answer is not None
        schema = {"name": asked.answer.name, "schema": asked.answer.schema, "strict": True}
        self._parts = user.content.split("\0")
        self._rules = {"role": "system", "content": system.content}
        self._format = {"type": "json_schema", "json_schema": schema}
        self._manner = {"role": "system", "content": settings.targets[0].system}

    def target(self, asked: dict[str, str]) -> bytes:
        messages = (self._manner, {"role": "user", "content": asked["input"]})
        return orjson.dumps({"model": "sim-assistant", "messages": messages})

    def judge(self, asked: dict[str, str], response: str) -> bytes:
        texts = {"input": asked["input"], "reference": asked["reference"], "response": response}
        content = "".join(texts.get(part, part) for part in self._parts)
        messages = (self._rules, {"role": "user", "content": content})
        return orjson.dumps({"model": "sim-judge", "response_format": self._format, "messages": messages})


async def ask_all(bodies: Bodies, count: int, concurrent: int) -> int:
    """Ask target and judge about so many inputs; the tokens used."""
    numbers = iter(range(1, count + 1))
    url = f"{os.environ['OPENAI_BASE_URL']}/chat/completions"
    headers = {"Authorization": "Bearer any", "Content-Type": "application/json"}
    tokens = 0

    async def ask(session: aiohttp.ClientSession, body: bytes) -> str:
        nonlocal tokens
        async with session.post(url, data=body, headers=headers) as response:
            answer = orjson.loads(await response.read())
        tokens += answer["usage"]["total_tokens"]
        text: str = answer["choices"][0]["message"]["content"]
        return text

    async def work(session: aiohttp.ClientSession) -> None:
        for number in numbers:
            asked = question(number)
            response = await ask(session, bodies.target(asked))
            orjson.loads(await ask(session, bodies.judge(asked, response)))["score"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(work(session) for _ in range(concurrent)))
    return tokens


def judged(options: argparse.Namespace) -> dict[str, Any]:
    """The same through `lattice.run`."""
    with scratch() as folder:
        write_inputs(folder, max(options.inputs, WARM_UP))
        run_lattice(folder, WARM_UP, options.concurrent)
        if not options.profile:
            return metered(lambda: run_lattice(folder, options.inputs, options.concurrent))
        return metered(lambda: profiled(lambda: run_lattice(folder, options.inputs, options.concurrent)))


def run_lattice(folder: Path, inputs: int, concurrent: int, **run: Any) -> int:
    """Run and keep nothing; the tokens used."""
    path = write_evaluation(folder, evaluation(inputs, {"max_concurrent": concurrent, **run}))
    ended = lattice.run(lattice.load(path), db=str(folder / "lattice.db"))
    usage: int = ended.document()["usage"]["total_tokens"]
    return usage


def staged(options: argparse.Namespace) -> dict[str, Any]:
    """Inputs staged and planned, and a few of them judged: the budget allows no more."""
    with scratch() as folder:
        write_inputs(folder, options.inputs)
        return metered(lambda: run_lattice(folder, options.inputs, options.concurrent, budget={"tokens": 10_000}))


def metered(work: Callable[[], int]) -> dict[str, Any]:
    """CPU seconds (user and system, all threads), elapsed seconds and peak memory in MiB of some work."""
    before, started = os.times(), time.monotonic()
    tokens = work()
    after = os.times()
    return {
        "cpu": after.user + after.system - before.user - before.system,
        "elapsed": time.monotonic() - started,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "tokens": tokens,
    }


def profiled(work: Callable[[], int]) -> int:
    """Print to stderr where the time of all threads went."""
    profiles: list[cProfile.Profile] = []

    def start(*_: object) -> None:
        """Called as a thread's first profile event: hands the thread over to a profiler of its own."""
        profile = cProfile.Profile(time.thread_time, builtins=False)
        profiles.append(profile)
        profile.enable()

    threading.setprofile(start)
    own = cProfile.Profile(time.thread_time, builtins=False)
    tokens = own.runcall(work)
    threading.setprofile(None)
    statistics = pstats.Stats(own, *profiles, stream=sys.stderr)
    statistics.strip_dirs().sort_stats("tottime").print_stats(45)
    return tokens


def median_cpu(runs: list[dict[str, Any]]) -> float:
    return statistics.median(float(run["cpu"]) for run in runs)


def spread(values: list[float]) -> str:
    """The median, and the range around it."""
    return f"{statistics.median(values):.3f} ({min(values):.3f}–{max(values):.3f})"


ROLES = {"bare": bare, "lattice": judged, "staged": staged}

if __name__ == "__main__":
    main()
