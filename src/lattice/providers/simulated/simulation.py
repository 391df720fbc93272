"""What becomes of one request: the order in which limits, faults and answers are decided, for both faces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lattice.core.limits import LimitHints
from lattice.core.trials import Step
from lattice.providers.simulated.answers import Answer, answer
from lattice.providers.simulated.behaviour import Behaviour, LimitHeaders
from lattice.providers.simulated.draws import content_key, uniforms
from lattice.providers.simulated.faults import PASSING, PERMANENT, SPOILT, Fault
from lattice.providers.simulated.ledger import Ledger
from lattice.providers.simulated.limits import Gate
from lattice.providers.simulated.questions import Question

FAULT_WAIT = 1.0
"""Seconds that a rate limit ordered as a fault asks to wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What to do with a request.

    Parameters
    ----------
    content: what identifies it.
    answer: what to say; None when it fails.
    fault: how it fails; None when it is answered.
    exceeded: ``requests`` or ``tokens`` where a limit that is set refused it.
    latency: seconds until the answer, or the failure.
    retry_after: seconds to ask the caller to wait; None to ask nothing.
    limits: what is left of the limits; None where none are set or nothing is told.
    """

    content: bytes
    answer: Answer | None = None
    fault: Fault | None = None
    exceeded: str | None = None
    latency: float = 0.0
    retry_after: float | None = None
    limits: LimitHints | None = None


class Simulation:
    """Decides, and counts what it has decided.

    Parameters
    ----------
    clock: seconds, from any fixed point.
    """

    def __init__(self, behaviour: Behaviour, clock: Callable[[], float], ledger: Ledger | None = None) -> None:
        self.behaviour = behaviour
        self.ledger = ledger if ledger is not None else Ledger()
        self._clock = clock
        self._gate = Gate(behaviour)
        self._permanent = _ladder(behaviour, PERMANENT)
        self._passing = _ladder(behaviour, PASSING)
        self._spoilt = _ladder(behaviour, SPOILT)
        self._tells = behaviour.limit_headers is LimitHeaders.REAL
        self._steady = not (self._passing or self._spoilt or behaviour.latency.sigma)

    def decide(self, question: Question) -> Outcome:
        """Decide what becomes of a request, and count it."""
        behaviour = self.behaviour
        content = content_key(behaviour.seed, question.model, question.messages)
        if self._permanent and (fault := _step(self._permanent, uniforms(content, b"permanent")[0])):
            self.ledger.faults[fault] += 1
            return Outcome(content=content, fault=fault)
        given = answer(question, content, seed=behaviour.seed, quality=behaviour.quality, fault=None)
        hints: LimitHints | None = None
        if self._gate.limited:
            admission = self._gate.admit(question.model, given.usage.total_tokens, self._clock())
            hints = admission.hints if self._tells else None
            if admission.exceeded:
                self.ledger.refused += 1
                wait = admission.wait if self._tells else None
                return Outcome(
                    content=content,
                    fault=Fault.RATE_LIMIT,
                    exceeded=admission.exceeded,
                    retry_after=wait,
                    limits=hints,
                )
        return self._admitted(question, content, given, hints)

    def _admitted(self, question: Question, content: bytes, given: Answer, hints: LimitHints | None) -> Outcome:
        behaviour, latency = self.behaviour, self.behaviour.latency.median
        if not self._steady:
            luck = uniforms(content, b"try %d" % (self.ledger.see(content) % 10**9))
            latency = behaviour.latency.seconds(luck[2], luck[3])
            if fault := _step(self._passing, luck[0]):
                self.ledger.faults[fault] += 1
                wait = FAULT_WAIT if fault is Fault.RATE_LIMIT and self._tells else None
                return Outcome(content=content, fault=fault, latency=latency, retry_after=wait, limits=hints)
            spoilt = _step(self._spoilt, luck[1])
            if spoilt and given.step is Step.JUDGE:
                self.ledger.faults[spoilt] += 1
                given = answer(question, content, seed=behaviour.seed, quality=behaviour.quality, fault=spoilt)
        self.ledger.pay(content, given.step, question.last)
        return Outcome(content=content, answer=given, latency=latency, limits=hints)


def _ladder(behaviour: Behaviour, faults: tuple[Fault, ...]) -> tuple[tuple[float, Fault], ...]:
    """Each fault with the sum of the rates up to it, so that one number in [0, 1) chooses among them."""
    steps: list[tuple[float, Fault]] = []
    reached = 0.0
    for fault in faults:
        if rate := behaviour.faults.get(fault, 0.0):
            reached += rate
            steps.append((reached, fault))
    return tuple(steps)


def _step(ladder: tuple[tuple[float, Fault], ...], luck: float) -> Fault | None:
    for reached, fault in ladder:
        if luck < reached:
            return fault
    return None
