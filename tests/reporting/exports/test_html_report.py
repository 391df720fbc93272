"""The report: one page that holds everything, and from which nothing breaks out."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from tests.reporting.charts.subjects import example
from tests.reporting.exports.html_pages import Element, page_of
from tests.reporting.exports.sources import HARD_TEXT, source, written
from tests.reporting.run_records import evaluation, result, run

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.runs import Progress, RunStatus
from lattice.core.trials import Failure, Response, Step
from lattice.reporting.charts.distribution import distribution_chart
from lattice.reporting.charts.means import means_chart
from lattice.reporting.exports import ExportSource
from lattice.reporting.exports.html_results import MOST_RESULTS

GATES: list[dict[str, Any]] = [
    {"condition": "mean > 0.80", "verdict": "fail", "value": 0.7386, "reason": "0.7386 is not above 0.8"},
    {"condition": "cost_usd < 1", "verdict": "not_evaluated", "value": None, "reason": "no price is known"},
]
BREAKOUT = "</pre></td><script>alert(1)</script><img src=//x.example onerror=alert(2)>{{ 7*7 }}<!--"


def page(of: ExportSource) -> Element:
    return page_of(written("html", of).decode())


def section(of: Element, name: str) -> Element:
    return of.one("section", id=name)


def rows_of(table: Element) -> list[list[str]]:
    return [[cell.text for cell in row.children] for row in table.one("tbody").all("tr")]


def drawn(of: ExportSource) -> ExportSource:
    subject = example()
    return replace(of, charts=lambda: [means_chart(subject), distribution_chart(subject)])


def test_the_summary_says_what_one_looks_for_first() -> None:
    found = page(source(gates=GATES))
    assert found.one("h1").text == "RAG Pipeline Quality Assessment Completed"
    tiles = [[part.text for part in tile.children] for tile in found.one("ul").all("li")]
    assert tiles[:4] == [
        ["Mean Score", "0.74", "[0.70, 0.77], n = 197 of 200, 3.95 on its scale"],
        ["Successful", "197 / 200", "98.5%"],
        ["Failed", "3 / 200", "1.5%"],
        ["Duration", "8m 42s", "Progress: 200 / 200 (100%)"],
    ]
    facts = dict(zip((e.text for e in found.all("dt")), (e.text for e in found.all("dd")), strict=True))
    assert facts["Type"] == "Task-Specific"
    assert facts["Scoring"] == "LLM-as-Judge (Likert-5, Reference mode)"
    assert facts["Test Inputs"] == "200"


def test_its_numbers_are_those_of_the_document() -> None:
    of = source(targets=2, criteria=[{"name": "tone"}], passes=">= 4")
    metrics = section(page(of), "metrics").all("table")[0]
    for metric in of.document["metrics"]:
        row = metrics.one("tr", data_target=metric["target"], data_metric=metric["name"])
        values = {
            cell.attributes["data-key"]: cell.attributes["data-value"] for cell in row.all("td") if cell.attributes
        }
        expected = {key: metric[key] for key in ("n", "mean", "native_mean", "median", "std", "min", "max")}
        assert {key: float(values[key]) if values[key] else None for key in expected} == expected
        if metric["interval"]:
            assert float(values["interval"]) == metric["interval"]["lower"]
            assert row.children[-1].text == metric["interval"]["method"]


def test_gates_have_verdict_value_and_reason() -> None:
    gates = section(page(source(gates=GATES)), "gates")
    assert gates.one("h2").text == "Gates ✖ fail"
    assert rows_of(gates.one("table")) == [
        ["mean > 0.80", "✖ fail", "0.7386", "0.7386 is not above 0.8"],
        ["cost_usd < 1", "– not evaluated", "-", "no price is known"],
    ]
    assert page(source()).all("section", id="gates") == []


def test_charts_are_pictures_with_their_numbers_beneath() -> None:
    charts = section(page(drawn(source())), "charts")
    means, distribution = charts.all("figure")
    assert means.one("strong").text == "The mean score is 0.74 [0.70, 0.77]."
    assert means.one(role="img").attributes["aria-label"].startswith("The mean score is 0.74")
    assert [each.tag for each in means.one(role="img").children] == ["svg"]
    assert rows_of(distribution.one("table"))[0] == ["5 (1.00)", "67 (34%)"]
    assert section(page(source()), "charts").text == "Charts There is nothing to draw."


def test_a_picture_has_the_colours_of_the_page() -> None:
    text = written("html", drawn(source())).decode()
    [colour] = {found for found in re.findall(r'<path[^>]* fill="(#[0-9a-f]{6})"', text) if found == "#2860cd"}
    style = page_of(text).one("style").text
    assert f'.figure [fill="{colour}"] {{ fill: #5a91f5; }}' in style
    assert "font-family" not in text.partition("</style>")[2]


def test_errors_are_grouped_and_those_of_the_whole_run_are_counted() -> None:
    errors = section(page(source([result(1), result(42, None), result(87, None)])), "errors")
    assert rows_of(errors.one("table")) == [["timeout", "3", "1.5%"]]
    assert "Timeout after 60s 2 times" in errors.text
    assert "Inputs #42, #87" in errors.text


def test_results_are_shown_with_their_texts() -> None:
    results = section(page(source([result(1), result(2, None)])), "results")
    assert "All 2 results of the run." in results.text
    first, second = rows_of(results.one("table"))
    assert first == [
        "#1q1", "4 (0.75)", "How do I return it?Reference: By post.", "Send it back.", "Mostly right.",
        "1.25s", "$0.0012", "2",
    ]  # fmt: skip
    assert second[1:5] == ["failed", "How do I return it?Reference: By post.", "-", "Timeout after 60s (timeout)"]


def test_a_part_of_a_run_is_said_to_be_one() -> None:
    of = replace(source([result(1)]), partial=True)
    assert "All 1 results that the filter has picked." in section(page(of), "results").text


def test_of_many_results_some_are_shown_and_it_says_which() -> None:
    text = written("html", source(result(n) for n in range(1, MOST_RESULTS + 102))).decode()
    results = section(page_of(text), "results")
    assert "of the 2,101 results of the run: the 500 lowest scores and a random sample of 500 (seed 7)." in results.text
    assert len(results.one("tbody").all("tr")) <= 1_000


def test_the_configuration_can_be_read() -> None:
    rubric = "5: right & complete\n1: <wrong>"
    of = source(rubric=rubric, criteria=[{"name": "tone", "weight": 0.4, "description": "Is it kind?"}])
    config = evaluation(rubric=rubric, criteria=[{"name": "tone", "weight": 0.4, "description": "Is it kind?"}])
    of = replace(of, run=run(config=config.model_dump(mode="json", by_alias=True)))
    found = section(page(of), "configuration")
    assert rubric in ["".join(each.texts) for each in found.all("pre")]
    assert rows_of(found.one("table")) == [["tone", "0.4", "Is it kind?"]]
    whole = json.loads("".join(found.all("pre")[-1].texts))
    assert whole["name"] == "RAG Pipeline Quality Assessment"


def test_where_the_numbers_come_from_is_told() -> None:
    rows = [result(1, response=Response(text="x", latency=1.0, model="claude-3-5-sonnet-20241022"))]
    origin = section(page(source(rows, record=run(tags={"commit": "3f2a1c"}))), "origin")
    facts = dict(zip((e.text for e in origin.all("dt")), (e.text for e in origin.all("dd")), strict=True))
    assert facts["Id"] == "0123456789abcdef"
    assert facts["Configuration"] == "version 1, c"
    assert facts["Inputs"] == "200, i"
    assert facts["Answered for Production RAG Stack"] == "claude-3-5-sonnet-20241022"
    assert facts["Report by"].startswith("Lattice ")


def test_a_run_that_did_not_go_to_its_end_says_why() -> None:
    failure = {"kind": "auth", "message": "401: invalid key", "hint": "set OPENAI_API_KEY"}
    record = run(RunStatus.FAILED, done=20, failed=10, failure=failure)
    notices = [each.text for each in page(source(record=record)).all("p", **{"class": "notice"})]
    assert notices == [
        "Reason: 401: invalid key",
        "To mend it: set OPENAI_API_KEY",
        "50.0% of the inputs failed (5% or more): the numbers may not stand for all inputs.",
    ]
    interrupted = page(source(record=run(RunStatus.RUNNING, done=20, interrupted=True)))
    assert "Failed (interrupted)" in interrupted.one("h1").text


def test_a_run_without_anything_has_a_report() -> None:
    record = run(RunStatus.PENDING, started_at=None, elapsed=0.0, progress=Progress(total=200))
    assert "Pending" in page(source(record=record)).one("h1").text


def hostile_rows(text: str) -> list[Any]:
    failure = Failure(step=Step.JUDGE, kind=ErrorKind.JUDGE_PARSE, message=text)
    given_input = Input(position=1, id=text, input=text, reference=text)
    return [
        result(1, input=given_input, response=Response(text=text, latency=1.0, model=text), reasoning=text),
        result(2, None, failure=failure),
    ]


def test_nothing_breaks_out_of_the_page() -> None:
    config = evaluation(rubric=BREAKOUT).model_dump(mode="json", by_alias=True)
    config["name"], config["description"], config["targets"][0]["prompt"] = BREAKOUT, BREAKOUT, BREAKOUT + "{{ input }}"
    gates = [{"condition": BREAKOUT, "verdict": "fail", "value": 1.0, "reason": BREAKOUT}]
    record = run(config=config, evaluation_name=BREAKOUT, tags={BREAKOUT: BREAKOUT})
    found = page(source(hostile_rows(BREAKOUT), record=record, gates=gates))
    assert len(found.all("script")) == len(found.all("style")) == 1
    assert found.all("img") == []
    assert found.text.count("{{ 7*7 }}") > 8
    assert not any(
        name.startswith("on") or name in ("src", "style") for each in found.all() for name in each.attributes
    )


@settings(max_examples=60, deadline=None)
@given(HARD_TEXT)
def test_whatever_a_model_writes_stays_text(text: str) -> None:
    plain, hard = (page(source(hostile_rows(each))) for each in ("x", text))
    kinds = {"script", "style", "meta", "h1", "section", "table", "link", "img", "iframe", "form"}
    assert [e.tag for e in hard.all() if e.tag in kinds] == [e.tag for e in plain.all() if e.tag in kinds]


def test_control_characters_are_seen_and_reach_no_terminal_that_prints_the_file() -> None:
    written_page = written("html", source(hostile_rows("a\x1b]0;title\x07\x00b\tc\r\n"))).decode()
    assert "a␛]0;title␇␀b\tc" in written_page
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", written_page)


def test_its_policy_lets_nothing_in_from_anywhere() -> None:
    found = page(drawn(source(hostile_rows(BREAKOUT))))
    policy = found.one("meta", http_equiv="Content-Security-Policy").attributes["content"]
    digests = {
        kind: base64.b64encode(hashlib.sha256("".join(found.one(kind).texts).encode()).digest()).decode()
        for kind in ("style", "script")
    }
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digests['style']}'; script-src 'sha256-{digests['script']}'; "
        "base-uri 'none'; form-action 'none'"
    )
    assert found.all("link") == []
    assert all(each.attributes["href"].startswith("#") for each in found.all("a"))


@pytest.mark.parametrize("secret", ["url(", "@import", "http:", "https:"])
def test_its_style_and_script_ask_for_nothing(secret: str) -> None:
    found = page(source())
    assert secret not in found.one("style").text + found.one("script").text
