"""What the tests of pages share: a browser that finds fault, a real Studio, a provider that fails on purpose."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tests.browser.accessibility import check_accessibility
from tests.browser.chromium import DESK, Look, context_for, executable, is_required, launched
from tests.browser.processes import StudioProcess, Workspace
from tests.browser.watching import Troubles
from tests.cli.servers import simulator

from lattice.providers.simulated import Behaviour
from lattice.providers.simulated.server import SimulatorServer

OpenPage = Callable[..., Page]
StartStudio = Callable[..., StudioProcess]
Simulate = Callable[..., SimulatorServer]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for one file of tests.

    Not for the session: as long as Playwright is open its thread has a running event loop, and the tests of other rooms
    that follow in the same process call ``asyncio.run``.
    """
    path = executable(os.environ)
    if not os.access(path, os.X_OK):
        missing = f"THE STUDIO'S PAGES ARE NOT TESTED: no browser at {path}; first: make browser"
        if is_required(os.environ):
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    with launched() as browser:
        yield browser


@pytest.fixture
def troubles() -> Iterator[Troubles]:
    """What went wrong in the test's pages; what the test did not expect fails it."""
    troubles = Troubles()
    yield troubles
    troubles.check()


@pytest.fixture
def open_page(browser: Browser, troubles: Troubles) -> Iterator[OpenPage]:
    """Opens empty pages, each as another reader: ``open_page()`` or ``open_page(Look(scheme=Scheme.DARK))``."""
    with ExitStack() as stack:

        def open_page(look: Look = DESK) -> Page:
            context = context_for(browser, look)
            stack.callback(context.close)
            page = context.new_page()
            troubles.watch(page)
            return page

        yield open_page


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An empty page at a desk: light, 1440 × 900."""
    return open_page()


@pytest.fixture
def axe() -> Callable[..., None]:
    """``axe(page)`` fails on serious and critical findings about accessibility."""
    return check_accessibility


@pytest.fixture(scope="module")
def simulate() -> Iterator[Simulate]:
    """Starts simulated providers: ``simulate(Behaviour.from_options(faults=["500=0.2"])).url``."""
    with ExitStack() as stack:

        def simulate(behaviour: Behaviour | None = None) -> SimulatorServer:
            return stack.enter_context(simulator(behaviour))

        yield simulate


@pytest.fixture(scope="module")
def start_studio() -> Iterator[StartStudio]:
    """Starts Studios: ``start_studio(Workspace(folder), "--option")``.

    For the file, so that tests that only look may share one; they are stopped when the file is through.
    """
    with ExitStack() as stack:

        def start_studio(workspace: Workspace, *options: str) -> StudioProcess:
            studio = StudioProcess(workspace, options)
            stack.callback(studio.kill)
            studio.start()
            return studio

        yield start_studio


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty folder to work in."""
    return Workspace(tmp_path)


@pytest.fixture
def studio(workspace: Workspace, start_studio: StartStudio) -> Iterator[StudioProcess]:
    """A Studio over the test's workspace, which is empty at first."""
    studio = start_studio(workspace)
    yield studio
    studio.kill()
