"""The word of a status."""

from __future__ import annotations

from lattice.core.runs import RunStatus


def status_word(status: RunStatus, *, interrupted: bool = False, draining: bool = False) -> str:
    """The word of a status: ``Completed``, ``Failed (interrupted)``, ``Running (draining)``."""
    if interrupted:
        return "Failed (interrupted)"
    word = status.value.capitalize()
    return f"{word} (draining)" if draining and status is RunStatus.RUNNING else word
