"""A run that is written to a file and read into another workspace is the same run."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reporting.exports.sources import HARD_TEXT, as_utf8
from tests.service.carried_out import MAKINGS, Making, configured

from lattice.core.errors import ErrorKind
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.models import Message, ToolCall, Usage
from lattice.core.runs import RunRecord
from lattice.core.trials import Attempt, Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.reporting.exports import export, format_for
from lattice.reporting.exports.lattice_file import lattice_format
from lattice.reporting.rows import encode
from lattice.reporting.snapshots.opening import LatticeFile
from lattice.reporting.snapshots.verification import verify
from lattice.service.artifacts import import_artifact, is_ours
from lattice.service.incoming import IncomingResult, IncomingRun, store_run
from lattice.service.reading import document_of, source_of
from lattice.store import Annotation, Store, open_store

OF_ONE_WORKSPACE: dict[str, Any] = {
    "key": 0,
    "version_key": 0,
    "version": 0,
    "input_set": 0,
    "folder": None,
    "claim": None,
}
FORMATS = ("run.json", "run.lattice")


@contextmanager
def empty_store() -> Iterator[Store]:
    with tempfile.TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/lattice.db") as store:
        yield store


def written(store: Store, record: RunRecord, path: Path) -> Path:
    """The run in a file, without the report for people, which takes longer than all the rest."""
    of_path = format_for(str(path))
    format = lattice_format(None) if of_path.name == "lattice" else of_path
    export(source_of(store, record), format, str(path), stdout=io.BytesIO())
    return path


def contents(store: Store, record: RunRecord) -> dict[str, Any]:
    """All that a store knows of a run."""
    return {
        "document": document_of(store, record),
        "record": replace(record, **OF_ONE_WORKSPACE),
        "inputs": list(store.inputs(record.input_set)),
        "results": list(store.iterate_results(record.key)),
        "responses": list(store.responses_without_result(record.key)),
        "attempts": [each.attempt for each in store.attempts(record.key, limit=10_000)],
    }


@pytest.mark.parametrize("making", MAKINGS, ids=lambda making: making.__name__)
def test_a_run_comes_back_as_it_was(making: Making, tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        record = making(store, tmp_path)
        expected = contents(store, record)
        files = [written(store, record, tmp_path / name) for name in FORMATS]
    with LatticeFile(files[-1]) as file:
        assert verify(file).problems == ()
        assert {**file.summary(), "errors": list(file.errors())} == orjson.loads(encode(expected["document"]))
    for path in files:
        assert is_ours(path)
        with empty_store() as other:
            found = contents(other, import_artifact(other, path))
            assert found == expected


@st.composite
def hostile_runs(draw: st.DrawFn) -> IncomingRun:
    """Two inputs, of which one was scored and one failed, with any text wherever a text can be."""
    texts = st.text(st.characters(categories=None), max_size=8) | HARD_TEXT
    first, second, *more = [draw(texts) for _ in range(9)]
    asked, answered, said, raw, noted, found, failed = more
    now = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    inputs = (
        Input(position=2, id=f"1{first}", input=asked, reference=second, metadata={first: [second, 2**70, 0.1]}),
        Input(position=5, id=f"2{second}", input=(Message(role="user", content=asked),), context=(found, "")),
    )
    scored = Result(
        key=TrialKey(5, 0, 0),
        verdict=Verdict(metrics={"score": Metric(score=1 / 3, native=2.5)}, reasoning=said, raw=raw),
        usage=Usage(input_tokens=2**40, output_tokens=1),
        cost_usd=0.1 + 0.2,
        duration=1 / 7,
    )
    unscored = Result(
        key=TrialKey(2, 0, 0), failure=Failure(step=Step.JUDGE, kind=ErrorKind.JUDGE_PARSE, message=failed), attempts=2
    )
    attempt = Attempt(
        key=unscored.key,
        step=Step.JUDGE,
        number=1,
        allowed=1,
        kind=ErrorKind.JUDGE_PARSE,
        message=failed,
        wait=None,
        at=now,
    )
    response = Response(
        text=answered,
        latency=0.1,
        model=found,
        finish_reason=said,
        tool_calls=(ToolCall(name=found, arguments=raw),),
        context=(answered,),
    )
    # An evaluation's own texts are UTF-8: its file is refused otherwise.
    data = configured(inputs={"items": ["a"]}, name=f"Hostile {as_utf8(first)}", description=as_utf8(second))
    return IncomingRun(
        evaluation=Evaluation.model_validate(data),
        inputs=inputs,
        results=(
            IncomingResult(
                result=scored,
                response=response,
                annotation=Annotation(key=scored.key, score=1.5, note=noted, at=now),
            ),
            IncomingResult(result=unscored, response=response, attempts=(attempt,)),
        ),
        source=noted,
        started_at=now,
        finished_at=now + timedelta(seconds=90),
        tags={second: first},
    )


@given(hostile_runs())
@settings(max_examples=20)
def test_every_text_and_number_comes_back(incoming: IncomingRun) -> None:
    with empty_store() as store, tempfile.TemporaryDirectory() as folder:
        record = store_run(store, incoming)
        expected = contents(store, record)
        for name in FORMATS:
            path = written(store, record, Path(folder) / name)
            with empty_store() as other:
                assert contents(other, import_artifact(other, path)) == expected
        with LatticeFile(Path(folder) / "run.lattice") as file:
            assert verify(file).problems == ()
