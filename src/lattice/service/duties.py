"""What somebody has to see to now and then while no command runs: schedules, the queue, alerts, messages.

Any number of processes over one store may do so at once: each round of a duty takes what it does out of the store, so
that nothing is done twice, and leaves what it has not done to the next round, whoever performs that.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Protocol

from lattice.core.errors import LatticeError

log = logging.getLogger(__name__)

PAUSE = 1.0
"""Seconds between the rounds of a duty."""


class Duty(Protocol):
    """One thing to see to."""

    @property
    def name(self) -> str:
        """What it is, in a word or two."""

    def perform(self) -> None:
        """One round: do what is due now, and come back.

        Raises
        ------
        LatticeError: it cannot be done now; the next round tries again.
        """


class Keeper:
    """Performs duties from its own threads until it is stopped, one thread each, so that a slow one delays no other.

    Parameters
    ----------
    pause: seconds between the rounds of a duty.
    """

    def __init__(self, duties: Sequence[Duty], pause: float = PAUSE) -> None:
        self._pause = pause
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._troubles: dict[str, str] = {}
        self._threads = [
            threading.Thread(target=self._keep, args=(duty,), name=f"lattice {duty.name}", daemon=True)
            for duty in duties
        ]

    @property
    def troubles(self) -> Mapping[str, str]:
        """Why the last round of a duty failed, by the duty's name; those that went well are not in it."""
        with self._lock:
            return dict(self._troubles)

    def start(self) -> None:
        """Perform the duties from now on."""
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float = 5.0) -> None:
        """Begin no further round, and wait for those under way.

        Parameters
        ----------
        patience: seconds to wait for each duty.
        """
        self._stopping.set()
        for thread in self._threads:
            thread.join(patience)

    def _keep(self, duty: Duty) -> None:
        while not self._stopping.is_set():
            self._round(duty)
            self._stopping.wait(self._pause)

    def _round(self, duty: Duty) -> None:
        try:
            duty.perform()
        except LatticeError as error:
            self._failed(duty, str(error))
        except Exception as error:  # a defect in one round must not end all that follow
            log.exception("%s failed", duty.name)
            self._failed(duty, f"{type(error).__name__}: {error}")
        else:
            with self._lock:
                self._troubles.pop(duty.name, None)

    def _failed(self, duty: Duty, reason: str) -> None:
        with self._lock:
            is_new = self._troubles.get(duty.name) != reason
            self._troubles[duty.name] = reason
        if is_new:
            log.warning("%s: %s", duty.name, reason)
