"""The whole story in a browser: review, run with faults, watch, cancel, resume, read, compare, export."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.conftest import Simulate
from tests.browser.processes import StudioProcess, Workspace
from tests.browser.watching import Troubles

from lattice.providers.simulated import Behaviour

INPUTS = 60
EVALUATION = """\
name: Support answers
targets:
  - name: Assistant
    model: openai/{model}
    prompt: "{{{{ input }}}}"
inputs: {{path: questions.jsonl}}
scoring:
  judge: {{model: openai/judge, mode: reference, rubric: "5: right. 1: wrong."}}
run: {{max_concurrent: 6, timeout: 5}}
gates: [mean > 0.5]
"""


def in_full(page: Page) -> None:
    """Wait until the run on the page has ended."""
    expect(page.locator("main .status").first).to_have_text(re.compile("Completed"), timeout=90_000)


@pytest.fixture
def story(workspace: Workspace, simulate: Simulate) -> Workspace:
    """An evaluation of a provider that is slow, refuses some calls and answers some of them badly."""
    provider = simulate(
        Behaviour.from_options(latency="0.25", faults=["500=0.06", "429=0.05", "malformed=0.03"], quality=0.6)
    )
    workspace.environ.update(OPENAI_BASE_URL=provider.openai_url, OPENAI_API_KEY="sk-secret-of-the-suite")
    questions = (
        json.dumps({"id": f"q{n}", "input": f"Question {n}?", "reference": f"Answer {n}."})
        for n in range(1, INPUTS + 1)
    )
    workspace.write("questions.jsonl", "\n".join(questions))
    workspace.write("evaluation.yaml", EVALUATION.format(model="assistant"))
    return workspace


def test_from_a_file_to_a_comparison(
    story: Workspace, studio: StudioProcess, page: Page, troubles: Troubles, axe: Callable[..., None]
) -> None:
    # Open: a file of the working folder becomes Pending.
    page.goto(studio.url)
    page.get_by_role("button", name="Add as Pending").click()
    expect(page.get_by_text("LLM-as-Judge (Likert-5, Reference mode)")).to_be_visible()
    expect(page.locator(".forecast")).to_contain_text("60 to targets, 60 to judges")

    # Run, and watch progress and a retried error.
    page.get_by_role("button", name="Run Evaluation").click()
    page.wait_for_url(re.compile("/runs/"))
    address = page.url
    expect(page.locator("progress").first).to_be_visible()
    expect(page.get_by_text(re.compile(r"Elapsed: .* \| Estimated: "))).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile(r"\(retrying")).first).to_be_visible(timeout=60_000)

    # Cancel: it says what stays, and everything stays.
    page.get_by_role("button", name="Cancel Evaluation").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(re.compile(r"results? stays?"))
    page.get_by_role("dialog").get_by_role("button", name="Cancel Evaluation").click()
    expect(page.locator("main .status").first).to_have_text(re.compile("Cancelled"), timeout=30_000)
    kept = json.loads(story.lattice("show", "latest", "--json"))["progress"]["done"]
    assert 0 < kept < INPUTS

    # The server goes away and comes back; the page is the same.
    with page.expect_console_message(lambda message: "net::ERR_" in message.text):
        studio.stop()
    studio.start()
    page.goto(address)
    troubles.expect("net::ERR_")

    # Resume, and read the results.
    page.get_by_role("button", name="Resume", exact=True).click()
    in_full(page)
    document = json.loads(story.lattice("show", "latest", "--json"))
    assert document["progress"]["done"] == INPUTS
    mean = document["metrics"][0]["mean"]
    expect(page.locator("main")).to_contain_text(f"{mean:.2f}")
    axe(page)
    page.goto(f"{address}/results?where=score+%3C+3")
    low = [row for row in story.lattice("show", "latest", "--where", "score < 3").splitlines() if row.startswith("#")]
    expect(page.locator("table.data tbody tr")).to_have_count(min(len(low), 50))

    # A second run, started by the command line, is live in the same Studio.
    story.write("evaluation.yaml", EVALUATION.format(model="assistant-weak"))
    running = story.begin("run", "evaluation.yaml", "--no-progress")
    page.goto(studio.url)
    expect(page.locator("[data-evaluation] .status").first).to_have_text("Running", timeout=30_000)
    running.wait(timeout=120)
    expect(page.locator("[data-evaluation] .status").first).to_have_text("Completed", timeout=10_000)

    # Compare, and export.
    page.locator("[data-evaluation] .row-link").first.click()
    page.get_by_role("link", name="Compare the last two").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    axe(page)
    exported = page.request.get(f"{studio.url}/api/v1/runs/{document['id']}/export?format=csv")
    assert exported.ok
    assert len(exported.text().splitlines()) > INPUTS
    assert "sk-secret" not in page.content()


def test_the_worst_regression_is_found_in_three_clicks(story: Workspace, studio: StudioProcess, page: Page) -> None:
    for model in ("assistant-strong", "assistant-weak"):
        story.write("evaluation.yaml", EVALUATION.format(model=model))
        story.lattice("run", "evaluation.yaml", "--no-progress", "--set", "gates=[]")
    page.goto(studio.url)
    page.locator("[data-evaluation] .row-link").first.click()
    page.get_by_role("link", name="Compare the last two").click()
    worst = json.loads(story.lattice("compare", "support-answers#1", "support-answers#2", "--json"))
    position = worst["comparisons"][0]["worse"][0]["input"]
    expect(page.locator("[data-pair]").first).to_have_attribute("data-pair", str(position))
