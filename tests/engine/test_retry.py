from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import ErrorKind
from lattice.core.evaluation import Retries
from lattice.engine.retry import Again, Fatal, Stop, allowed, decide

POLICY = Retries()
kinds = st.sampled_from(ErrorKind)
policies = st.builds(
    Retries,
    rate_limit=st.integers(0, 100),
    timeout=st.integers(0, 100),
    server_error=st.integers(0, 100),
    max_wait=st.floats(0.001, 1e4),
)
jitters = st.floats(0.0, 1.0, exclude_max=True)


@pytest.mark.parametrize(
    ("kind", "attempts"),
    [
        (ErrorKind.RATE_LIMIT, 4),
        (ErrorKind.TIMEOUT, 3),
        (ErrorKind.SERVER_ERROR, 4),
        (ErrorKind.CONNECTION, 4),
        (ErrorKind.JUDGE_PARSE, 1),
        (ErrorKind.INVALID_INPUT, 1),
        (ErrorKind.TARGET_RESPONSE, 1),
        (ErrorKind.TARGET_ERROR, 1),
    ],
)
def test_a_call_that_always_fails_in_one_way_is_made_as_often_as_promised(kind: ErrorKind, attempts: int) -> None:
    made = 1
    while isinstance(decide(kind, made, POLICY, jitter=0.5), Again):
        made += 1
    assert made == attempts == allowed(kind, POLICY)


@pytest.mark.parametrize("kind", [ErrorKind.AUTH, ErrorKind.NOT_FOUND, ErrorKind.QUOTA])
def test_what_no_call_can_survive_fails_the_run(kind: ErrorKind) -> None:
    assert decide(kind, 1, POLICY, jitter=0.0) == Fatal()


def test_a_timeout_is_tried_again_at_once() -> None:
    assert decide(ErrorKind.TIMEOUT, 1, POLICY, jitter=0.9) == Again(wait=0.0)


def test_waits_double_and_lie_between_half_and_the_whole_backoff() -> None:
    policy = Retries(server_error=10)
    for attempts, backoff in ((1, 1.0), (2, 2.0), (3, 4.0), (4, 8.0)):
        assert decide(ErrorKind.SERVER_ERROR, attempts, policy, jitter=0.0) == Again(wait=backoff / 2)
        assert decide(ErrorKind.CONNECTION, attempts, policy, jitter=0.5) == Again(wait=backoff * 0.75)


def test_no_single_wait_is_longer_than_configured() -> None:
    policy = Retries(server_error=100, max_wait=20.0)
    assert decide(ErrorKind.SERVER_ERROR, 60, policy, jitter=0.5) == Again(wait=20.0)
    assert decide(ErrorKind.RATE_LIMIT, 1, policy, retry_after=3600.0, jitter=0.5) == Again(wait=20.0)


def test_the_latest_error_decides_but_earlier_attempts_count() -> None:
    assert isinstance(decide(ErrorKind.SERVER_ERROR, 3, POLICY, jitter=0.0), Again)
    assert decide(ErrorKind.TIMEOUT, 3, POLICY, jitter=0.0) == Stop()


@given(kind=kinds, attempts=st.integers(1, 300), policy=policies, jitter=jitters)
def test_another_attempt_is_granted_exactly_while_the_policy_has_one(
    kind: ErrorKind, attempts: int, policy: Retries, jitter: float
) -> None:
    decision = decide(kind, attempts, policy, jitter=jitter)
    if kind.is_fatal:
        assert decision == Fatal()
    else:
        assert isinstance(decision, Again) == (attempts < allowed(kind, policy))


@given(errors=st.lists(kinds, min_size=400, max_size=400), policy=policies)
def test_no_mixture_of_errors_makes_more_calls_than_the_largest_allowance(
    errors: list[ErrorKind], policy: Retries
) -> None:
    made = 1
    for kind in errors:
        if not isinstance(decide(kind, made, policy, jitter=0.0), Again):
            break
        made += 1
    assert made <= 1 + max(policy.rate_limit, policy.timeout, policy.server_error)


@given(
    kind=st.sampled_from([ErrorKind.RATE_LIMIT, ErrorKind.SERVER_ERROR, ErrorKind.TIMEOUT]),
    told=st.floats(0.001, 1e5),
    policy=policies,
    jitter=jitters,
)
def test_a_call_is_never_repeated_earlier_than_told(
    kind: ErrorKind, told: float, policy: Retries, jitter: float
) -> None:
    decision = decide(kind, 1, policy, retry_after=told, jitter=jitter)
    if isinstance(decision, Again):
        assert min(told, policy.max_wait) <= decision.wait <= min(told + 1.0, policy.max_wait)


@given(kind=kinds, attempts=st.integers(1, 100), policy=policies, jitter=jitters)
def test_waits_are_never_negative_and_never_too_long(
    kind: ErrorKind, attempts: int, policy: Retries, jitter: float
) -> None:
    decision = decide(kind, attempts, policy, jitter=jitter)
    if isinstance(decision, Again):
        assert 0.0 <= decision.wait <= policy.max_wait
