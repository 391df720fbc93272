"""A scheduler process that a test leads: it performs rounds when it is told to, or is held between claim and start.

``python -m tests.store.scheduling_process URL FOLDER``: each line on stdin is a moment, as seconds since 1970; it sees
to schedules until nothing is left to see to, and answers ``done``. With ``--hold`` it answers ``claimed`` where it is
about to make a run, and never makes it.
"""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Never

from lattice.service.launching import Place
from lattice.service.scheduling import Scheduling
from lattice.store import open_store


def main(url: str, folder: str, *options: str) -> None:
    now = [datetime.now(UTC)]
    with open_store(url, clock=lambda: now[0]) as store:
        if "--hold" in options:
            store.schedules.start = hold  # type: ignore[assignment, method-assign]
        duty = Scheduling(store, Place(folder=Path(folder), db=url, environ=dict(os.environ)), clock=lambda: now[0])
        answer("ready")
        for line in sys.stdin:
            now[0] = datetime.fromtimestamp(float(line), UTC)
            duty.perform()
            while store.schedules.open():
                duty.perform()
            answer("done")


def hold(*_: object) -> Never:
    answer("claimed")
    sys.stdin.read()
    raise SystemExit("nobody ended this process")


def answer(word: str) -> None:
    print(word, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
