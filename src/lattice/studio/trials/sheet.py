"""One trial with everything that belongs to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from lattice.core.evaluation import Evaluation
from lattice.core.models import Usage
from lattice.core.pairs import BASELINE, POSITION_BIAS
from lattice.core.panels import DISAGREEMENT
from lattice.core.runs import RunRecord
from lattice.core.trials import Response, TrialKey
from lattice.reporting.formats import native, score
from lattice.scoring.scales import scale_of
from lattice.service.asked import Asked, asked_judges, asked_target
from lattice.store import AttemptRow, ResultRow, Store
from lattice.studio.trials.marks import Marks, difference_words, marks_for
from lattice.studio.trials.texts import Piece


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One number of a trial on 0–1; `native` is the same on the judge's own scale, as it is written."""

    name: str
    value: float
    native: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What one role took: seconds of the call that succeeded, tokens and USD of all that were paid for."""

    role: str
    latency: float | None
    usage: Usage
    cost: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Who said something, and what; `problem` where it cannot be shown."""

    who: str
    pieces: tuple[Piece, ...]
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """An attempt that failed; `since` is the seconds since the one before."""

    row: AttemptRow
    since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialSheet:
    """A trial that has ended.

    Parameters
    ----------
    input: its messages; one for a text.
    responses: the target's; in pairwise mode the baseline's behind it.
    criteria, votes, checks: numbers beside the score.
    seen: what each judge was shown. told: what the target was asked.
    """

    run: RunRecord
    evaluation: Evaluation
    row: ResultRow
    marks: Marks
    input: tuple[Piece, ...]
    references: tuple[Piece, ...]
    responses: tuple[Piece, ...]
    reasoning: tuple[Piece, ...]
    aside: tuple[Piece, ...]
    told: Said
    seen: tuple[Said, ...]
    answer: Piece | None
    criteria: tuple[Bar, ...]
    votes: tuple[Bar, ...]
    checks: tuple[Bar, ...]
    spent: tuple[Spent, ...]
    laps: tuple[Lap, ...]

    @property
    def key(self) -> TrialKey:
        return self.row.key

    @property
    def scale_maximum(self) -> int | None:
        judge = self.evaluation.judge
        return scale_of(judge).maximum if judge is not None and judge.scale is not None else None

    @property
    def disagree(self) -> bool:
        """Whether the votes of a panel lie apart."""
        found = self.row.metrics.get(DISAGREEMENT)
        return found is not None and found.score == 1

    @property
    def follows_order(self) -> bool:
        """Whether the judge of a pair named the same place twice, so that the order decided."""
        found = self.row.metrics.get(POSITION_BIAS)
        return found is not None and found.score == 1

    @property
    def outcome(self) -> str | None:
        """How a pair ended for the challenger."""
        if not self.evaluation.is_pairwise or self.row.score is None:
            return None
        return {1.0: "won", 0.5: "tied", 0.0: "lost"}.get(self.row.score)

    @property
    def blind_responses(self) -> tuple[Piece, ...]:
        """The responses without their targets' names, which would lead whoever scores them."""
        names = ("Response", "Baseline's response") if len(self.responses) > 1 else ("Response",)
        return tuple(replace(each, name=name) for each, name in zip(self.responses, names, strict=False))

    @property
    def difference(self) -> str | None:
        """How the person's score stands to the result's."""
        return difference_words(self.row)

    def piece(self, id: str) -> Piece | None:
        """One of its texts."""
        return next((each for each in self._pieces() if each.id == id), None)

    def _pieces(self) -> Iterator[Piece]:
        for some in (self.input, self.references, self.responses, self.reasoning, self.aside, self.told.pieces):
            yield from some
        for said in self.seen:
            yield from said.pieces
        if self.answer is not None:
            yield self.answer


