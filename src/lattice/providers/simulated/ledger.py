"""What the simulator has been asked and what it answered, to be counted from outside."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lattice.core.trials import Step
from lattice.providers.simulated.faults import Fault

_TEXTS = 10_000
_TEXT = 4_000


class Ledger:
    """Counts of one simulator.

    Attributes
    ----------
    requests: everything that came in, what was refused too.
    by_path: the same by path.
    answered: answers given, hence paid for, by step (judge or target).
    refused: requests refused because of a rate limit.
    faults: requests that failed on order, by fault; those that a limit refused are not among them.
    invalid: requests that broke the rules of the API.
    in_flight, max_in_flight: requests being worked on, and the most there ever were at once.
    """

    def __init__(self) -> None:
        self.in_flight = 0
        self.clear()

    def clear(self) -> None:
        """Start anew; a content then counts as never seen. What is in flight stays so."""
        self.requests = 0
        self.by_path: Counter[str] = Counter()
        self.answered: Counter[Step] = Counter()
        self.refused = 0
        self.faults: Counter[Fault] = Counter()
        self.invalid = 0
        self.max_in_flight = self.in_flight
        self._seen: dict[bytes, int] = {}
        self._paid: dict[bytes, int] = {}
        self._texts: dict[bytes, tuple[Step, str]] = {}

    def enter(self, path: str) -> None:
        """A request came in."""
        self.requests += 1
        self.by_path[path] += 1
        self.in_flight += 1
        self.max_in_flight = max(self.max_in_flight, self.in_flight)

    def leave(self) -> None:
        """A request has ended, in whatever way."""
        self.in_flight -= 1

    def see(self, content: bytes) -> int:
        """Count one more try of a content; how many there were before."""
        before = self._seen.get(content, 0)
        self._seen[content] = before + 1
        return before

    def pay(self, content: bytes, step: Step, text: str) -> None:
        """An answer is given, and would be charged from here on."""
        self.answered[step] += 1
        before = self._paid.get(content, 0)
        self._paid[content] = before + 1
        if not before and len(self._texts) < _TEXTS:
            self._texts[content] = (step, text[:_TEXT])

    @property
    def contents(self) -> int:
        """How many different requests were paid for."""
        return len(self._paid)

    @property
    def paid_again(self) -> int:
        """Answers beyond the first to the same content."""
        return sum(self.answered.values()) - len(self._paid)

    def paid(self, words: str) -> int:
        """How many answers were paid for whose question's last user message contains these words."""
        return sum(self._paid[content] for content, (_, text) in self._texts.items() if words in text)

    def document(self) -> dict[str, Any]:
        """The counts as JSON data."""
        return {
            "requests": self.requests,
            "by_path": dict(self.by_path),
            "answered": {step.value: self.answered[step] for step in (Step.TARGET, Step.JUDGE)},
            "refused": self.refused,
            "faults": {fault.value: count for fault, count in self.faults.items()},
            "invalid": self.invalid,
            "in_flight": self.in_flight,
            "max_in_flight": self.max_in_flight,
            "contents": self.contents,
            "paid_again": self.paid_again,
        }

    def list_contents(self) -> list[dict[str, Any]]:
        """The first 10,000 contents paid for: step, the last user message up to 4,000 characters, count."""
        return [
            {"content": content.hex(), "step": step.value, "text": text, "paid": self._paid[content]}
            for content, (step, text) in self._texts.items()
        ]
