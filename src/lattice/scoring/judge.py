"""The judge: a question for a model about one response, and its answer read as a verdict."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import EvaluationType
from lattice.core.inputs import Input
from lattice.core.judging import Criterion, JudgeMode, JudgeSettings
from lattice.core.models import AnswerSchema, Message, Model, ModelRequest
from lattice.core.trials import Judge, Response, Verdict
from lattice.scoring.fences import fence
from lattice.scoring.prompts import filled, prompt_of
from lattice.scoring.rubrics import default_rubric, safety_rubric
from lattice.scoring.scales import Scale, chosen_scale, scale_of
from lattice.scoring.verdicts import VerdictForm

_MOST_ENUM_VALUES = 500
"""Structured output has a bound on the values that a schema lists; above it only the parser guards."""


def build_judge(settings: JudgeSettings, model: Model, type: EvaluationType = EvaluationType.TASK_SPECIFIC) -> Judge:
    """A judge as an evaluation configures it.

    Parameters
    ----------
    settings: rubric, criteria, scale and mode.
    model: the model that scores; the judge only words the questions and reads the answers.
    type: of the evaluation; says what is judged where the settings do not.
    """
    return ModelJudge(settings, model, type)


class ModelJudge:
    """A judge that asks a language model, in the mode ``single`` or ``reference``."""

    __slots__ = ("_form", "_form_text", "_mode", "_model", "_schema", "_system", "_user", "scale")

    scale: Scale

    def __init__(
        self, settings: JudgeSettings, model: Model, type: EvaluationType = EvaluationType.TASK_SPECIFIC
    ) -> None:
        prompt = prompt_of(settings)
        self.scale = scale_of(settings)
        self._model = model
        self._mode = settings.mode
        self._form = VerdictForm(self.scale, settings.criteria)
        self._form_text = _form_text(self.scale, settings.criteria)
        self._schema = AnswerSchema(name="verdict", schema=_schema(self.scale, settings.criteria))
        system = prompt.system.render(
            {
                "rubric": _rubric(settings, type),
                "criteria": settings.criteria,
                "scale": self.scale,
                "answer_form": self._form_text,
            }
        )
        self._system = Message(role="system", content=system)
        self._user = prompt.user

    @property
    def model(self) -> Model:
        return self._model

    def request(self, input: Input, response: Response) -> ModelRequest:
        """The question about one response: the rules as system message, the fenced data as user message.

        Raises
        ------
        CallError: of kind ``invalid_input``; the judge compares with a reference and the input has none.
        """
        fenced = fence(self._blocks(input, response))
        content = filled(
            self._user,
            {
                "context": fenced.get("CONTEXT", ""),
                "input": fenced["INPUT"],
                "reference": fenced.get("REFERENCE", ""),
                "retrieved": fenced.get("RETRIEVED CONTEXT", ""),
                "tool_calls": fenced.get("TOOL CALLS", ""),
                "response": fenced["RESPONSE"],
                "answer_form": self._form_text,
            },
        )
        return ModelRequest(messages=(self._system, Message(role="user", content=content)), answer=self._schema)

    def verdict(self, answer: str) -> Verdict:
        """The verdict in the model's answer, read strictly (`lattice.scoring.verdicts`).

        Raises
        ------
        CallError: of kind ``judge_parse``.
        """
        return self._form.read(answer)

    def _blocks(self, input: Input, response: Response) -> dict[str, str]:
        """Everything untrusted that belongs to the question, by the name of its block."""
        blocks = {"INPUT": input.text, "RESPONSE": response.text}
        if input.context:
            blocks["CONTEXT"] = "\n\n".join(input.context)
        if response.context:
            blocks["RETRIEVED CONTEXT"] = "\n\n".join(response.context)
        if response.tool_calls:
            blocks["TOOL CALLS"] = "\n".join(f"{call.name}({call.arguments})" for call in response.tool_calls)
        if self._mode is JudgeMode.REFERENCE:
            if input.reference is None:
                raise CallError(ErrorKind.INVALID_INPUT, "The judge compares with a reference, and this input has none")
            blocks["REFERENCE"] = input.reference
        return blocks


def _rubric(settings: JudgeSettings, type: EvaluationType) -> str:
    """The author's rubric; without one the criteria speak for themselves, without those a default does."""
    if settings.rubric is not None:
        return settings.rubric.strip()
    if settings.criteria:
        return ""
    if type is EvaluationType.SAFETY:
        return safety_rubric(chosen_scale(settings))
    return default_rubric(settings.mode, chosen_scale(settings))


def _form_text(scale: Scale, criteria: Sequence[Criterion]) -> str:
    """The JSON that is asked for, as a model reads it.

    What is to be filled in stands there in plain words without quotes: a small model copies a placeholder that
    looks like a value.
    """
    level = f"{scale.minimum} or {scale.maximum}" if len(scale.levels) == 2 else _range_text(scale)
    if not criteria:
        return f'{{"reasoning": your reason in one sentence, "score": {level}}}'
    scores = ", ".join(f"{json.dumps(criterion.name, ensure_ascii=False)}: {level}" for criterion in criteria)
    return f'{{"reasoning": your reason in one sentence, "criteria": {{{scores}}}}}'


def _range_text(scale: Scale) -> str:
    return f"a whole number from {scale.minimum} to {scale.maximum}"


def _schema(scale: Scale, criteria: Sequence[Criterion]) -> dict[str, Any]:
    level: dict[str, Any] = {"type": "integer"}
    if len(scale.levels) * max(len(criteria), 1) <= _MOST_ENUM_VALUES:
        level["enum"] = list(scale.values)
    reasoning = {"type": "string"}
    if not criteria:
        return _strict_object({"reasoning": reasoning, "score": level})
    scores = _strict_object({criterion.name: level for criterion in criteria})
    return _strict_object({"reasoning": reasoning, "criteria": scores})


def _strict_object(properties: dict[str, Any]) -> dict[str, Any]:
    """An object that has exactly these properties, in this order."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
