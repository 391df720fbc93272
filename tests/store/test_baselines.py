"""Baselines: set, found by name, and kept from being deleted."""

from __future__ import annotations

import pytest
from tests.store.making import make_run

from lattice.core.errors import NotFound, UsageError
from lattice.store import Store


def test_an_evaluation_has_one_baseline_at_most(store: Store) -> None:
    first, second, other = make_run(store), make_run(store), make_run(store, name="Other")
    assert store.baselines.get(first.evaluation_id) is None
    store.baselines.set(first.id)
    store.baselines.set(second.id)
    store.baselines.set(other.id)
    assert store.baselines.get(first.evaluation_id) == second.id
    assert store.baselines.all() == {first.evaluation_id: second.id, other.evaluation_id: other.id}
    assert store.baselines.remove(first.evaluation_id)
    assert not store.baselines.remove(first.evaluation_id)
    assert store.baselines.all() == {other.evaluation_id: other.id}


def test_what_is_no_run_is_no_baseline(store: Store) -> None:
    with pytest.raises(NotFound, match="could be a baseline"):
        store.baselines.set("0123456789abcdef")


def test_a_baseline_is_found_by_the_name_of_its_evaluation(store: Store) -> None:
    run = make_run(store)
    make_run(store)
    with pytest.raises(NotFound, match=r"has no baseline; set one with 'lattice baseline set RUN'"):
        store.find_run("answers-of-the-bot#baseline")
    with pytest.raises(NotFound, match="no baseline is set"):
        store.find_run("baseline")
    store.baselines.set(run.id)
    assert store.find_run("answers-of-the-bot#baseline") == store.find_run("Answers of the Bot # Baseline") == run
    assert store.find_run("baseline") == run
    with pytest.raises(NotFound, match="no evaluation 'answers'"):
        store.find_run("answers#baseline")


def test_of_several_baselines_it_has_to_be_said_which_is_meant(store: Store) -> None:
    for name in ("One", "Other"):
        store.baselines.set(make_run(store, name=name).id)
    with pytest.raises(UsageError, match="other#baseline, one#baseline"):
        store.find_run("baseline")


def test_a_baseline_is_not_deleted(store: Store) -> None:
    run, other = make_run(store), make_run(store)
    store.baselines.set(run.id)
    with pytest.raises(
        UsageError, match=r"answers-of-the-bot#1 is the baseline of its evaluation and cannot be deleted"
    ):
        store.delete_run(run.key)
    store.baselines.set(other.id)
    store.delete_run(run.key)
    assert store.runs() == [other]
