"""The duties of a process that serves a store: a Studio, or a scheduler alone."""

from __future__ import annotations

from lattice.service.assessing import Assessor
from lattice.service.dispatching import Dispatching
from lattice.service.duties import Duty
from lattice.service.launching import Launcher
from lattice.service.notifying import Postman
from lattice.service.scheduling import Scheduling
from lattice.service.watching import AlertWatch
from lattice.store import Store


def duties_of(store: Store, launcher: Launcher) -> tuple[Duty, ...]:
    """All that is to be seen to in a store, each duty once.

    Parameters
    ----------
    launcher: starts runs, and tells where.
    """
    place = launcher.place
    return (
        Scheduling(store, place),
        Dispatching(launcher),
        AlertWatch(store, Assessor.of(store, place.environ)),
        Postman(store=store, place=place),
    )
