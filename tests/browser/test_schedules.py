"""The page of schedules, in a browser."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from tests.browser.chromium import PHONE, Look, Scheme
from tests.browser.conftest import OpenPage, StartStudio
from tests.browser.processes import StudioProcess, Workspace

Shared = tuple[Workspace, StudioProcess]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, start_studio: StartStudio) -> Shared:
    """A Studio over a schedule that is far from its next time."""
    workspace = Workspace(tmp_path_factory.mktemp("schedules"))
    workspace.lattice("init", ".")
    workspace.lattice("schedule", "add", "evaluation.yaml", "--cron", "0 2 1 1 *", "--timezone", "Europe/Berlin")
    return workspace, start_studio(workspace)


@pytest.mark.parametrize("look", [Look(), Look(scheme=Scheme.DARK), PHONE], ids=["light", "dark", "phone"])
def test_schedules_can_be_read_by_everybody(
    shared: Shared, open_page: OpenPage, axe: Callable[..., None], look: Look
) -> None:
    page = open_page(look)
    page.goto(f"{shared[1].url}/schedules")
    expect(page.get_by_label("Evaluation file")).to_be_visible()
    # On the schedule's own clock, and not turned into how long ago it was.
    expect(page.locator("table.data")).to_contain_text("01-01 02:00 CET")
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"
    page.locator(".row-link").click()
    expect(page.get_by_text("No time has come yet")).to_be_visible()
    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways"


def test_keys_lead_to_it_and_it_is_paused_and_let_go_on(shared: Shared, page: Page) -> None:
    page.goto(shared[1].url)
    page.wait_for_load_state("load")
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.get_by_role("heading", level=1)).to_have_text("Schedules")
    page.get_by_role("button", name=re.compile("^Pause")).click()
    expect(page.get_by_text("Paused", exact=True)).to_be_visible()
    page.get_by_role("button", name=re.compile("^Resume")).click()
    expect(page.get_by_text("Active", exact=True)).to_be_visible()
