"""The full JSON export, read again."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tests.service.carried_out import failures_as_a_score

from lattice.core.errors import UsageError
from lattice.core.filters import parse_filter
from lattice.reporting.exports import export, format_for
from lattice.reporting.snapshots.documents import JsonFile, looks_like_export
from lattice.service.reading import document_of, source_of
from lattice.service.restoring import restore_run
from lattice.store import open_store


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole run, and ``part.json`` beside it."""
    folder = tmp_path_factory.mktemp("exported")
    with open_store(f"sqlite:///{folder}/lattice.db") as store:
        record = failures_as_a_score(store, folder)
        for name, where in (("run.json", None), ("part.json", parse_filter("failed"))):
            path = str(folder / name)
            export(source_of(store, record, where), format_for(path), path, stdout=io.BytesIO())
    return folder / "run.json"


def test_it_is_one_json_document_with_everything(exported: Path) -> None:
    document = json.loads(exported.read_bytes())
    assert document["evaluation"]["name"] == "Round Trip"
    assert document["configuration"]["targets"][0]["name"] == "Assistant"
    assert (len(document["results"]), len(document["inputs"])) == (20, 20)
    assert len(document["errors"]) == document["progress"]["failed"]
    failed = [line for line in document["results"] if line["error"]]
    assert [len(line["failed_attempts"]) for line in failed] == [1] * len(failed)
    assert len(document["failed_attempts"]) == sum(len(line["failed_attempts"]) for line in document["results"])


@pytest.mark.parametrize("indent", [None, 2])
def test_it_may_be_formatted_anew(exported: Path, tmp_path: Path, indent: int | None) -> None:
    document = json.loads(exported.read_bytes())
    path = tmp_path / "formatted.json"
    path.write_text(json.dumps(document, indent=indent, sort_keys=True))
    assert looks_like_export(path)
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        found = document_of(store, restore_run(store, JsonFile(path)))
    assert found == {name: document[name] for name in found}


def test_a_part_is_no_run(exported: Path) -> None:
    assert json.loads((exported.parent / "part.json").read_bytes())["partial"] is True
    with pytest.raises(UsageError, match="holds a part of a run's results"):
        JsonFile(exported.parent / "part.json")


def test_a_document_without_results_is_no_run(exported: Path, tmp_path: Path) -> None:
    document = json.loads(exported.read_bytes())
    path = tmp_path / "shown.json"
    path.write_text(json.dumps({name: document[name] for name in ("id", "metrics", "errors", "gates")}))
    with pytest.raises(UsageError, match="does not hold a whole run; write it with 'lattice export"):
        JsonFile(path)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b'"seq":3,', b'"seq":"3",', "seq: Input should be a valid integer"),
        (b'"results":[\n', b'"results":[\n{,\n', "not valid JSON"),
        (b'"attempts":1,', b'"attempts":-1,', "attempts: Input should be greater than or equal to 0"),
        (b'"duration_seconds":', b'"duration":', "duration_seconds: Field required"),
    ],
)
def test_a_mistake_is_told_with_its_line(exported: Path, tmp_path: Path, old: bytes, new: bytes, said: str) -> None:
    content = exported.read_bytes()
    head, middle, results = content.partition(b'"results":[\n')
    changed = (middle + results).replace(old, new, 1)
    assert changed != middle + results
    path = tmp_path / "wrong.json"
    path.write_bytes(head + changed)
    with pytest.raises(UsageError, match=rf"wrong\.json, line \d+: {said}"):
        list(JsonFile(path).results())


def test_a_run_that_was_still_going_on_is_not_taken_in(exported: Path, tmp_path: Path) -> None:
    document = json.loads(exported.read_bytes())
    document["run"] |= {"status": "running", "interrupted": False}
    path = tmp_path / "running.json"
    path.write_text(json.dumps(document))
    with (
        open_store(f"sqlite:///{tmp_path}/lattice.db") as store,
        pytest.raises(UsageError, match="was written while its run was going on"),
    ):
        restore_run(store, JsonFile(path))


def test_a_file_that_was_cut_short_says_so(exported: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_bytes(exported.read_bytes()[:-3_000])
    with pytest.raises(UsageError, match=r"cut\.json: not valid JSON"):
        JsonFile(path)


def test_a_run_without_some_of_its_results_is_not_taken_in(exported: Path, tmp_path: Path) -> None:
    document = json.loads(exported.read_bytes())
    del document["results"][4]
    path = tmp_path / "less.json"
    path.write_text(json.dumps(document))
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        with pytest.raises(UsageError, match="the file has 19 results, and 20 trials of the run had ended"):
            restore_run(store, JsonFile(path))
        assert (store.runs(), store.evaluations()) == ([], [])
