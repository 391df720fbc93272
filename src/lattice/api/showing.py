"""Progress of a run that is carried out here: in a notebook one output that changes, elsewhere a line now and then."""

from __future__ import annotations

import asyncio
import importlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol, TextIO

from lattice.api.pages import progress_page
from lattice.core.errors import LatticeError
from lattice.core.runs import RunRecord
from lattice.reporting.view import RunView
from lattice.reporting.words.progress import mean_text, notices, progress_text, times_text
from lattice.service.following import Followed
from lattice.store import Store

LOOK_EVERY = 0.25
"""Seconds between two looks, and so between two changes of a notebook's output."""

LINE_EVERY = 10.0
"""Seconds between two lines, where nothing but the counts has changed."""


class Display(Protocol):
    """Where progress is shown."""

    def show(self, view: RunView) -> None:
        """Show how the run is now."""

    def close(self, view: RunView) -> None:
        """Show how it has ended."""


class NotebookDisplay:
    """One output of a notebook, made with the first view and changed with each further one."""

    def __init__(self) -> None:
        self._handle: Any = None

    def show(self, view: RunView) -> None:
        ipython: Any = importlib.import_module("IPython.display")  # optional: it is there in a notebook
        page = ipython.HTML(progress_page(view))
        if self._handle is None:
            self._handle = ipython.display(page, display_id=True)
        else:
            self._handle.update(page)

    def close(self, view: RunView) -> None:
        self.show(view)


class LineDisplay:
    """Lines on a stream: one when something else happens than counting, and one every `LINE_EVERY` seconds.

    Parameters
    ----------
    clock: monotonic seconds.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._next = float("-inf")
        self._noticed: list[str] = []

    def show(self, view: RunView) -> None:
        noticed = [text for text in notices(view) if not text.startswith("waiting for")]
        new = [text for text in noticed if text not in self._noticed]
        self._noticed = noticed
        if new or self._clock() >= self._next:
            self._write(view, new)

    def close(self, view: RunView) -> None:
        self._write(view, [])

    def _write(self, view: RunView, said: list[str]) -> None:
        self._next = self._clock() + LINE_EVERY
        parts = [progress_text(view.progress), times_text(view), *map(mean_text, view.means)]
        if view.unresolved:
            parts.append(f"Errors: {view.unresolved}")
        print(f"{view.reference}: {' | '.join([*parts, *said])}", file=self._stream, flush=True)


def display_for(progress: bool | None) -> Display | None:
    """Where the progress of a run is shown.

    Parameters
    ----------
    progress: false shows nothing; true shows lines where there is no notebook; None does so on a terminal alone.
    """
    if progress is False:
        return None
    if in_notebook():
        return NotebookDisplay()
    return LineDisplay(sys.stderr) if progress or sys.stderr.isatty() else None


def in_notebook() -> bool:
    """Whether the code runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


@asynccontextmanager
async def shown(store: Store, record: RunRecord, display: Display | None) -> AsyncIterator[None]:
    """Show a run's progress while the body lasts, and how it has ended."""
    if display is None:
        yield
        return
    followed = await asyncio.to_thread(Followed, store, record)
    showing = asyncio.create_task(_show(followed, display))
    try:
        yield
    finally:
        showing.cancel()
        await asyncio.wait({showing})
        await _look(followed, display.close)


async def _show(followed: Followed, display: Display) -> None:
    while True:
        await _look(followed, display.show)
        await asyncio.sleep(LOOK_EVERY)


async def _look(followed: Followed, show: Callable[[RunView], None]) -> None:
    try:
        found = await asyncio.to_thread(followed.look)
    except LatticeError:
        # The store may be busy for a moment or full for good; whoever writes to it reports that.
        return
    show(found.view)