def trial_sheet(store: Store, record: RunRecord, key: TrialKey) -> TrialSheet | None:
    """Read a trial; None while it has not ended."""
    row = store.result(record.key, key)
    if row is None:
        return None
    evaluation = Evaluation.model_validate(record.config)
    target = evaluation.targets[key.target]
    baseline = _baseline(store, record, evaluation, key)
    seen = asked_judges(evaluation, row.input, row.response, baseline) if row.response is not None else ()
    return TrialSheet(
        run=record,
        evaluation=evaluation,
        row=row,
        marks=marks_for(evaluation),
        input=tuple(_input(row)),
        references=tuple(_references(row)),
        responses=tuple(_responses(row, evaluation, baseline)),
        reasoning=_some("reasoning", "Reasoning", row.reasoning),
        aside=tuple(_aside(row)),
        told=_said("told", asked_target(target, row.input)),
        seen=tuple(_said(f"seen-{place}", asked) for place, asked in enumerate(seen)),
        answer=next(iter(_some("said", "What it said", row.raw)), None) if evaluation.judges else None,
        **_bars(row, evaluation),
        spent=tuple(_spent(row, evaluation)),
        laps=tuple(_laps(store.trial_attempts(record.key, key))),
    )


def _baseline(store: Store, record: RunRecord, evaluation: Evaluation, key: TrialKey) -> Response | None:
    if not evaluation.is_pairwise:
        return None
    return store.stored_response(record.key, key._replace(target=BASELINE))


def _some(id: str, name: str, text: str | None) -> tuple[Piece, ...]:
    return (Piece(id=id, name=name, whole=text),) if text else ()


def _input(row: ResultRow) -> Iterator[Piece]:
    given = row.input.input
    if isinstance(given, str):
        yield Piece(id="input", name="Input", whole=given)
        return
    for place, message in enumerate(given):
        yield Piece(id=f"input-{place}", name=message.role, whole=message.content)


def _references(row: ResultRow) -> Iterator[Piece]:
    yield from _some("reference", "Reference", row.input.reference)
    for place, passage in enumerate(row.input.context):
        name = "Context" if len(row.input.context) == 1 else f"Context {place + 1}"
        yield Piece(id=f"context-{place}", name=name, whole=passage)


def _responses(row: ResultRow, evaluation: Evaluation, baseline: Response | None) -> Iterator[Piece]:
    if row.response is not None:
        name = f"Response of {row.target}" if evaluation.is_pairwise else "Response"
        yield Piece(id="response", name=name, whole=row.response.text)
    if baseline is not None and evaluation.baseline is not None:
        yield Piece(id="baseline", name=f"Baseline: {evaluation.baseline.name}", whole=baseline.text)


def _aside(row: ResultRow) -> Iterator[Piece]:
    """What the target found and called by itself."""
    if row.response is None:
        return
    for place, passage in enumerate(row.response.context or ()):
        yield Piece(id=f"retrieved-{place}", name=f"Retrieved {place + 1}", whole=passage)
    for place, call in enumerate(row.response.tool_calls):
        yield Piece(id=f"call-{place}", name=f"Tool call: {call.name}", whole=call.arguments)


def _said(id: str, asked: Asked) -> Said:
    pieces = tuple(
        Piece(id=f"{id}-{place}", name=message.role, whole=message.content)
        for place, message in enumerate(asked.messages)
    )
    return Said(who=asked.name, pieces=pieces, problem=asked.problem)


def _bars(row: ResultRow, evaluation: Evaluation) -> dict[str, tuple[Bar, ...]]:
    judge = evaluation.judge
    names = {
        "criteria": [criterion.name for criterion in judge.criteria] if judge is not None else [],
        "votes": [name for seat in evaluation.seats for name in seat.metrics],
        "checks": [check.name for check in evaluation.checks],
    }
    return {group: tuple(_bar(row, name) for name in some if name in row.metrics) for group, some in names.items()}


def _bar(row: ResultRow, name: str) -> Bar:
    metric = row.metrics[name]
    written = score(metric.score) if metric.native is None else native(metric.native)
    return Bar(name=name.removeprefix("judge:"), value=min(1.0, max(0.0, metric.score)), native=written)


def _spent(row: ResultRow, evaluation: Evaluation) -> Iterator[Spent]:
    yield Spent(role="Target", latency=row.latency, usage=row.target_usage, cost=row.target_cost)
    if evaluation.judges:
        yield Spent(role="Judge", latency=row.judge_latency, usage=row.judge_usage, cost=row.judge_cost)


def _laps(rows: list[AttemptRow]) -> Iterator[Lap]:
    if rows:
        yield Lap(row=rows[0])
    for before, row in pairwise(rows):
        yield Lap(row=row, since=max(0.0, (row.attempt.at - before.attempt.at).total_seconds()))
