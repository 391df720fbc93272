"""The results that a report shows: all of them while they are few, else the worst and a random sample.

They are read once. What is kept of each is what is shown, its long texts cut.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lattice.core.evaluation import SCORE
from lattice.reporting import formats
from lattice.reporting.formats import NOTHING, terminal_text
from lattice.store.records import ResultRow

MOST_RESULTS = 2_000
WORST = SAMPLED = 500
LONGEST, START = 1_500, 220
MOST_MESSAGES, MOST_NAMED, MOST_MODELS = 8, 12, 12
_NAME, _MESSAGE = 60, 240


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text that somebody else wrote.

    Parameters
    ----------
    start: its beginning, on one line; None where it is short enough to be shown as it is.
    whole: cut after `LONGEST` characters; more: how many are left out.
    """

    whole: str
    start: str | None = None
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownResult:
    """One trial. `score` is the first metric on 0–1, `parts` the other metrics in words."""

    position: int
    id: str
    target: str
    repeat: int
    score: float | None
    scored: str
    failure: str | None
    parts: str
    input: Text
    reference: Text | None
    response: Text | None
    reasoning: Text | None
    note: str | None
    latency: float | None
    cost: float | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorGroup:
    """Failed trials of one kind.

    Parameters
    ----------
    messages: the most frequent ones with their counts.
    inputs: places of the first inputs; more: how many others there are.
    """

    kind: str
    count: int
    messages: tuple[tuple[str, int], ...]
    inputs: tuple[int, ...]
    more: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownResults:
    """What a report says of the results.

    Parameters
    ----------
    results: those that are shown, in the order of their inputs.
    read: how many there are.
    worst, sampled: how many of the shown are there for being the worst, and by chance; 0 where all are shown.
    seed: of the sample.
    models: which models said that they answered, by target.
    """

    results: tuple[ShownResult, ...]
    read: int
    worst: int = 0
    sampled: int = 0
    seed: int = 0
    errors: tuple[ErrorGroup, ...] = ()
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def shown_results(rows: Iterable[ResultRow], metrics: Sequence[str], *, repeats: int, seed: int) -> ShownResults:
    """Read results and keep those that are shown.

    Parameters
    ----------
    metrics: names of the run's metrics; the first is what decides which results are the worst.
    seed: of the random sample.
    """
    headline = metrics[0] if metrics else SCORE
    selection, errors = _Selection(seed), _Errors()
    models: dict[str, dict[str, None]] = {}
    for row in rows:
        selection.add(row, headline, repeats)
        errors.add(row)
        if row.response is not None and row.response.model:
            named = models.setdefault(row.target, {})
            if len(named) < MOST_MODELS:
                named[row.response.model] = None
    return ShownResults(
        results=tuple(selection.shown()),
        read=selection.read,
        worst=selection.worst,
        sampled=selection.sampled,
        seed=seed,
        errors=errors.groups(),
        models={target: tuple(named) for target, named in models.items()},
    )


class _Selection:
    """All results up to `MOST_RESULTS`; beyond that the lowest scores and a sample (Vitter's algorithm R, 1985)."""

    def __init__(self, seed: int) -> None:
        self.read = self.worst = self.sampled = 0
        self._random = random.Random(seed)
        self._first: list[ShownResult] = []
        self._lowest: list[tuple[float, int, ShownResult]] = []
        self._sample: list[ShownResult] = []

    def add(self, row: ResultRow, headline: str, repeats: int) -> None:
        place = self.read
        self.read += 1
        drawn = place if place < SAMPLED else self._random.randrange(place + 1)
        score = row.metrics[headline].score if headline in row.metrics else None
        low = score is not None and (len(self._lowest) < WORST or -score > self._lowest[0][0])
        early = place < MOST_RESULTS
        if not (early or low or drawn < SAMPLED):
            return
        shown = _shown(row, headline, repeats)
        if early:
            self._first.append(shown)
        if drawn < len(self._sample):
            self._sample[drawn] = shown
        elif drawn < SAMPLED:
            self._sample.append(shown)
        if low and score is not None:
            # Of equal scores those that come first in the file stay.
            entry = (-score, -place, shown)
            (heapq.heappush if len(self._lowest) < WORST else heapq.heapreplace)(self._lowest, entry)

    def shown(self) -> list[ShownResult]:
        """What was selected, in the order of the inputs."""
        if self.read <= MOST_RESULTS:
            return self._first
        worst = {_key(entry[2]): entry[2] for entry in self._lowest}
        sampled = {_key(each): each for each in self._sample}
        self.worst, self.sampled = len(worst), len(sampled)
        return [each for _, each in sorted({**worst, **sampled}.items())]


