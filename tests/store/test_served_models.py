"""Which models answered, as their providers named them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from tests.store.making import answer, first, make_run, scored, started, write

from lattice.core.runs import RunRecord, RunStatus
from lattice.store import Store


async def answered(store: Store, run: RunRecord, *models: str | None) -> None:
    claim = store.claim(run.key)
    writer = started(store, run, claim)
    try:
        for position, model in enumerate(models, start=1):
            await writer.put_response(first(position), replace(answer(), model=model))
            await writer.put_result(scored(first(position)))
        await writer.finish(RunStatus.COMPLETED)
    finally:
        await writer.close()


def test_answers_are_counted_by_target_and_model(store: Store) -> None:
    run = make_run(store)
    asyncio.run(write(store, run, [scored(first(1)), scored(first(2)), scored(first(1, target=1))]))
    assert store.served_models(run.key) == {0: {"m-1": 2}, 1: {"m-1": 1}}


def test_answers_that_name_no_model_count_for_none(store: Store) -> None:
    run = make_run(store)
    asyncio.run(answered(store, run, "m-1", None, "m-2"))
    assert store.served_models(run.key) == {0: {"m-1": 1, "m-2": 1}}


def test_a_run_without_answers_has_none(store: Store) -> None:
    assert store.served_models(make_run(store).key) == {}
