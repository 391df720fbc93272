"""What a judge is told, to be read by people, and what is wrong with it, before anything is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

from lattice.core.errors import CallError, Problem
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.judging import JudgeMode, JudgeSettings
from lattice.core.limits import LimitKey
from lattice.core.models import Completion, Message, ModelRequest
from lattice.core.trials import Response
from lattice.scoring.judge import build_judge
from lattice.scoring.pairwise import PairJudge
from lattice.wire.templates import TemplateError

_ANSWERED = "(here stands what the target answers)"


class UnaskedModel:
    """A model that is only named: questions are worded for it and never put."""

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def limit(self) -> LimitKey:
        return LimitKey(provider=self._name.partition("/")[0])

    @property
    def priced(self) -> bool:
        return True

    async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
        """Refused: it is not there to be asked.

        Raises
        ------
        TypeError: always.
        """
        return _refused(self._name)


def shown_messages(evaluation: Evaluation, settings: JudgeSettings, input: Input) -> tuple[Message, ...]:
    """The messages with which one judge of an evaluation is asked about an input, a placeholder for each response.

    Raises
    ------
    CallError: the input lacks the reference that the judge compares with, or the user template cannot be filled in.
    TemplateError: the system template cannot be.
    """
    model = UnaskedModel(settings.model)
    if settings.mode is JudgeMode.PAIRWISE:
        first, second = (Response(text=f"({letter}: {_ANSWERED[1:]}", latency=0.0) for letter in "AB")
        return PairJudge(settings, model).request(input, first, second).messages
    judge = build_judge(settings, model, evaluation.type)
    return judge.request(input, Response(text=_ANSWERED, latency=0.0)).messages


def check_judges(evaluation: Evaluation) -> Iterator[Problem]:
    """What keeps the judges' own templates from being filled in."""
    several = evaluation.scoring is not None and evaluation.scoring.judges is not None
    for index, settings in enumerate(evaluation.judges):
        if settings.prompt is None:
            continue
        try:
            shown_messages(evaluation, settings, Input(position=1, id="1", input="", reference=""))
        except (CallError, TemplateError) as error:
            key = f"scoring.judges.{index}.prompt" if several else "scoring.judge.prompt"
            yield Problem(key=key, message=str(error))


def _refused(name: str) -> NoReturn:
    raise TypeError(f"{name} stands only for its name")
