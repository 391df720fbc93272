from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lattice.engine.limits.tally import SPAN, Tally

times = st.lists(st.integers(0, 16 * 600).map(lambda sixteenths: sixteenths / 16), max_size=80).map(sorted)


@given(times=times, since=st.floats(0.0, SPAN))
def test_every_call_of_the_last_minute_is_counted(times: list[float], since: float) -> None:
    tally = Tally()
    for time in times:
        tally.add(time, 1)
    until = times[-1] + 1.0 if times else 1.0
    start = max(until - since, 0.0)
    exact = sum(time >= int(start * 16) / 16 for time in times)
    assert tally.total(start, until) == exact


def test_a_refused_call_is_taken_out_again() -> None:
    tally = Tally()
    tally.add(5.0, 1)
    tally.add(5.5, 1)
    tally.add(5.0, -1)
    assert tally.total(0.0, 10.0) == 1


def test_what_is_older_than_a_minute_leaves_no_trace() -> None:
    tally = Tally()
    tally.add(1.0, 3)
    tally.add(65.0, 1)
    tally.add(1.0, -1)
    assert tally.total(0.0, 100.0) == 1


def test_two_tallies_become_one() -> None:
    one, other = Tally(), Tally()
    one.add(1.0, 2)
    other.add(1.0, 1)
    other.add(30.0, 4)
    one.absorb(other)
    assert one.total(0.0, 60.0) == 7
