"""Assessments, states of alerts and messages: the contract over every store."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import insert, select, update
from tests.store.conftest import Clock
from tests.store.making import make_run

from lattice.core.runs import RunRecord, RunStatus
from lattice.store import Store, open_store
from lattice.store.alerting import AlertState, Assessment, Outcome, Phase, Settled, ended_subject
from lattice.store.outbox import Notice
from lattice.store.schema import evaluations, firings, notifications, schedules

NOTICE = Notice(kind="alert", title="It fell \x00", body="From 4.2\nto 3.6", channels=("${A}", "${B}"))


def of(run: RunRecord, subject: str = "run:x", outcome: Outcome = Outcome.USUAL) -> Assessment:
    return Assessment(
        evaluation_id=run.evaluation_id, subject=subject, run_id=run.id, number=run.number, outcome=outcome
    )


def fell(states: Mapping[str, AlertState], now: datetime) -> Settled:
    state = AlertState(alert="mean < 1", phase=Phase.ALERT, since=now, detail="0.5 is below 1", streak=2)
    return Settled(states=[state], notice=None if "mean < 1" in states else NOTICE)


def ended(store: Store, run: RunRecord, status: RunStatus = RunStatus.COMPLETED) -> RunRecord:
    store.release(run.key, store.claim(run.key), status)
    return store.run(run.key)


def test_a_subject_is_assessed_once_with_all_that_follows(store: Store) -> None:
    run = make_run(store)
    assert store.alerts.assess(of(run), fell)
    assert not store.alerts.assess(of(run), fell)
    assert store.alerts.is_assessed(run.evaluation_id, "run:x")
    [state] = store.alerts.states(run.evaluation_id)
    assert (state.phase, state.detail, state.streak) == (Phase.ALERT, "0.5 is below 1", 2)
    assert [each.channel for each in store.alerts.outbox.all()] == ["${B}", "${A}"]
    assert store.alerts.outbox.all()[0].title == "It fell \x00"


def test_an_assessment_that_goes_wrong_leaves_nothing(store: Store) -> None:
    run = make_run(store)

    def broken(states: Mapping[str, AlertState], now: datetime) -> Settled:
        raise RuntimeError

    with contextlib.suppress(RuntimeError):
        store.alerts.assess(of(run), broken)
    assert not store.alerts.is_assessed(run.evaluation_id, "run:x")
    assert store.alerts.assess(of(run), fell)


def test_of_many_at_once_one_assesses_and_each_message_is_taken_once(store: Store, url: str, clock: Clock) -> None:
    run = make_run(store)
    with open_store(url, clock=clock) as other, ThreadPoolExecutor(8) as pool:
        stores = [store, other] * 8
        assert sum(pool.map(lambda each: each.alerts.assess(of(run), fell), stores)) == 1
        taken = [each.id for each in pool.map(lambda each: each.alerts.outbox.take_due(), stores) if each is not None]
    assert sorted(taken) == sorted(each.id for each in store.alerts.outbox.all())


def test_a_run_is_to_be_assessed_at_each_of_its_ends(store: Store, clock: Clock) -> None:
    since = clock.now - timedelta(days=1)
    run = make_run(store)
    assert store.alerts.ended([run.trigger], since) == []
    failed = ended(store, run, RunStatus.FAILED)
    assert store.alerts.ended([run.trigger], since) == [run.key]
    assert store.alerts.ended(["other"], since) == []
    assert store.alerts.ended([run.trigger], clock.now + timedelta(seconds=1)) == []
    store.alerts.assess(of(failed, ended_subject(run.id, 0, "failed")), fell)
    assert store.alerts.ended([run.trigger], since) == []
    ended(store, failed)
    assert store.alerts.ended([run.trigger], since) == [run.key]


def test_a_run_that_scores_the_responses_of_another_is_not_looked_at(store: Store, clock: Clock) -> None:
    run = ended(store, make_run(store))
    again = store.create_run(run.version_key, seed=1, total=1, tags={}, trigger=run.trigger, origin=run.id)
    since = clock.now - timedelta(days=1)
    assert store.alerts.open([run.trigger], since) == {}
    ended(store, again)
    assert store.alerts.ended([run.trigger], since) == [run.key]


def test_runs_that_have_not_ended_are_due_when_they_were_made_or_scheduled(store: Store, clock: Clock) -> None:
    run = make_run(store)
    since = clock.now - timedelta(days=1)
    assert store.alerts.open([run.trigger], since) == {run.key: run.created_at}
    due = (clock.now - timedelta(hours=1)).timestamp()
    schedule(store, run, due_at=due, state="started", run_id=run.id)
    assert store.alerts.open([run.trigger], since)[run.key].timestamp() == due
    ended(store, run)
    assert store.alerts.open([run.trigger], since) == {}


def test_a_schedule_that_could_not_start_a_run_is_found(store: Store, clock: Clock) -> None:
    run = make_run(store)
    schedule(store, run, due_at=clock.now.timestamp(), state="failed", reason="the file is gone")
    [found] = store.alerts.failed_firings(clock.now - timedelta(days=1))
    assert (found.evaluation_id, found.reason) == (run.evaluation_id, "the file is gone")
    assert store.alerts.failed_firings(clock.now + timedelta(days=1)) == []


def test_the_level_is_made_of_usual_runs_before_until_another_is_accepted(store: Store) -> None:
    made = [make_run(store) for _ in range(4)]

    def standing(states: Mapping[str, AlertState], now: datetime) -> Settled:
        return Settled(states=[AlertState(alert="a", phase=Phase.ALERT, since=now, run_id=made[2].id)])

    for run, outcome in zip(made, (Outcome.USUAL, Outcome.NONE, Outcome.DROPPED, Outcome.DROPPED), strict=True):
        store.alerts.assess(of(run, f"run:{run.id}", outcome), standing)
    evaluation = made[0].evaluation_id
    assert store.alerts.usual(evaluation, 99, 9) == [made[0].id]
    assert store.alerts.usual(evaluation, made[0].number, 9) == []
    assert store.alerts.accept(evaluation)
    assert store.alerts.usual(evaluation, 99, 9) == [made[3].id, made[2].id]
    assert store.alerts.states(evaluation) == []
    assert not store.alerts.accept(evaluation)


def test_a_message_is_put_off_or_sent_and_one_whose_process_is_gone_is_taken_again(store: Store, clock: Clock) -> None:
    run = make_run(store)
    store.alerts.assess(of(run), fell)
    outbox = store.alerts.outbox
    first, second = outbox.take_due(), outbox.take_due()
    assert first is not None
    assert second is not None
    assert outbox.take_due() is None
    outbox.put_off(first.id, "500", clock.now + timedelta(seconds=30))
    outbox.sent(second.id)
    assert [each.state for each in outbox.all()] == ["sent", "waiting"]
    assert [each.error for each in outbox.unsent()] == ["500"]
    assert outbox.take_due() is None
    clock.advance(30)
    assert outbox.take_due() is not None
    with store.alerts._database.write() as connection:
        connection.execute(update(notifications).values(claim_pid=2**22 + 1, claim_started="gone"))
    again = outbox.take_due()
    assert again is not None
    outbox.put_off(again.id, "500", None)
    assert outbox.unsent()[0].state == "given up"
    assert outbox.about(run.id) == outbox.all()[::-1]


def schedule(store: Store, run: RunRecord, **firing: object) -> None:
    """A schedule of the run's evaluation, with one firing."""
    row = {
        "id": "s",
        "file": "e.yaml",
        "cron": "0 2 * * *",
        "timezone": "UTC",
        "catch_up": "once",
        "overlap": "skip",
        "host": "here",
        "created_at": 0.0,
    }
    with store.alerts._database.write() as connection:
        of = connection.execute(select(evaluations.c.key).where(evaluations.c.id == run.evaluation_id)).scalar_one()
        key = connection.execute(
            insert(schedules).values({**row, "evaluation_key": of}).returning(schedules.c.key)
        ).scalar_one()
        connection.execute(insert(firings).values({"schedule_key": key, **firing}))
