"""Artifacts stay as they are, whatever becomes of their runs."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.reporting.run_records import run
from tests.service.carried_out import annotated, cancelled, carried_out, failures_as_a_score, interrupted

from lattice.core.errors import NotFound, UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import TrialKey
from lattice.reporting.snapshots.manifest import MANIFEST
from lattice.service.artifacts import (
    artifact_folder,
    artifacts,
    default_name,
    export_artifact,
    find_artifact,
    import_artifact,
    is_ours,
    open_artifact,
    remove_artifact,
    save_artifact,
    saved_run,
    verify_file,
)
from lattice.service.reading import document_of
from lattice.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return artifact_folder(f"sqlite:///{tmp_path}/lattice.db", tmp_path)


def test_artifacts_lie_beside_the_store(tmp_path: Path) -> None:
    assert artifact_folder("sqlite:////w/.lattice/lattice.db", tmp_path) == Path("/w/.lattice/artifacts")
    assert artifact_folder("sqlite:///some/x.db?busy_timeout=3", tmp_path) == Path("some/artifacts")
    assert artifact_folder("postgresql://host/db", tmp_path) == tmp_path / ".lattice" / "artifacts"


def test_a_snapshot_outlives_its_run(store: Store, folder: Path, tmp_path: Path) -> None:
    record = failures_as_a_score(store, tmp_path)
    document = document_of(store, record)
    saved = save_artifact(store, record, folder)
    content = saved.path.read_bytes()
    store.annotate(record.key, TrialKey(1, 0, 0), score=1.0, note="later")
    store.delete_run(record.key)
    assert saved.path.read_bytes() == content
    with open_artifact(folder, saved.name) as file:
        assert {**file.summary(), "errors": list(file.errors())} == document
    assert verify_file(saved.path).is_sound
    assert document_of(store, import_artifact(store, saved.path)) == {**document, "number": 2}


def test_equal_snapshots_have_the_same_hash_and_content(store: Store, folder: Path, tmp_path: Path) -> None:
    record = failures_as_a_score(store, tmp_path)
    one, other = (save_artifact(store, record, folder, name) for name in ("one", "other"))
    store.annotate(record.key, TrialKey(1, 0, 0), score=1.0, note="later")
    changed = save_artifact(store, record, folder, "changed")
    assert one.manifest is not None
    assert other.manifest is not None
    assert changed.manifest is not None
    assert one.manifest.snapshot == other.manifest.snapshot != changed.manifest.snapshot
    with zipfile.ZipFile(one.path) as first, zipfile.ZipFile(other.path) as second:
        names = [name for name in first.namelist() if name not in (MANIFEST, "report.html")]
        assert [first.read(name) for name in names] == [second.read(name) for name in names]


def test_artifacts_are_listed_by_their_manifests_alone(store: Store, folder: Path) -> None:
    assert artifacts(folder) == []
    record = carried_out(store)
    save_artifact(store, record, folder)
    (folder / "broken.lattice").write_bytes(b"no zip")
    (folder / "other.txt").write_text("not one")
    found = {artifact.name: artifact for artifact in artifacts(folder)}
    assert set(found) == {"round-trip-1", "broken"}
    assert found["broken"].manifest is None
    assert "is no .lattice file" in (found["broken"].problem or "")
    manifest = found["round-trip-1"].manifest
    assert manifest is not None
    assert (manifest.run.id, manifest.run.number, manifest.run.status) == (record.id, 1, RunStatus.COMPLETED)
    assert manifest.headline is not None
    assert manifest.headline.n == 20
    assert manifest.created is not None


def test_an_artifact_is_found_by_name_and_removed(store: Store, folder: Path) -> None:
    save_artifact(store, carried_out(store), folder, "base")
    assert find_artifact(folder, "base") == find_artifact(folder, "base.lattice")
    with pytest.raises(NotFound, match="there is no artifact 'other'; there are: base"):
        find_artifact(folder, "other")
    with pytest.raises(NotFound):
        find_artifact(folder, "../artifacts/base")
    remove_artifact(folder, "base")
    with pytest.raises(NotFound, match="there is none yet"):
        remove_artifact(folder, "base")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a/b", "a\\b", "-x", ".hidden", "a b", "con", "NUL.x", "x" * 121, "a\0"]
)
def test_a_name_that_is_none_for_a_file_is_refused(store: Store, folder: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is no name for an artifact"):
        save_artifact(store, run(), folder, name)


def test_a_name_that_is_taken_is_refused_in_any_case(store: Store, folder: Path) -> None:
    record = carried_out(store)
    save_artifact(store, record, folder, "Base")
    for name in ("base", "BASE.lattice"):
        with pytest.raises(UsageError, match="already; give this one another --name"):
            save_artifact(store, record, folder, name)
    assert [path.name for path in folder.iterdir()] == ["Base.lattice"]


def test_the_usual_name_says_run_and_revision_and_is_never_too_long() -> None:
    record = run()
    assert default_name(record) == "rag-pipeline-quality-assessment-3"
    assert default_name(replace(record, revision=2)) == "rag-pipeline-quality-assessment-3.2"
    assert len(default_name(replace(record, evaluation_slug="評" * 80)).encode()) < 230


@pytest.mark.parametrize(
    ("record", "said"),
    [(run(RunStatus.RUNNING), "is running; save it when it has ended"), (run(RunStatus.PENDING), "has not been run")],
)
def test_only_what_has_ended_is_saved(store: Store, folder: Path, record: RunRecord, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        save_artifact(store, record, folder)


def test_what_changes_while_it_is_saved_leaves_nothing(store: Store, folder: Path) -> None:
    record = carried_out(store)
    with pytest.raises(UsageError, match="has changed while it was saved"):
        save_artifact(store, replace(record, seq=3), folder)
    assert list(folder.iterdir()) == []


def test_a_run_is_read_without_any_store(store: Store, folder: Path, tmp_path: Path) -> None:
    for making in (failures_as_a_score, cancelled, interrupted):
        record = making(store, tmp_path)
        saved = save_artifact(store, record, folder, making.__name__)
        with open_artifact(folder, saved.name) as file:
            found = saved_run(file, errors=3)
        assert found.record.progress == record.progress
        assert found.conclusion.summary.progress == record.progress
        assert len(found.errors) == min(3, record.progress.failed)


def test_an_artifact_is_exported_as_it_is_and_in_other_formats(store: Store, folder: Path, tmp_path: Path) -> None:
    record = annotated(store, tmp_path)
    path = save_artifact(store, record, folder).path
    copy, table = tmp_path / "copy.lattice", tmp_path / "results.csv"
    export_artifact(path, str(copy), stdout=io.BytesIO())
    export_artifact(path, str(table), stdout=io.BytesIO())
    lines, whole = io.BytesIO(), io.BytesIO()
    export_artifact(path, "-", format="jsonl", stdout=lines)
    export_artifact(path, "-", format="lattice", stdout=whole)
    assert copy.read_bytes() == path.read_bytes() == whole.getvalue()
    with table.open(newline="", encoding="utf-8") as stream:
        assert len(list(csv.DictReader(stream))) == 20
    assert json.loads(lines.getvalue().splitlines()[2])["annotation"]["score"] == 2.0


def test_what_is_not_ours_is_left_to_others(tmp_path: Path) -> None:
    contents = {
        "log.json": b'{"version": 2, "status": "success", "eval": {}}',
        "list.json": b"[]",
        "binary": b"\xff\x00",
        "inputs.jsonl": b'{"input": "a"}\n',
        "empty.json": b"",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
        assert not is_ours(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as file:
        file.writestr("a", "b")
    assert not is_ours(tmp_path / "other.zip")
    assert not is_ours(tmp_path / "missing")


def test_a_file_of_the_right_name_and_the_wrong_content_says_so(store: Store, tmp_path: Path) -> None:
    path = tmp_path / "run.lattice"
    path.write_bytes(b"PK\x03\x04")
    assert is_ours(path)
    with pytest.raises(UsageError, match=r"run\.lattice is no \.lattice file"):
        import_artifact(store, path)


def test_a_damaged_artifact_is_not_imported(store: Store, folder: Path) -> None:
    path = save_artifact(store, carried_out(store), folder).path
    with zipfile.ZipFile(path) as file:
        contents = {name: file.read(name) for name in file.namelist()}
    contents["results.jsonl"] = contents["results.jsonl"].replace(b'"score":', b'"score": ', 1)
    with zipfile.ZipFile(path, "w") as file:
        for name, content in contents.items():
            file.writestr(name, content)
    with pytest.raises(UsageError, match=r"is damaged: results\.jsonl is not what was written"):
        import_artifact(store, path)
    assert len(store.runs()) == 1
