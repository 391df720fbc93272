"""A run that arrives is seen when it is whole, keeps what it brought, and leaves nothing when it never got there."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from tests.store.making import CONFIG, answer, make_run, scored, some_inputs

from lattice.core.errors import ClaimLost, UsageError
from lattice.core.runs import RunStatus
from lattice.core.trials import Result, TrialKey
from lattice.store import ArrivingEnd, ArrivingRun, NewVersion, Store

LONG_AGO = datetime(2024, 1, 2, 3, 4, 5, 678901, UTC)
NEW = ArrivingRun(seed=7, trigger="import", total=3, created_at=LONG_AGO)
END = ArrivingEnd(
    status=RunStatus.COMPLETED, started_at=LONG_AGO, finished_at=LONG_AGO, elapsed=12.5, live={"a": 1}, revision=2
)


def version(store: Store, name: str = "Arrived", evaluation_id: str | None = None) -> NewVersion:
    return NewVersion(
        name=name,
        slug=name.lower().replace(" ", "-"),
        type="task_specific",
        config=CONFIG,
        config_hash="abc",
        input_set=store.stage_inputs(some_inputs(3)),
        evaluation_id=evaluation_id,
    )


def break_off(store: Store) -> None:
    with store.arriving(version(store), NEW) as arrival:
        arrival.add_result(scored(TrialKey(1, 0, 0)), answer())
        arrival.show(END)
        raise RuntimeError("the source is gone")


def write_twice(store: Store, result: Result | None) -> None:
    with store.arriving(version(store), NEW) as arrival:
        for _ in range(2):
            if result is None:
                arrival.add_response(TrialKey(1, 0, 0), answer())
            else:
                arrival.add_result(result, None)
        arrival.show(END)


def test_it_is_seen_when_all_of_it_is_there(store: Store) -> None:
    with store.arriving(version(store), NEW) as arrival:
        arrival.add_result(scored(TrialKey(2, 0, 0)), answer())
        assert store.runs() == []
        arrival.show(END)
        assert store.run(arrival.key).status is RunStatus.RUNNING
        assert not store.run(arrival.key).interrupted
        arrival.finish(END, {"summary": 1})
    (record,) = store.runs()
    assert (record.status, record.claim, record.summary, record.live) == (
        RunStatus.COMPLETED,
        None,
        {"summary": 1},
        {"a": 1},
    )
    assert (record.created_at, record.started_at, record.finished_at) == (LONG_AGO,) * 3
    assert (record.elapsed, record.revision, record.seq, record.progress.done) == (12.5, 2, 1, 1)


def test_a_row_is_kept_as_it_was_given_out(store: Store) -> None:
    with store.arriving(version(store), NEW) as arrival:
        arrival.add_result(scored(TrialKey(2, 1, 0), wasted_cost_usd=0.1 + 0.2, attempts=3), answer())
        arrival.show(END)
    (row,) = store.results(arrival.key)
    strange = replace(row, seq=9, cost=None, target_cost=-0.0, latency=None)
    with store.arriving(version(store, "Again"), NEW) as arrival:
        arrival.add_row(strange)
        arrival.show(END)
    assert store.results(arrival.key) == [strange]
    assert store.run(arrival.key).seq == 9


def test_id_and_number_are_kept_where_they_are_free(store: Store) -> None:
    wanted = replace(NEW, id="abc123", number=7)
    for expected in (("abc123", 7, "e1"), (None, 8, "e1")):
        with store.arriving(version(store, evaluation_id="e1"), wanted) as arrival:
            arrival.show(END)
        record = store.run(arrival.key)
        assert (record.number, record.evaluation_id) == expected[1:]
        assert (record.id == "abc123") is (expected[0] is not None)
    with store.arriving(version(store, "Other", evaluation_id="e1"), NEW) as arrival:
        arrival.show(END)
    assert store.run(arrival.key).evaluation_id != "e1"
    assert make_run(store, name="Arrived").number == 9


def test_an_error_leaves_nothing_of_it(store: Store) -> None:
    kept = make_run(store)
    with pytest.raises(RuntimeError, match="the source is gone"):
        break_off(store)
    assert store.runs() == [kept]
    assert [row.slug for row in store.evaluations()] == [kept.evaluation_slug]


def test_an_error_leaves_the_versions_that_others_use(store: Store) -> None:
    kept = make_run(store, inputs=3, name="Arrived")
    with pytest.raises(RuntimeError, match="the source is gone"):
        break_off(store)
    assert store.runs() == [kept]
    assert len(store.versions(kept.evaluation_id)) == 1


@pytest.mark.parametrize("result", [None, scored(TrialKey(1, 0, 0))], ids=["responses", "results"])
def test_a_trial_comes_once(store: Store, result: Result | None) -> None:
    with pytest.raises(UsageError, match="two results are of the same trial"):
        write_twice(store, result)
    assert store.runs() == []


def test_deleting_another_run_does_not_sweep_it_away(store: Store) -> None:
    other = make_run(store)
    with store.arriving(version(store), NEW) as arrival:
        store.delete_run(other.key)
        arrival.add_result(scored(TrialKey(1, 0, 0)), answer())
        arrival.show(END)
        arrival.finish(END, None)
    assert [run.key for run in store.runs()] == [arrival.key]


def test_nothing_is_written_once_it_is_over(store: Store) -> None:
    with store.arriving(version(store), NEW) as arrival:
        arrival.show(END)
        arrival.finish(END, None)
    with pytest.raises(ClaimLost):
        arrival.show(END)


def test_responses_without_a_result_are_streamed_in_order(store: Store) -> None:
    with store.arriving(version(store), NEW) as arrival:
        for position in (3, 1):
            arrival.add_response(TrialKey(position, 0, 0), answer())
        arrival.add_result(scored(TrialKey(2, 0, 0)), answer())
        arrival.show(END)
    found = list(store.responses_without_result(arrival.key))
    assert found == [(TrialKey(position, 0, 0), answer()) for position in (1, 3)]
    assert {key for key, _ in found} == store.unjudged(arrival.key)


def test_inputs_are_streamed_in_order(store: Store) -> None:
    staged = store.stage_inputs(some_inputs(1_203))
    assert list(store.inputs(staged.key)) == list(some_inputs(1_203))
