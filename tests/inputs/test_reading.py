from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import InvalidEvaluation, Problem
from lattice.core.evaluation import InputSource
from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.inputs import read_inputs


def items(*rows: Any, **settings: Any) -> list[Input]:
    return list(read_inputs(InputSource(items=rows, **settings), Path()))


def read(path: Path, **settings: Any) -> list[Input]:
    return list(read_inputs(InputSource(path=path.name, **settings), path.parent))


def lines(folder: Path, rows: Iterable[Any], name: str = "inputs.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def problems(source: InputSource, base: Path = Path()) -> tuple[Problem, ...]:
    with pytest.raises(InvalidEvaluation) as caught:
        list(read_inputs(source, base))
    return caught.value.problems


def item_problem(*rows: Any, **settings: Any) -> Problem:
    (problem,) = problems(InputSource.model_validate({"items": rows, **settings}))
    return problem


def file_problem(path: Path, **settings: Any) -> Problem:
    (problem,) = problems(InputSource(path=path.name, **settings), path.parent)
    return problem


def test_a_plain_text_is_an_input_and_its_place_its_id() -> None:
    assert items("a", "b") == [Input(position=1, id="1", input="a"), Input(position=2, id="2", input="b")]


def test_every_field_has_its_place() -> None:
    row = {
        "id": 7,
        "input": "q",
        "reference": "r",
        "context": ["c1", "c2"],
        "metadata": {"lang": "en"},
        "cluster": 3,
        "difficulty": "hard",
    }
    assert items(row) == [
        Input(
            position=1,
            id="7",
            input="q",
            reference="r",
            context=("c1", "c2"),
            metadata={"difficulty": "hard", "lang": "en"},
            cluster="3",
        )
    ]


@pytest.mark.parametrize("name", ["input", "question", "query", "prompt"])
def test_the_input_is_found_by_its_common_names(name: str) -> None:
    assert items({name: "q"})[0].input == "q"


@pytest.mark.parametrize("name", ["reference", "answer", "expected", "expected_output", "ideal", "ground_truth"])
def test_the_reference_is_found_by_its_common_names(name: str) -> None:
    assert items({"input": "q", name: "r"})[0].reference == "r"


@pytest.mark.parametrize("name", ["context", "contexts", "retrieval_context"])
def test_the_context_is_found_by_its_common_names(name: str) -> None:
    assert items({"input": "q", name: "c"})[0].context == ("c",)


def test_two_names_for_one_thing_are_refused_once_for_all_rows() -> None:
    problem = item_problem(*[{"question": "q", "prompt": "p"}] * 15)
    assert problem.message == "both 'question' and 'prompt' may be the input"
    assert problem.hint == "say which one with inputs.fields.input"
    assert problem.key == "inputs.items.0"


def test_a_named_field_wins_and_the_others_are_metadata() -> None:
    (found,) = items({"question": "q", "prompt": "p", "answer": "a", "gold": "g"},
                     fields={"input": "prompt", "reference": "gold"})  # fmt: skip
    assert (found.input, found.reference) == ("p", "g")
    assert found.metadata == {"question": "q", "answer": "a"}


def test_a_field_may_lie_within_another_and_is_then_no_metadata() -> None:
    row = {"data": {"q": "question", "a": {"text": 5}, "topic": "t"}, "x": 1}
    (found,) = items(row, fields={"input": "data.q", "reference": "data.a.text"})
    assert (found.input, found.reference) == ("question", "5")
    assert found.metadata == {"data": {"a": {}, "topic": "t"}, "x": 1}
    assert row["data"] == {"q": "question", "a": {"text": 5}, "topic": "t"}


def test_a_name_with_a_dot_is_first_of_all_a_name() -> None:
    assert items({"data.q": "x"}, fields={"input": "data.q"})[0].input == "x"


def test_a_named_field_that_is_not_there_is_answered_with_the_nearest() -> None:
    problem = item_problem({"question": "q"}, {"question": "q"}, fields={"input": "qestion"})
    assert problem.message == "no field 'qestion' for the input; this row has question"
    assert problem.hint == "did you mean question?"


def test_a_named_field_that_no_row_has_is_told_at_the_end() -> None:
    problem = item_problem({"input": "q"}, {"input": "p"}, fields={"reference": "gold"})
    assert (problem.message, problem.key) == ("no row has a field 'gold'", "inputs.fields.reference")
    found = items({"input": "q"}, {"input": "p", "gold": "r"}, fields={"reference": "gold"})
    assert [item.reference for item in found] == [None, "r"]


def test_a_conversation_is_an_input() -> None:
    messages = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]
    assert items({"input": messages})[0].input == (
        Message(role="system", content=""),
        Message(role="user", content="Hi"),
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(42, "42"), (1.5, "1.5"), (True, "true"), (["a", 1], '["a",1]'), ({"a": 1}, '{"a":1}'), (10**30, "1" + "0" * 30)],
)
def test_a_reference_that_is_no_text_becomes_one(value: Any, text: str) -> None:
    assert items({"input": "q", "reference": value})[0].reference == text


