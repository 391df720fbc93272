"""What becomes of a request, whatever the order in which requests come."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from lattice.core.models import Message
from lattice.core.trials import Step
from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.questions import Question
from lattice.providers.simulated.simulation import Outcome, Simulation

FAULTY = Behaviour.from_options(
    seed=7, latency="lognormal:0.5:0.4", faults=["500=0.2", "hang=0.1", "cut=0.1", "429=0.1", "malformed=0.2"]
)


def question(number: int, model: str = "gpt-4o") -> Question:
    text = f'Question {number}: is it so? Answer with {{"score": <0 or 1>}}'
    return Question(model=model, messages=(Message(role="user", content=text),))


def simulation(behaviour: Behaviour, now: float = 0.0) -> Simulation:
    return Simulation(behaviour, lambda: now)


@given(order=st.permutations(range(30)))
def test_outcomes_do_not_depend_on_the_order_of_arrival(order: list[int]) -> None:
    forwards, shuffled = simulation(FAULTY), simulation(FAULTY)
    expected = {number: forwards.decide(question(number)) for number in range(30)}
    assert {number: shuffled.decide(question(number)) for number in order} == expected


def test_the_nth_try_of_a_content_does_not_depend_on_what_came_between() -> None:
    alone, among_others = simulation(FAULTY), simulation(FAULTY)
    expected = [alone.decide(question(1)) for _ in range(12)]
    seen: list[Outcome] = []
    chance = random.Random(3)
    while len(seen) < 12:
        for other in range(2, 2 + chance.randrange(4)):
            among_others.decide(question(other))
        seen.append(among_others.decide(question(1)))
    assert seen == expected


def test_another_try_can_succeed_and_takes_another_time() -> None:
    tried = simulation(FAULTY)
    failed = next(number for number in range(50) if tried.decide(question(number)).fault is not None)
    again = [tried.decide(question(failed)) for _ in range(20)]
    assert any(outcome.answer is not None for outcome in again)
    assert len({outcome.latency for outcome in again}) == 20


def test_faults_come_as_often_as_ordered() -> None:
    tried = simulation(Behaviour.from_options(faults=["500=0.05", "hang=0.03", "429=0.03", "cut=0.01"]))
    for number in range(4000):
        tried.decide(question(number))
    shares = {fault: count / 4000 for fault, count in tried.ledger.faults.items()}
    for fault, rate in tried.behaviour.faults.items():
        assert abs(shares[fault] - rate) < 0.012


def test_a_refused_content_stays_refused() -> None:
    tried = simulation(Behaviour.from_options(faults=["400=0.5"]))
    refused = [number for number in range(40) if tried.decide(question(number)).fault is Fault.INVALID]
    assert 10 < len(refused) < 30
    assert all(tried.decide(question(number)).fault is Fault.INVALID for number in refused)


def test_only_judges_are_spoilt() -> None:
    tried = simulation(Behaviour.from_options(faults=["malformed"]))
    plain = Question(model="gpt-4o", messages=(Message(role="user", content="Why?"),))
    target, judge = tried.decide(plain), tried.decide(question(1))
    assert target.answer is not None
    assert "(simulated answer" in target.answer.text
    assert judge.answer is not None
    assert judge.answer.value is None
    assert tried.ledger.faults == {Fault.MALFORMED: 1}


def test_a_limit_refuses_before_anything_else_is_decided() -> None:
    tried = simulation(Behaviour.from_options(rpm=60, faults=["500=0.5"]))
    tried.decide(question(1))
    refused = tried.decide(question(2))
    assert (refused.fault, refused.exceeded, refused.retry_after) == (Fault.RATE_LIMIT, "requests", 1.0)
    assert tried.ledger.refused == 1


def test_bare_limits_tell_nothing() -> None:
    tried = simulation(Behaviour.from_options(rpm=60, limit_headers=False))
    first, refused = tried.decide(question(1)), tried.decide(question(1))
    assert first.limits is None
    assert (refused.exceeded, refused.retry_after, refused.limits) == ("requests", None, None)


def test_the_ledger_tells_what_was_paid_twice() -> None:
    tried = simulation(Behaviour())
    for number in (1, 2, 2, 3):
        tried.decide(question(number))
    ledger = tried.ledger
    assert (ledger.contents, ledger.paid_again) == (3, 1)
    assert [ledger.paid(f"Question {number}:") for number in (1, 2, 3, 4)] == [1, 2, 1, 0]
    assert ledger.answered == {Step.JUDGE: 4}
    ledger.clear()
    assert (ledger.contents, ledger.paid_again, ledger.document()["requests"]) == (0, 0, 0)
