"""One trial: answer, store, judge. Whatever goes wrong in it becomes data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lattice.core.errors import CallError
from lattice.core.trials import Failure, Question, Response, Result, Scorer, Step, Target, TrialKey, Verdict
from lattice.engine.baselines import Baselines
from lattice.engine.calls import CHARACTERS_PER_TOKEN, Bill, Caller, CallPlace, StepFailed
from lattice.engine.clock import Clock
from lattice.engine.plan import Trial


class Journal(Protocol):
    """Where a trial's outcome goes; each method returns once it is on disk."""

    def put_response(self, key: TrialKey, response: Response) -> Awaitable[None]: ...

    def put_result(self, result: Result) -> Awaitable[int]: ...


class FatalFailure(Exception):
    """No trial of this run can succeed until somebody changes something."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Trials:
    """Carries out the trials of one run.

    Parameters
    ----------
    scorer: of each response; or of each against the baseline's.
    load: reads a stored response, in a thread.
    timeout: seconds per attempt.
    """

    def __init__(
        self,
        *,
        targets: Sequence[Target],
        scorer: Scorer | Baselines,
        caller: Caller,
        journal: Journal,
        load: Callable[[TrialKey], Awaitable[Response]],
        clock: Clock,
        timeout: float,
    ) -> None:
        self._targets = targets
        self._scorer = scorer
        self._caller = caller
        self._journal = journal
        self._load = load
        self._clock = clock
        self._timeout = timeout

    async def run(self, trial: Trial) -> Result:
        """Carry one trial out; its result has been committed when this returns.

        Raises
        ------
        FatalFailure: a call failed in a way that all others will share; nothing was stored for this trial.
        Drained: the run stops; nothing but a response was stored.
        """
        work = _Work(trial, started=self._clock.now())
        try:
            scorer = await self._scorer_of(work)
            response = await self._answer(work)
            verdict = await self._scored(work, scorer, response)
            result = work.result(self._clock.now(), verdict=verdict)
        except StepFailed as failed:
            if failed.fatal:
                raise FatalFailure(failed.failure) from failed
            result = work.result(self._clock.now(), failure=failed.failure)
        await self._journal.put_result(result)
        return result

    async def _scorer_of(self, work: _Work) -> Scorer:
        if not isinstance(self._scorer, Baselines):
            return self._scorer
        scorer = await self._scorer.scorer(work.trial, work.baseline)
        # How long the baseline took says nothing about the challenger.
        work.started = self._clock.now()
        return scorer

    async def _answer(self, work: _Work) -> Response:
        trial = work.trial
        if trial.answered:
            return await self._load(trial.key)
        target = self._targets[trial.key.target]
        tokens = len(trial.input.text) // CHARACTERS_PER_TOKEN
        response = await self._caller.call(
            CallPlace(trial.key, Step.TARGET, target.limit, tokens),
            work.target,
            lambda: target.answer(trial.input, timeout=self._timeout),
        )
        await self._journal.put_response(trial.key, response)
        return response

    async def _scored(self, work: _Work, scorer: Scorer, response: Response) -> Verdict:
        trial = work.trial
        asked = self._clock.now()
        try:
            questions = scorer.questions(trial.input, response)
            answers = [await self._asked(work, question) for question in questions]
            work.judge_latency = self._clock.now() - asked if questions else None
            return await scorer.verdict(trial.input, response, answers)
        except CallError as error:
            # What was answered cannot be used: the calls themselves have had their attempts.
            step = Step.JUDGE if scorer.models else Step.CHECK
            self._caller.log(trial.key, step, error, max(work.judge.attempts, 1))
            failure = Failure(step=step, kind=error.kind, message=error.message)
            raise StepFailed(failure, fatal=False) from error

    async def _asked(self, work: _Work, question: Question) -> str:
        model, request = question.model, question.request
        tokens = sum(len(message.content) for message in request.messages) // CHARACTERS_PER_TOKEN
        place = CallPlace(work.trial.key, Step.JUDGE, model.limit, tokens)
        bill = Bill()
        try:
            answer = await self._caller.call(place, bill, lambda: model.complete(request, timeout=self._timeout))
            bill.pay(answer.usage, answer.cost_usd)
        finally:
            work.judge.add(bill)
        return answer.text


@dataclass(slots=True)
class _Work:
    """What one trial has taken so far."""

    trial: Trial
    started: float
    baseline: Bill = field(default_factory=Bill)
    target: Bill = field(default_factory=Bill)
    judge: Bill = field(default_factory=Bill)
    judge_latency: float | None = None

    def result(self, now: float, *, verdict: Verdict | None = None, failure: Failure | None = None) -> Result:
        self.target.add(self.baseline)
        return Result(
            key=self.trial.key,
            verdict=verdict,
            failure=failure,
            attempts=self.target.attempts + self.judge.attempts,
            usage=self.judge.usage,
            cost_usd=self.judge.cost_usd,
            judge_latency=self.judge_latency,
            duration=now - self.started,
            wasted_usage=self.target.usage,
            wasted_cost_usd=self.target.cost_usd,
        )
