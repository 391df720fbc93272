"""The page of a run in a browser: live from a terminal, cancelled, finished in place, drawn, read on a phone."""

from __future__ import annotations

import json
import re
import signal
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
targets: [{{name: Assistant, model: openai/assistant, prompt: "{{{{ input }}}}"}}]
inputs: {{path: questions.jsonl, limit: {inputs}}}
scoring:
  judge: {{model: openai/judge, mode: reference, rubric: "5: right. 1: wrong."}}
run: {{max_concurrent: 4, timeout: 10}}
gates: [mean > 0.1]
"""

Axe = Callable[..., None]
Begin = Callable[[int], subprocess.Popen[bytes]]

# What moves up or down without having been asked to, but for the errors, of which the newest stands first.
MOVES = """
window.movers = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) for (const { node, previousRect, currentRect } of entry.sources) {
    const element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
    if (!element?.isConnected || !currentRect.width || element.closest(".run-errors")) continue;
    if (previousRect.y === currentRect.y) continue;
    window.movers.push(`${element.outerHTML.slice(0, 90)} from ${previousRect.y} to ${currentRect.y}`);
  }
}).observe({ type: "layout-shift", buffered: false });
"""


@pytest.fixture
def provider(workspace: Workspace, simulate: Simulate) -> Workspace:
    """A folder with an evaluation of a slow provider that refuses some calls."""
    behaviour = Behaviour.from_options(latency="0.15", faults=["500=0.15", "malformed=0.05"], quality=0.6)
    workspace.environ.update(OPENAI_BASE_URL=simulate(behaviour).openai_url, OPENAI_API_KEY="sk-none")
    rows = (json.dumps({"id": f"q{n}", "input": f"Question {n}?", "reference": f"Answer {n}."}) for n in range(1, 201))
    workspace.write("questions.jsonl", "\n".join(rows))
    return workspace


@pytest.fixture
def begin(provider: Workspace) -> Iterator[Begin]:
    """Starts a run of so many inputs in a terminal, which is over at the end of the test."""
    started: list[subprocess.Popen[bytes]] = []

    def begin(inputs: int) -> subprocess.Popen[bytes]:
        provider.write("evaluation.yaml", EVALUATION.format(inputs=inputs))
        started.append(provider.begin("run", "evaluation.yaml", "--no-progress"))
        return started[-1]

    yield begin
    for process in started:
        process.kill()
        process.wait()


def status(page: Page, words: str) -> None:
    expect(page.locator(".run-state .status")).to_have_text(words, timeout=60_000)


def drawn(page: Page) -> None:
    """Wait until the running mean is drawn."""
    page.locator(".run-columns figure.chart").scroll_into_view_if_needed()
    expect(page.locator(".run-columns .drawing svg path").first).to_be_attached(timeout=20_000)


def test_a_run_of_a_terminal_is_live_and_ends_where_it_stands(
    begin: Begin, studio: StudioProcess, page: Page, axe: Axe
) -> None:
    running = begin(40)
    page.goto(studio.url)
    expect(page.locator("#live-count")).to_have_text("1 running", timeout=30_000)
    page.goto(f"{studio.url}/runs/latest")
    status(page, "Running")
    expect(page.locator(".strip-times")).to_have_text(re.compile(r"Elapsed: \d+s \| Estimated: "))
    expect(page.locator(".error-retrying").first).to_contain_text("(retrying", timeout=30_000)
    expect(page).to_have_title(re.compile(r"^\d+% · Support answers #1"), timeout=10_000)
    expect(page.locator("progress").first).to_have_attribute("aria-valuetext", re.compile(r"\d+ of 40"))
    axe(page)
    drawn(page)
    page.evaluate("scrollTo(0, 0)")
    page.evaluate(MOVES)
    expect(page.locator(".strip-progress")).to_have_text("Progress: 40 / 40 (100%)", timeout=60_000)
    status(page, "Completed")
    expect(page.locator(".strip-times")).to_have_text(re.compile("Duration: "))
    expect(page.locator(".run-gates")).to_contain_text("pass")
    expect(page.locator("[sse-swap=run-spoken]")).to_contain_text("Completed: 40 of 40")
    expect(page.get_by_role("button", name="Re-Run").first).to_be_visible()
    assert page.evaluate("window.movers") == []
    assert running.wait(timeout=60) in (0, 3, 4)
    axe(page)


def test_a_cancel_says_what_stays_and_a_killed_run_how_to_go_on(
    begin: Begin, studio: StudioProcess, page: Page
) -> None:
    running = begin(200)
    page.goto(studio.url)
    expect(page.locator("#live-count")).to_have_text("1 running", timeout=30_000)
    page.goto(f"{studio.url}/runs/latest")
    status(page, "Running")
    expect(page.locator(".strip-progress")).not_to_have_text(re.compile(r"Progress: 0 /"), timeout=30_000)
    running.send_signal(signal.SIGKILL)
    running.wait()
    status(page, "Failed (interrupted)")
    expect(page.locator(".run-notices")).to_contain_text("lattice resume support-answers#1")
    page.get_by_role("button", name="Resume", exact=True).click()
    status(page, "Running")
    page.get_by_role("button", name="Cancel Evaluation").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"\d+ results stay; \d+ calls? in flight will finish\."))
    dialog.get_by_role("button", name="Cancel Evaluation").click()
    status(page, "Cancelled")
    expect(page.locator(".strip-passing")).to_contain_text("Partial results are preserved.")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, start_studio: StartStudio) -> str:
    """The address of a run that has ended."""
    workspace = Workspace(tmp_path_factory.mktemp("finished"))
    workspace.lattice("init", ".")
    workspace.lattice("run", "evaluation.yaml", "--no-progress")
    return f"{start_studio(workspace).url}/runs/latest"


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("look", [DESK, PHONE], ids=["desk", "phone"])
def test_a_finished_run_reads_well(finished: str, open_page: OpenPage, axe: Axe, look: Look, scheme: Scheme) -> None:
    page = open_page(replace(look, scheme=scheme))
    page.goto(finished)
    drawn(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for tab in ("Charts", "Errors", "Configuration", "Attempts", "Export"):
        page.locator(".tabs").get_by_role("link", name=tab).click()
        expect(page.locator(".tabs [aria-current]")).to_contain_text(tab)
        expect(page).to_have_url(re.compile(f"tab={tab.lower()}"))
        axe(page, ".run-tab")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    axe(page)


def test_every_chart_has_its_numbers(finished: str, page: Page) -> None:
    page.goto(f"{finished}?tab=charts")
    for chart in page.locator("figure.chart").all():
        chart.scroll_into_view_if_needed()
        expect(chart.locator(".drawing svg path").first).to_be_attached(timeout=20_000)
        chart.locator("summary").click()
        expect(chart.locator("table.data tbody tr").first).to_be_visible()
        expect(chart.locator(".chart-plain")).to_be_hidden()


def test_a_page_without_script_is_read_all_the_same(finished: str, open_page: OpenPage) -> None:
    browser = open_page().context.browser
    assert browser is not None
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(finished)
    expect(page.locator(".strip-progress")).to_contain_text("(100%)")
    page.locator(".tabs").get_by_role("link", name="Configuration").click()
    expect(page.locator(".run-tab")).to_contain_text("LLM-as-Judge")
    page.get_by_role("link", name="Running mean: the numbers as a table").click()
    expect(page.locator("table.data tbody tr").first).to_be_visible()
    context.close()
