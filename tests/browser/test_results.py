"""The results of a run in a browser: found, opened, walked through, scored; with and without script, on a phone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browser.chromium import DESK, PHONE, Look, Scheme
from tests.browser.conftest import OpenPage, Simulate, StartStudio
from tests.browser.processes import StudioProcess, Workspace

from lattice.providers.simulated import Behaviour

EVALUATION = """\
name: Support answers
targets: [{name: Assistant, model: openai/assistant, prompt: "{{ input }}"}]
inputs: {path: questions.jsonl}
scoring:
  judge:
    model: openai/judge
    mode: reference
    rubric: "5: right. 1: wrong."
    criteria: [{name: accuracy, weight: 0.6}, {name: tone, weight: 0.4}]
run: {max_concurrent: 8}
"""
HOSTILE = "<script>document.title = 'taken'</script><img src=x onerror=alert(1)> \u202egnorw"

Axe = Callable[..., None]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, simulate: Simulate, start_studio: StartStudio) -> StudioProcess:
    """A Studio over a finished run of 60 inputs, some of which were hard to get."""
    workspace = Workspace(tmp_path_factory.mktemp("results"))
    behaviour = Behaviour.from_options(latency="0.005", faults=["500=0.1", "malformed=0.05"], quality=0.5)
    workspace.environ.update(OPENAI_BASE_URL=simulate(behaviour).openai_url, OPENAI_API_KEY="sk-none")
    rows = [{"id": f"q{n}", "input": f"Question {n}?", "reference": f"Answer {n}."} for n in range(1, 61)]
    rows[2]["input"] = HOSTILE
    workspace.write("questions.jsonl", "\n".join(map(json.dumps, rows)))
    workspace.write("evaluation.yaml", EVALUATION)
    workspace.lattice("run", "evaluation.yaml", "--no-progress")
    return start_studio(workspace)


@pytest.fixture
def results(site: StudioProcess, page: Page) -> str:
    """The address of the run's results."""
    page.goto(f"{site.url}/runs/latest/results")
    return page.url


def opened(page: Page) -> str | None:
    """The trial that is open beside the table, by its row."""
    return page.locator("tr.current").get_attribute("data-row")


def test_the_lowest_scores_are_found_and_walked_through_with_the_keyboard(page: Page, results: str) -> None:
    page.keyboard.press("f")
    page.keyboard.type("score < 3")
    page.keyboard.press("Enter")
    expect(page.locator(".count")).to_contain_text("of 60")
    assert "where=score+%3C+3" in page.url
    names = [row.get_attribute("data-row") or "" for row in page.locator("tr[data-row]").all()]
    page.locator(".results-bar .chip").first.focus()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#trial-title")).to_contain_text(f"Input #{names[0].split('.')[0]}")
    page.keyboard.press("j")
    expect(page.locator("#trial-title")).to_contain_text(f"Input #{names[1].split('.')[0]}")
    assert page.url.endswith(f"row={names[1]}")
    page.keyboard.press("Escape")
    expect(page.locator("#trial")).to_be_hidden()
    expect(page.locator(f'tr[data-row="{names[1]}"] .row-link')).to_be_focused()
    assert "row=" not in page.url


def test_next_and_previous_go_on_across_pages(page: Page, results: str) -> None:
    page.goto(f"{results}?size=25&row=25.1.1")
    expect(page.locator("#trial-title")).to_contain_text("Input #25")
    page.keyboard.press("j")
    expect(page.locator("#trial-title")).to_contain_text("Input #26")
    assert "page=2" in page.url
    page.keyboard.press("k")
    expect(page.locator("#trial-title")).to_contain_text("Input #25")
    assert opened(page) == "25.1.1"
    page.reload()
    expect(page.locator("#trial-title")).to_contain_text("Input #25")


def test_going_back_closes_the_trial_and_then_undoes_the_filter(page: Page, results: str) -> None:
    page.locator(".chip", has_text="score < 3").click()
    expect(page.locator(".count")).to_contain_text("show all")
    page.locator("tr[data-row] .c-score").first.click()
    expect(page.locator("#trial-title")).to_be_visible()
    page.go_back()
    expect(page.locator("#trial")).to_be_hidden()
    assert "where=" in page.url
    page.go_back()
    expect(page.locator(".count")).to_have_text("60 results")


def test_a_wrong_filter_says_so_beside_its_field_and_leaves_the_table_alone(page: Page, results: str) -> None:
    page.locator("#where").fill("question 7")
    page.keyboard.press("Enter")
    expect(page.locator("#filter-problem")).to_contain_text("expected a comparison")
    assert page.locator("tr[data-row]").count() == 50
    page.get_by_text("Search for it as text").click()
    expect(page.locator(".count")).to_contain_text("1 of 60")


