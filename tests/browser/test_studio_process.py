"""The Studio as a process: it starts over an empty folder, stops while pages are open, and comes back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from tests.browser.chromium import Look
from tests.browser.conftest import OpenPage, Simulate, StartStudio
from tests.browser.processes import StudioProcess, Workspace, free_port
from tests.browser.proxies import PREFIX, Prefix, proxied
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


def test_an_open_page_says_that_the_studio_is_gone_and_goes_on_when_it_is_back(
    studio: StudioProcess, workspace: Workspace, page: Page, troubles: Troubles
) -> None:
    workspace.lattice("init", ".")
    workspace.lattice("add", "evaluation.yaml")
    page.goto(studio.url)
    expect(page.locator("[data-evaluation] .status")).to_have_text("Pending")
    studio.stop()
    note = page.locator(".connection-lost")
    expect(note).to_be_visible(timeout=15_000)
    workspace.lattice("run", "evaluation.yaml")
    studio.start()
    expect(note).to_have_count(0, timeout=15_000)
    expect(page.locator("[data-evaluation] .status")).to_have_text("Completed", timeout=15_000)
    troubles.expect("net::ERR_")


@pytest.mark.parametrize("prefix", list(Prefix))
def test_behind_a_proxy_pages_forms_and_streams_work_below_its_path(
    workspace: Workspace, start_studio: StartStudio, page: Page, prefix: Prefix
) -> None:
    workspace.lattice("init", ".")
    workspace.lattice("add", "evaluation.yaml")
    own = free_port()
    studio = start_studio(workspace, "--public-url", f"http://127.0.0.1:{own}{PREFIX}")
    with proxied(own, studio.port, prefix) as address:
        page.goto(f"{address}/")
        expect(page.locator("[data-evaluation] .status")).to_have_text("Pending")
        page.locator("[data-evaluation] .row-link").focus()
        workspace.lattice("run", "evaluation.yaml")
        expect(page.locator("[data-evaluation] .status")).to_have_text("Completed")
        expect(page.locator("[data-evaluation] .row-link")).to_be_focused()
        expect(page.locator("[data-evaluation] time")).to_contain_text(re.compile("just now|ago"))
        page.get_by_role("button", name=re.compile("^Theme")).click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        expect(page).to_have_url(f"{address}/")
        page.goto("about:blank")


def test_a_run_meets_the_faults_that_were_ordered(workspace: Workspace, simulate: Simulate) -> None:
    provider = simulate(Behaviour.from_options(faults=["400"]))
    workspace.environ.update(OPENAI_BASE_URL=provider.openai_url, OPENAI_API_KEY="any")
    workspace.lattice("init", ".")
    evaluation = workspace.folder / "evaluation.yaml"
    evaluation.write_text(evaluation.read_text().replace("sim/assistant", "openai/assistant"))
    workspace.lattice("run", "evaluation.yaml", code=1)
    assert provider.counters.requests > 0