def _key(shown: ShownResult) -> tuple[int, str, int]:
    return shown.position, shown.target, shown.repeat


class _Errors:
    """Failed trials by kind, with their messages."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._messages: dict[str, Counter[str]] = {}
        self._inputs: dict[str, dict[int, None]] = {}

    def add(self, row: ResultRow) -> None:
        failure = row.failure
        if failure is None:
            return
        kind = failure.kind.value
        self._counts[kind] += 1
        messages = self._messages.setdefault(kind, Counter())
        message = terminal_text(failure.message, _MESSAGE)
        if message in messages or len(messages) < 50 * MOST_MESSAGES:
            messages[message] += 1
        inputs = self._inputs.setdefault(kind, {})
        if len(inputs) < MOST_NAMED:
            inputs[row.key.position] = None

    def groups(self) -> tuple[ErrorGroup, ...]:
        return tuple(
            ErrorGroup(
                kind=kind,
                count=count,
                messages=tuple(self._messages[kind].most_common(MOST_MESSAGES)),
                inputs=tuple(self._inputs[kind]),
                more=max(0, count - len(self._inputs[kind])),
            )
            for kind, count in self._counts.most_common()
        )


def _shown(row: ResultRow, headline: str, repeats: int) -> ShownResult:
    first = row.metrics.get(headline)
    failure = row.failure
    return ShownResult(
        position=row.key.position,
        id="" if row.input.id == str(row.key.position) else terminal_text(row.input.id, _NAME),
        target=row.target,
        repeat=row.key.repeat + 1 if repeats > 1 else 0,
        score=first.score if first else None,
        scored=_scored(row, headline),
        failure=None if failure is None else f"{failure.message} ({failure.kind.value})",
        parts=", ".join(
            f"{terminal_text(name, _NAME)} {_number(metric.score, metric.native)}"
            for name, metric in row.metrics.items()
            if name != headline
        ),
        input=text_of(row.input.text),
        reference=None if row.input.reference is None else text_of(row.input.reference),
        response=None if row.response is None else text_of(row.response.text),
        reasoning=text_of(row.reasoning) if row.reasoning else None,
        note=_note(row),
        latency=row.latency,
        cost=row.cost,
        attempts=row.attempts,
    )


def text_of(text: str) -> Text:
    """A text as a report shows it."""
    cut = text[:LONGEST]
    if len(text) <= START:
        return Text(whole=cut)
    return Text(whole=cut, start=terminal_text(text, START), more=max(0, len(text) - LONGEST))


def _scored(row: ResultRow, headline: str) -> str:
    """``4 (0.75)``, ``0.75``, ``failed`` or ``-``."""
    metric = row.metrics.get(headline)
    if metric is None:
        return "failed" if row.failure else NOTHING
    score = formats.score(metric.score)
    return score if metric.native is None else f"{formats.native(metric.native)} ({score})"


def _number(score: float, native: float | None) -> str:
    return formats.score(score) if native is None else formats.native(native)


def _note(row: ResultRow) -> str | None:
    """What a person says of the result."""
    found = row.annotation
    if found is None:
        return None
    said = [formats.native(found.score)] if found.score is not None else []
    return ": ".join([*said, *([found.note] if found.note else [])])
