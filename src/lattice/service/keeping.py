"""The duties of a process that serves a store: a Studio, or a scheduler alone."""

from __future__ import annotations

from lattice.service.duties import Duty
from lattice.service.launching import Launcher
from lattice.service.scheduling import Scheduling
from lattice.store import Store


def duties_of(store: Store, launcher: Launcher) -> tuple[Duty, ...]:
    """All that is to be seen to in a store, each duty once.

    Parameters
    ----------
    launcher: starts runs, and tells where.
    """
    return (Scheduling(store, launcher.place),)
