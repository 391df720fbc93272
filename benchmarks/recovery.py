"""What is left after `kill -9`: runs killed at random moments and resumed, against a simulator that counts.

Each run is a process of `lattice run`, killed with SIGKILL at a moment drawn at random, up to three times, and finished
with `lattice resume`. The store is read right before each kill, as any face would show it, and again before each
resume. What the simulator was asked tells what was paid for.
"""

from __future__ import annotations

import argparse
import random
import re
import signal
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from harness import (
    LATTICE,
    Simulator,
    evaluation,
    print_table,
    scratch,
    simulator,
    write_evaluation,
    write_inputs,
)
from lattice.core.errors import StoreError
from lattice.core.runs import RunStatus
from lattice.core.trials import TrialKey
from lattice.store import open_store

CONCURRENT = 10
MOST_KILLS = 3
EARLY = 0.1
"""Share of kills that come while the process is still starting up."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--inputs", type=int, default=120)
    parser.add_argument("--latency", default="lognormal:0.03:0.5", help="of each answer, as for 'lattice simulate'")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with simulator("--latency", options.latency) as server, scratch() as folder:
        write_inputs(folder, options.inputs)
        whole = uninterrupted(folder, server, options.inputs)
        stories = [killed(folder, server, whole, chance, number) for number in range(options.runs)]
    report(stories, whole)


@dataclass(frozen=True, slots=True)
class Whole:
    """A run that nobody killed.

    Parameters
    ----------
    numbers: what does not depend on the clock. seconds: from its first call to its end.
    """

    numbers: Mapping[str, Any]
    seconds: float
    inputs: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What a store holds at one moment.

    Parameters
    ----------
    shown: trials done, as the run's row says.
    results: score of each, None where it failed.
    answered: trials with a stored response.
    completed: the run is stored as completed.
    """

    shown: int = 0
    results: Mapping[TrialKey, float | None] = field(default_factory=dict)
    answered: frozenset[TrialKey] = frozenset()
    completed: bool = False