def test_nothing_and_empty_texts_count_as_absent() -> None:
    row = {"id": "", "input": "q", "reference": "", "context": "", "metadata": None, "cluster": None}
    assert items(row) == [Input(position=1, id="1", input="q")]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"input": None}, "the input is missing"),
        ({"input": "  \n"}, "the input is empty"),
        ({"input": []}, "the input is empty"),
        ({"input": 42}, "the input must be a text or a list of chat messages, got the number 42"),
        ({"input": {"text": "q"}}, "the input must be a text or a list of chat messages, got a mapping"),
        ({"input": ["q"]}, "message 1 of the input must be a mapping with role and content, got a text"),
        ({"input": [{"role": "user"}]},
         "message 1 of the input must be a mapping with role and content, got a mapping"),
        ({"input": [{"role": "bot", "content": "q"}]},
         "message 1 of the input has the role 'bot'; expected system, user or assistant"),
        ({"input": [{"role": "user", "content": ["q"]}]}, "the content of message 1 must be a text, got a list"),
        ({"input": [{"role": "user", "content": " "}]}, "the input is empty: no message has any content"),
        ({"input": "q", "id": True}, "the id must be a text or a number, got true"),
        ({"input": "q", "id": ["x"]}, "the id must be a text or a number, got a list"),
        ({"input": "q", "context": 5}, "the context must be a text or a list of texts, got the number 5"),
        ({"input": "q", "context": ["a", 5]}, "the context must be a text or a list of texts, got a list"),
        ({"input": "q", "metadata": "x"}, "the metadata must be a mapping, got a text"),
        ({"text": "q"}, "no input: expected one of input, question, query, prompt; this row has text"),
        ({}, "no input: expected one of input, question, query, prompt; this row is empty"),
        ({5: "q"}, "the names of fields must be texts"),
        (42, "expected a mapping or a text, got the number 42"),
        (None, "expected a mapping or a text, got nothing"),
        (["q"], "expected a mapping or a text, got a list"),
        (" ", "the input is empty"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_input_is_told_with_its_place(row: Any, message: str) -> None:
    problem = item_problem("fine", row)
    assert (problem.message, problem.key, problem.file) == (message, "inputs.items.1", None)


def test_nothing_follows_the_first_bad_row() -> None:
    given = read_inputs(InputSource(items=("a", "", "c")), Path())
    assert next(given).input == "a"
    with pytest.raises(InvalidEvaluation, match="the input is empty"):
        next(given)


def test_up_to_twenty_bad_rows_are_told_at_once(tmp_path: Path) -> None:
    path = lines(tmp_path, [{"input": number} for number in range(20)])
    assert [problem.line for problem in problems(InputSource(path=path.name), tmp_path)] == list(range(1, 21))
    path = lines(tmp_path, [{"input": number} for number in range(1000)])
    found = problems(InputSource(path=path.name), tmp_path)
    assert len(found) == 21
    assert found[-1].message == "and more; reading stopped here"


def test_a_limit_stops_reading(tmp_path: Path) -> None:
    path = tmp_path / "inputs.jsonl"
    path.write_text('"a"\n"b"\nno json\n')
    assert [item.input for item in read(path, limit=2)] == ["a", "b"]


@pytest.mark.parametrize("name", ["gone.jsonl", "inputs.jsnl"])
def test_a_missing_file_is_named_at_its_key(tmp_path: Path, name: str) -> None:
    lines(tmp_path, ["a"])
    problem = file_problem(tmp_path / name)
    assert (problem.file, problem.key) == (None, "inputs.path")
    assert problem.message == f"{tmp_path / name}: no such file"
    assert (problem.hint is not None) == (name == "inputs.jsnl")


def test_an_unknown_format_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "inputs.xlsx").write_bytes(b"x")
    problem = file_problem(tmp_path / "inputs.xlsx")
    assert "inputs cannot be read from .xlsx files" in problem.message
    assert ".jsonl" in (problem.hint or "")


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.yaml"])
@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_file_is_said_to_be_empty(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    problem = file_problem(tmp_path / name)
    assert problem.message == f"{tmp_path / name}: there are no inputs in it"


def test_no_items_are_no_inputs() -> None:
    assert item_problem().message == "there are no inputs in it"


def test_a_sample_is_seeded_and_keeps_the_places(tmp_path: Path) -> None:
    path = lines(tmp_path, [f"question {number}" for number in range(1, 201)])
    drawn = read(path, sample={"size": 20, "seed": 7})
    assert drawn == read(path, sample={"size": 20, "seed": 7})
    assert drawn != read(path, sample={"size": 20, "seed": 8})
    assert [item.input for item in drawn] == [f"question {item.position}" for item in drawn]
    assert [item.position for item in drawn] == sorted({item.position for item in drawn})
    assert len(drawn) == 20


def test_a_bad_row_is_told_whether_it_was_drawn_or_not(tmp_path: Path) -> None:
    path = lines(tmp_path, [*["q"] * 500, ""])
    assert file_problem(path, sample={"size": 1}).line == 501


@given(count=st.integers(1, 60), size=st.integers(1, 80), seed=st.integers(0, 99))
def test_a_sample_holds_as_many_as_asked_for_or_all(count: int, size: int, seed: int) -> None:
    drawn = items(*["q"] * count, sample={"size": size, "seed": seed})
    positions = [item.position for item in drawn]
    assert len(positions) == len(set(positions)) == min(count, size)
    assert positions == sorted(positions)


def test_every_place_is_drawn_equally_often() -> None:
    counts = [0] * 10
    for seed in range(2000):
        for item in items(*["q"] * 10, sample={"size": 3, "seed": seed}):
            counts[item.position - 1] += 1
    # 600 expected each, with a deviation of 20.5.
    assert all(520 < count < 680 for count in counts)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(["id", "input", "question", "reference", "context", "metadata", "cluster", "x.y", "z"])


@given(st.lists(st.dictionaries(_NAMES, _VALUES, max_size=5) | _VALUES, max_size=4))
def test_any_rows_are_inputs_or_problems(rows: list[Any]) -> None:
    try:
        found = items(*rows, fields={"metadata": "z"})
    except InvalidEvaluation as refused:
        assert refused.problems != ()  # noqa: PT017 - either outcome is right
    else:
        assert all(item.text.strip() for item in found)
