"""Inputs: staged in one pass, shared, read back exactly."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from tests.store.making import some_inputs

from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.store import DuplicateInput, Store, open_store
from lattice.store.inputs import CHUNK
from lattice.store.processes import current_process
from lattice.store.schema import input_ids, input_sets, inputs

HOSTILE = Input(
    position=7,
    id="\x00\ud800",
    input=(Message(role="system", content="be \x00 kind"), Message(role="user", content="\ud83d")),
    reference="</script>\x1b[2J\x00",
    context=("one\x00", "\udfff", "x" * 1_000_000),
    metadata={"n": 2**70, "\ud800": ["\x00", None, 1.5], "deep": {"a": [1, 2]}},
    cluster="c\x00",
)


def rows(store: Store) -> tuple[int, ...]:
    with store._database.read() as connection:
        return tuple(
            connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in (input_sets, inputs, input_ids)
        )


def test_inputs_are_read_back_as_they_were(store: Store) -> None:
    given = [*some_inputs(5), HOSTILE]
    staged = store.stage_inputs(given)
    assert store.read_inputs(staged.key, [7, 1, 2, 3, 4, 5, 99]) == {each.position: each for each in given}
    assert list(store.positions(staged.key)) == [1, 2, 3, 4, 5, 7]


def test_the_same_inputs_are_kept_once(store: Store) -> None:
    first, second = store.stage_inputs(some_inputs(20)), store.stage_inputs(some_inputs(20))
    assert first == second
    assert rows(store) == (1, 20, 20)


ONE = Input(position=1, id="a", input="b", reference="c", context=("d",), metadata={"e": 1}, cluster="f")


@pytest.mark.parametrize(
    "other",
    [
        replace(ONE, position=2),
        replace(ONE, id="x"),
        replace(ONE, input="x"),
        replace(ONE, input=(Message(role="user", content="b"),)),
        replace(ONE, reference=None),
        replace(ONE, context=("c", "d")),
        replace(ONE, metadata={"e": 2}),
        replace(ONE, cluster="x"),
    ],
)
def test_whatever_differs_makes_another_set(store: Store, other: Input) -> None:
    assert store.stage_inputs([ONE]).hash != store.stage_inputs([other]).hash


def test_references_are_counted(store: Store) -> None:
    plain = list(some_inputs(2))
    some = store.stage_inputs([plain[0], replace(plain[1], reference="r")])
    every = store.stage_inputs([replace(each, reference="r") for each in plain])
    assert (some.count, some.with_reference, some.has_references) == (2, 1, False)
    assert (every.with_reference, every.has_references) == (2, True)
    assert store.input_set(some.key) == some


def test_an_empty_set_is_a_set(store: Store) -> None:
    empty = store.stage_inputs([])
    assert (empty.count, empty.has_references, list(store.positions(empty.key))) == (0, False, [])


@pytest.mark.parametrize(("first", "second"), [(2, 4), (3, CHUNK + 7)])
def test_a_repeated_id_is_named_with_both_places(store: Store, first: int, second: int) -> None:
    def repeated() -> Iterator[Input]:
        for each in some_inputs(CHUNK + 10):
            last_too = each.position == CHUNK + 10
            yield replace(each, id=f"q{first}") if each.position == second or last_too else each

    with pytest.raises(DuplicateInput, match=f"#{first} and #{second} have the same id 'q{first}'") as caught:
        store.stage_inputs(repeated())
    assert (caught.value.id, caught.value.first_position, caught.value.position) == (f"q{first}", first, second)
    assert rows(store) == (0, 0, 0)


def test_nothing_stays_when_the_source_breaks_off(store: Store) -> None:
    def broken() -> Iterator[Input]:
        yield from some_inputs(CHUNK + 1)
        raise ValueError("line 5002 is no JSON")

    with pytest.raises(ValueError, match="line 5002"):
        store.stage_inputs(broken())
    assert rows(store) == (0, 0, 0)


DYING = """
import os, signal, sys
from lattice.store import open_store
from lattice.store.inputs import CHUNK
from tests.store.making import some_inputs

def dying():
    yield from some_inputs(2 * CHUNK)
    os.kill(os.getpid(), signal.SIGKILL)

open_store(sys.argv[1]).stage_inputs(dying())
"""


def test_what_a_killed_process_left_behind_is_swept(url: str) -> None:
    subprocess.run([sys.executable, "-c", DYING, url], check=False, cwd=Path(__file__).parents[2])
    with open_store(url) as store:
        assert rows(store) == (1, 2 * CHUNK, 0)
        store.stage_inputs(some_inputs(1))
        assert rows(store) == (1, 1, 1)


def test_what_a_living_process_stages_is_left_alone(store: Store) -> None:
    def nested() -> Iterator[Input]:
        yield from some_inputs(CHUNK)
        store.stage_inputs([HOSTILE])
        yield Input(position=CHUNK + 1, id="last", input="?")

    assert store.stage_inputs(nested()).count == CHUNK + 1
    assert rows(store) == (2, CHUNK + 2, CHUNK + 2)


def test_what_another_host_stages_is_left_alone_for_a_day(store: Store, clock: object) -> None:
    store.stage_inputs(some_inputs(1))
    elsewhere = json.dumps({**asdict(current_process()), "host": "elsewhere"})
    with store._database.write() as connection:
        connection.execute(update(input_sets).values(hash=None, staged_by=elsewhere))
    store.stage_inputs([HOSTILE])
    assert rows(store)[0] == 2
    clock.advance(25 * 3600)  # type: ignore[attr-defined]
    store.stage_inputs([HOSTILE])
    assert rows(store)[0] == 1
