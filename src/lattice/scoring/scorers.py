"""How a run scores responses: what its judges are asked, and what comes of their answers."""

from __future__ import annotations

from collections.abc import Sequence

from lattice.core.inputs import Input
from lattice.core.models import Model
from lattice.core.trials import Judge, Question, Response, Verdict


class JudgeScorer:
    """One judge, asked one question about each response."""

    __slots__ = ("_judge", "_models")

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._models = (judge.model,)

    @property
    def models(self) -> tuple[Model, ...]:
        return self._models

    def questions(self, input: Input, response: Response) -> tuple[Question, ...]:
        """The judge's one question.

        Raises
        ------
        CallError: the judge compares with a reference and the input has none.
        """
        return (Question(model=self._judge.model, request=self._judge.request(input, response)),)

    def verdict(self, input: Input, response: Response, answers: Sequence[str]) -> Verdict:
        """The judge's verdict.

        Raises
        ------
        CallError: of kind ``judge_parse``.
        """
        (answer,) = answers
        return self._judge.verdict(answer)
