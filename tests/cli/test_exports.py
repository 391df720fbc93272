"""``lattice export`` and ``lattice run -o``: every format, a part of a run, several files at once."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.cli.command_line import CommandLine
from tests.reporting.exports.junit_schema import parsed

INPUTS = 12


def inputs_of_csv(path: Path) -> list[int]:
    return [int(row["position"]) for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline=""))]


def inputs_of_json(path: Path) -> list[int]:
    return [each["position"] for each in json.loads(path.read_bytes())["results"]]


def inputs_of_lines(path: Path) -> list[int]:
    return [json.loads(line)["position"] for line in path.read_bytes().splitlines()]


def inputs_of_parquet(path: Path) -> list[int]:
    places: list[int] = pq.read_table(path)["position"].to_pylist()
    return places


def inputs_of_junit(path: Path) -> list[int]:
    cases = [case for suite in list(parsed(path.read_bytes()))[1:] for case in suite.findall("testcase")]
    return [int((case.get("name") or "").removeprefix("#").split()[0]) for case in cases]


def inputs_of_markdown(path: Path) -> list[int]:
    _, _, results = path.read_text(encoding="utf-8").partition("### Results")
    cells = [line.split("|")[1].strip() for line in results.splitlines() if line.startswith("|")]
    return [int(cell) for cell in cells if cell.isdigit()]


READERS: dict[str, Callable[[Path], list[int]]] = {
    "a.csv": inputs_of_csv,
    "a.json": inputs_of_json,
    "a.jsonl": inputs_of_lines,
    "a.parquet": inputs_of_parquet,
    "a.xml": inputs_of_junit,
    "a.md": inputs_of_markdown,
}
SUMMARIES = ("a.xml", "a.md")


@pytest.fixture
def ran(lattice: CommandLine) -> CommandLine:
    """A workspace with one run."""
    lattice.write_inputs(INPUTS)
    lattice.write_evaluation({"gates": ["mean > 0.01", "mean > 0.99"]})
    assert lattice("run", "evaluation.yaml", "--no-progress").code == 3
    return lattice


@pytest.mark.parametrize("name", READERS)
def test_a_part_of_a_run_is_exported_in_every_format(ran: CommandLine, name: str) -> None:
    written = ran("export", "latest", "-o", name, "--where", "input <= 3 or input = 7")
    assert (written.code, written.err) == (0, f"Wrote {name}\n")
    assert READERS[name](ran.folder / name) == [1, 2, 3, 7]


@pytest.mark.parametrize("name", READERS)
def test_inputs_are_in_every_format_if_asked(ran: CommandLine, name: str) -> None:
    ran("export", "latest", "-o", name)
    assert len(READERS[name](ran.folder / name)) == (0 if name in SUMMARIES else INPUTS)
    ran("export", "latest", "-o", name, "--inputs")
    assert READERS[name](ran.folder / name) == list(range(1, INPUTS + 1))


@pytest.mark.parametrize("format", ["csv", "json", "jsonl", "junit", "junit-inputs", "markdown", "md", "xml"])
def test_standard_output_gets_what_a_file_would(ran: CommandLine, format: str) -> None:
    written = ran("export", "latest", "-o", "-", "--format", format)
    assert (written.code, written.err) == (0, "")
    ran("export", "latest", "-o", "file", "--format", format)
    assert written.out.encode() == (ran.folder / "file").read_bytes()


def test_a_run_writes_a_page_for_ci_and_one_for_people(lattice: CommandLine) -> None:
    lattice.write_inputs(INPUTS)
    lattice.write_evaluation({"gates": ["mean > 0.99"]})
    ran = lattice("run", "evaluation.yaml", "--no-progress", "-o", "junit.xml", "-o", "summary.md")
    assert ran.code == 3
    assert "Wrote junit.xml\nWrote summary.md" in ran.err
    (suite,) = parsed((lattice.folder / "junit.xml").read_bytes())
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    assert "### Gates: ❌ fail" in (lattice.folder / "summary.md").read_text(encoding="utf-8")


def test_several_files_are_written_and_standard_output_has_its_own_format(ran: CommandLine) -> None:
    written = ran("export", "latest", "-o", "a.csv", "-o", "-", "-o", "a.parquet", "--format", "jsonl")
    assert written.err == "Wrote a.csv\nWrote a.parquet\n"
    assert len(written.out.splitlines()) == INPUTS
    assert inputs_of_csv(ran.folder / "a.csv") == inputs_of_parquet(ran.folder / "a.parquet")


def test_nothing_is_written_when_one_of_several_files_has_no_format(ran: CommandLine) -> None:
    refused = ran("export", "latest", "-o", "a.csv", "-o", "b.doc")
    assert refused.code == 2
    assert "b.doc: the ending '.doc' stands for no format" in refused.err
    assert not (ran.folder / "a.csv").exists()


def test_parquet_without_its_extra_is_refused_before_anything_is_spent(
    lattice: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "pyarrow" else find(name))
    lattice.write_inputs(INPUTS)
    lattice.write_evaluation()
    refused = lattice("run", "evaluation.yaml", "-o", "results.parquet")
    assert refused.code == 2
    assert "parquet needs pyarrow: pip install 'lattice-evals[parquet]'" in refused.err
    assert not (lattice.folder / ".lattice").exists()
