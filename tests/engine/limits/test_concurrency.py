from __future__ import annotations

import math

from lattice.engine.limits.concurrency import Ceiling


def test_there_is_no_ceiling_until_a_call_is_refused() -> None:
    ceiling = Ceiling()
    ceiling.succeeded(500)
    assert ceiling.limit == math.inf
    assert not ceiling.is_reached(10_000)


def test_a_refusal_halves_what_is_in_flight() -> None:
    ceiling = Ceiling()
    ceiling.cut(32)
    assert ceiling.limit == 16
    assert ceiling.is_reached(16)
    assert not ceiling.is_reached(15)


def test_one_call_is_always_allowed() -> None:
    ceiling = Ceiling()
    for _ in range(10):
        ceiling.cut(1)
    assert not ceiling.is_reached(0)


def test_it_grows_fast_after_the_first_cut_and_by_one_a_round_afterwards() -> None:
    ceiling = Ceiling()
    ceiling.cut(20)
    for _ in range(10):
        ceiling.succeeded(int(ceiling.limit))
    assert ceiling.limit == 20
    ceiling.cut(20)
    for _ in range(10):
        ceiling.succeeded(int(ceiling.limit))
    assert 10.9 < ceiling.limit < 11.1


def test_it_does_not_grow_while_it_is_not_in_full_use() -> None:
    ceiling = Ceiling()
    ceiling.cut(20)
    for _ in range(100):
        ceiling.succeeded(9)
    assert ceiling.limit == 10