def test_a_score_is_given_with_digits_and_shows_in_the_row(page: Page, results: str) -> None:
    page.goto(f"{results}?row=1.1.1")
    page.keyboard.press("2")
    expect(page.locator("[data-saves]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".annotation-said")).to_contain_text("Saved.")
    expect(page.locator('tr[data-row="1.1.1"] .yours')).to_have_text("you 2")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator(".annotation-said")).to_contain_text("Removed.")
    expect(page.locator('tr[data-row="1.1.1"] .yours')).to_have_count(0)


def test_what_others_wrote_stays_text(page: Page, results: str) -> None:
    page.goto(f"{results}?row=3.1.1")
    expect(page.locator('#trial [data-piece="input"]')).to_contain_text("<script>document.title")
    page.get_by_text("What the judge saw").click()
    expect(page.locator("#trial .saw[open]")).to_contain_text("onerror=alert(1)")
    assert "taken" not in page.title()


@pytest.mark.parametrize(
    "look",
    [DESK, replace(DESK, scheme=Scheme.DARK), PHONE, replace(PHONE, width=360, scheme=Scheme.DARK)],
    ids=["light", "dark", "phone", "narrow dark"],
)
def test_pages_are_accessible_and_fit(site: StudioProcess, open_page: OpenPage, axe: Axe, look: Look) -> None:
    page = open_page(look)
    for path in (
        "/runs/latest/results?columns=output,score,reasoning,m%3Aaccuracy,latency",
        "/runs/latest/results?row=2.1.1",
        "/runs/latest/results/3/1/1?at=2",
        "/runs/latest/results?where=score+%3E+99",
        "/runs/latest/annotate?size=5",
        "/judges",
    ):
        page.goto(f"{site.url}{path}")
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_the_table_stands_on_the_runs_page_and_keeps_its_address(site: StudioProcess, page: Page) -> None:
    page.goto(f"{site.url}/runs/latest")
    page.locator(".chip", has_text="score < 3").click()
    expect(page.locator(".count")).to_contain_text("of 60")
    assert "/results" not in page.url
    assert "where=score" in page.url
    page.reload()
    expect(page.locator(".count")).to_contain_text("of 60")


def test_everything_is_reached_without_script(site: StudioProcess, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site.url}/runs/latest/results")
    page.locator("#where").fill("input < 3")
    page.get_by_role("button", name="Filter", exact=True).click()
    assert page.locator("tr[data-row]").count() == 2
    page.locator(".row-link").first.click()
    assert page.url.split("?")[0].endswith("/results/1/1/1")
    page.locator('.trial-steps a[rel="next"]').click()
    assert page.url.split("?")[0].endswith("/results/2/1/1")
    page.locator("label.level", has_text="4").click()
    page.get_by_role("button", name="Save").click()
    assert page.locator(".trial-score .yours").inner_text() == "you 4"
    context.close()


def test_new_results_wait_behind_a_chip(
    tmp_path: Path, simulate: Simulate, start_studio: StartStudio, page: Page
) -> None:
    workspace = Workspace(tmp_path)
    url = simulate(Behaviour.from_options(latency="0.15")).openai_url
    workspace.environ.update(OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-none")
    rows = [{"id": f"q{n}", "input": f"Question {n}?", "reference": f"Answer {n}."} for n in range(1, 101)]
    workspace.write("questions.jsonl", "\n".join(map(json.dumps, rows)))
    workspace.write("evaluation.yaml", EVALUATION.replace("max_concurrent: 8", "max_concurrent: 4"))
    studio = start_studio(workspace)
    process = workspace.begin("run", "evaluation.yaml", "--no-progress")
    try:
        page.goto(studio.url)
        expect(page.locator("#live-count")).to_have_text("1 running", timeout=15_000)
        page.goto(f"{studio.url}/runs/latest/results")
        chip = page.locator("[data-arrivals]")
        expect(chip).to_be_visible(timeout=15_000)
        before = [row.get_attribute("data-row") for row in page.locator("tr[data-row]").all()]
        expect(chip).to_contain_text("new")
        assert [row.get_attribute("data-row") for row in page.locator("tr[data-row]").all()] == before
        chip.click()
        expect(page.locator("tr[data-row]").nth(len(before) + 1)).to_be_attached()
        after = [row.get_attribute("data-row") for row in page.locator("tr[data-row]").all()]
        assert after[-len(before) :] == before if before else after
    finally:
        process.terminate()
        process.wait()
