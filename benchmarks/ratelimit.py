"""Behind a rate limit: time over the ideal, refusals, inputs lost, and whether the time left was told rightly.

Each scenario has a simulator of its own that lets 600 requests a minute through, tells so in headers or refuses with a
bare 429, and a run of two calls per input, or two runs at once in one process that share the limit. All
scenarios go on side by side, started a second apart; they wait most of the time. The ideal is the end of the
last call of a client that knows the limit: (calls - one second's worth) / rate, and one latency.

The estimate of the time left is the one that `lattice watch` shows, taken when a quarter of a run is done, in
these scenarios and in runs without a limit.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvloop

from harness import Simulator, evaluation, print_table, scratch, simulator, verdict, write_evaluation, write_inputs
from lattice.core.runs import RunRecord, RunStatus
from lattice.engine.clock import SystemClock
from lattice.engine.limits import Limiter
from lattice.service.assembly import Surroundings
from lattice.service.execution import execute
from lattice.service.following import Followed
from lattice.service.preparation import create_run, prepare, stage
from lattice.store import Store, open_store

PER_MINUTE = 600
KNOWN_BUDGET, KNOWN_MOONSHOT = 1.05, 1.02
BARE_BUDGET, BARE_MOONSHOT = 1.20, 1.08
REFUSED_BUDGET = 0.005
ESTIMATE_BUDGET = 0.15
LOOK_EVERY = 0.25
LATENCY = 0.3
"""Median seconds of an answer behind a limit."""
APART = 1.0
"""Seconds from the start of one scenario to that of the next: a run's start and end take CPU, and no run is to wait
for that of another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One thing to try.

    Parameters
    ----------
    limited: the simulator lets `PER_MINUTE` requests through.
    told: its answers tell so.
    configured: so does the evaluation, under `run.limits`.
    runs: at once, sharing the limit and the inputs between them.
    latency, concurrent: of each answer, and trials at once.
    """

    limited: bool = True
    told: bool = True
    configured: bool = False
    runs: int = 1
    latency: str = f"lognormal:{LATENCY}:0.4"
    concurrent: int = 10

    @property
    def name(self) -> str:
        if not self.limited:
            return f"no limit, {self.concurrent} at once, latency {self.latency}"
        parts = ["told by headers" if self.told else "bare 429s"]
        parts += ["run.limits set"] if self.configured else []
        parts += [f"{self.runs} runs share it"] if self.runs > 1 else []
        return ", ".join(parts)

    @property
    def budget(self) -> float:
        """Of elapsed over ideal."""
        return KNOWN_BUDGET if self.told or self.configured else BARE_BUDGET

    def simulator_options(self, seed: int) -> list[str]:
        options = ["--latency", self.latency, "--seed", str(seed)]
        if self.limited:
            options += ["--rpm", str(PER_MINUTE)]
        return options if self.told else [*options, "--no-limit-headers"]


LIMITED = tuple(
    Scenario(told=told, configured=configured, runs=runs)
    for runs in (1, 2)
    for told in (True, False)
    for configured in (False, True)
)
FREE = tuple(
    Scenario(limited=False, latency=latency, concurrent=concurrent)
    for latency in ("lognormal:0.8:0.5", "lognormal:1.5:0.8")
    for concurrent in (4, 10, 20)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a scenario.

    Parameters
    ----------
    elapsed: seconds from the start of its runs to the end of the last one.
    calls, refused: as the simulator counted them. lost: trials without a score.
    errors: of the estimate at a quarter, relative to the time it really took, by run.
    """

    scenario: Scenario
    elapsed: float
    ideal: float
    calls: int
    refused: int
    lost: int
    errors: tuple[float, ...]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=200, help="in each scenario, two calls each")
    parser.add_argument("--quick", action="store_true", help="80 inputs: too few to learn a bare limit well")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    inputs = 80 if options.quick else options.inputs
    outcomes = uvloop.run(side_by_side((*LIMITED, *FREE), inputs, options.seed))
    report_limits([outcome for outcome in outcomes if outcome.scenario.limited], inputs)
    report_estimates(outcomes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A scenario whose simulator runs, whose inputs are stored, and which has made no call."""

    scenario: Scenario
    server: Simulator
    store: Store
    surroundings: Surroundings
    runs: tuple[RunRecord, ...]


async def side_by_side(scenarios: Sequence[Scenario], inputs: int, seed: int) -> list[Outcome]:
    """Try all scenarios at once."""
    with ExitStack() as stack:
        folder = stack.enter_context(scratch())
        write_inputs(folder, inputs)
        ready = [made_ready(scenario, folder, number, inputs, seed, stack) for number, scenario in enumerate(scenarios)]
        return list(await asyncio.gather(*(carried_out(each, APART * place) for place, each in enumerate(ready))))


def made_ready(scenario: Scenario, folder: Path, number: int, inputs: int, seed: int, stack: ExitStack) -> Ready:
    """Prepare a scenario; what it opens is closed with the stack."""
    server = stack.enter_context(simulator(*scenario.simulator_options(seed + number)))
    store = stack.enter_context(open_store(f"sqlite:///{folder / f'{number}.db'}"))
    limits: Mapping[str, Any] = {"limits": {"requests_per_minute": PER_MINUTE}} if scenario.configured else {}
    data = evaluation(inputs // scenario.runs, {"max_concurrent": scenario.concurrent, **limits})
    prepared = prepare(write_evaluation(folder, data), server.environ())
    version = stage(store, prepared)
    runs = tuple(create_run(store, version, tags={}, trigger="benchmark") for _ in range(scenario.runs))
    return Ready(scenario=scenario, server=server, store=store, surroundings=prepared.surroundings, runs=runs)


async def carried_out(ready: Ready, after: float) -> Outcome:
    """Try one scenario, in so many seconds."""
    await asyncio.sleep(after)
    limiter, begun = Limiter(SystemClock()), time.monotonic()
    ended = await asyncio.gather(*(one_run(ready, record, limiter) for record in ready.runs))
    elapsed = time.monotonic() - begun
    counted = await asyncio.to_thread(ready.server.counters)
    progress = [record.progress for record, _ in ended]
    calls = 2 * sum(each.total for each in progress)
    return Outcome(
        scenario=ready.scenario,
        elapsed=elapsed,
        ideal=(calls - PER_MINUTE / 60) / (PER_MINUTE / 60) + LATENCY,
        calls=counted["requests"],
        refused=counted["refused"],
        lost=sum(each.total - each.successful for each in progress),
        errors=tuple(error for _, error in ended if error is not None),
    )


async def one_run(ready: Ready, record: RunRecord, limiter: Limiter) -> tuple[RunRecord, float | None]:
    """Carry one run out; how far off its estimate was at a quarter."""
    watching = asyncio.create_task(estimate_at_a_quarter(ready.store, record))
    record = await execute(ready.store, record, ready.surroundings, limiter=limiter)
    ended, told = time.monotonic(), await watching
    if told is None:
        return record, None
    left, at = told
    return record, abs(left - (ended - at)) / (ended - at)


async def estimate_at_a_quarter(store: Store, record: RunRecord) -> tuple[float, float] | None:
    """The seconds that are said to be left at the first look that finds a quarter done, and when that was."""
    followed = Followed(store, record)
    while True:
        shown = (await asyncio.to_thread(followed.look)).view
        if 4 * shown.progress.done >= shown.progress.total and shown.remaining is not None:
            return shown.remaining, time.monotonic()
        if shown.status not in (RunStatus.PENDING, RunStatus.RUNNING):
            return None
        await asyncio.sleep(LOOK_EVERY)


def report_limits(outcomes: Sequence[Outcome], inputs: int) -> None:
    print(f"{inputs} inputs, two calls each, behind {PER_MINUTE} requests a minute")
    rows = [
        (
            each.scenario.name,
            f"{each.elapsed:.1f} s",
            f"{each.elapsed / each.ideal:.3f}",
            f"{each.scenario.budget:.2f} {verdict(each.elapsed / each.ideal, each.scenario.budget)}",
            f"{each.refused} / {each.calls}",
            f"{each.refused / each.calls:.1%}",
            str(each.lost),
        )
        for each in outcomes
    ]
    print_table(("", "elapsed", "over ideal", "budget", "429s / calls", "", "lost"), rows)


def report_estimates(outcomes: Sequence[Outcome]) -> None:
    rows = [
        (each.scenario.name, *(f"{error:.1%}" for error in each.errors), *[""] * (2 - len(each.errors)))
        for each in outcomes
    ]
    print("Estimate of the time left at 25% of a run: error, relative to the time it took")
    print_table(("", "run 1", "run 2"), rows)
    for limited, name in ((True, "behind a limit"), (False, "without one")):
        errors = [error for each in outcomes if each.scenario.limited is limited for error in each.errors]
        middle = statistics.median(errors)
        print(f"median error {name}: {middle:.1%}   (budget {ESTIMATE_BUDGET:.0%}: {verdict(middle, ESTIMATE_BUDGET)})")


if __name__ == "__main__":
    main()
