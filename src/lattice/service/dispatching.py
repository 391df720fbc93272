"""The duty of starting the runs that wait in the queue."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.service.launching import Launcher


@dataclass(frozen=True, slots=True)
class Dispatching:
    """Starts the runs whose turn it is, and gives signs of life for those that were started here."""

    launcher: Launcher
    name: str = "queue"

    def perform(self) -> None:
        """Start what waits while there is room."""
        self.launcher.dispatch()
