"""Each time of a schedule is run exactly once, by however many processes, whoever of them is killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.store.conftest import Clock

from lattice.core.errors import ClaimLost
from lattice.core.runs import RunStatus
from lattice.core.schedules import FiringState
from lattice.service.launching import Place
from lattice.service.schedules import Wish, add_schedule
from lattice.service.scheduling import Scheduling
from lattice.store import NewFiring, ScheduleRecord, Store
from lattice.store.runs import NewRun

REPOSITORY = Path(__file__).parents[2]
EVALUATIONS, NIGHTS = 40, 5


def scheduled(store: Store, url: str, folder: Path, clock: Clock, name: str = "Support") -> ScheduleRecord:
    """A schedule for every night at 02:00 UTC."""
    path = folder / f"{name}.yaml"
    data = {
        "name": name,
        "targets": [{"name": "Bot", "model": "sim/assistant"}],
        "inputs": {"items": ["What?"]},
        "checks": [{"name": "polite", "regex": "please"}],
    }
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    place = Place(folder=folder, db=url, environ={})
    return add_schedule(store, place, path, Wish(cron="0 2 * * *", timezone="UTC"), clock=clock).schedule


@contextmanager
def schedulers(count: int, url: str, folder: Path, *options: str) -> Iterator[list[subprocess.Popen[str]]]:
    """Processes that see to the schedules of a store, each open for being told when."""
    command = [sys.executable, "-m", "tests.store.scheduling_process", url, str(folder), *options]
    processes: list[subprocess.Popen[str]] = []
    try:
        for _ in range(count):
            made = subprocess.Popen(
                command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ)
            )
            processes.append(made)
        for process in processes:
            assert heard(process) == "ready"
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def tell(process: subprocess.Popen[str], moment: datetime) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{moment.timestamp()}\n")
    process.stdin.flush()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end_runs(store: Store) -> None:
    for run in store.runs():
        if run.status is RunStatus.PENDING:
            going = store.schedules.going(run.evaluation_id)
            assert going is not None
            store.schedules.withdraw(going)
            store.release(run.key, store.claim(run.key), status=RunStatus.COMPLETED)


def test_three_processes_over_two_hundred_times_start_each_exactly_once(
    store: Store, url: str, clock: Clock, tmp_path: Path
) -> None:
    made = [scheduled(store, url, tmp_path, clock, f"e{number}") for number in range(EVALUATIONS)]
    with schedulers(3, url, tmp_path) as processes:
        for night in range(2, 2 + NIGHTS):
            moment = datetime(2025, 3, night, 2, 0, 1, tzinfo=UTC)
            for process in processes:
                tell(process, moment)
            assert [heard(process) for process in processes] == ["done"] * 3
            clock.now = moment
            end_runs(store)
    firings = [firing for schedule in made for firing in store.schedules.firings(schedule.key)]
    assert len(firings) == EVALUATIONS * NIGHTS
    assert Counter(firing.state for firing in firings) == {FiringState.STARTED: EVALUATIONS * NIGHTS}
    assert {firing.run_id for firing in firings} == {run.id for run in store.runs()}
    assert len(store.runs()) == EVALUATIONS * NIGHTS


def test_a_process_killed_between_claim_and_start_loses_nothing(
    store: Store, url: str, clock: Clock, tmp_path: Path
) -> None:
    schedule = scheduled(store, url, tmp_path, clock)
    clock.now = datetime(2025, 3, 2, 2, 0, 1, tzinfo=UTC)
    duty = Scheduling(store, Place(folder=tmp_path, db=url, environ={}), clock=clock)
    with schedulers(1, url, tmp_path, "--hold") as [process]:
        tell(process, clock.now)
        assert heard(process) == "claimed"
        # While it lives, nobody takes its work away.
        duty.perform()
        [firing] = store.schedules.open()
        assert firing.claim is not None
        assert store.runs() == []
        process.kill()
        process.wait()
        duty.perform()
    duty.perform()
    [firing] = store.schedules.firings(schedule.key)
    assert firing.state is FiringState.STARTED
    assert [run.id for run in store.runs()] == [firing.run_id]


def test_who_lost_a_firing_makes_no_run_of_it(store: Store, url: str, clock: Clock, tmp_path: Path) -> None:
    schedule = scheduled(store, url, tmp_path, clock)
    firing = store.schedules.ask(schedule)
    first = store.schedules.claim(firing.key)
    assert first is not None
    assert store.schedules.claim(firing.key) is None
    # Longer than anything takes: whoever has it could not even let go.
    clock.advance(601)
    second = store.schedules.claim(firing.key)
    assert second is not None
    version = store.evaluation(schedule.evaluation_id).last_version
    assert version is not None
    new: Any = {"version_key": version.key, "seed": 1, "total": 1, "trigger": "schedule", "tags": {}}
    with pytest.raises(ClaimLost):
        store.schedules.start(firing, first, NewRun(**new))
    assert store.runs() == []
    assert isinstance(store.schedules.start(firing, second, NewRun(**new)), int)
    with pytest.raises(ClaimLost):
        store.schedules.end(firing.key, second, FiringState.FAILED, "too late")
    assert len(store.runs()) == 1


def test_a_time_is_written_down_once_by_whoever_is_first(store: Store, url: str, clock: Clock, tmp_path: Path) -> None:
    schedule = scheduled(store, url, tmp_path, clock)
    assert schedule.next_at is not None
    clock.now = schedule.next_at
    [seen] = store.schedules.due()
    firing, following = NewFiring(due_at=schedule.next_at), schedule.next_at + timedelta(days=1)
    assert store.schedules.fall_due(seen, firing, following)
    assert not store.schedules.fall_due(seen, firing, following)
    assert store.schedules.due() == []
    assert len(store.schedules.firings(schedule.key)) == 1
