"""When nothing works any more."""

from __future__ import annotations

from lattice.core.errors import ErrorKind
from lattice.core.trials import Failure, Step
from lattice.engine.breaker import FIRST_PROBE, LONGEST_PROBE, Breaker, BreakerState


def failure(kind: ErrorKind, step: Step = Step.TARGET) -> Failure:
    return Failure(step=step, kind=kind, message="no")


def breaker(max_concurrent: int = 4, give_up_after: float = 900.0) -> Breaker:
    return Breaker(max_concurrent=max_concurrent, give_up_after=give_up_after)


def test_twenty_failures_of_one_permanent_cause_trip_it() -> None:
    subject = breaker()
    states = []
    for _ in range(20):
        subject.failed(failure(ErrorKind.JUDGE_PARSE, Step.JUDGE), now=0)
        states.append(subject.state)
    assert states == [BreakerState.CLOSED] * 19 + [BreakerState.TRIPPED]


def test_the_window_is_twice_the_concurrency() -> None:
    subject = breaker(max_concurrent=50)
    states = []
    for _ in range(100):
        subject.failed(failure(ErrorKind.INVALID_INPUT), now=0)
        states.append(subject.state)
    assert states == [BreakerState.CLOSED] * 99 + [BreakerState.TRIPPED]


def test_different_permanent_causes_do_not_trip_it() -> None:
    subject = breaker()
    for number in range(40):
        kind = ErrorKind.INVALID_INPUT if number % 2 else ErrorKind.JUDGE_PARSE
        subject.failed(failure(kind), now=0)
    assert subject.state is BreakerState.CLOSED


def test_one_success_starts_the_count_again() -> None:
    subject = breaker()
    for _ in range(19):
        subject.failed(failure(ErrorKind.INVALID_INPUT), now=0)
    subject.succeeded()
    for _ in range(19):
        subject.failed(failure(ErrorKind.INVALID_INPUT), now=0)
    assert subject.state is BreakerState.CLOSED


def paused(give_up_after: float = 900.0) -> Breaker:
    subject = breaker(give_up_after=give_up_after)
    for number in range(20):
        kind = ErrorKind.TIMEOUT if number % 2 else ErrorKind.SERVER_ERROR
        subject.failed(failure(kind), now=100.0)
    assert subject.state is BreakerState.PAUSED
    return subject


def test_transient_causes_pause_it_and_probes_come_at_growing_intervals() -> None:
    subject = paused()
    now, waits = 100.0, []
    for _ in range(7):
        waits.append(subject.until_probe(now=now))
        now += waits[-1]
        subject.failed(failure(ErrorKind.TIMEOUT), now=now)
    assert waits[0] == FIRST_PROBE
    assert waits == sorted(waits)
    assert max(waits) <= LONGEST_PROBE


def test_failures_of_calls_that_were_in_flight_do_not_lengthen_the_interval() -> None:
    subject = paused()
    for _ in range(10):
        subject.failed(failure(ErrorKind.TIMEOUT), now=101.0)
    assert subject.until_probe(now=101.0) == FIRST_PROBE - 1.0


def test_a_probe_that_succeeds_closes_it() -> None:
    subject = paused()
    subject.succeeded()
    assert subject.state is BreakerState.CLOSED


def test_it_gives_up_in_time() -> None:
    subject = paused(give_up_after=30.0)
    now = 100.0
    while subject.state is BreakerState.PAUSED:
        now += subject.until_probe(now=now)
        assert now <= 130.0
        subject.failed(failure(ErrorKind.TIMEOUT), now=now)
    assert subject.state is BreakerState.TRIPPED
    assert now == 130.0
