"""Files of other tools, broken ones included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.importers.examples import INSPECT, OPENAI, inspect_log, openai_objects, written_json, written_lines

from lattice.importers import ImportProblem, Source, documents, read_import
from lattice.importers.documents import read_documents


def message(path: Path, source: Source | None = None) -> str:
    with pytest.raises(ImportProblem) as caught:
        read_import(path, source)
    return str(caught.value)


def test_a_truncated_file_is_told_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text(INSPECT.read_text(encoding="utf-8")[:5000], encoding="utf-8")
    said = message(path)
    assert said.startswith(f"{path}: not valid JSON: ")
    assert " at line " in said


def test_a_truncated_line_is_told_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text(OPENAI.read_text(encoding="utf-8")[:-40], encoding="utf-8")
    assert message(path).startswith(f"{path}:11: not valid JSON: ")


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text(" \n", encoding="utf-8")
    assert message(path) == f"{path}: the file is empty"


def test_a_missing_file_is_told_with_the_nearest(tmp_path: Path) -> None:
    written_json(tmp_path, {}, "export.json")
    assert message(tmp_path / "exprot.json") == (
        f"{tmp_path / 'exprot.json'}: no such file (did you mean {tmp_path / 'export.json'}?)"
    )


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    path = tmp_path / "picture.yaml"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    assert "not UTF-8" in message(path)


def test_what_cannot_be_told_is_said_with_what_was_expected(tmp_path: Path) -> None:
    said = message(written_json(tmp_path, {"rows": [], "title": "x"}))
    assert "cannot tell what this is: expected an export of OpenAI Evals" in said
    assert "it is a mapping with rows, title; where you know it better, say so with --as" in said


def test_an_evaluation_of_ours_needs_no_import(tmp_path: Path) -> None:
    said = message(written_json(tmp_path, {"name": "x", "targets": [], "inputs": {}}))
    assert "lattice validate FILE" in said


@pytest.mark.parametrize("source", list(Source))
def test_a_file_of_another_kind_than_it_is_said_to_be_is_told_by_what_it_lacks(tmp_path: Path, source: Source) -> None:
    path = written_json(tmp_path, [1, 2])
    assert message(path, source).startswith((f"{path}: expected", f"{path}: [0]: the files hold no eval"))
    assert message(written_json(tmp_path, {"a": 1}), source).startswith(str(tmp_path))


def test_a_missing_key_is_told_with_its_place(tmp_path: Path) -> None:
    objects = openai_objects()
    del objects[0]["testing_criteria"][2]["reference"]
    path = written_lines(tmp_path, objects)
    assert message(path) == f"{path}:1: testing_criteria[2].reference: missing"


def test_a_wrong_type_is_told_with_its_place(tmp_path: Path) -> None:
    log = inspect_log()
    log["samples"][3]["epoch"] = "often"
    path = written_json(tmp_path, log)
    assert message(path).startswith(f"{path}: samples[3].epoch: expected a valid integer")


def test_an_unknown_operation_is_told_with_those_there_are(tmp_path: Path) -> None:
    objects = openai_objects()
    objects[0]["testing_criteria"][0]["operation"] = "sounds_like"
    said = message(written_lines(tmp_path, objects))
    assert "testing_criteria[0].operation: expected 'eq', 'ne', 'like' or 'ilike'" in said


def test_too_large_a_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written_json(tmp_path, openai_objects())
    monkeypatch.setattr(documents, "LARGEST_JSON", 1000)
    assert "is more than can be imported at once" in message(path)


def test_large_rubbish_is_refused_before_it_is_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(b"x" * 3_000_000)
    monkeypatch.setattr(documents, "LARGEST_YAML", 2_000_000)
    assert message(path) == f"{path}: this is no JSON, and with 2 MB too large to be a configuration in YAML"


def test_nesting_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deep.json"
    path.write_text("[" * 100_000, encoding="utf-8")
    assert "nested too deeply" in message(path)


def test_aliases_that_stand_for_too_much_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path.write_text("\n".join(lines), encoding="utf-8")
    assert "stand for too much" in message(path)


def test_numbers_that_json_does_not_have_are_let_through(tmp_path: Path) -> None:
    path = tmp_path / "nan.json"
    path.write_text('{"value": NaN}', encoding="utf-8")
    assert str(read_documents(path)[0].data["value"]) == "nan"


def test_half_of_a_surrogate_pair_becomes_a_replacement_character(tmp_path: Path) -> None:
    path = tmp_path / "half.json"
    path.write_text(r'{"a": "x\ud800y"}', encoding="utf-8")
    assert read_documents(path)[0].data == {"a": "x\ufffdy"}


def test_a_page_of_the_api_a_list_and_lines_hold_the_same(tmp_path: Path) -> None:
    objects = openai_objects()
    page = {"object": "list", "data": objects, "has_more": False}
    found = [
        read_import(written_json(tmp_path, page, "page.json")),
        read_import(written_json(tmp_path, objects, "list.json")),
        read_import(written_lines(tmp_path, objects, "lines.jsonl")),
    ]
    assert found[0] == found[1] == found[2]


def test_a_folder_without_anything_to_import_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x", encoding="utf-8")
    assert "there is no file in it that could be imported" in message(tmp_path)


def test_an_export_may_be_spread_over_the_files_of_a_folder(tmp_path: Path) -> None:
    for number, each in enumerate(openai_objects()):
        (tmp_path / f"{number}.json").write_text(json.dumps(each), encoding="utf-8")
    [found] = read_import(tmp_path)
    assert [len(run.trials) for run in found.runs] == [4, 4]
