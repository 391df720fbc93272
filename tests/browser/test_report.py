"""A report in a browser: it asks for nothing, sorts its results, and is read on every screen and on paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page
from tests.browser.chromium import PHONE, Look, Scheme
from tests.browser.conftest import OpenPage
from tests.reporting.charts.subjects import example
from tests.reporting.exports.sources import source, written
from tests.reporting.run_records import result

from lattice.core.trials import Response
from lattice.reporting.charts import Theme
from lattice.reporting.charts.distribution import distribution_chart
from lattice.reporting.charts.means import means_chart
from lattice.reporting.charts.palette import INK

HOSTILE = "<img src=https://elsewhere.example/x onerror=document.title='broken'>" + "word " * 100


@pytest.fixture(scope="module")
def report() -> str:
    subject = example(targets=2)
    rows = [result(1, 5), result(2, 1, response=Response(text=HOSTILE, latency=0.5), latency=0.5), result(3, None)]
    of = source(rows, targets=2)
    return written("html", replace(of, charts=lambda: [means_chart(subject), distribution_chart(subject)])).decode()


def opened(page: Page, report: str) -> Page:
    page.set_content(report)
    return page


def places(page: Page) -> list[str]:
    return [text.split("\n")[0] for text in page.locator("table.results tbody tr td:first-child").all_inner_texts()]


def test_results_are_sorted_by_any_column(page: Page, report: str) -> None:
    opened(page, report)
    score = page.get_by_role("columnheader", name="Score").get_by_role("button")
    score.click()
    assert places(page) == ["#2", "#1", "#3"]
    score.click()
    # What has no score stays at the end.
    assert places(page) == ["#1", "#2", "#3"]
    assert page.get_by_role("columnheader", name="Score").get_attribute("aria-sort") == "descending"
    page.get_by_role("columnheader", name="Latency").get_by_role("button").click()
    assert places(page)[0] == "#2"


def test_what_a_model_wrote_stays_text_and_opens_on_demand(page: Page, report: str) -> None:
    opened(page, report)
    details = page.locator("table.results details.long").first
    details.locator("summary").click()
    assert HOSTILE.strip() in details.locator(".text").inner_text()
    assert page.title() != "broken"
    assert page.locator("table.results img").count() == 0


@pytest.mark.parametrize("scheme", list(Scheme))
def test_it_can_be_read_by_everyone_in_light_and_dark(
    open_page: OpenPage, axe: Callable[..., None], report: str, scheme: Scheme
) -> None:
    page = opened(open_page(Look(scheme=scheme)), report)
    label = page.locator(".figure svg text").first
    quiet = {Scheme.LIGHT: INK[Theme.LIGHT], Scheme.DARK: INK[Theme.DARK]}[scheme]
    colours = {each.evaluate("node => getComputedStyle(node).fill") for each in page.locator(".figure svg text").all()}
    assert _rgb(quiet) in colours
    assert label.is_visible()
    axe(page)


def test_it_fits_a_phone(open_page: OpenPage, report: str) -> None:
    page = opened(open_page(PHONE), report)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_on_paper_it_is_light_whatever_the_screen(open_page: OpenPage, report: str) -> None:
    page = opened(open_page(Look(scheme=Scheme.DARK)), report)
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator("nav").is_visible()


def test_everything_is_there_without_script(browser: object, report: str) -> None:
    context = browser.new_context(java_script_enabled=False)  # type: ignore[attr-defined]
    page = context.new_page()
    page.set_content(report)
    assert page.locator("table.results tbody tr").count() == 3
    assert page.locator("figure svg").count() == 2
    context.close()


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"
