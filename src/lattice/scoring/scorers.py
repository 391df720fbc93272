"""How a run scores responses: what its judges are asked, and what comes of their answers and of its checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from lattice.core.errors import CallError
from lattice.core.inputs import Input
from lattice.core.models import Model
from lattice.core.trials import Check, Judge, Metric, Question, Response, Scorer, Verdict

SCORE = "score"


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

    async def verdict(self, input: Input, response: Response, answers: Sequence[str]) -> Verdict:
        """The judge's verdict.

        Raises
        ------
        CallError: of kind ``judge_parse``.
        """
        (answer,) = answers
        return self._judge.verdict(answer)


class MethodScorer:
    """One deterministic method, which gives the score."""

    __slots__ = ("_method",)

    def __init__(self, method: Check) -> None:
        self._method = method

    @property
    def models(self) -> tuple[Model, ...]:
        return ()

    def questions(self, input: Input, response: Response) -> tuple[Question, ...]:
        """None: everything is computed."""
        return ()

    async def verdict(self, input: Input, response: Response, answers: Sequence[str]) -> Verdict:
        """The score alone.

        Raises
        ------
        CallError: it cannot be computed for this response.
        """
        return Verdict(metrics={SCORE: await self._method.measure(input, response)})


class CheckScorer:
    """Checks, alone or beside a score.

    Alone, a check that cannot be computed fails the trial. Beside a score it is missing for this input and the
    verdict's reasoning says why: the score was paid for and stands.

    Parameters
    ----------
    checks: in the order in which their metrics are shown; without any, and alone, nothing is measured.
    beside: what gives the score.
    """

    __slots__ = ("_beside", "_checks")

    def __init__(self, checks: Sequence[Check], beside: Scorer | None = None) -> None:
        self._checks = tuple(checks)
        self._beside = beside

    @property
    def models(self) -> tuple[Model, ...]:
        return self._beside.models if self._beside is not None else ()

    def questions(self, input: Input, response: Response) -> tuple[Question, ...]:
        """What the score needs to be asked.

        Raises
        ------
        CallError: nothing can be asked.
        """
        return self._beside.questions(input, response) if self._beside is not None else ()

    async def verdict(self, input: Input, response: Response, answers: Sequence[str]) -> Verdict:
        """The score, if there is one, then the checks.

        Raises
        ------
        CallError: there is no score, or a check that stands alone cannot be computed.
        """
        if self._beside is None:
            metrics, missing = await self._measured(input, response)
            if missing:
                raise next(iter(missing.values()))
            return Verdict(metrics=metrics)
        verdict = await self._beside.verdict(input, response, answers)
        metrics, missing = await self._measured(input, response)
        said = [verdict.reasoning, *(error.message for error in missing.values())]
        return replace(
            verdict, metrics={**verdict.metrics, **metrics}, reasoning="\n".join(text for text in said if text)
        )

    async def _measured(self, input: Input, response: Response) -> tuple[dict[str, Metric], Mapping[str, CallError]]:
        """The metrics that can be computed, and why the others cannot."""
        metrics: dict[str, Metric] = {}
        missing: dict[str, CallError] = {}
        for check in self._checks:
            try:
                metrics[check.name] = await check.measure(input, response)
            except CallError as error:
                missing[check.name] = CallError(error.kind, f"Check {check.name!r}: {error.message}")
        return metrics, missing
