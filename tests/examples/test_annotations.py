"""The example's scores by hand, and what they say of its judge."""

from __future__ import annotations

import asyncio
import csv
from functools import cache
from pathlib import Path

import orjson
import pytest
from tests.cli.command_line import CommandLine
from tests.docs.blocks import ROOT, blocks_of
from tests.store.making import started

from lattice.config import load
from lattice.config.hashing import canonical, config_hash
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Metric, Response, Result, TrialKey, Verdict
from lattice.inputs import read_inputs
from lattice.store import Store, open_store

FOLDER = ROOT / "examples" / "support-bot"

# What local/smollm2 gave to the answers that were scored, in a run of the example as it stands.
GIVEN = [3, 2, 5, 2, 2, 2, 2, 5, 5, 2, 5, 2, 1, 5, 1, 1, 3, 2, 3, 1, 5, 3, 1, 2, 5, 1, 3, 3, 2, 3]


@cache
def scored_answers() -> tuple[dict[str, str], ...]:
    with (FOLDER / "annotations.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def record(store: Store) -> RunRecord:
    """That run, as it was stored."""
    evaluation = load(FOLDER / "evaluation.yaml").evaluation
    version = store.add_version(
        name=evaluation.name,
        slug="support-bot",
        type=evaluation.type.value,
        config=canonical(evaluation),
        config_hash=config_hash(evaluation),
        input_set=store.stage_inputs(read_inputs(evaluation.inputs, FOLDER)),
    )
    run = store.create_run(version.key, seed=7, total=len(GIVEN), tags={}, trigger="cli")
    asyncio.run(_written(store, run))
    return run


async def _written(store: Store, run: RunRecord) -> None:
    writer = started(store, run, store.claim(run.key))
    try:
        for position, (row, native) in enumerate(zip(scored_answers(), GIVEN, strict=True), start=1):
            key = TrialKey(position, 0, 0)
            await writer.put_response(key, Response(text=row["response"], latency=1.0))
            metrics = {"score": Metric(score=(native - 1) / 4, native=native)}
            await writer.put_result(Result(key=key, verdict=Verdict(metrics=metrics)))
        await writer.finish(RunStatus.COMPLETED)
    finally:
        await writer.close()


@pytest.fixture
def lattice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line with that run in its store."""
    lattice = CommandLine(tmp_path, monkeypatch)
    lattice.set(LATTICE_DB="run.db")
    with open_store(f"sqlite:///{tmp_path / 'run.db'}") as store:
        record(store)
    return lattice


def test_thirty_answers_to_the_first_questions_are_scored_with_reasons() -> None:
    rows = scored_answers()
    first = (FOLDER / "inputs.jsonl").read_bytes().splitlines()[: len(rows)]
    assert len(rows) >= 30
    assert [row["id"] for row in rows] == [orjson.loads(line)["id"] for line in first]
    assert {row["score"] for row in rows} == {"1", "2", "3", "4", "5"}
    assert [row["id"] for row in rows if not row["reason"] or not row["response"]] == []


def test_the_judge_of_the_demo_is_not_to_be_trusted(lattice: CommandLine) -> None:
    outcome = lattice("calibrate", "latest", "--annotations", FOLDER / "annotations.csv")
    assert outcome.code == 0, outcome.err
    assert "Warning" not in outcome.out
    assert "This judge is not to be trusted: its agreement with the person is kappa = 0.16" in " ".join(
        outcome.out.split()
    )


def test_the_page_shows_what_is_printed(lattice: CommandLine) -> None:
    (block,) = (block for block in blocks_of(ROOT / "docs" / "calibration.md") if block.language == "console")
    shown = [line for line in block.text.splitlines() if line != "..." and not line.startswith("$ ")]
    printed = lattice("calibrate", "latest", "--annotations", FOLDER / "annotations.csv").out.splitlines()
    assert shown
    assert [line for line in shown if line not in printed] == []
