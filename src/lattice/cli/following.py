"""Follows runs through the store, wherever they are carried out, and shows them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from lattice.cli.rendering.live import ProgressView
from lattice.cli.streams import while_read
from lattice.core.errors import LatticeError
from lattice.reporting.view import RunView
from lattice.service.following import Followed

LOOK_EVERY = 0.25


class Follower(AbstractContextManager["Follower"]):
    """Shows runs from a thread of its own while something else goes on in this one.

    What it cannot read it does not show: the run itself is not disturbed by that, and says so itself at its end.
    """

    def __init__(self, followed: Sequence[Followed], view: ProgressView) -> None:
        self._followed = followed
        self._view = view
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="lattice-progress", daemon=True)

    def __enter__(self) -> Self:
        self._view.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        with while_read(sys.stderr):
            self._view.erase()
            self._view.__exit__(kind, error, trace)

    def _follow(self) -> None:
        # Nobody may look any more, which is no reason for the run to end.
        with while_read(sys.stderr):
            while not self._ended.wait(LOOK_EVERY):
                self._look(self._view.update)
            # How the run has ended is told by its summary; the errors since the last look are not.
            self._look(_nothing)

    def _look(self, update: Callable[[Sequence[RunView]], None]) -> None:
        try:
            update([_shown(run, self._view) for run in self._followed])
        except LatticeError:
            # The store may be busy for a moment or full for good; whoever writes to it reports that.
            self._ended.wait(LOOK_EVERY)


def _shown(run: Followed, view: ProgressView) -> RunView:
    """Look at a run, and report what became of its errors."""
    look = run.look()
    view.report(look.lines, look.view)
    return look.view


def _nothing(views: Sequence[RunView]) -> None:
    """The run has ended and its summary comes next."""


def follow_to_the_end(followed: Sequence[Followed], view: ProgressView) -> None:
    """Show runs in this thread until none of them goes on.

    Raises
    ------
    KeyboardInterrupt: the reader has seen enough; the runs go on.
    """
    pause = threading.Event()
    with view:
        while True:
            shown = [_shown(run, view) for run in followed]
            view.update(shown)
            if all(each.is_over for each in shown):
                return
            pause.wait(LOOK_EVERY)
