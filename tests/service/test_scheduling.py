"""Schedules seen to: what falls due is run once, whatever happens around it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from tests.store.conftest import Clock

from lattice.config.hashing import canonical
from lattice.core.cron import Cron
from lattice.core.errors import InvalidEvaluation, NotFound, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus, StopRequest
from lattice.core.schedules import CatchUp, FiringState, Overlap
from lattice.service.launching import Place
from lattice.service.schedules import (
    Added,
    Wish,
    add_schedule,
    find_schedule,
    local_zone,
    resume_schedule,
    run_now,
    schedule_line,
)
from lattice.service.scheduling import Scheduling, falls_due
from lattice.service.workspace import create_folder
from lattice.store import FiringRecord, ScheduleRecord, Store, open_store

NIGHTLY = Wish(cron="0 2 * * *", timezone="Europe/Berlin")
MINUTELY = Wish(cron="* * * * *", timezone="UTC")


@dataclass
class Workspace:
    """A workspace with evaluation files, whose clock is moved by hand and whose queue nobody works on."""

    store: Store
    place: Place
    clock: Clock

    @property
    def duty(self) -> Scheduling:
        return Scheduling(self.store, self.place, clock=self.clock)

    def write(self, file: str = "evaluation.yaml", **changes: Any) -> Path:
        path = self.place.folder / file
        path.parent.mkdir(exist_ok=True)
        data = {
            "name": "Support",
            "targets": [{"name": "Bot", "model": "sim/assistant"}],
            "inputs": {"items": ["What?", "Why?", "When?"]},
            "scoring": {"judge": {"model": "sim/judge", "rubric": "5: right. 1: wrong."}},
            **changes,
        }
        path.write_text(yaml.safe_dump(data), encoding="utf-8")
        return path

    def add(self, wish: Wish = NIGHTLY, path: Path | None = None) -> Added:
        return add_schedule(self.store, self.place, path or self.write(), wish, clock=self.clock)

    def at(self, text: str) -> None:
        """Move the clock to a moment in UTC, and have what is due seen to."""
        self.clock.now = datetime.fromisoformat(text).replace(tzinfo=UTC)
        self.duty.perform()

    def firings(self, schedule: ScheduleRecord) -> list[FiringRecord]:
        """Oldest first."""
        return self.store.schedules.firings(schedule.key, limit=10_000)[::-1]

    def last(self, schedule: ScheduleRecord) -> FiringRecord:
        return self.firings(schedule)[-1]

    def carry_out(self) -> None:
        """End every run that goes or waits, as the queue would in time."""
        for run in self.store.runs(limit=2):
            if run.status in (RunStatus.PENDING, RunStatus.RUNNING):
                end(self.store, run)


def end(store: Store, run: RunRecord) -> None:
    going = store.schedules.going(run.evaluation_id)
    if going is not None:
        store.schedules.withdraw(going)
    claim = run.claim or store.claim(run.key)
    store.release(run.key, claim, status=RunStatus.COMPLETED)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    create_folder(tmp_path)
    clock = Clock()
    place = Place(folder=tmp_path, environ={"PATH": os.environ["PATH"]})
    with open_store(f"sqlite:///{tmp_path}/.lattice/lattice.db", clock=clock) as store:
        yield Workspace(store, place, clock)


@pytest.mark.parametrize(("fields", "zone"), [("30 2 * * *", "Europe/Berlin"), ("30 1 * * *", "America/New_York")])
def test_a_year_of_nights_over_both_changes_of_the_clock_is_run_365_times_once_each(
    workspace: Workspace, zone: str, fields: str
) -> None:
    workspace.clock.now = datetime(2025, 1, 1, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    schedule = workspace.add(Wish(cron=fields, timezone=zone)).schedule
    end_of_year = datetime(2026, 1, 1, tzinfo=ZoneInfo(zone))
    duty = workspace.duty
    while (due := workspace.store.schedules.by_key(schedule.key).next_at) is not None and due < end_of_year:
        # A moment before nothing happens, then once, however often it is looked at.
        for moment in (due - timedelta(seconds=1), due, due + timedelta(seconds=40)):
            workspace.clock.now = moment
            duty.perform()
        workspace.carry_out()
    firings = workspace.firings(schedule)
    assert len(firings) == 365
    assert {each.state for each in firings} == {FiringState.STARTED}
    assert len({each.run_id for each in firings}) == 365
    assert len({each.due_at.astimezone(ZoneInfo(zone)).date() for each in firings}) == 365
    assert len(workspace.store.runs()) == 365


def test_its_run_says_what_started_it_and_carries_the_schedule_s_changes(workspace: Workspace) -> None:
    kept = {"tags": {"kind": "nightly"}, "limit": 2, "set": ["run.timeout=9"]}
    schedule = workspace.add(Wish(cron="0 2 * * *", timezone="UTC", settings=kept)).schedule
    workspace.at("2025-03-02 02:00:10")
    [run] = workspace.store.runs()
    assert run.trigger == "schedule"
    assert run.tags == {"kind": "nightly"}
    assert run.progress.total == 2
    assert run.config["run"]["timeout"] == 9
    assert workspace.last(schedule).run_id == run.id


def test_the_file_is_read_afresh_for_every_run(workspace: Workspace) -> None:
    workspace.add()
    workspace.write(description="another one")
    workspace.at("2025-03-02 01:00:00")
    assert workspace.store.runs()[0].config["description"] == "another one"
    assert workspace.store.runs()[0].version == 2


def test_what_was_missed_is_caught_up_with_one_run_that_says_so(workspace: Workspace) -> None:
    schedule = workspace.add().schedule
    workspace.at("2025-03-09 15:00:00")
    [firing] = workspace.firings(schedule)
    assert (firing.missed, firing.due_at) == (7, datetime(2025, 3, 9, 1, tzinfo=UTC))
    assert firing.state is FiringState.STARTED
    assert "stands for 7 missed times" in schedule_line(workspace.store, schedule).outcome
    after = workspace.store.schedules.by_key(schedule.key)
    assert after.next_at == datetime(2025, 3, 10, 1, tzinfo=UTC)


def test_what_was_missed_is_skipped_where_the_schedule_says_so(workspace: Workspace) -> None:
    wish = Wish(cron="0 2 * * *", timezone="UTC", catch_up=CatchUp.SKIP)
    schedule = workspace.add(wish).schedule
    workspace.at("2025-03-04 02:05:01")
    assert workspace.last(schedule).state is FiringState.SKIPPED
    assert "neither a Studio nor a scheduler ran" in (workspace.last(schedule).reason or "")
    assert workspace.store.runs() == []
    # Within five minutes it is on time.
    workspace.at("2025-03-05 02:04:59")
    assert workspace.last(schedule).state is FiringState.STARTED


def test_while_a_run_is_going_a_time_is_skipped_and_names_it(workspace: Workspace) -> None:
    schedule = workspace.add(MINUTELY).schedule
    workspace.at("2025-03-02 00:00:00")
    workspace.at("2025-03-02 00:01:00")
    assert [each.state for each in workspace.firings(schedule)] == [FiringState.STARTED, FiringState.SKIPPED]
    assert workspace.last(schedule).reason == "support#1 was still going"
    workspace.carry_out()
    workspace.at("2025-03-02 00:02:00")
    assert workspace.last(schedule).state is FiringState.STARTED


def test_a_queued_time_waits_for_the_run_before_it_and_no_second_one_waits_beside_it(workspace: Workspace) -> None:
    schedule = workspace.add(Wish(cron="* * * * *", timezone="UTC", overlap=Overlap.QUEUE)).schedule
    for minute in range(3):
        workspace.at(f"2025-03-02 00:0{minute}:00")
    assert [each.state.value for each in workspace.firings(schedule)] == ["started", "due", "skipped"]
    line = schedule_line(workspace.store, schedule)
    assert "still waits" in line.outcome
    workspace.carry_out()
    workspace.at("2025-03-02 00:02:30")
    assert [each.state.value for each in workspace.firings(schedule)] == ["started", "started", "skipped"]
    assert len(workspace.store.runs()) == 2


def test_a_cancelling_time_stops_the_run_before_it_and_then_starts(workspace: Workspace) -> None:
    schedule = workspace.add(Wish(cron="* * * * *", timezone="UTC", overlap=Overlap.CANCEL)).schedule
    workspace.at("2025-03-02 00:00:00")
    [first] = workspace.store.runs()
    claim = workspace.store.claim(first.key)
    going = workspace.store.schedules.going(first.evaluation_id)
    assert going is not None
    workspace.store.schedules.withdraw(going)
    workspace.at("2025-03-02 00:01:00")
    assert workspace.store.run(first.key).stop_request is StopRequest.DRAIN
    assert workspace.last(schedule).state is FiringState.DUE
    assert schedule_line(workspace.store, schedule).outcome == "waits for support#1"
    workspace.store.release(first.key, claim, status=RunStatus.CANCELLED)
    workspace.at("2025-03-02 00:01:05")
    assert workspace.last(schedule).state is FiringState.STARTED


def test_a_cancelling_time_takes_the_place_of_a_run_that_only_waits(workspace: Workspace) -> None:
    schedule = workspace.add(Wish(cron="* * * * *", timezone="UTC", overlap=Overlap.CANCEL)).schedule
    workspace.at("2025-03-02 00:00:00")
    workspace.at("2025-03-02 00:01:00")
    workspace.at("2025-03-02 00:01:01")
    assert [run.status for run in workspace.store.runs()] == [RunStatus.PENDING, RunStatus.CANCELLED]
    assert [each.state.value for each in workspace.firings(schedule)] == ["started", "started"]


def test_a_file_that_is_gone_fails_the_time_and_the_next_one_is_tried_again(workspace: Workspace) -> None:
    schedule = workspace.add().schedule
    path = workspace.place.folder / "evaluation.yaml"
    path.unlink()
    workspace.at("2025-03-02 01:00:00")
    assert workspace.last(schedule).state is FiringState.FAILED
    assert "is not there" in (workspace.last(schedule).reason or "")
    assert workspace.store.schedules.failed_since(schedule.evaluation_id, datetime(2025, 3, 2, tzinfo=UTC))
    workspace.write()
    workspace.at("2025-03-03 01:00:00")
    assert workspace.last(schedule).state is FiringState.STARTED


def test_a_file_that_is_broken_or_another_evaluation_by_now_fails_with_its_reason(workspace: Workspace) -> None:
    schedule = workspace.add().schedule
    workspace.write(run={"max_concurrent": 0}, nonsense=1)
    workspace.at("2025-03-02 01:00:00")
    assert "(and 1 more problem: lattice validate lists them)" in (workspace.last(schedule).reason or "")
    workspace.write(name="Other")
    workspace.at("2025-03-03 01:00:00")
    assert "holds the evaluation 'Other' by now" in (workspace.last(schedule).reason or "")
    assert workspace.store.runs() == []


def test_a_workspace_that_was_moved_finds_its_files(workspace: Workspace, tmp_path: Path) -> None:
    path = workspace.write("evals/nightly.yaml")
    schedule = workspace.add(path=path).schedule
    assert schedule.file == "evals/nightly.yaml"
    workspace.store.close()
    moved = tmp_path.with_name("moved")
    shutil.move(tmp_path, moved)
    place = Place(folder=moved, environ=workspace.place.environ)
    with open_store(f"sqlite:///{moved}/.lattice/lattice.db", clock=workspace.clock) as store:
        workspace.clock.now = datetime(2025, 3, 2, 1, tzinfo=UTC)
        Scheduling(store, place, clock=workspace.clock).perform()
        assert store.schedules.firings(schedule.key)[0].state is FiringState.STARTED
    tmp_path.mkdir()


def test_a_file_of_another_machine_is_left_to_that_for_a_while(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = workspace.add().schedule
    (workspace.place.folder / "evaluation.yaml").unlink()
    monkeypatch.setattr("lattice.service.scheduling.socket.gethostname", lambda: "elsewhere")
    workspace.at("2025-03-02 01:00:00")
    assert workspace.last(schedule).state is FiringState.DUE
    workspace.at("2025-03-02 01:05:00")
    assert workspace.last(schedule).state is FiringState.FAILED


def test_one_broken_schedule_holds_up_no_other(workspace: Workspace) -> None:
    first = workspace.add().schedule
    second = workspace.add(path=workspace.write("second.yaml", name="Second")).schedule
    (workspace.place.folder / "evaluation.yaml").unlink()
    workspace.at("2025-03-02 01:00:00")
    assert workspace.last(first).state is FiringState.FAILED
    assert workspace.last(second).state is FiringState.STARTED


def test_a_clock_that_jumps_back_makes_no_second_run(workspace: Workspace) -> None:
    schedule = workspace.add().schedule
    workspace.at("2025-03-02 01:00:00")
    workspace.carry_out()
    workspace.at("2025-03-01 20:00:00")
    assert len(workspace.firings(schedule)) == 1
    # Even where somebody puts it in force again while the clock is wrong.
    workspace.add()
    workspace.at("2025-03-02 01:00:10")
    assert len(workspace.firings(schedule)) == 1
    workspace.at("2025-03-03 01:00:10")
    assert len(workspace.firings(schedule)) == 2


def test_what_comes_while_it_is_paused_is_passed_over(workspace: Workspace) -> None:
    schedule = workspace.add().schedule
    workspace.store.schedules.pause(schedule.key)
    workspace.at("2025-03-05 01:00:00")
    assert workspace.firings(schedule) == []
    resumed = resume_schedule(workspace.store, workspace.store.schedules.by_key(schedule.key), clock=workspace.clock)
    assert resumed.next_at == datetime(2025, 3, 6, 1, tzinfo=UTC)
    workspace.at("2025-03-05 12:00:00")
    assert workspace.firings(schedule) == []


def test_a_time_that_waits_is_let_go_when_the_schedule_is_paused(workspace: Workspace) -> None:
    schedule = workspace.add(Wish(cron="* * * * *", timezone="UTC", overlap=Overlap.QUEUE)).schedule
    workspace.at("2025-03-02 00:00:00")
    workspace.at("2025-03-02 00:01:00")
    workspace.store.schedules.pause(schedule.key)
    workspace.carry_out()
    workspace.at("2025-03-02 00:02:00")
    assert workspace.last(schedule).reason == "the schedule was paused before its run was made"
    assert len(workspace.store.runs()) == 1


def test_an_archived_evaluation_is_not_run(workspace: Workspace) -> None:
    schedule = workspace.add().schedule
    workspace.store.archive(schedule.evaluation_id, True)
    workspace.at("2025-03-02 01:00:00")
    assert workspace.last(schedule).state is FiringState.SKIPPED
    assert "archived" in (workspace.last(schedule).reason or "")


def test_run_now_makes_a_run_and_moves_nothing(workspace: Workspace) -> None:
    schedule = workspace.add().schedule
    firing = run_now(workspace.store, workspace.place, schedule, clock=workspace.clock)
    assert (firing.state, firing.asked) == (FiringState.STARTED, True)
    assert workspace.store.schedules.by_key(schedule.key).next_at == schedule.next_at
    again = run_now(workspace.store, workspace.place, schedule, clock=workspace.clock)
    assert again.state is FiringState.SKIPPED
    assert len(workspace.store.runs()) == 1


def test_run_now_while_one_waits_says_so(workspace: Workspace) -> None:
    schedule = workspace.add(Wish(cron="0 2 * * *", timezone="UTC", overlap=Overlap.QUEUE)).schedule
    run_now(workspace.store, workspace.place, schedule, clock=workspace.clock)
    assert run_now(workspace.store, workspace.place, schedule, clock=workspace.clock).state is FiringState.DUE
    with pytest.raises(UsageError, match="has been due since"):
        run_now(workspace.store, workspace.place, schedule, clock=workspace.clock)


def test_a_removed_schedule_leaves_its_runs(workspace: Workspace) -> None:
    schedule = workspace.add().schedule
    workspace.at("2025-03-02 01:00:00")
    workspace.store.schedules.remove(schedule.key)
    workspace.at("2025-03-03 01:00:00")
    assert len(workspace.store.runs()) == 1
    with pytest.raises(NotFound):
        workspace.store.schedules.by_key(schedule.key)


def test_added_again_it_says_what_has_changed(workspace: Workspace) -> None:
    assert workspace.add().is_new
    again = workspace.add(Wish(cron="30 3 * * *", timezone="UTC", overlap=Overlap.QUEUE, settings={"limit": 1}))
    assert again.changed == (
        "cron: 0 2 * * * → 30 3 * * *",
        "timezone: Europe/Berlin → UTC",
        "overlap: skip → queue",
        "settings: nothing → limit 1",
    )
    assert (
        workspace.add(Wish(cron="30 3 * * *", timezone="UTC", overlap=Overlap.QUEUE, settings={"limit": 1})).changed
        == ()
    )
    assert len(workspace.store.schedules.all()) == 1


def test_the_file_s_own_schedule_comes_in_force_and_options_go_before_it(workspace: Workspace) -> None:
    said = {"cron": "@daily", "timezone": "Asia/Tokyo", "catch_up": "skip", "overlap": "queue"}
    path = workspace.write(schedule=said)
    schedule = workspace.add(Wish(), path).schedule
    assert (schedule.cron, schedule.timezone) == ("0 0 * * *", "Asia/Tokyo")
    assert (schedule.catch_up, schedule.overlap) == (CatchUp.SKIP, Overlap.QUEUE)
    assert workspace.add(Wish(cron="5 5 * * *"), path).schedule.timezone == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(), "does not say when it is to run"),
        (Wish(cron="0 2"), "--cron: expected five fields"),
        (Wish(cron="0 2 * * *", timezone="Berlin"), "did you mean Europe/Berlin"),
        (Wish(cron="0 2 * * *", settings={"limit": 1, "sample": 1}), "either --limit or --sample"),
    ],
)
def test_what_cannot_be_put_in_force_says_why_and_stores_nothing(workspace: Workspace, wish: Wish, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        workspace.add(wish)
    assert workspace.store.schedules.all() == []
    assert workspace.store.evaluations() == []


def test_a_wrong_schedule_in_the_file_is_named_with_its_line(workspace: Workspace) -> None:
    path = workspace.write(schedule={"cron": "0 2 * * *", "timezone": "Berlin"})
    with pytest.raises(InvalidEvaluation, match="Europe/Berlin") as raised:
        workspace.add(Wish(), path)
    assert raised.value.problems[0].key == "schedule.timezone"
    assert raised.value.problems[0].line is not None


def test_it_is_found_by_file_name_and_slug_even_without_the_file(workspace: Workspace) -> None:
    path = workspace.write("evals/nightly.yaml", name="Support Answers")
    schedule = workspace.add(path=path).schedule
    path.unlink()
    for text in ("evals/nightly.yaml", "Support Answers", "support-answers", str(path)):
        assert find_schedule(workspace.store, workspace.place, text) == schedule
    with pytest.raises(NotFound, match="did you mean support-answers"):
        find_schedule(workspace.store, workspace.place, "support-answer")


def test_without_a_schedule_a_configuration_is_what_it_was() -> None:
    data = {
        "name": "Support",
        "targets": [{"name": "Bot", "model": "sim/assistant"}],
        "inputs": {"path": "x.jsonl"},
        "checks": [{"name": "polite", "regex": "please"}],
    }
    assert "schedule" not in canonical(Evaluation.model_validate(data))
    with_one = canonical(Evaluation.model_validate({**data, "schedule": {"cron": "0 2 * * *"}}))
    assert with_one["schedule"] == {"cron": "0 2 * * *", "catch_up": "once", "overlap": "skip"}


def test_the_machine_s_zone_is_known_by_name(tmp_path: Path) -> None:
    link = tmp_path / "localtime"
    link.symlink_to("/usr/share/zoneinfo/America/New_York")
    assert local_zone({}, link) == "America/New_York"
    assert local_zone({"TZ": ":Europe/Berlin"}, link) == "Europe/Berlin"
    assert local_zone({"TZ": "CET-1CEST"}, link) is None
    assert local_zone({}, tmp_path / "absent") is None


def test_many_missed_times_are_counted_up_to_a_thousand(workspace: Workspace) -> None:
    schedule = workspace.add(MINUTELY).schedule
    firing, following = falls_due(schedule, datetime(2025, 9, 1, 0, 0, 30, tzinfo=UTC))
    assert firing.missed == 1000
    assert firing.due_at == datetime(2025, 9, 1, tzinfo=UTC)
    assert following == Cron(fields="* * * * *", zone="UTC").after(firing.due_at)