@dataclass(slots=True)
class Story:
    """What became of one run.

    Parameters
    ----------
    done_at_kills: results stored at each kill.
    lost: results that were shown or stored before a kill, and were missing or different later.
    paid_again: calls made although their response was stored.
    extra: calls per kill, of target and judge, that were paid for and brought nothing.
    differs: what of the finished run is not as in one that nobody killed.
    """

    done_at_kills: list[int] = field(default_factory=list)
    lost: int = 0
    paid_again: int = 0
    extra: list[tuple[int, int]] = field(default_factory=list)
    differs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Store and bill right after a kill."""

    stored: Stored
    paid: Counter[tuple[str, int]]


def uninterrupted(folder: Path, server: Simulator, inputs: int) -> Whole:
    """The numbers that every other run has to come to."""
    write_evaluation(folder, evaluation(inputs, {"max_concurrent": CONCURRENT}))
    with start(folder, server, "whole", resuming=False) as process:
        output, _ = process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"a run that nobody killed ended with {process.returncode}")
    document = orjson.loads(output)
    return Whole(numbers=lasting(document), seconds=document["duration_seconds"], inputs=inputs)


def killed(folder: Path, server: Simulator, whole: Whole, chance: random.Random, number: int) -> Story:
    """One run, killed up to three times and then finished."""
    server.clear()
    story, name = Story(), f"killed-{number}"
    snapshots = [Snapshot(stored=Stored(), paid=Counter())]
    for _ in range(chance.randint(1, MOST_KILLS)):
        shown = kill_one(folder, server, name, moment(whole, chance), resuming=is_there(folder, name))
        if shown is None:
            break
        latest = Snapshot(stored=read_store(folder, name), paid=settled_bill(server))
        story.done_at_kills.append(len(latest.stored.results))
        story.lost += missing(shown, latest.stored)
        story.extra.append(extra_calls(snapshots[-1], latest))
        snapshots.append(latest)
    conclude(story, snapshots, folder, server, name, whole)
    return story


def moment(whole: Whole, chance: random.Random) -> tuple[bool, float]:
    """Whether to kill while the process starts, and how many seconds after its start or else its first call."""
    early = chance.random() < EARLY
    return early, chance.random() * (1.0 if early else whole.seconds)


def kill_one(
    folder: Path, server: Simulator, name: str, moment: tuple[bool, float], *, resuming: bool
) -> Stored | None:
    """Start a session, kill it, and say what the store showed just before; None if the session was quicker."""
    early, delay = moment
    calls = server.counters()["requests"]
    with start(folder, server, name, resuming=resuming) as process:
        if not early:
            wait_for_calls(server, process, more_than=calls)
        until = time.monotonic() + delay
        shown = Stored()
        while time.monotonic() < until and process.poll() is None:
            shown = read_store(folder, name)
        if process.poll() is not None:
            return None
        process.send_signal(signal.SIGKILL)
        process.communicate()
    return shown


def conclude(story: Story, snapshots: list[Snapshot], folder: Path, server: Simulator, name: str, whole: Whole) -> None:
    """Finish the run if it is not finished, and compare its end with what stood at each kill."""
    resuming = is_there(folder, name)
    if not read_store(folder, name).completed:
        with start(folder, server, name, resuming=resuming) as process:
            process.communicate()
    final, paid = read_store(folder, name), settled_bill(server)
    for snapshot in snapshots:
        story.lost += missing(snapshot.stored, final)
        answered = {("target", key.position) for key in snapshot.stored.answered}
        judged = {("judge", key.position) for key in snapshot.stored.results}
        story.paid_again += sum(paid[call] - snapshot.paid[call] for call in answered | judged)
    shown = subprocess.run(
        [*LATTICE, "show", "latest", "--json", "--db", str(folder / f"{name}.db")],
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
    )
    document = orjson.loads(shown.stdout)
    found = lasting(document)
    story.differs = [name for name, value in whole.numbers.items() if found[name] != value]


def start(folder: Path, server: Simulator, name: str, *, resuming: bool) -> subprocess.Popen[bytes]:
    """A process of `lattice run` or `lattice resume`."""
    work = ("resume", "latest") if resuming else ("run", "evaluation.json")
    command = [*LATTICE, *work, "--no-progress", "--json", "--db", str(folder / f"{name}.db")]
    return subprocess.Popen(
        command, cwd=folder, env=server.environ(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def wait_for_calls(server: Simulator, process: subprocess.Popen[bytes], *, more_than: int) -> None:
    """Until the process has made a call, or has ended."""
    while process.poll() is None and server.counters()["requests"] <= more_than:
        time.sleep(0.01)


def is_there(folder: Path, name: str) -> bool:
    """Whether a run has been stored."""
    try:
        with open_store(f"sqlite:///{folder / f'{name}.db'}") as store:
            return bool(store.runs())
    except StoreError:
        return False


def read_store(folder: Path, name: str) -> Stored:
    """What any face would show at this moment."""
    path = folder / f"{name}.db"
    if not path.exists():
        return Stored()
    with open_store(f"sqlite:///{path}") as store:
        runs = store.runs()
        if not runs:
            return Stored()
        run = runs[0]
        results = {
            TrialKey(row.position, row.target, row.repeat): row.metrics["score"][0] if row.metrics else None
            for row in store.iterate_scores(run.key)
        }
        answered = frozenset(results) | store.unjudged(run.key)
        completed = run.status is RunStatus.COMPLETED
        return Stored(shown=run.progress.done, results=results, answered=answered, completed=completed)


def settled_bill(server: Simulator) -> Counter[tuple[str, int]]:
    """How often each question was answered, by step and input, once nothing is under way any more."""
    while server.counters()["in_flight"] > 0:
        time.sleep(0.01)
    paid: Counter[tuple[str, int]] = Counter()
    for (step, text), count in server.paid().items():
        found = _NUMBER.search(text)
        assert found is not None
        paid[step, int(found[1])] += count
    return paid


def missing(before: Stored, after: Stored) -> int:
    """Results that were there and are not, or not the same; what the row counted without a row counts too."""
    changed = sum(key not in after.results or after.results[key] != score for key, score in before.results.items())
    return changed + max(0, before.shown - len(after.results))


def extra_calls(before: Snapshot, after: Snapshot) -> tuple[int, int]:
    """Calls of target and judge that a session paid for without anything stored to show for it."""
    paid = after.paid - before.paid
    asked = sum(count for (step, _), count in paid.items() if step == "target")
    judged = sum(count for (step, _), count in paid.items() if step == "judge")
    return (
        asked - (len(after.stored.answered) - len(before.stored.answered)),
        judged - (len(after.stored.results) - len(before.stored.results)),
    )


def lasting(document: Mapping[str, Any]) -> dict[str, Any]:
    """What of a run's document does not depend on the clock."""
    steady = {name: document[name] for name in ("status", "progress", "cost", "metrics", "errors", "gates")}
    tokens = {role: document["usage"][role]["total_tokens"] for role in ("target", "judge")}
    return {**steady, "tokens": tokens}


def report(stories: list[Story], whole: Whole) -> None:
    kills = [done for story in stories for done in story.done_at_kills]
    extra = [calls for story in stories for calls in story.extra]
    target, judge = max((t for t, _ in extra), default=0), max((j for _, j in extra), default=0)
    print(f"{len(stories)} runs of {whole.inputs} inputs, {CONCURRENT} at once, killed {len(kills)} times", end="")
    if len(kills) > 1:
        low, middle, high = statistics.quantiles(kills, n=4)
        print(f" with {low:.0f}, {middle:.0f}, {high:.0f} results stored (quartiles)", end="")
    print()
    if different := sorted({name for story in stories for name in story.differs}):
        print(f"what differs: {', '.join(different)}")
    print_table(
        ("", "found", "allowed"),
        [
            ("results shown or stored before a kill and missing later", str(sum(s.lost for s in stories)), "0"),
            ("calls paid again whose response had been stored", str(sum(s.paid_again for s in stories)), "0"),
            ("runs with other final counts or numbers", str(sum(bool(s.differs) for s in stories)), "0"),
            ("extra target calls per kill, at most", str(target), str(CONCURRENT)),
            ("extra judge calls per kill, at most", str(judge), str(CONCURRENT)),
            ("extra calls per kill, mean", f"{sum(map(sum, extra)) / max(1, len(extra)):.1f}", ""),
        ],
    )


_NUMBER = re.compile(r"Customer (\d{7}) asks")

if __name__ == "__main__":
    main()
