"""The Studio as a process: it starts over an empty folder, stops while pages are open, and comes back."""

from __future__ import annotations

from playwright.sync_api import Page
from tests.browser.chromium import Look
from tests.browser.conftest import OpenPage, Simulate, StartStudio
from tests.browser.processes import StudioProcess, Workspace
from tests.browser.watching import Troubles

from lattice.providers.simulated import Behaviour


def test_it_starts_where_there_is_no_workspace_and_says_its_address(studio: StudioProcess, page: Page) -> None:
    page.goto(f"{studio.url}/settings")
    assert page.get_by_role("heading", level=1).count() == 1
    assert f"Studio: {studio.url}" in studio.said


def test_it_stops_while_a_page_is_open(studio: StudioProcess, page: Page, troubles: Troubles) -> None:
    page.goto(f"{studio.url}/settings")
    with page.expect_console_message(lambda message: "net::ERR_" in message.text):
        studio.stop()
    page.goto("about:blank")
    troubles.expect("net::ERR_")


def test_it_comes_back_on_the_same_port(studio: StudioProcess, page: Page) -> None:
    address = studio.url
    studio.restart()
    page.goto(f"{address}/settings")
    assert studio.url == address


def test_a_token_opens_one_that_asks_for_it(
    workspace: Workspace, start_studio: StartStudio, open_page: OpenPage, troubles: Troubles
) -> None:
    token = "a token of some length"
    workspace.environ["LATTICE_STUDIO_TOKEN"] = token
    studio = start_studio(workspace)
    open_page(Look(token=token)).goto(f"{studio.url}/settings")
    assert token not in studio.said


def test_a_run_meets_the_faults_that_were_ordered(workspace: Workspace, simulate: Simulate) -> None:
    provider = simulate(Behaviour.from_options(faults=["400"]))
    workspace.environ.update(OPENAI_BASE_URL=provider.openai_url, OPENAI_API_KEY="any")
    workspace.lattice("init", ".")
    evaluation = workspace.folder / "evaluation.yaml"
    evaluation.write_text(evaluation.read_text().replace("sim/assistant", "openai/assistant"))
    workspace.lattice("run", "evaluation.yaml", code=1)
    assert provider.counters.requests > 0
