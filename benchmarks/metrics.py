"""What a scrape of ``/metrics`` costs over a store of 300 evaluations with 50 runs each: the first one, and the next.

The budget is for each scrape after the first, which a monitoring system makes every few seconds: 100 ms of CPU. Since
that says as much about the machine, the CPU that it takes to write the same text from what is in memory stands beside.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector
from sqlalchemy import insert

from harness import verdict
from lattice.core.inputs import Input
from lattice.service.metrics import metrics_registry, metrics_text
from lattice.store import Store, open_store
from lattice.store.database import Database
from lattice.store.dialects import dialect_of
from lattice.store.schema import attempts, runs
from lattice.store.text import encode_json

BUDGET = 0.100
KINDS = ("rate_limit", "timeout", "server_error")
LIVE = {
    "targets": [{"metrics": {"score": {"counts": [[n, n / 5, 10] for n in range(5)]}}}],
    "usage": {"target": [4_000, 2_000], "judge": [9_000, 1_000]},
    "cost_usd": {"target": 0.12, "judge": 0.31},
    "pace": [[n, n] for n in range(90)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--evaluations", type=int, default=300)
    parser.add_argument("--runs", type=int, default=50, help="of each")
    parser.add_argument("--scrapes", type=int, default=20)
    options = parser.parse_args()
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder)}/lattice.db"
        with open_store(url) as store:
            fill(store, url, options.evaluations, options.runs)
            registry = metrics_registry(store)
            first, size = scraped(lambda: metrics_text(registry))
            bare = CollectorRegistry(auto_describe=False)
            bare.register(InMemory(list(registry.collect())))
            # By turns, so that both meet the same moods of the machine.
            pairs = [
                (scraped(lambda: metrics_text(registry))[0], scraped(lambda: generate_latest(bare))[0])
                for _ in range(options.scrapes)
            ]
    later, alone = (statistics.median(each) for each in zip(*pairs, strict=True))
    print(f"first scrape: {first * 1000:.0f} ms of CPU, {size / 1000:.0f} kB")
    print(f"next scrapes: {later * 1000:.0f} ms of CPU (budget {BUDGET * 1000:.0f} ms: {verdict(later, BUDGET)})")
    print(f"the text alone: {alone * 1000:.0f} ms, ratio {later / alone:.2f}   (medians of {len(pairs)})")
    raise SystemExit(0 if later <= BUDGET else 1)


class InMemory(Collector):
    """Tells what it was given."""

    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics


def scraped(scrape: Callable[[], bytes]) -> tuple[float, int]:
    """Seconds of CPU, and letters."""
    began = time.process_time()
    text = scrape()
    return time.process_time() - began, len(text)


def fill(store: Store, url: str, evaluations: int, each: int) -> None:
    """Evaluations whose runs have ended, with some failed calls of each."""
    inputs = store.stage_inputs([Input(position=1, id="1", input="Hello?")])
    database = Database(dialect_of(url))
    for number in range(evaluations):
        version = store.add_version(
            name=f"Evaluation {number}",
            slug=f"evaluation-{number}",
            type="task_specific",
            config={"targets": [{"name": "Bot"}]},
            config_hash="abc",
            input_set=inputs,
        )
        rows = [run_row(number, version.key, place) for place in range(1, each + 1)]
        with database.write() as connection:
            keys = connection.execute(insert(runs).returning(runs.c.key), rows).scalars().all()
            failed = [attempt_row(key, kind) for key in keys for kind in KINDS for _ in range(5)]
            connection.execute(insert(attempts), failed)
    database.close()


def run_row(evaluation: int, version: int, number: int) -> dict[str, object]:
    return {
        "id": f"{evaluation:08x}{number:08x}",
        "evaluation_key": evaluation + 1,
        "version_key": version,
        "number": number,
        "status": "completed",
        "seed": 1,
        "trigger": "cli",
        "created_at": 1.0,
        "started_at": 1.0,
        "finished_at": 2.0,
        "elapsed": 12.5,
        "total": 200,
        "done": 200,
        "successful": 197,
        "failed": 3,
        "seq": 200,
        "live": encode_json(LIVE),
    }


def attempt_row(run_key: int, kind: str) -> dict[str, object]:
    trial = {"run_key": run_key, "position": 1, "target": 0, "repeat": 0}
    return {**trial, "step": "target", "number": 1, "allowed": 3, "kind": kind, "at": 1.0, "message": "It failed."}


if __name__ == "__main__":
    main()
