"""Orders that come twice, and deliveries that are sent again."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.conftest import Clock
from tests.store.making import make_run

from lattice.core.errors import UsageError
from lattice.store import Store
from lattice.store.runs import NewRun

PLACING = """
import sys
from lattice.store import open_store
from lattice.store.runs import NewRun

new = NewRun(version_key=int(sys.argv[2]), seed=7, total=10, trigger="api", tags={})
with open_store(sys.argv[1]) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    placed = store.orders.place("deploy-17", "a" * 64, new, {})
    print(placed.run.id, placed.again)
"""


def ordered(store: Store) -> NewRun:
    version = make_run(store).version_key
    return NewRun(version_key=version, seed=7, total=10, trigger="api", tags={"commit": "f00"})


def test_the_same_order_again_is_the_same_run(store: Store) -> None:
    new = ordered(store)
    first, again = store.orders.place("one", "a" * 64, new, {}), store.orders.place("one", "a" * 64, new, {})
    assert (first.again, again.again) == (False, True)
    assert again.run == first.run
    assert first.run.tags == {"commit": "f00"}
    assert len(store.runs()) == 2


def test_another_order_under_the_same_key_is_refused(store: Store) -> None:
    new = ordered(store)
    store.orders.place("one", "a" * 64, new, {})
    with pytest.raises(UsageError, match="given to another order"):
        store.orders.place("one", "b" * 64, new, {})
    assert not store.orders.place("other", "b" * 64, new, {}).again
    assert len(store.runs()) == 3


def test_keys_are_those_of_one_evaluation(store: Store) -> None:
    new = ordered(store)
    other = NewRun(version_key=make_run(store, name="Other").version_key, seed=1, total=1, trigger="api", tags={})
    assert store.orders.place("one", "a" * 64, new, {}).run.evaluation_slug == "answers-of-the-bot"
    assert store.orders.place("one", "b" * 64, other, {}).run.evaluation_slug == "other"


def test_a_key_is_forgotten_after_a_week(store: Store, clock: Clock) -> None:
    new = ordered(store)
    first = store.orders.place("one", "a" * 64, new, {})
    clock.advance(7 * 86_400 - 1)
    assert store.orders.place("one", "a" * 64, new, {}).run == first.run
    clock.advance(2)
    assert store.orders.place("one", "b" * 64, new, {}).run != first.run


def test_a_run_that_was_deleted_is_not_started_again_unasked(store: Store) -> None:
    new = ordered(store)
    store.delete_run(store.orders.place("one", "a" * 64, new, {}).run.key)
    with pytest.raises(UsageError, match="has been deleted; send a new key"):
        store.orders.place("one", "a" * 64, new, {})


def test_a_run_that_cannot_be_made_leaves_no_order(store: Store) -> None:
    new = ordered(store)
    with pytest.raises(UsageError, match="there is no run"):
        store.orders.place("one", "a" * 64, replace(new, origin="0" * 16), {})
    assert not store.orders.place("one", "a" * 64, new, {}).again


def test_a_delivery_starts_one_run(store: Store, clock: Clock) -> None:
    new = ordered(store)
    run = store.orders.deliver("d" * 64, new)
    with pytest.raises(UsageError, match="has come before"):
        store.orders.deliver("d" * 64, new)
    assert store.runs(limit=1) == [run]
    clock.advance(8 * 86_400)
    assert store.orders.deliver("d" * 64, new) != run


def test_one_order_at_several_processes_makes_one_run(store: Store, url: str, tmp_path: Path) -> None:
    version = make_run(store).version_key
    command = [sys.executable, "-c", PLACING, url, str(version)]
    placing = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
        for _ in range(3)
    ]
    for process in placing:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    said = [process.communicate("now\n")[0].split() for process in placing]
    assert len({run for run, _ in said}) == 1
    assert sorted(again for _, again in said) == ["False", "True", "True"]
    assert len(store.runs()) == 2
