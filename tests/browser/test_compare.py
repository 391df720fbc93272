"""Runs side by side in a browser: the worst regression found, inputs filtered, runs watched in parallel."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect
from tests.browser.chromium import DESK, PHONE, Look, Scheme
from tests.browser.conftest import OpenPage, Simulate, StartStudio
from tests.browser.processes import StudioProcess, Workspace

from lattice.providers.simulated import Behaviour

EVALUATION = """\
name: Support answers
targets: [{name: Assistant, model: sim/assistant}]
inputs: {path: questions.jsonl}
scoring: {judge: {model: sim/judge, mode: reference, rubric: "5: right. 1: wrong."}}
checks: [{name: polite, regex: "."}]
"""
LIVE = """\
name: {name}
targets: [{{name: Assistant, model: openai/{model}}}]
inputs: {{path: questions.jsonl, limit: {limit}}}
scoring: {{judge: {{model: openai/judge, mode: reference, rubric: "5: right. 1: wrong."}}}}
run: {{max_concurrent: 4, timeout: 10}}
"""

Axe = Callable[..., None]
Begin = Callable[[str, str], subprocess.Popen[bytes]]


def questions() -> str:
    rows = (json.dumps({"input": f"Question {n}?", "reference": f"Answer {n}."}) for n in range(1, 61))
    return "\n".join(rows)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory, start_studio: StartStudio) -> str:
    """The address of a Studio with a good run, a weak one and a strong one."""
    workspace = Workspace(tmp_path_factory.mktemp("compared"))
    workspace.write("questions.jsonl", questions())
    workspace.lattice("init", ".")
    for model in ("sim/assistant", "sim/assistant-weak", "sim/assistant-strong"):
        workspace.write("compared.yaml", EVALUATION.replace("sim/assistant", model))
        workspace.lattice("run", "compared.yaml", "--no-progress")
    return start_studio(workspace).url


def drawn(page: Page) -> None:
    page.locator(".view-panel figure.chart").scroll_into_view_if_needed()
    expect(page.locator(".view-panel .drawing svg path").first).to_be_attached(timeout=20_000)


def fits(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_someone_who_has_never_seen_it_finds_the_worst_regression(compared: str, page: Page) -> None:
    page.goto(compared)
    page.locator(".rail").get_by_role("link", name="Compare").click()
    page.locator("label.choice", has_text="#1").click()
    page.locator("label.choice", has_text="#2").click()
    expect(page.locator("[data-chosen-said]")).to_have_text("2 chosen")
    page.get_by_role("button", name="Compare the chosen").click()
    expect(page.locator(".conclusion")).to_contain_text("support-answers#2 is worse than support-answers#1")
    worst = page.get_by_role("link", name="Worst regression")
    number = re.search(r"#(\d+)", worst.inner_text())
    assert number is not None
    worst.click()
    first = page.locator("[data-pair]").first
    expect(first).to_have_attribute("data-pair", number[1])
    expect(first).to_be_in_viewport()
    expect(first.locator("ins").first).to_be_visible()
    first.locator(".reply").last.get_by_text("Reasoning").click()
    expect(first.locator(".reasoning .written").last).to_be_visible()
    first.get_by_role("link", name="Open the result").last.click()
    expect(page).to_have_url(re.compile(rf"/results/{number[1]}/1/1"))
    page.go_back()
    expect(page.locator("[data-pair]").first).to_have_attribute("data-pair", number[1])


def test_counts_and_regions_filter_the_inputs_and_stand_in_the_address(compared: str, page: Page) -> None:
    page.goto(f"{compared}/compare?run=support-answers%231&run=support-answers%232&view=scatter")
    tally = page.locator("#metrics .tally", has_text="better").first
    count = re.search(r"\d+", tally.inner_text())
    assert count is not None
    tally.click()
    expect(page).to_have_url(re.compile("show=better"))
    expect(page.locator(".pairs-filter .chip[aria-current]")).to_contain_text(count[0])
    expect(page.locator("#metrics .tally[aria-current]")).to_have_count(1)
    page.keyboard.press("f")
    page.keyboard.type("Question 7")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=Question\\+7"))
    page.go_back()
    expect(page.locator("#pairs-q")).to_have_value("")
    drawn(page)
    box = page.locator(".view-panel .drawing svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.55 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.97 * box["width"], box["y"] + 0.8 * box["height"], steps=5)
    page.mouse.up()
    expect(page).to_have_url(re.compile(r"x=0\.\d+\.\.[01]"))
    expect(page.locator(".pairs-filter .chip", has_text="take this region away")).to_be_visible()
    page.locator(".region-table a").last.click()
    expect(page.locator("[data-pair]").first).to_be_visible()


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("look", [DESK, PHONE], ids=["desk", "phone"])
def test_a_comparison_reads_well(compared: str, open_page: OpenPage, axe: Axe, look: Look, scheme: Scheme) -> None:
    page = open_page(replace(look, scheme=scheme))
    page.goto(f"{compared}/compare")
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare runs")
    axe(page)
    fits(page)
    runs = "&".join(f"run=support-answers%23{number}" for number in (1, 2, 3))
    for view, mode in (("table", "compact"), ("scatter", "diff"), ("distribution", "full")):
        page.goto(f"{compared}/compare?{runs}&view={view}&mode={mode}")
        drawn(page)
        axe(page)
        fits(page)


def test_without_script_everything_is_a_link_or_a_form(compared: str, open_page: OpenPage) -> None:
    browser = open_page().context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{compared}/compare?run=support-answers%231&run=support-answers%232&view=scatter")
    page.locator("#metrics .tally", has_text="worse").first.click()
    expect(page).to_have_url(re.compile("show=worse"))
    page.locator("#pairs-sort").select_option("input")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile("show=worse.*sort=input"))
    page.locator(".region-table a").first.click()
    expect(page.locator("[data-pair]").first).to_be_visible()
    page.get_by_role("link", name="Diff", exact=True).click()
    expect(page.locator("ins").first).to_be_visible()
    page.get_by_role("link", name="the numbers as a table").click()
    expect(page.locator("table.data tbody tr").first).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Make support-answers#2 the baseline").click()
    expect(page.locator(".side-chip").first).to_contain_text("support-answers#2")
    context.close()


@pytest.fixture
def begin(workspace: Workspace, simulate: Simulate) -> Iterator[Begin]:
    """Starts a run of a model in a terminal, which is over at the end of the test."""
    behaviour = Behaviour.from_options(latency="0.15", faults=["500=0.1"], quality=0.6)
    workspace.environ.update(OPENAI_BASE_URL=simulate(behaviour).openai_url, OPENAI_API_KEY="sk-none")
    workspace.write("questions.jsonl", questions())
    started: list[subprocess.Popen[bytes]] = []

    def begin(name: str, model: str) -> subprocess.Popen[bytes]:
        workspace.write(f"{name}.yaml", LIVE.format(name=name, model=model, limit=40))
        started.append(workspace.begin("run", f"{name}.yaml", "--no-progress"))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def test_runs_are_watched_in_parallel_until_they_can_be_compared(
    begin: Begin, studio: StudioProcess, page: Page, axe: Axe
) -> None:
    processes = [begin("First", "assistant-strong"), begin("Second", "assistant-weak")]
    page.goto(studio.url)
    expect(page.locator("#live-count")).to_have_text("2 running", timeout=30_000)
    page.goto(f"{studio.url}/compare")
    page.get_by_role("link", name="Watch them in parallel").click()
    expect(page).to_have_url(re.compile("/compare/live"))
    expect(page.locator(".watched-run .status")).to_have_text(["Running", "Running"])
    expect(page.locator(".preliminary")).to_be_visible(timeout=20_000)
    expect(page.locator(".so-far .conclusion")).to_contain_text(re.compile("valid at every look"), timeout=30_000)
    expect(page.locator(".live-charts .drawing svg path").first).to_be_attached(timeout=20_000)
    axe(page)
    expect(page.locator(".watched-run .status")).to_have_text(["Completed", "Completed"], timeout=60_000)
    expect(page.locator(".so-far")).to_contain_text("Final", timeout=20_000)
    page.get_by_role("link", name="Compare their results").click()
    expect(page.locator("[data-pair]").first).to_be_visible()
    assert [process.wait(timeout=60) for process in processes] == [0, 0]
