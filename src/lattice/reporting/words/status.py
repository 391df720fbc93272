"""The word of a status."""

from __future__ import annotations

from lattice.core.runs import RunStatus
from lattice.store.records import QueuePlace


def status_word(status: RunStatus, *, interrupted: bool = False, draining: bool = False) -> str:
    """The word of a status: ``Completed``, ``Failed (interrupted)``, ``Running (draining)``."""
    if interrupted:
        return "Failed (interrupted)"
    word = status.value.capitalize()
    return f"{word} (draining)" if draining and status is RunStatus.RUNNING else word


def queued_word(place: QueuePlace) -> str:
    """Where a run stands that waits for its turn: ``Queued: 2nd of 3``."""
    return f"Queued: {ordinal(place.position)} of {place.length}"


def ordinal(number: int) -> str:
    """``1st``, ``2nd``, ``3rd``, ``4th``, ``11th``, ``21st``."""
    endings = {1: "st", 2: "nd", 3: "rd"}
    return f"{number}{'th' if number % 100 in (11, 12, 13) else endings.get(number % 10, 'th')}"
