"""JSON lines, and what they say of a result."""

from __future__ import annotations

import json

from hypothesis import given
from tests.reporting.exports.sources import HARD_TEXT, as_utf8, source, written
from tests.reporting.run_records import result

from lattice.core.inputs import Input
from lattice.core.models import ToolCall
from lattice.core.trials import Response


def test_each_line_is_what_the_json_document_says_of_the_result() -> None:
    rows = [result(1), result(2, None)]
    lines = written("jsonl", source(rows)).split(b"\n")
    assert lines.pop() == b""
    document = json.loads(written("json", source(rows)))
    assert [json.loads(line) for line in lines] == document["results"]


@given(HARD_TEXT, HARD_TEXT, HARD_TEXT)
def test_the_stored_texts_come_back(asked: str, answered: str, reasoned: str) -> None:
    row = result(
        1,
        input=Input(position=1, id="q1", input=asked, metadata={"note": asked}, context=(answered,)),
        response=Response(text=answered, latency=1.0),
        reasoning=reasoned,
        raw=reasoned,
    )
    content = written("jsonl", source([row]))
    assert content.count(b"\n") == 1
    found = json.loads(content)
    assert (found["input"], found["metadata"]["note"], found["context"]) == (
        as_utf8(asked),
        as_utf8(asked),
        [as_utf8(answered)],
    )
    assert (found["response"], found["reasoning"]) == (as_utf8(answered), as_utf8(reasoned))
    assert found["judge_answer"] == (as_utf8(reasoned) or None)


def test_what_the_target_called_and_found_is_there() -> None:
    call = ToolCall(name="search", arguments='{"q": "post"}')
    response = Response(text="By post.", latency=1.0, tool_calls=(call,), context=("Chapter 1",), model="m-1")
    (found,) = map(json.loads, written("jsonl", source([result(1, response=response)])).splitlines())
    assert found["tool_calls"] == [{"name": "search", "arguments": '{"q": "post"}'}]
    assert (found["retrieved"], found["model"]) == (["Chapter 1"], "m-1")
    (silent,) = map(json.loads, written("jsonl", source([result(1, None)])).splitlines())
    assert (silent["tool_calls"], silent["retrieved"], silent["response"]) == ([], None, None)


def test_without_results_there_is_nothing() -> None:
    assert written("jsonl", source()) == b""
