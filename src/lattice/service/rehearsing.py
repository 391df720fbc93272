"""What a run will take, said before anything is spent: calls, tokens, cost, duration, and what it can show.

Prompts are rendered for a sample of the inputs; what is answered is not known yet. Where the workspace has a run of
the same evaluation, its answers, latencies and spread stand for those to come; else wide assumptions do.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

from lattice.core.errors import CallError
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.models import ModelRequest, Usage
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.targets import TargetSettings
from lattice.core.trials import Response, Target
from lattice.providers import Prices
from lattice.reporting.estimate import allowance_of
from lattice.reporting.figures import Summary
from lattice.scoring import PairwiseScorer
from lattice.service.assembly import Assembly
from lattice.stats import detectable_difference
from lattice.targets import ModelTarget

SAMPLE = 100
CHARACTERS_PER_TOKEN = 4
PROMPT_SPREAD = (0.8, 1.3)
"""Languages and tokenisers differ in how many characters a token has."""
ANSWER_TOKENS = (30, 500)
VERDICT_TOKENS = (30, 200)
LATENCY = (0.5, 10.0)
"""Seconds of a call to a model nobody has measured yet."""
LEARNED_SPREAD = (0.8, 1.25)
DIFFERENCE_STD = (0.2, 0.4)
"""Standard deviation of the differences of two runs' scores, as Likert judges usually give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From the lowest to the highest that is to be expected."""

    low: float
    high: float

    def __add__(self, other: Span) -> Span:
        return Span(low=self.low + other.low, high=self.high + other.high)

    def times(self, factor: float) -> Span:
        return Span(low=self.low * factor, high=self.high * factor)


