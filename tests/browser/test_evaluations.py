"""The list of evaluations and the page of one, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.chromium import PHONE, Look, Scheme
from tests.browser.conftest import OpenPage, StartStudio
from tests.browser.processes import StudioProcess, Workspace
from tests.browser.watching import Troubles

Shared = tuple[Workspace, StudioProcess]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, start_studio: StartStudio) -> Shared:
    """A Studio over two runs of one evaluation, for tests that only look."""
    workspace = Workspace(tmp_path_factory.mktemp("evaluations"))
    workspace.lattice("init", ".")
    workspace.lattice("run", "evaluation.yaml")
    workspace.lattice("run", "evaluation.yaml", "--set", "run.max_concurrent=3")
    return workspace, start_studio(workspace)


@pytest.mark.parametrize("look", [Look(), Look(scheme=Scheme.DARK), PHONE], ids=["light", "dark", "phone"])
def test_pages_can_be_used_by_everybody(
    shared: Shared, open_page: OpenPage, axe: Callable[..., None], look: Look
) -> None:
    page = open_page(look)
    page.goto(shared[1].url)
    expect(page.get_by_role("heading", level=1)).to_have_text("Evaluations")
    expect(page.locator("[data-evaluation] .row-link")).to_have_count(1)
    expect(page.locator(".file-list")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    page.locator("[data-evaluation] .row-link").click()
    expect(page.get_by_role("button", name="Run Evaluation")).to_be_visible()
    expect(page.locator(".forecast")).to_contain_text("Reckoned from")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_the_keyboard_opens_search_and_goes_where_it_is_told(shared: Shared, page: Page) -> None:
    page.goto(shared[1].url)
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_visible()
    page.keyboard.type("#2")
    expect(page.locator("#search-results a").first).to_contain_text("#2")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/runs/"))
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", level=1)).to_have_text("Evaluations")
    # What is on a page shows before its scripts have run, and nothing listens to keys until then.
    page.wait_for_load_state("load")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#shortcuts")).to_be_hidden()


def test_a_theme_stays(shared: Shared, page: Page) -> None:
    page.goto(f"{shared[1].url}/settings")
    page.get_by_role("button", name="Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(shared[1].url)
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_list_filters_as_one_types_and_says_so_in_its_address(shared: Shared, page: Page) -> None:
    page.goto(shared[1].url)
    page.keyboard.press("f")
    page.keyboard.type("nowhere")
    expect(page.get_by_role("heading", name="No evaluation matches")).to_be_visible()
    expect(page).to_have_url(re.compile(r"\?.*q=nowhere"))


def test_a_file_becomes_pending_and_a_run_of_it_shows_in_the_list(
    studio: StudioProcess, workspace: Workspace, page: Page
) -> None:
    workspace.lattice("init", ".")
    page.goto(studio.url)
    expect(page.get_by_role("heading", name="No evaluations yet")).to_be_visible()
    page.get_by_role("button", name="Add as Pending").click()
    expect(page.get_by_text("No runs yet")).to_be_visible()
    page.wait_for_load_state("load")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile("/runs/"))
    page.goto(studio.url)
    # A process of its own takes as long as it takes.
    expect(page.locator("[data-evaluation] .status")).to_have_text("Completed", timeout=60_000)


def test_a_run_from_a_terminal_is_live_in_an_open_list(studio: StudioProcess, workspace: Workspace, page: Page) -> None:
    workspace.lattice("init", ".")
    workspace.lattice("add", "evaluation.yaml")
    page.goto(studio.url)
    expect(page.locator("[data-evaluation] .status")).to_have_text("Pending")
    workspace.lattice("run", "evaluation.yaml")
    expect(page.locator("[data-evaluation] .status")).to_have_text("Completed")
    expect(page.locator("[data-evaluation] .mean-cell strong")).to_be_visible()


def test_a_dropped_in_evaluation_is_checked_before_it_is_taken(
    studio: StudioProcess, workspace: Workspace, page: Page, troubles: Troubles
) -> None:
    workspace.lattice("init", ".")
    folder = workspace.folder
    page.goto(f"{studio.url}/evaluations/new")
    page.locator("input[name=evaluation]").set_input_files(folder / "evaluation.yaml")
    page.get_by_role("button", name="Check and add").click()
    expect(page.get_by_role("alert")).to_contain_text("inputs")
    troubles.expect("status of 422")
    page.locator("input[name=evaluation]").set_input_files(folder / "evaluation.yaml")
    page.locator("input[name=inputs]").set_input_files(next(folder.glob("inputs.*")))
    page.get_by_role("button", name="Check and add").click()
    page.wait_for_url(re.compile(r"/evaluations/[0-9a-f]+\?version=1"))
