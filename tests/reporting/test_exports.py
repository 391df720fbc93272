"""Files that a run is written to."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.reporting.exports import sources
from tests.reporting.exports.sources import source
from tests.reporting.run_records import result

from lattice.core.errors import UsageError
from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.core.trials import Metric, Response
from lattice.reporting.atomic import written_whole
from lattice.reporting.exports import FORMATS, STDOUT, Format, export, format_for, formats_for
from lattice.store.records import ResultRow

ROOT = Path(__file__).parents[2]
SUMMARIES = ("junit", "markdown")
KILLED_WITHIN = """
import io, os, signal, sys
from tests.reporting.exports.sources import source
from tests.reporting.run_records import result
from lattice.reporting.exports import export, format_for

def rows():
    for place in range(1, 10_000):
        yield result(place)
    os.kill(os.getpid(), signal.SIGKILL)

export(source(rows()), format_for(sys.argv[1]), sys.argv[1], stdout=io.BytesIO())
"""
HOSTILE = '\x1b[31m\x00 \ud800 </script>\r\n"quoted", and more'


def written(name: str, *rows: ResultRow, criteria: tuple[str, ...] = ()) -> str:
    return sources.written(name, source(rows, criteria=[{"name": name} for name in criteria])).decode()


def table(*rows: ResultRow, criteria: tuple[str, ...] = ()) -> list[dict[str, str]]:
    text = written("csv", *rows, criteria=criteria)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_has_one_row_per_trial_under_stable_columns() -> None:
    scored, failed = table(result(1), result(2, None))
    assert list(scored)[:7] == ["position", "id", "target", "repeat", "status", "score", "native"]
    assert (scored["position"], scored["score"], scored["native"], scored["repeat"]) == ("1", "0.75", "4", "1")
    assert (scored["input"], scored["response"], scored["reasoning"]) == (
        "How do I return it?",
        "Send it back.",
        "Mostly right.",
    )
    assert (scored["error_kind"], scored["cost_usd"], scored["latency_seconds"]) == ("", "0.0012", "1.25")
    assert (failed["status"], failed["score"], failed["native"]) == ("failed", "", "")
    assert (failed["error_step"], failed["error_kind"], failed["error_message"]) == (
        "target",
        "timeout",
        "Timeout after 60s",
    )


def test_csv_has_two_columns_for_each_criterion() -> None:
    metrics = {"score": Metric(score=0.75, native=4.0), "accuracy": Metric(score=0.5, native=3.0)}
    (row,) = table(result(1, metrics=metrics), criteria=("accuracy", "tone"))
    assert (row["metrics.accuracy"], row["metrics.accuracy.native"]) == ("0.5", "3")
    assert (row["metrics.tone"], row["metrics.tone.native"]) == ("", "")


def test_an_unknown_cost_is_empty_and_not_zero() -> None:
    (row,) = table(result(1, cost=None, judge_cost=None))
    assert (row["cost_usd"], row["judge_cost_usd"], row["target_cost_usd"]) == ("", "", "0.001")


def test_a_formula_in_a_text_is_defused_and_a_negative_number_stays_one() -> None:
    (row,) = table(result(1, reasoning="=HYPERLINK(1)", metrics={"score": Metric(score=0.0, native=-2.0)}))
    assert (row["reasoning"], row["native"]) == ("'=HYPERLINK(1)", "-2")


def test_hostile_text_leaves_the_rows_of_csv_whole() -> None:
    rows = table(result(1, reasoning=HOSTILE), result(2))
    assert [row["position"] for row in rows] == ["1", "2"]
    assert rows[0]["reasoning"] == HOSTILE.replace("\x00", "�").replace("\ud800", "�")


@given(st.lists(st.text(st.characters(categories=None)), min_size=1, max_size=4))
def test_any_text_gives_one_row_per_trial_and_valid_json(texts: list[str]) -> None:
    rows = [result(place, reasoning=text) for place, text in enumerate(texts, start=1)]
    assert [row["position"] for row in table(*rows)] == [str(row.key.position) for row in rows]
    document = json.loads(written("json", *rows))
    assert len(document["results"]) == len(rows)


def test_json_holds_the_document_the_configuration_and_the_results() -> None:
    document = json.loads(written("json", result(1), result(2, None)))
    assert document["evaluation"]["name"] == "RAG Pipeline Quality Assessment"
    assert document["configuration"]["targets"][0]["name"] == "Production RAG Stack"
    first, second = document["results"]
    assert (first["position"], first["score"], first["native"], first["error"]) == (1, 0.75, 4.0, None)
    assert first["usage"]["judge"] == {"input_tokens": 90, "output_tokens": 20}
    assert second["error"] == {"step": "target", "kind": "timeout", "message": "Timeout after 60s"}
    assert (second["score"], second["response"]) == (None, None)


def test_json_without_results_is_still_json() -> None:
    assert json.loads(written("json"))["results"] == []


def test_a_conversation_keeps_its_messages_in_json_and_reads_as_text_in_csv() -> None:
    chat = Input(position=1, id="c", input=(Message(role="user", content="Hello"),))
    assert json.loads(written("json", result(1, input=chat)))["results"][0]["input"] == [
        {"role": "user", "content": "Hello"}
    ]
    assert table(result(1, input=chat))[0]["input"] == "user: Hello"


def test_a_megabyte_of_response_is_exported_whole() -> None:
    response = Response(text="x" * 1_000_000, latency=1.0)
    assert len(json.loads(written("json", result(1, response=response)))["results"][0]["response"]) == 1_000_000


@pytest.mark.parametrize(
    ("destination", "name", "format"),
    [
        ("a.csv", None, "csv"),
        ("b/A.JSON", None, "json"),
        ("-", "csv", "csv"),
        ("a.csv", "json", "json"),
        ("-", ".CSV", "csv"),
        ("-", "md", "markdown"),
        ("a.jsonl", None, "jsonl"),
        ("a.ndjson", None, "jsonl"),
        ("a.parquet", None, "parquet"),
        ("report/junit.xml", None, "junit"),
        ("a.xml", "junit-inputs", "junit-inputs"),
        ("SUMMARY.md", None, "markdown"),
    ],
)
def test_the_ending_or_the_name_says_the_format(destination: str, name: str | None, format: str) -> None:
    assert format_for(destination, name).name == format


@pytest.mark.parametrize(("destination", "name"), [("a.doc", None), ("a", None), ("-", None), ("a.csv", "word")])
def test_an_unknown_format_is_refused_with_the_known_ones(destination: str, name: str | None) -> None:
    with pytest.raises(UsageError, match=r"csv.*json"):
        format_for(destination, name)


@pytest.mark.parametrize("format", [each for each in FORMATS if each.name not in SUMMARIES], ids=lambda each: each.name)
def test_a_failed_export_leaves_the_file_that_was_there(format: Format, tmp_path: Path) -> None:
    place = tmp_path / "results"
    place.write_text("before")

    def rows() -> Iterator[ResultRow]:
        yield result(1)
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError):
        export(source(rows()), format, str(place), stdout=io.BytesIO())
    assert place.read_text() == "before"
    assert os.listdir(tmp_path) == ["results"]


def test_an_export_takes_its_place_as_a_whole_with_a_usual_mode(tmp_path: Path) -> None:
    place = tmp_path / "results.csv"
    export(source([result(1)]), format_for(str(place)), str(place), stdout=io.BytesIO())
    other = tmp_path / "other"
    other.write_text("")
    assert place.stat().st_mode == other.stat().st_mode
    assert place.read_bytes().count(b"\r\n") == 2


def test_of_several_files_a_named_format_is_for_those_whose_ending_does_not_tell() -> None:
    found = formats_for(("a.csv", STDOUT, "b.txt"), "jsonl")
    assert [each.name for each in found] == ["csv", "jsonl", "jsonl"]
    assert [each.name for each in formats_for(("a.csv",), "jsonl")] == ["jsonl"]


def test_formats_that_sum_up_take_results_if_asked() -> None:
    destinations = ("a.csv", "b.xml", "c.md")
    assert [each.name for each in formats_for(destinations)] == ["csv", "junit", "markdown"]
    found = formats_for(destinations, with_results=True)
    assert [each.name for each in found] == ["csv", "junit-inputs", "markdown-inputs"]


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.name)
def test_a_format_writes_to_what_can_only_be_written_to(format: Format) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as stream:
        export(source([result(1), result(2, None)]), format, STDOUT, stdout=stream)
    with os.fdopen(reading, "rb") as stream:
        assert stream.read()


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.name)
def test_a_reader_that_goes_away_ends_the_export(format: Format) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError), os.fdopen(writing, "wb") as stream:
        export(source([result(1)]), format, STDOUT, stdout=stream)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.name)
def test_a_full_disk_is_told_with_the_name_of_the_file(format: Format) -> None:
    with pytest.raises(OSError, match="/dev/full"):
        export(source([result(1)]), format, "/dev/full", stdout=io.BytesIO())


def test_a_killed_export_leaves_the_file_that_was_there(tmp_path: Path) -> None:
    place = tmp_path / "results.csv"
    place.write_text("before")
    killed = subprocess.run([sys.executable, "-c", KILLED_WITHIN, str(place)], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert place.read_text() == "before"


def test_a_file_that_cannot_be_written_is_one_clear_message(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing" / "a.csv"):
        with pytest.raises(UsageError, match=str(place)), written_whole(place):
            pass


def test_a_link_keeps_pointing_to_the_file_that_was_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("before")
    link.symlink_to(real)
    with written_whole(link) as stream:
        stream.write(b"after")
    assert link.is_symlink()
    assert real.read_text() == "after"
