"""Comparing responses in pairs: each with the baseline's response to the same input, shown in both orders."""

from __future__ import annotations

from collections.abc import Sequence

from lattice.core.inputs import Input
from lattice.core.judging import JudgeSettings
from lattice.core.models import AnswerSchema, Message, Model, ModelRequest
from lattice.core.pairs import POSITION_BIAS
from lattice.core.trials import Check, Metric, Question, Response, Scorer, Verdict
from lattice.scoring.fences import fence
from lattice.scoring.pairwise_verdicts import Winner, WinnerForm
from lattice.scoring.prompts import filled, prompt_of
from lattice.scoring.rubrics import pairwise_rubric
from lattice.scoring.scorers import SCORE, CheckScorer

_ANSWER_FORM = '{"reasoning": your reason in one sentence, "winner": "A", "B" or "tie"}'
_SCHEMA = {
    "type": "object",
    "properties": {
        "reasoning": {"type": "string"},
        "winner": {"type": "string", "enum": [winner.value for winner in Winner]},
    },
    "required": ["reasoning", "winner"],
    "additionalProperties": False,
}
_SCORES = {Winner.FIRST: 1.0, Winner.TIE: 0.5, Winner.SECOND: 0.0}


class PairJudge:
    """A judge that is shown two responses to one input and says which is better."""

    __slots__ = ("_form", "_model", "_schema", "_system", "_user")

    def __init__(self, settings: JudgeSettings, model: Model) -> None:
        prompt = prompt_of(settings)
        rubric = settings.rubric.strip() if settings.rubric is not None else pairwise_rubric()
        system = prompt.system.render({"rubric": rubric, "answer_form": _ANSWER_FORM})
        self._model = model
        self._form = WinnerForm()
        self._schema = AnswerSchema(name="verdict", schema=_SCHEMA)
        self._system = Message(role="system", content=system)
        self._user = prompt.user

    @property
    def model(self) -> Model:
        return self._model

    def request(self, input: Input, first: Response, second: Response) -> ModelRequest:
        """The question about two responses, shown as A and B in this order; everything untrusted is fenced."""
        fenced = fence(_blocks(input, first, second))
        content = filled(
            self._user,
            {
                "context": fenced.get("CONTEXT", ""),
                "input": fenced["INPUT"],
                "reference": fenced.get("REFERENCE", ""),
                "retrieved_a": fenced.get("RETRIEVED CONTEXT A", ""),
                "tool_calls_a": fenced.get("TOOL CALLS A", ""),
                "response_a": fenced["RESPONSE A"],
                "retrieved_b": fenced.get("RETRIEVED CONTEXT B", ""),
                "tool_calls_b": fenced.get("TOOL CALLS B", ""),
                "response_b": fenced["RESPONSE B"],
                "answer_form": _ANSWER_FORM,
            },
        )
        return ModelRequest(messages=(self._system, Message(role="user", content=content)), answer=self._schema)

    def winner(self, answer: str) -> tuple[Winner, str]:
        """Who is better by the model's answer, and why.

        Raises
        ------
        CallError: of kind ``judge_parse``.
        """
        return self._form.read(answer)


class Duel:
    """Scores responses against one response of the baseline: 1 won, 0.5 tied, 0 lost.

    The judge is asked twice, with the challenger as A and as B. Two verdicts for the same response decide, two for
    a tie or two that differ are a tie. `POSITION_BIAS` is 1 where both name the same letter: the order decided, not
    the responses.
    """

    __slots__ = ("_baseline", "_judge", "_models")

    def __init__(self, judge: PairJudge, baseline: Response) -> None:
        self._judge = judge
        self._baseline = baseline
        self._models = (judge.model,)

    @property
    def models(self) -> tuple[Model, ...]:
        return self._models

    def questions(self, input: Input, response: Response) -> tuple[Question, ...]:
        """The judge's two questions: the challenger's response first, then the baseline's first."""
        judge, baseline = self._judge, self._baseline
        return (
            Question(model=judge.model, request=judge.request(input, response, baseline)),
            Question(model=judge.model, request=judge.request(input, baseline, response)),
        )

    async def verdict(self, input: Input, response: Response, answers: Sequence[str]) -> Verdict:
        """What the two verdicts come to.

        Raises
        ------
        CallError: of kind ``judge_parse``; one of them cannot be read.
        """
        (as_first, first_why), (as_second, second_why) = (self._judge.winner(answer) for answer in answers)
        seen = (as_first, as_second.exchanged)
        score = _SCORES[as_first] if seen[0] is seen[1] else _SCORES[Winner.TIE]
        follows_order = as_first is as_second and as_first is not Winner.TIE
        return Verdict(
            metrics={SCORE: Metric(score=score), POSITION_BIAS: Metric(score=float(follows_order))},
            reasoning=f"As A ({_OUTCOMES[seen[0]]}): {first_why}\nAs B ({_OUTCOMES[seen[1]]}): {second_why}",
            raw="\n\n".join(answers),
        )


_OUTCOMES = {Winner.FIRST: "better", Winner.SECOND: "worse", Winner.TIE: "a tie"}


class PairwiseScorer:
    """Scores the responses of challengers; a `lattice.core.pairs.PairScorer`.

    Parameters
    ----------
    checks: measured on the challenger's response, beside its score.
    """

    __slots__ = ("_checks", "_judge")

    def __init__(self, judge: PairJudge, checks: Sequence[Check] = ()) -> None:
        self._judge = judge
        self._checks = tuple(checks)

    @property
    def models(self) -> tuple[Model, ...]:
        return (self._judge.model,)

    def against(self, baseline: Response) -> Scorer:
        """The scorer of every response to the input that the baseline answered so."""
        duel = Duel(self._judge, baseline)
        return CheckScorer(self._checks, duel) if self._checks else duel


def _blocks(input: Input, first: Response, second: Response) -> dict[str, str]:
    """Everything untrusted that belongs to the question, by the name of its block."""
    blocks = {"INPUT": input.text}
    if input.context:
        blocks["CONTEXT"] = "\n\n".join(input.context)
    if input.reference is not None:
        blocks["REFERENCE"] = input.reference
    for letter, response in (("A", first), ("B", second)):
        blocks[f"RESPONSE {letter}"] = response.text
        if response.context:
            blocks[f"RETRIEVED CONTEXT {letter}"] = "\n\n".join(response.context)
        if response.tool_calls:
            blocks[f"TOOL CALLS {letter}"] = "\n".join(f"{call.name}({call.arguments})" for call in response.tool_calls)
    return blocks
