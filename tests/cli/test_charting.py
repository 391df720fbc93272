"""``lattice chart``, and reports from the command line."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest
from tests.cli.command_line import CommandLine
from tests.reporting.exports.html_pages import page_of

INPUTS = 12


@pytest.fixture
def ran(lattice: CommandLine) -> CommandLine:
    """A workspace with two runs of one evaluation."""
    lattice.write_inputs(INPUTS)
    lattice.write_evaluation({"gates": ["mean > 0.01"]})
    for _ in range(2):
        assert lattice("run", "evaluation.yaml", "--no-progress").code == 0
    return lattice


def reference(lattice: CommandLine) -> str:
    document = json.loads(lattice("show", "latest", "--json").out)
    return str(document["evaluation"]["name"])


def test_the_means_are_drawn_unless_something_else_is_asked_for(ran: CommandLine) -> None:
    drawn = ran("chart", "latest", "-o", "out.svg")
    assert drawn.code == 0
    assert drawn.err.startswith("Wrote out.svg: The mean score is ")
    assert ElementTree.parse(ran.folder / "out.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("name", ["means", "distribution", "running", "latency"])
def test_each_chart_of_a_run_is_drawn_as_pixels(ran: CommandLine, name: str) -> None:
    assert ran("chart", "latest", "--chart", name, "--theme", "dark", "--scale", "1", "-o", "out.png").code == 0
    assert (ran.folder / "out.png").read_bytes().startswith(b"\x89PNG")


def test_a_specification_can_be_taken_elsewhere(ran: CommandLine) -> None:
    ran("chart", "latest", "--chart", "distribution", "-o", "out.json")
    written = json.loads((ran.folder / "out.json").read_text(encoding="utf-8"))
    assert sum(row["count"] for row in written["data"]["values"]) == INPUTS


def test_two_runs_have_a_chart_of_differences(ran: CommandLine) -> None:
    name = reference(ran)
    drawn = ran("chart", f"{name}#1", f"{name}#2", "-o", "out.svg")
    assert (drawn.code, drawn.err[:14]) == (0, "Wrote out.svg:")
    assert ran("chart", f"{name}#1", f"{name}#2", "--metric", "score", "-o", "out.svg").code == 0


def test_an_evaluation_has_a_history(ran: CommandLine) -> None:
    drawn = ran("chart", reference(ran), "--chart", "history", "-o", "-")
    assert drawn.code == 0
    assert "#2" in "".join(ElementTree.fromstring(drawn.out).itertext())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("latest", "-o", "out.pdf"), "out.pdf: a chart is written as one of .svg, .png, .json"),
        (("latest", "--chart", "pie", "-o", "out.svg"), "'pie' is no chart; there are means, distribution, running"),
        (("latest", "--chart", "cost-quality", "-o", "out.svg"), "it takes two targets whose costs are known"),
        (("latest", "latest", "--chart", "means", "-o", "out.svg"), "a chart of means shows one run"),
        (("latest", "--metric", "score", "-o", "out.svg"), "--metric is for charts of differences"),
        (("latest", "latest", "-o", "out.svg"), "cannot be compared with itself"),
        (("nothing", "--chart", "history", "-o", "out.svg"), "there is no run 'nothing'"),
        (("latest", "-o", "away/out.svg"), "away"),
    ],
)
def test_what_cannot_be_drawn_is_said(ran: CommandLine, arguments: tuple[str, ...], message: str) -> None:
    refused = ran("chart", *arguments)
    assert refused.code == 2
    assert message in refused.err
    assert not (ran.folder / "out.svg").exists()


def test_a_report_has_the_numbers_of_the_document_and_every_chart(ran: CommandLine) -> None:
    document = json.loads(ran("show", "latest", "--json").out)
    assert ran("export", "latest", "-o", "report.html").err == "Wrote report.html\n"
    page = page_of((ran.folder / "report.html").read_text(encoding="utf-8"))
    [metric] = document["metrics"]
    row = page.one("tr", data_target=metric["target"], data_metric="score")
    for key in ("n", "mean", "native_mean", "median", "std", "min", "max"):
        assert float(row.one("td", data_key=key).attributes["data-value"]) == metric[key]
    lower, upper = metric["interval"]["lower"], metric["interval"]["upper"]
    assert row.one("td", data_key="interval").text == f"[{lower:.2f}, {upper:.2f}]"
    done = document["progress"]
    assert f"{done['successful']} / {done['done']}" in page.one("ul").text
    assert [each.attributes["id"] for each in page.all("figure") if "id" in each.attributes] == [
        "chart-means",
        "chart-distribution",
        "chart-running",
        "chart-latency",
    ]
    assert document["config_hash"] in page.one("section", id="origin").text


def test_a_report_of_a_part_shows_that_part(ran: CommandLine) -> None:
    ran("export", "latest", "-o", "-", "--format", "html", "--where", "input <= 3")
    page = page_of(ran("export", "latest", "-o", "-", "--format", "html", "--where", "input <= 3").out)
    results = page.one("section", id="results")
    assert [
        int(found)
        for found in re.findall(r"#(\d+)", " ".join(r.children[0].text for r in results.one("tbody").all("tr")))
    ] == [1, 2, 3]


def test_a_run_writes_its_report(lattice: CommandLine) -> None:
    lattice.write_inputs(INPUTS)
    lattice.write_evaluation()
    assert lattice("run", "evaluation.yaml", "--no-progress", "-o", "report.html").code == 0
    assert (lattice.folder / "report.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
