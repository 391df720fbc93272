"""The browser that pages are tested in finds fault by itself, and with nothing that is right."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page
from tests.browser.chromium import PHONE, Look, Scheme
from tests.browser.conftest import OpenPage
from tests.browser.sites import page as page_of
from tests.browser.sites import site
from tests.browser.watching import Troubles

Axe = Callable[..., None]
FLAWS = {
    "an error in the console": ("console.error('out of order')", "console: out of order"),
    "an uncaught error": ("nowhere.near()", "uncaught: nowhere is not defined"),
    "a rejected promise": ("Promise.reject(new Error('no luck'))", "uncaught: no luck"),
    "code from a text": ("try { Function('1') } catch {}", "content security policy: script-src refuses eval"),
    "an inline style": ("document.body.setAttribute('style', 'color: red')", "content security policy: style-src"),
    "a missing file": ("fetch('/missing.js')", "status of 404"),
    "another host": ("new Image().src = 'https://example.com/pixel.png'", "elsewhere: the page asked for https://exam"),
}


@pytest.mark.parametrize(("script", "found"), FLAWS.values(), ids=FLAWS)
def test_trouble_in_a_page_fails_the_test(script: str, found: str, open_page: OpenPage, troubles: Troubles) -> None:
    policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src *"
    contents = {"/page.html": page_of("", head='<script defer src="/flaw.js"></script>'), "/flaw.js": script}
    with site(contents, policy=policy) as url:
        page = open_page()
        page.goto(f"{url}/page.html")
        page.wait_for_load_state("networkidle")
    assert any(found in trouble for trouble in troubles.found), troubles.found
    with pytest.raises(AssertionError, match="the browser found fault with the page"):
        troubles.check()
    troubles.found.clear()


def test_trouble_that_was_brought_about_is_expected_once_it_came(page: Page, troubles: Troubles) -> None:
    with pytest.raises(AssertionError, match="no 'status of 404' among the troubles"):
        troubles.expect("status of 404")
    with site({}) as url:
        page.goto(f"{url}/page.html")
    troubles.expect("status of 404")


def test_a_page_without_fault_passes(page: Page, axe: Axe) -> None:
    with site({"/page.html": page_of("<p>All is well.</p>")}) as url:
        page.goto(f"{url}/page.html")
        axe(page)


def test_what_shuts_readers_out_is_named_with_its_place(page: Page, axe: Axe) -> None:
    body = '<div id="whole"><img id="face" src="data:,"></div><p id="part">Nothing here.</p>'
    with site({"/page.html": page_of(body)}) as url:
        page.goto(f"{url}/page.html")
        with pytest.raises(AssertionError, match=r"critical image-alt: .*\n  #face: Fix any"):
            axe(page)
        axe(page, "#part")


@pytest.mark.parametrize("scheme", Scheme)
def test_a_page_is_looked_at_in_either_scheme(scheme: Scheme, open_page: OpenPage) -> None:
    page = open_page(Look(scheme=scheme, still=True))
    assert page.evaluate(f"matchMedia('(prefers-color-scheme: {scheme.value})').matches")
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")


def test_a_phone_is_narrow(open_page: OpenPage) -> None:
    assert open_page(PHONE).evaluate("innerWidth") == 390
