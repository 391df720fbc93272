"""Evaluations and their versions."""

from __future__ import annotations

import pytest
from tests.store.conftest import Clock
from tests.store.making import CONFIG, make_run, some_inputs

from lattice.core.errors import UsageError
from lattice.store import Store, VersionRecord


def add(store: Store, *, name: str = "My Bot", hash: str = "h1", inputs: int = 3) -> VersionRecord:
    return store.add_version(
        name=name,
        slug="my-bot",
        type="task_specific",
        config={**CONFIG, "secret \ud800": "\x00"},
        config_hash=hash,
        input_set=store.stage_inputs(some_inputs(inputs)),
    )


def test_a_version_is_read_back_as_it_was_added(store: Store, clock: Clock) -> None:
    version = add(store)
    assert (version.number, version.evaluation_name, version.evaluation_slug) == (1, "My Bot", "my-bot")
    assert (version.config["secret \ud800"], version.created_at) == ("\x00", clock.now)
    assert store.version(version.key) == version


def test_the_same_configuration_over_the_same_inputs_is_the_same_version(store: Store) -> None:
    assert add(store) == add(store)


def test_another_configuration_or_other_inputs_make_the_next_version(store: Store) -> None:
    first, second, third = add(store), add(store, hash="h2"), add(store, hash="h2", inputs=4)
    assert [version.number for version in (first, second, third)] == [1, 2, 3]
    assert store.versions(first.evaluation_id) == [third, second, first]
    assert add(store) == first


def test_an_evaluation_has_the_name_of_its_last_version(store: Store) -> None:
    first, second = add(store), add(store, name="MY BOT", hash="h2")
    assert first.evaluation_id == second.evaluation_id
    assert [row.name for row in store.evaluations()] == ["MY BOT"]


def test_evaluations_come_with_their_last_run_latest_first(store: Store, clock: Clock) -> None:
    make_run(store, name="Old One")
    clock.advance(1)
    added = add(store)
    clock.advance(1)
    make_run(store, name="Old One")
    run = make_run(store, name="Old One")
    old, new = store.evaluations()
    assert (old.name, old.runs, old.versions, old.last_run) == ("Old One", 3, 1, run)
    assert (new.name, new.runs, new.last_version, new.last_run) == ("My Bot", 0, added, None)


def test_an_evaluation_is_archived_and_brought_back(store: Store) -> None:
    id = add(store).evaluation_id
    store.archive(id, True)
    assert store.evaluations()[0].archived
    store.archive(id, False)
    assert not store.evaluations()[0].archived


def test_what_is_not_there_is_said(store: Store) -> None:
    assert store.evaluations() == []
    with pytest.raises(UsageError, match="no version"):
        store.version(99)
    with pytest.raises(UsageError, match="no evaluation"):
        store.archive("beef", True)
