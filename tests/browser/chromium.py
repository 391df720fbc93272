"""The real browser that the Studio's pages are tested in: Debian's chromium, driven by Playwright."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

ARGUMENTS = (
    "--no-sandbox",  # for containers that run everything as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing that a page asks for elsewhere leaves the machine, not even the question for its address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
)

PATIENCE = 30.0
"""Seconds that a page has to come to what a test expects of it: many, since other tests may keep the machine busy."""


class Scheme(StrEnum):
    """The colour scheme that a reader's system asks for."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """How a page is looked at.

    Parameters
    ----------
    width, height: of the viewport, in CSS pixels.
    still: whether the reader asks for reduced motion.
    token: sent as the bearer of each request; None sends none.
    """

    scheme: Scheme = Scheme.LIGHT
    width: int = 1440
    height: int = 900
    still: bool = False
    token: str | None = None


DESK = Look()
PHONE = Look(width=390, height=844)


def executable(environ: Mapping[str, str]) -> Path:
    """Where chromium is: ``LATTICE_CHROMIUM``, else where Debian puts it."""
    return Path(environ.get("LATTICE_CHROMIUM") or "/usr/bin/chromium")


def is_required(environ: Mapping[str, str]) -> bool:
    """Whether tests without a browser fail, as they must where nobody looks at what was skipped."""
    return bool(environ.get("LATTICE_REQUIRE_BROWSER") or environ.get("CI"))


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser.

    As long as it is open, this thread has a running event loop: what calls ``asyncio.run`` needs another thread or
    process.
    """
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(os.environ), args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def context_for(browser: Browser, look: Look) -> BrowserContext:
    """A context of its own (cookies, storage) that pages are opened in, in Berlin, as someone who reads English."""
    return browser.new_context(
        viewport={"width": look.width, "height": look.height},
        color_scheme=look.scheme.value,
        reduced_motion="reduce" if look.still else "no-preference",
        extra_http_headers={"Authorization": f"Bearer {look.token}"} if look.token else None,
        locale="en-GB",
        timezone_id="Europe/Berlin",
    )
