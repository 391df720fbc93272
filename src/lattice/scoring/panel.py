"""Several votes on one response: of several judges, or of one judge that is asked several times."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from statistics import median

from lattice.core.errors import CallError
from lattice.core.inputs import Input
from lattice.core.models import Model
from lattice.core.panels import DISAGREEMENT, Aggregate, Seat
from lattice.core.trials import Judge, Metric, Question, Response, Verdict
from lattice.scoring.scorers import SCORE

_HAIR = 1e-9
"""What rounding may add to a difference of weighted means."""

_TWO_LEVELS = 2


class PanelScorer:
    """Judges whose votes together make the score.

    Each judge has one vote, or as many as it has samples; its own score is their aggregate, and the score is that of
    the judges. A response is unscored when any vote cannot be read: fewer judges than configured are another panel.

    Parameters
    ----------
    judges: with the names of their metrics.
    levels: of the scale that they share.
    """

    __slots__ = ("_aggregate", "_apart", "_judges", "_models", "_seats", "_votes")

    def __init__(self, judges: Sequence[tuple[Seat, Judge]], aggregate: Aggregate, *, levels: int) -> None:
        self._seats = tuple(seat for seat, _ in judges)
        self._judges = tuple(judge for _, judge in judges)
        self._votes = tuple(max(1, len(seat.samples)) for seat in self._seats)
        self._models = tuple(judge.model for judge in self._judges)
        self._aggregate = aggregate
        # Two levels are always one apart: there every difference counts.
        self._apart = 0.0 if levels == _TWO_LEVELS else 1.0

    @property
    def models(self) -> tuple[Model, ...]:
        return self._models

    def questions(self, input: Input, response: Response) -> tuple[Question, ...]:
        """Each judge's question, as often as it votes.

        Raises
        ------
        CallError: a judge compares with a reference and the input has none.
        """
        asked = (Question(model=judge.model, request=judge.request(input, response)) for judge in self._judges)
        return tuple(chain.from_iterable([each] * votes for each, votes in zip(asked, self._votes, strict=True)))

    async def verdict(self, input: Input, response: Response, answers: Sequence[str]) -> Verdict:
        """The score, the criteria, each judge's score and each of its votes, and whether these lie apart.

        Raises
        ------
        CallError: of kind ``judge_parse``; a vote cannot be read. The message names whose.
        """
        left = iter(answers)
        read = [list(self._read(index, left)) for index in range(len(self._judges))]
        own = [self._together(votes) for votes in read]
        metrics = self._together_of(own)
        for seat, whole, votes in zip(self._seats, own, read, strict=True):
            if seat.own is not None:
                metrics[seat.own] = whole[SCORE]
            metrics.update(zip(seat.samples, (vote.metrics[SCORE] for vote in votes), strict=False))
        compared = own if len(own) > 1 else [vote.metrics for vote in read[0]]
        metrics[DISAGREEMENT] = Metric(score=float(self._lie_apart([each[SCORE] for each in compared])))
        names = [*self._named(read)]
        return Verdict(
            metrics=metrics,
            reasoning="\n".join(f"{name}: {vote.reasoning}" for name, vote in names if vote.reasoning),
            raw="\n\n".join(f"{name}:\n{vote.raw}" for name, vote in names),
        )

    def _read(self, index: int, answers: Iterator[str]) -> Iterator[Verdict]:
        for number in range(self._votes[index]):
            try:
                yield self._judges[index].verdict(next(answers))
            except CallError as error:
                raise CallError(error.kind, f"Judge {self._vote(index, number)}: {error.message}") from error

    def _named(self, read: Sequence[Sequence[Verdict]]) -> Iterator[tuple[str, Verdict]]:
        for index, votes in enumerate(read):
            for number, vote in enumerate(votes):
                yield self._vote(index, number), vote

    def _vote(self, index: int, number: int) -> str:
        label = self._seats[index].label
        return label if self._votes[index] == 1 else f"{label}#{number + 1}"

    def _together(self, votes: Sequence[Verdict]) -> Mapping[str, Metric]:
        return votes[0].metrics if len(votes) == 1 else self._together_of([vote.metrics for vote in votes])

    def _together_of(self, given: Sequence[Mapping[str, Metric]]) -> dict[str, Metric]:
        return {name: self._one([each[name] for each in given]) for name in given[0]}

    def _one(self, metrics: Sequence[Metric]) -> Metric:
        natives = [metric.native for metric in metrics if metric.native is not None]
        return Metric(
            score=self._value([metric.score for metric in metrics]),
            native=self._value(natives) if len(natives) == len(metrics) else None,
        )

    def _value(self, values: Sequence[float]) -> float:
        if self._aggregate is Aggregate.MEDIAN:
            return median(values)
        return math.fsum(values) / len(values)

    def _lie_apart(self, scores: Sequence[Metric]) -> bool:
        natives = [score.native for score in scores if score.native is not None]
        return max(natives) - min(natives) > self._apart + _HAIR
