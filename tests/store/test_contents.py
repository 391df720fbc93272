"""Texts that are deleted while the numbers stay."""

from __future__ import annotations

import asyncio

import pytest
from tests.store.making import Counts, answer, failed, make_run, scored, some_inputs

from lattice.core.errors import UsageError
from lattice.core.filters import parse_filter
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import TrialKey
from lattice.store import Store
from lattice.store.contents import DELETED


def filled(store: Store, *, inputs: int = 5, origin: str | None = None) -> RunRecord:
    """A run whose first input failed, and whose others were answered and scored."""
    run = make_run(store, inputs=inputs, origin=origin)
    claim = store.claim(run.key)

    async def write() -> None:
        writer = store.writer(run.key, claim, Counts(inputs))
        writer.start()
        try:
            for position in range(1, inputs + 1):
                key = TrialKey(position, 0, 0)
                if origin is None:
                    await writer.put_response(key, answer())
                await writer.put_result(failed(key) if position == 1 else scored(key))
            await writer.finish(RunStatus.COMPLETED)
        finally:
            await writer.close()

    asyncio.run(write())
    return store.run(run.key)


def test_numbers_stay_and_texts_go(store: Store) -> None:
    run = filled(store)
    before = list(store.iterate_scores(run.key))
    store.annotate(run.key, TrialKey(2, 0, 0), score=2, note="mine")
    store.clear_contents(run.key)
    assert list(store.iterate_scores(run.key)) == before
    rows = store.results(run.key)
    assert [(row.reasoning, row.raw, row.response, row.input.input) for row in rows] == [("", "", None, "")] * 5
    assert [row.input.id for row in rows] == [f"q{n}" for n in range(1, 6)]
    assert rows[0].failure is not None
    assert rows[0].failure.message == DELETED
    assert rows[1].annotation is not None
    assert rows[1].annotation.note == "mine"
    assert store.run(run.key).contents_deleted_at is not None
    assert store.count_results(run.key, parse_filter("score < 5")) == 4


def test_no_text_is_found_any_more(store: Store) -> None:
    run = filled(store)
    store.clear_contents(run.key)
    assert store.count_results(run.key, parse_filter("text ~ 'question'")) == 0
    assert store.count_results(run.key, parse_filter("text ~ 'days'")) == 0
    assert list(store.answered(run.key)) == []


def test_inputs_stay_while_another_run_has_them(store: Store) -> None:
    first, second = filled(store), filled(store)
    store.clear_contents(first.key)
    assert store.results(second.key)[0].input.text == "Question 1?"
    store.clear_contents(second.key)
    assert store.results(second.key)[0].input.text == ""


def test_inputs_stay_while_a_version_waits_to_be_run_on_them(store: Store) -> None:
    run = filled(store)
    store.add_version(
        name="Other",
        slug="other",
        type="task_specific",
        config=run.config,
        config_hash="else",
        input_set=store.input_set(run.input_set),
    )
    store.clear_contents(run.key)
    assert store.results(run.key)[0].input.text == "Question 1?"


def test_what_is_gone_cannot_be_run_until_it_is_given_again(store: Store) -> None:
    run = filled(store)
    store.clear_contents(run.key)
    with pytest.raises(UsageError, match="add it again"):
        store.create_run(run.version_key, seed=1, total=5, tags={}, trigger="cli")
    assert store.stage_inputs(some_inputs(5)) == store.input_set(run.input_set)
    again = store.create_run(run.version_key, seed=1, total=5, tags={}, trigger="cli")
    assert store.read_inputs(again.input_set, [3])[3].text == "Question 3?"
    assert list(store.positions(again.input_set)) == [1, 2, 3, 4, 5]
    assert store.results(run.key, where=parse_filter("id = q2"))[0].key.position == 2


def test_more_than_goes_at_once_goes_all_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lattice.store.contents.AT_ONCE", 2)
    run = filled(store, inputs=7)
    store.clear_contents(run.key)
    store.clear_contents(run.key)
    assert {row.reasoning for row in store.results(run.key)} == {""}
    assert {row.input.text for row in store.results(run.key)} == {""}
    assert list(store.answered(run.key)) == []


def test_a_run_that_goes_on_keeps_its_contents(store: Store) -> None:
    run = make_run(store)
    store.claim(run.key)
    with pytest.raises(UsageError, match="stop it first"):
        store.clear_contents(run.key)
    assert store.run(run.key).contents_deleted_at is None


def test_responses_that_another_run_scores_stay(store: Store) -> None:
    run = filled(store)
    other = filled(store, origin=run.id)
    with pytest.raises(UsageError, match="scores the responses"):
        store.clear_contents(run.key)
    store.clear_contents(other.key)
    assert store.results(run.key)[1].response is not None
    assert store.results(run.key)[1].reasoning != ""
