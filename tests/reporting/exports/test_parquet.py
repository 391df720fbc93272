"""Parquet as pyarrow and pandas read it."""

from __future__ import annotations

import importlib.util
import io
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from tests.reporting.exports.sources import HARD_TEXT, as_utf8, source, written
from tests.reporting.run_records import result

from lattice.core.errors import UsageError
from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.core.trials import Metric, Response
from lattice.reporting.exports import ExportSource, format_for
from lattice.reporting.exports.parquet import MOST_BYTES, MOST_ROWS


def table(of: ExportSource) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(io.BytesIO(written("parquet", of))).to_pylist()
    return rows


@given(HARD_TEXT, HARD_TEXT, HARD_TEXT)
@settings(deadline=None)
def test_the_stored_texts_come_back(asked: str, answered: str, reasoned: str) -> None:
    given = Input(position=1, id="q1", input=asked, context=(answered, asked), metadata={"note": reasoned})
    response = Response(text=answered, latency=1.0, model=asked, finish_reason=reasoned)
    (row,) = table(source([result(1, input=given, response=response, reasoning=reasoned)]))
    assert (row["input"], row["response"], row["model"]) == (as_utf8(asked), as_utf8(answered), as_utf8(asked))
    assert (row["reasoning"], row["finish_reason"]) == (as_utf8(reasoned) or None, as_utf8(reasoned))
    assert row["context"] == [as_utf8(answered), as_utf8(asked)]
    assert json.loads(row["metadata"]) == {"note": as_utf8(reasoned)}


def test_numbers_are_numbers_and_what_is_not_there_is_null() -> None:
    metrics = {"score": Metric(score=0.75, native=4.0), "tone": Metric(score=0.5, native=3.0)}
    scored, failed = table(source([result(1, metrics=metrics), result(2, None)], criteria=[{"name": "tone"}]))
    assert (scored["position"], scored["score"], scored["native"], scored["metrics.tone"]) == (1, 0.75, 4.0, 0.5)
    assert (scored["target_input_tokens"], scored["cost_usd"]) == (30, 0.0012)
    assert (failed["score"], failed["metrics.tone.native"], failed["response"], failed["error_kind"]) == (
        None,
        None,
        None,
        "timeout",
    )


def test_a_conversation_keeps_its_messages() -> None:
    chat = Input(position=1, id="c", input=(Message(role="user", content="Hello"),))
    (row,) = table(source([result(1, input=chat)]))
    assert row["messages"] == [{"role": "user", "content": "Hello"}]
    assert row["input"] == "user: Hello"
    (plain,) = table(source([result(1)]))
    assert plain["messages"] is None


def test_the_file_says_which_run_it_is() -> None:
    schema = pq.read_schema(io.BytesIO(written("parquet", source([result(1)]))))
    document = json.loads(schema.metadata[b"lattice"])
    assert document["evaluation"]["name"] == "RAG Pipeline Quality Assessment"
    assert document["configuration"]["targets"][0]["name"] == "Production RAG Stack"
    assert document["metrics"][0]["n"] == 197


def test_results_are_written_a_row_group_at_a_time() -> None:
    many = (result(place) for place in range(1, MOST_ROWS + 2))
    long = (result(place, reasoning="x" * (MOST_BYTES // 2)) for place in range(1, 4))
    for rows, groups in ((many, [MOST_ROWS, 1]), (long, [2, 1])):
        found = pq.ParquetFile(io.BytesIO(written("parquet", source(rows)))).metadata
        assert [found.row_group(index).num_rows for index in range(found.num_row_groups)] == groups


def test_without_results_it_is_a_table_all_the_same() -> None:
    frame = pd.read_parquet(io.BytesIO(written("parquet", source())))
    assert (len(frame), list(frame.columns)[:2]) == (0, ["position", "id"])


def test_without_the_extra_it_is_refused_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else find(name))
    with pytest.raises(UsageError, match=r"pip install 'lattice-evals\[parquet\]'"):
        format_for(str(tmp_path / "a.parquet"))
    assert format_for("a.csv").name == "csv"
