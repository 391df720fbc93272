from __future__ import annotations

import datetime
import decimal
import json
import sys
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from lattice.core.errors import InvalidEvaluation, Problem
from lattice.core.evaluation import InputSource
from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.inputs import read_inputs


def read(path: Path, content: bytes | str | None = None, **settings: Any) -> list[Input]:
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_inputs(InputSource(path=path.name, **settings), path.parent))


def problem(path: Path, content: bytes | str) -> Problem:
    with pytest.raises(InvalidEvaluation) as caught:
        read(path, content)
    (found,) = caught.value.problems
    return found


@pytest.fixture
def jsonl(tmp_path: Path) -> Path:
    return tmp_path / "inputs.jsonl"


@pytest.fixture
def csv(tmp_path: Path) -> Path:
    return tmp_path / "inputs.csv"


@pytest.fixture
def yaml(tmp_path: Path) -> Path:
    return tmp_path / "inputs.yaml"


@pytest.fixture
def document(tmp_path: Path) -> Path:
    return tmp_path / "inputs.json"


def test_json_lines_with_marks_blank_lines_and_both_line_ends(jsonl: Path) -> None:
    found = read(jsonl, b'\xef\xbb\xbf{"input": "a"}\r\n\r\n  \n"b \xe2\x80\xa8 c"\n{"input": "d"}')
    assert [(item.position, item.input) for item in found] == [(1, "a"), (2, "b \u2028 c"), (3, "d")]


def test_numbers_keep_the_text_they_were_written_as(jsonl: Path, yaml: Path, document: Path) -> None:
    row = '{"input": "q", "reference": 1.10, "id": 123456789012345678901234567890, "cluster": 1e3}'
    for found in (
        read(jsonl, row),
        read(document, f"[{row}]"),
        read(yaml, "- input: q\n  reference: 1.10\n  id: 123456789012345678901234567890\n  cluster: 1e3\n"),
    ):
        assert (found[0].reference, found[0].id) == ("1.10", "123456789012345678901234567890")
        assert found[0].cluster == "1e3"


def test_numbers_within_a_field_keep_their_text(jsonl: Path) -> None:
    found = read(jsonl, '{"input": "q", "a": {"value": 2.50}}', fields={"reference": "a.value"})
    assert found[0].reference == "2.50"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"input": "q"', "not valid JSON: "),
        (b'{"input": NaN}', "not valid JSON: "),
        (b'{"input": "\\ud800"}', "not valid JSON: "),
        (b'{"input": "\xff"}', "not UTF-8: byte 0xff"),
        (b"[1]", "expected a mapping or a text, got a list"),
    ],
)
def test_a_line_that_is_no_row_is_told_with_its_number(jsonl: Path, line: bytes, words: str) -> None:
    found = problem(jsonl, b'{"input": "a"}\n\n' + line + b"\n")
    assert (found.file, found.line) == (str(jsonl), 3)
    assert words in found.message


def test_a_json_document_named_as_lines_is_recognised(jsonl: Path) -> None:
    jsonl.write_text(json.dumps([{"input": "a"}], indent=1))
    with pytest.raises(InvalidEvaluation) as caught:
        read(jsonl)
    assert "name a file with one JSON document .json" in (caught.value.problems[0].hint or "")


@pytest.mark.parametrize("key", [None, "data", "inputs", "items", "examples", "rows"])
def test_a_json_document_is_a_list_or_holds_one(document: Path, key: str | None) -> None:
    rows = ["a", {"input": "b"}]
    found = read(document, json.dumps(rows if key is None else {"version": 1, key: rows}))
    assert [item.input for item in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ('{"name": "x"}', "expected a list of inputs, or a mapping with the list under one of data, inputs", None),
        ('{"data": [], "items": []}', "lists under both 'data' and 'items'", None),
        ("5", "got a single value", None),
        ('[{"input": "a"},\n {"input" "b"}]', "not valid JSON: ", 2),
        ("", "not valid JSON: ", 1),
        ('{"input": "a"}\n{"input": "b"}\n', "not valid JSON: ", 2),
    ],
)
def test_a_json_document_without_a_list(document: Path, text: str, words: str, line: int | None) -> None:
    found = problem(document, text)
    assert words in found.message
    assert found.line == line
    assert (found.key == "inputs.path") == (line is None)


def test_a_row_of_a_json_document_is_told_by_its_number(document: Path) -> None:
    found = problem(document, '["a", {"input": ""}]')
    assert (found.file, found.line, found.key) == (str(document), None, "row 2")


def test_a_table_with_metadata_columns_and_json_in_cells(csv: Path) -> None:
    conversation = '"[{""role"": ""user"", ""content"": ""Hi""}]"'
    found = read(
        csv,
        "\ufeffid,question,answer,contexts,metadata.lang,metadata,extra\r\n"
        'q1,"What, is\nit?",007,"[""a"", ""b""]",en,"{""x"": 1}",\r\n'
        "\r\n"
        f",{conversation},,plain [text],,,z\r\n",
    )
    assert found == [
        Input(
            position=1,
            id="q1",
            input="What, is\nit?",
            reference="007",
            context=("a", "b"),
            metadata={"lang": "en", "extra": "", "x": 1},
        ),
        Input(
            position=2,
            id="2",
            input=(Message(role="user", content="Hi"),),
            context=("plain [text]",),
            metadata={"lang": "", "extra": "z"},
        ),
    ]


