"""Runs that wait for their turn, in a browser: where they stand, and how they begin on an open page."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.request import Request, urlopen

from playwright.sync_api import Page, expect
from tests.browser.conftest import Simulate, StartStudio
from tests.browser.processes import Workspace

from lattice.providers.simulated import Behaviour

EVALUATION = """\
name: Support answers
targets: [{name: Assistant, model: openai/assistant}]
inputs: {items: [One?, Two?, Three?]}
scoring: {judge: {model: openai/judge, rubric: "5: right. 1: wrong."}}
"""


def test_a_run_that_waits_begins_on_its_open_page_when_there_is_room(
    workspace: Workspace,
    simulate: Simulate,
    start_studio: StartStudio,
    page: Page,
    axe: Callable[..., None],
) -> None:
    slow = simulate(Behaviour.from_options(latency="60"))
    workspace.environ.update(OPENAI_BASE_URL=slow.openai_url, OPENAI_API_KEY="sk-none")
    workspace.write("evaluation.yaml", EVALUATION)
    workspace.lattice("add", "evaluation.yaml")
    studio = start_studio(workspace, "--max-runs", "1")
    first, second = (started(studio.url) for _ in range(2))
    page.goto(f"{studio.url}/runs/{second}")
    expect(page.locator(".run-state .status")).to_have_text("Queued: 1st of 1")
    expect(page.get_by_role("button", name="Cancel Evaluation")).to_be_visible()
    axe(page)
    page.goto(f"{studio.url}/settings")
    expect(page.get_by_text("Queued: 1st of 1")).to_be_visible()
    axe(page)
    page.goto(f"{studio.url}/runs/{second}")
    asked(f"{studio.url}/api/v1/runs/{first}/cancel", {"at_once": True})
    expect(page.locator(".run-state .status")).to_have_text("Running", timeout=60_000)
    asked(f"{studio.url}/api/v1/runs/{second}/cancel", {"at_once": True})
    expect(page.locator(".run-state .status")).to_have_text("Cancelled", timeout=60_000)


def started(url: str) -> str:
    """The id of a run that the API has been asked for."""
    run: str = asked(f"{url}/api/v1/evaluations/support-answers/runs", {})["id"]
    return run


def asked(url: str, body: dict[str, object]) -> dict[str, str]:
    """The document that a request is answered with."""
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})
    with urlopen(request, timeout=60) as answer:
        document: dict[str, str] = json.load(answer)
    return document
