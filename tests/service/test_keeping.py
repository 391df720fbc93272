"""What a Studio or a scheduler sees to."""

from __future__ import annotations

from pathlib import Path

from lattice.service.keeping import duties_of
from lattice.service.launching import Launcher, Place
from lattice.store import open_store


def test_everything_is_seen_to_and_an_empty_store_is_no_trouble(tmp_path: Path) -> None:
    with open_store(f"sqlite:///{tmp_path}/lattice.db") as store:
        launcher = Launcher(Place(folder=tmp_path, environ={}), store)
        duties = {duty.name: duty for duty in duties_of(store, launcher)}
        assert duties.keys() == {"schedules", "queue", "alerts", "messages"}
        for duty in duties.values():
            duty.perform()
