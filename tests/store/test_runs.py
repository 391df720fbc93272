"""Runs: made, read, found by what people call them, deleted."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select
from tests.store.conftest import Clock
from tests.store.making import failed, first, make_run, scored, write

from lattice.core.errors import UsageError
from lattice.core.runs import Progress, RunStatus
from lattice.store import Store
from lattice.store.schema import RUN_CHILDREN, runs


def rows(store: Store) -> int:
    with store._database.read() as connection:
        return sum(
            connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (*RUN_CHILDREN, runs)
        )


def test_a_new_run_is_pending(store: Store, clock: Clock) -> None:
    run = make_run(store)
    assert (run.status, run.interrupted, run.draining) == (RunStatus.PENDING, False, False)
    assert (run.number, run.seed, run.tags, run.trigger) == (1, 7, {"commit": "f00"}, "cli")
    assert (run.progress, run.created_at, run.started_at) == (Progress(total=10), clock.now, None)
    assert (run.version, run.config_hash, run.input_count, run.evaluation_slug) == (1, "abc", 10, "answers-of-the-bot")
    assert store.positions(run.input_set)
    assert store.run(run.key) == run


def test_runs_are_numbered_within_their_evaluation(store: Store) -> None:
    made = [make_run(store), make_run(store), make_run(store, name="Other")]
    assert [run.number for run in made] == [1, 2, 1]
    assert store.runs() == made[::-1]
    assert store.runs(made[0].evaluation_id) == [made[1], made[0]]
    assert store.runs(limit=1) == [made[2]]


@pytest.mark.parametrize(
    "text",
    [
        "answers-of-the-bot#1",
        "Answers of the Bot#1",
        "ANSWERS OF THE BOT #1",
        "answersofthebot#01",
        "answers_of-the bot # 1",
        "latest",
        " Latest ",
    ],
)
def test_a_run_is_found_by_its_evaluation_and_number(store: Store, text: str) -> None:
    make_run(store, name="Other")
    run = make_run(store)
    assert store.find_run(text) == run


def test_a_run_is_found_by_its_id_and_any_unique_beginning(store: Store) -> None:
    made = [make_run(store) for _ in range(20)]
    for run in made:
        assert store.find_run(run.id) == run
        assert store.find_run(run.id[:12].upper()) == run


def test_an_ambiguous_beginning_names_the_runs_it_fits(store: Store) -> None:
    ids = [make_run(store).id for _ in range(17)]
    shared = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)
    with pytest.raises(UsageError, match=f"several runs begin with {shared}: .*answers-of-the-bot#"):
        store.find_run(shared)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("answers-of-the-bot#9", "has no run #9; its latest are answers-of-the-bot#2, answers-of-the-bot#1"),
        ("Answers of the Bot", "is an evaluation, not a run; its latest are answers-of-the-bot#2"),
        ("answers-of-teh-bot#1", "no evaluation 'answers-of-teh-bot'; close is answers-of-the-bot"),
        ("zebra#1", "no evaluation 'zebra'; there are answers-of-the-bot"),
        ("answers-of-the-bto", "no run 'answers-of-the-bto'.*close is answers-of-the-bot"),
        ("%", "no run '%'; write an id, the beginning of one, NAME#NUMBER or latest"),
        ("", "no run ''"),
    ],
)
def test_what_is_not_found_is_answered_with_what_is_close(store: Store, text: str, message: str) -> None:
    make_run(store), make_run(store)
    with pytest.raises(UsageError, match=message):
        store.find_run(text)


def test_an_empty_store_says_that_it_is_empty(store: Store) -> None:
    with pytest.raises(UsageError, match="no run yet; start one"):
        store.find_run("latest")
    with pytest.raises(UsageError, match="this store has no evaluation yet"):
        store.find_run("bot#1")


def test_a_deleted_run_is_gone_with_all_it_had(store: Store) -> None:
    run = make_run(store)
    asyncio.run(write(store, run, [scored(first(1)), failed(first(2))]))
    store.annotate(run.key, first(1), score=3.0)
    store.delete_run(run.key)
    assert (rows(store), store.runs()) == (0, [])
    for missing in (lambda: store.run(run.key), lambda: store.results(run.key), lambda: store.find_run(run.id)):
        with pytest.raises(UsageError):
            missing()


def test_the_number_of_a_deleted_run_is_not_given_again(store: Store) -> None:
    make_run(store)
    store.delete_run(make_run(store).key)
    assert make_run(store).number == 3


def test_a_deletion_that_was_cut_short_is_finished_by_the_next(store: Store, clock: Clock) -> None:
    half, other = make_run(store), make_run(store)
    with store._database.write() as connection:
        connection.execute(runs.update().where(runs.c.key == half.key).values(deleted_at=1.0))
    assert store.runs() == [other]
    store.delete_run(other.key)
    assert rows(store) == 0


def test_a_live_run_is_not_deleted(store: Store) -> None:
    run = make_run(store)
    store.claim(run.key)
    with pytest.raises(UsageError, match="is running; stop it first"):
        store.delete_run(run.key)


def test_a_run_scores_the_responses_of_its_origin(store: Store) -> None:
    run = make_run(store)
    asyncio.run(write(store, run, [scored(first(1)), failed(first(2))]))
    again = make_run(store, origin=run.id)
    third = make_run(store, origin=again.id)
    for each in (again, third):
        assert store.unjudged(each.key) == {first(1)}
        response = store.stored_response(each.key, first(1))
        assert response == store.stored_response(run.key, first(1)) is not None
    with pytest.raises(UsageError, match="scores the responses of this run"):
        store.delete_run(run.key)


def test_an_origin_that_is_not_there_is_refused(store: Store) -> None:
    with pytest.raises(UsageError, match="no run beef whose responses"):
        make_run(store, origin="beef")
    assert store.runs() == []
