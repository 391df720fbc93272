"""JUnit XML as CI systems read it."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from tests.reporting.exports.junit_schema import parsed
from tests.reporting.exports.sources import HARD_TEXT, source, written
from tests.reporting.run_records import evaluation, result, run

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.core.trials import Failure, Metric, Response, Step, TrialKey
from lattice.reporting.exports import ExportSource

PASSING: dict[str, Any] = {"pass": ">= 4"}


def gate(condition: str, verdict: str, value: float | None = 0.7386, reason: str = "0.7386 is not above 0.8") -> Any:
    return {"condition": condition, "verdict": verdict, "value": value, "reason": reason}


def suites(of: ExportSource, name: str = "junit") -> list[Element]:
    return list(parsed(written(name, of)))


def outcomes(suite: Element) -> list[tuple[str | None, str]]:
    """Test cases as (name, outcome)."""
    return [(case.get("name"), case[0].tag if len(case) else "passed") for case in suite.findall("testcase")]


def ended(status: RunStatus, **changes: Any) -> RunRecord:
    return run(status, config=evaluation().model_dump(mode="json", by_alias=True), **changes)


def test_gates_are_test_cases_behind_the_run_itself() -> None:
    gates = [
        gate("mean > 0.70", "pass"),
        gate("mean > 0.80", "fail"),
        gate("ci_lower > 0.75", "inconclusive", reason="the interval has 0.75 inside"),
        gate("cost_usd < 1", "not_evaluated", None, "no price is known"),
    ]
    (suite,) = suites(source(gates=gates))
    assert outcomes(suite) == [
        ("run", "passed"),
        ("mean > 0.70", "passed"),
        ("mean > 0.80", "failure"),
        ("ci_lower > 0.75", "error"),
        ("cost_usd < 1", "skipped"),
    ]
    failure = suite.findall("testcase")[2][0]
    assert (failure.get("type"), failure.get("message")) == ("fail", "0.7386 is not above 0.8")
    assert failure.text == "mean > 0.80: fail\n0.7386 is not above 0.8\nvalue: 0.7386"
    assert suite.findall("testcase")[2].get("classname") == "rag-pipeline-quality-assessment.gates"


def test_properties_hold_the_numbers_under_the_names_that_gates_have_for_them() -> None:
    config = evaluation().model_dump(mode="json", by_alias=True)
    (suite,) = suites(source(record=run(config=config, tags={"commit": "3f2a1c"})))
    found = {each.get("name"): each.get("value") for each in suite.iter("property")}
    assert found["run"] == "rag-pipeline-quality-assessment#3"
    assert found["tag.commit"] == "3f2a1c"
    assert found["Production RAG Stack/score.mean"] == "0.738579"
    assert found["Production RAG Stack/score.n"] == "197 of 200"
    assert found["progress"] == "200 / 200 (100%)"


@pytest.mark.parametrize(
    ("record", "type", "said"),
    [
        (ended(RunStatus.CANCELLED, done=89), "cancelled", "89 / 200"),
        (ended(RunStatus.CANCELLED, done=89, stopped="budget"), "budget", "budget"),
        (ended(RunStatus.FAILED, done=2, failure={"kind": "auth", "message": "wrong key"}), "auth", "wrong key"),
        (ended(RunStatus.RUNNING, done=47, interrupted=True), "interrupted", "its process is gone"),
        (ended(RunStatus.RUNNING, done=47), "running", "47 / 200"),
        (
            ended(RunStatus.COMPLETED, progress=Progress(total=200, done=200, successful=0, failed=200)),
            "unscored",
            "None of 200",
        ),
    ],
)
def test_a_run_without_a_proper_end_is_in_error_even_without_gates(record: RunRecord, type: str, said: str) -> None:
    (suite,) = suites(source(record=record))
    ((case,),) = suite.findall("testcase")
    assert (case.tag, case.get("type")) == ("error", type)
    assert said in (case.get("message") or "")


def test_a_run_that_ended_once_its_gates_were_decided_passed() -> None:
    (suite,) = suites(source(record=ended(RunStatus.COMPLETED, done=120, stopped="decided")))
    assert outcomes(suite) == [("run", "passed")]


def test_inputs_are_test_cases_if_asked() -> None:
    rows = [result(1, 5), result(2, 2), result(3, None)]
    gates, inputs = suites(source(rows, **PASSING), "junit-inputs")
    assert gates.get("name") == "RAG Pipeline Quality Assessment (gates)"
    assert inputs.get("name") == "RAG Pipeline Quality Assessment (inputs)"
    assert outcomes(inputs) == [("#1 q1", "passed"), ("#2 q2", "failure"), ("#3 q3", "error")]
    _, low, failed = inputs.findall("testcase")
    assert (low.get("classname"), low.get("time")) == (
        "rag-pipeline-quality-assessment.Production RAG Stack",
        "2.000",
    )
    assert low[0].get("message") == "score is 2, wanted >= 4"
    assert low[0].text == (
        "Input:\nHow do I return it?\n\nReference:\nBy post.\n\nResponse:\nSend it back.\n\nReasoning:\nMostly right."
    )
    assert (failed[0].get("type"), failed[0].get("message")) == ("timeout", "Timeout after 60s")


def test_a_score_fails_nothing_where_nothing_says_what_passes() -> None:
    _, inputs = suites(source([result(1, 1)]), "junit-inputs")
    assert outcomes(inputs) == [("#1 q1", "passed")]


def test_a_check_that_is_missed_fails_its_input() -> None:
    config = evaluation().model_dump(mode="json", by_alias=True)
    config["checks"] = [{"name": "cites", "regex": r"\[\d+\]"}, {"name": "close", "similarity": True}]
    metrics = {"score": Metric(score=1.0, native=5.0), "cites": Metric(score=0.0), "close": Metric(score=0.1)}
    of = source([result(1, metrics=metrics), result(2)], record=run(config=config))
    _, inputs = suites(of, "junit-inputs")
    assert outcomes(inputs) == [("#1 q1", "failure"), ("#2 q2", "passed")]
    assert inputs.findall("testcase")[0][0].get("message") == "cites: not passed"


def test_repeats_and_targets_have_test_cases_of_their_own() -> None:
    config = evaluation(repeats=2).model_dump(mode="json", by_alias=True)
    rows = [result(1, key=TrialKey(1, 0, repeat), target="gpt-4.1 mini") for repeat in (0, 1)]
    _, inputs = suites(source(rows, record=run(config=config)), "junit-inputs")
    found = [(case.get("name"), case.get("classname")) for case in inputs.findall("testcase")]
    of = "rag-pipeline-quality-assessment.gpt-4_1 mini"
    assert found == [("#1 q1 (1)", of), ("#1 q1 (2)", of)]


def test_an_input_whose_id_is_its_place_is_named_once() -> None:
    _, inputs = suites(source([result(7, input=Input(position=7, id="7", input="a"))]), "junit-inputs")
    assert outcomes(inputs) == [("#7", "passed")]


def test_a_long_text_is_cut_with_the_number_of_characters_that_are_left() -> None:
    response = Response(text="x" * 5_000, latency=1.0)
    _, inputs = suites(source([result(1, 1, response=response)], **PASSING), "junit-inputs")
    text = inputs.findall("testcase")[0][0].text or ""
    assert "x" * 2_000 + "… (3,000 more characters)" in text


@given(HARD_TEXT, HARD_TEXT, HARD_TEXT)
def test_any_text_gives_valid_xml(one: str, other: str, third: str) -> None:
    failure = Failure(step=Step.TARGET, kind=ErrorKind.SERVER_ERROR, message=third)
    rows = [
        result(1, 1, input=Input(position=1, id=one, input=other), reasoning=third, target=other),
        result(2, None, failure=failure, input=Input(position=2, id=other, input=third)),
    ]
    config = evaluation(**PASSING).model_dump(mode="json", by_alias=True)
    failed = {"kind": one, "message": other, "hint": third}
    record = run(RunStatus.FAILED, failure=failed, tags={one: other}, evaluation_name=one, config=config)
    gates = [gate(one, "fail", reason=other), gate(other, "not_evaluated", None, third)]
    _, inputs = suites(source(rows, record=record, gates=gates, **PASSING), "junit-inputs")
    assert [tag for _, tag in outcomes(inputs)] == ["failure", "error"]


def test_what_xml_cannot_hold_is_seen() -> None:
    reasoning = "a\x00b\x1bc\ud800d\ufffee\x85f\tg\r\nh"
    _, inputs = suites(source([result(1, 1, reasoning=reasoning)], **PASSING), "junit-inputs")
    text = inputs.findall("testcase")[0][0].text or ""
    assert text.endswith("Reasoning:\na␀b␛c�d�e\x85f\tg\r\nh")