NOTHING = Span(low=0.0, high=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """What a run will take if no call fails.

    Parameters
    ----------
    target_calls, judge_calls: first attempts; retries come on top.
    tokens: input and output together. cost_usd: of the models whose price is known.
    unpriced: models whose price is unknown; they are in no cost.
    untold: targets whose tokens nobody knows beforehand.
    duration: seconds.
    detectable: difference of two such runs' means that is found in 4 of 5 cases, on 0–1; None below two inputs.
    learned_from: the run whose numbers stand for those to come, None where assumptions do.
    """

    inputs: int
    trials: int
    target_calls: int
    judge_calls: int
    tokens: Span
    cost_usd: Span
    unpriced: tuple[str, ...]
    untold: tuple[str, ...]
    duration: Span
    detectable: Span | None
    learned_from: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Experience:
    """What an earlier run of the evaluation tells; empty where there is none."""

    name: str | None = None
    answer_tokens: Span = Span(low=ANSWER_TOKENS[0], high=ANSWER_TOKENS[1])
    verdict_tokens: Span = Span(low=VERDICT_TOKENS[0], high=VERDICT_TOKENS[1])
    latency: Span = Span(low=LATENCY[0], high=LATENCY[1])
    difference_std: Span = Span(low=DIFFERENCE_STD[0], high=DIFFERENCE_STD[1])

    @classmethod
    def of(cls, record: RunRecord, summary: Summary) -> Experience:
        """What a run has measured. Differences of two runs spread about as much as the scores of one."""
        done = max(summary.progress.done, 1)
        latencies = [target.latency.p50 for target in summary.targets if target.latency is not None]
        spreads = [metric.std for metric in summary.metrics if metric.std]
        assumed = cls()
        return cls(
            name=f"{record.evaluation_slug}#{record.number}",
            answer_tokens=_around(summary.spending.target.usage.output_tokens / done),
            verdict_tokens=_around(summary.spending.judge.usage.output_tokens / done),
            latency=_around(fmean(latencies)) if latencies else assumed.latency,
            difference_std=_around(spreads[0]) if spreads else assumed.difference_std,
        )


def is_worth_learning_from(record: RunRecord, evaluation: Evaluation) -> bool:
    """Whether an earlier run asked the same models, and asked them often enough."""
    then = Evaluation.model_validate(record.config)
    same = [target.source for target in then.targets] == [target.source for target in evaluation.targets]
    return record.status is RunStatus.COMPLETED and record.progress.successful >= 10 and same


def reckon(
    evaluation: Evaluation,
    assembly: Assembly,
    sample: Sequence[Input],
    *,
    inputs: int,
    trials: int,
    unpriced: Iterable[str],
    experience: Experience,
) -> Rehearsal:
    """Reckon what a run will take; nothing is called.

    Parameters
    ----------
    sample: some of the inputs, drawn at random.
    inputs, trials: of the whole run.
    """
    reckoning = _Reckoning(evaluation, experience)
    each = inputs * evaluation.run.repeats
    for target, settings in zip(assembly.targets, evaluation.targets, strict=True):
        reckoning.target(target, settings, sample, each)
    asked = reckoning.judges(assembly, sample, trials)
    duration = reckoning.duration(trials, asked)
    return Rehearsal(
        inputs=inputs,
        trials=trials,
        target_calls=each * len(assembly.targets),
        judge_calls=round(asked * trials),
        tokens=reckoning.tokens,
        cost_usd=reckoning.cost,
        unpriced=tuple(unpriced),
        untold=tuple(reckoning.untold),
        duration=duration,
        detectable=_detectable(inputs, experience.difference_std),
        learned_from=experience.name,
    )


def drawn(positions: Sequence[int], *, seed: int = 0) -> list[int]:
    """Positions of a random sample of the inputs."""
    return sorted(Random(seed).sample(positions, min(SAMPLE, len(positions))))


class _Reckoning:
    """Adds up what calls take."""

    def __init__(self, evaluation: Evaluation, experience: Experience) -> None:
        self._evaluation = evaluation
        self._experience = experience
        self._prices = Prices(evaluation.providers)
        self.tokens = NOTHING
        self.cost = NOTHING
        self.untold: list[str] = []

    def target(self, target: Target, settings: TargetSettings, sample: Sequence[Input], calls: int) -> None:
        """The calls to one target."""
        if not isinstance(target, ModelTarget):
            self.untold.append(target.name)
            return
        prompt = _prompt_tokens([target.rendered(each) for each in _renderable(target, sample)])
        self._add(settings.source, prompt, self._answer(settings.params), calls)

    def judges(self, assembly: Assembly, sample: Sequence[Input], trials: int) -> float:
        """The calls to judges; how many one trial takes."""
        answer = self._experience.answer_tokens
        requests: dict[str, list[ModelRequest]] = {}
        asked = 0
        response = Response(text="word " * int((answer.low + answer.high) / 2), latency=0.0)
        scorer = assembly.scorer.against(response) if isinstance(assembly.scorer, PairwiseScorer) else assembly.scorer
        for each in sample:
            try:
                questions = scorer.questions(each, response)
            except CallError:
                continue
            asked = max(asked, len(questions))
            for question in questions:
                requests.setdefault(question.model.name, []).append(question.request)
        for spec, made in requests.items():
            calls = trials * len(made) / max(len(sample), 1)
            self._add(spec, _prompt_tokens(made), self._experience.verdict_tokens, calls)
        return float(asked)

    def duration(self, trials: int, asked: float) -> Span:
        """Seconds: calls one after another within a trial, trials side by side, never above a known rate limit."""
        places = min(self._evaluation.run.max_concurrent, max(trials, 1))
        per_trial = self._experience.latency.times(1 + asked)
        allowed = allowance_of(self._evaluation)
        least = trials / allowed if allowed else 0.0
        free = per_trial.times(math.ceil(trials / places))
        return Span(low=max(free.low, least), high=max(free.high, least))

    def _answer(self, params: Mapping[str, object]) -> Span:
        answer = self._experience.answer_tokens
        limit = params.get("max_tokens", params.get("max_completion_tokens"))
        if not isinstance(limit, int):
            return answer
        return Span(low=min(answer.low, limit), high=min(max(answer.high, answer.low), limit))

    def _add(self, spec: str, prompt: Span, answer: Span, calls: float) -> None:
        self.tokens += (prompt + answer).times(calls)
        provider, _, model = spec.partition("/")
        low = self._prices.price(provider, model, _usage(prompt.low, answer.low))
        high = self._prices.price(provider, model, _usage(prompt.high, answer.high))
        if low is not None and high is not None:
            self.cost += Span(low=low, high=high).times(calls)


def _usage(prompt: float, answer: float) -> Usage:
    return Usage(input_tokens=round(prompt), output_tokens=round(answer))


def _renderable(target: ModelTarget, sample: Sequence[Input]) -> list[Input]:
    """Inputs that the prompt fits; the others will fail in the run, each with its reason."""
    found = []
    for each in sample:
        try:
            target.rendered(each)
        except CallError:
            continue
        found.append(each)
    return found


def _prompt_tokens(requests: Sequence[ModelRequest]) -> Span:
    if not requests:
        return NOTHING
    characters = fmean(sum(len(message.content) for message in request.messages) for request in requests)
    low, high = PROMPT_SPREAD
    return Span(low=low * characters / CHARACTERS_PER_TOKEN, high=high * characters / CHARACTERS_PER_TOKEN)


def _around(value: float) -> Span:
    low, high = LEARNED_SPREAD
    return Span(low=low * value, high=high * value)


def _detectable(inputs: int, std: Span) -> Span | None:
    if inputs < 2:
        return None
    low, high = (detectable_difference(inputs, value).difference for value in (std.low, std.high))
    return Span(low=min(low, 1.0), high=min(high, 1.0))