@pytest.mark.parametrize("cell", ["[1] says so", '"[""a"", ""b""]"', "[]", "[ 1 ]"])
def test_a_cell_that_only_looks_like_messages_is_a_text(csv: Path, cell: str) -> None:
    text = cell.strip('"').replace('""', '"')
    assert read(csv, f"input\n{cell}\n")[0].input == text


@pytest.mark.parametrize("mark", [";", "\t"])
def test_a_table_may_be_separated_otherwise(csv: Path, mark: str) -> None:
    (found,) = read(csv, f"question{mark}answer\na, b{mark}c\n")
    assert (found.input, found.reference) == ("a, b", "c")


def test_a_cell_may_be_large(csv: Path) -> None:
    assert read(csv, "input\n" + "x" * 1_000_000 + "\n")[0].input == "x" * 1_000_000


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("input,answer\na,b\nc\n", 3, "1 cells, but the header names 2"),
        ('input,answer\n"a\nb",c\nd,e,f\n', 4, "3 cells, but the header names 2"),
        ("input,input\na,b\n", 1, "two columns are called 'input'"),
        ("input,\na,\nb,c\n", 3, "a cell in a column without a name"),
        ('input\na\n"b\n', 3, "not valid CSV"),
        ('input\na\n\n"b" c\n', 4, "not valid CSV"),
        ("input,metadata\na,[1\n", 2, "the metadata must be a mapping"),
        ("text\na\n", 2, "no input: expected one of"),
        ("input\na\n\n ,\n", 4, "2 cells"),
        (b"input\na\nb\xe9\n", 3, "not UTF-8: byte 0xe9"),
        ("input\na\n".encode("utf-16"), None, "UTF-16"),
    ],
)
def test_a_table_that_is_none_is_told_with_its_line(csv: Path, text: str | bytes, line: int | None, words: str) -> None:
    found = problem(csv, text)
    assert words in found.message
    assert found.line == line


def test_yaml_rows_are_texts_where_people_mean_texts(yaml: Path) -> None:
    found = read(yaml, "- no\n- question: Is it open?\n  answer: yes\n  id: 007\n  when: 2024-01-01\n")
    assert found == [
        Input(position=1, id="1", input="no"),
        Input(position=2, id="007", input="Is it open?", reference="yes", metadata={"when": "2024-01-01"}),
    ]


def test_yaml_may_hold_its_list_under_a_key(yaml: Path) -> None:
    assert [item.input for item in read(yaml, "items:\n- a\n- input: b\n")] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- a\n- input: 5\n", 2, "the input must be a text"),
        ("- a\n- input: {{ b }}\n", 2, "a key must be a text"),
        ("- a\n- {input: b, input: c}\n", 2, "the key 'input' stands here twice"),
        ("- a\n- input: !!binary aGk=\n", 2, "could not determine a constructor"),
        ("- a\n- [b\n", 3, "not valid YAML"),
        ("name: x\n", None, "got a mapping with name"),
        ("text", None, "got a single value"),
        ("- a\n- &x [*x]\n", 2, "not usable YAML"),
        ("- \x07\n", 1, "cannot stand in YAML"),
        ("data: []\nitems: []\n", None, "lists under both 'data' and 'items'"),
        ("data: []\n", None, "there are no inputs in it"),
    ],
)
def test_yaml_that_holds_no_inputs_is_told_with_its_line(yaml: Path, text: str, line: int | None, words: str) -> None:
    found = problem(yaml, text)
    assert words in found.message
    assert found.line == line


def test_parquet_is_read_with_its_types_as_json_has_them(tmp_path: Path) -> None:
    path = tmp_path / "inputs.parquet"
    pyarrow.parquet.write_table(
        pyarrow.table(
            {
                "id": [1, 2],
                "input": [[{"role": "user", "content": "Hi"}], [{"role": "user", "content": "Ho"}]],
                "answer": [1.5, None],
                "contexts": [["a"], None],
                "day": [datetime.date(2024, 1, 2), None],
                "price": [decimal.Decimal("1.10"), None],
                "weight": [float("nan"), 2.0],
                "raw": [b"x", None],
                "__index_level_0__": [0, 1],
            }
        ),
        path,
    )
    first, second = read(path)
    assert first == Input(
        position=1,
        id="1",
        input=(Message(role="user", content="Hi"),),
        reference="1.5",
        context=("a",),
        metadata={"day": "2024-01-02", "price": "1.10", "weight": None, "raw": "x"},
    )
    assert (second.id, second.reference, second.metadata["weight"]) == ("2", None, 2.0)


def test_a_row_of_a_parquet_file_is_told_by_its_number(tmp_path: Path) -> None:
    path = tmp_path / "inputs.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"input": ["a", ""]}), path)
    with pytest.raises(InvalidEvaluation, match="row 2: the input is empty"):
        read(path)


def test_what_is_no_parquet_file_is_said_to_be_none(tmp_path: Path) -> None:
    assert "not a Parquet file" in problem(tmp_path / "inputs.parquet", "x").message


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    found = problem(tmp_path / "inputs.parquet", "x")
    assert "need the extra 'parquet'" in found.message
    assert found.hint == "pip install 'lattice-evals[parquet]'"
