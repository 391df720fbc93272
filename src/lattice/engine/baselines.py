"""The baseline's responses: each is made once per input and repeat, whoever asks first, and serves all challengers."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable

from lattice.core.errors import CallError
from lattice.core.pairs import BASELINE, PairScorer
from lattice.core.trials import Response, Scorer, Step, Target, TrialKey
from lattice.engine.calls import CHARACTERS_PER_TOKEN, Bill, Caller, CallPlace, Drained, StepFailed
from lattice.engine.plan import Trial

KEPT = 256
"""How many outcomes are remembered: an input's trials start one after the other, so those of few inputs are needed."""


class Baselines:
    """Gives each trial of a challenger what scores it against the baseline's response to the same input.

    A call that fails is logged and paid for with the trial that made it; trials that wait for the same response fail
    for the same reason, without calls of their own.

    Parameters
    ----------
    target: the baseline.
    put: stores a response; done once it is on disk.
    load: reads a stored response.
    stored: keys of responses that earlier sessions stored, of any target.
    timeout: seconds per attempt.
    keep: how many outcomes to remember; at least those of one input.
    """

    def __init__(
        self,
        scorer: PairScorer,
        *,
        target: Target,
        caller: Caller,
        put: Callable[[TrialKey, Response], Awaitable[None]],
        load: Callable[[TrialKey], Awaitable[Response]],
        stored: Iterable[TrialKey],
        timeout: float,
        keep: int = KEPT,
    ) -> None:
        self._scorer = scorer
        self._target = target
        self._caller = caller
        self._put = put
        self._load = load
        self._stored = {key for key in stored if key.target == BASELINE}
        self._timeout = timeout
        self._keep = keep
        self._outcomes: OrderedDict[TrialKey, asyncio.Future[Response]] = OrderedDict()

    async def scorer(self, trial: Trial, bill: Bill) -> Scorer:
        """What scores a challenger's response, once the baseline has answered.

        Parameters
        ----------
        bill: of the trial; what the baseline's calls took beside the response itself is added to it.

        Raises
        ------
        StepFailed: the baseline gave no response.
        Drained: the run stops.
        """
        return self._scorer.against(await self._response(trial, bill))

    async def _response(self, trial: Trial, bill: Bill) -> Response:
        key = trial.key._replace(target=BASELINE)
        outcome = self._outcomes.get(key)
        if outcome is None:
            return await self._first(key, trial, bill)
        try:
            # A trial that is stopped while it waits must not take the response from the others.
            return await asyncio.shield(outcome)
        except StepFailed as failed:
            failure = failed.failure
            self._caller.log(trial.key, failure.step, CallError(failure.kind, failure.message), 1)
            raise StepFailed(failure, fatal=failed.fatal) from failed

    async def _first(self, key: TrialKey, trial: Trial, bill: Bill) -> Response:
        """Have the response made, or read, for this trial and all that ask for it meanwhile and soon after."""
        outcome: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._remember(key, outcome)
        try:
            response = await self._load(key) if key in self._stored else await self._made(key, trial, bill)
        except BaseException as error:
            if not isinstance(error, StepFailed):
                # Nothing is known of the response: whoever waits stops, and whoever asks later tries anew.
                del self._outcomes[key]
            outcome.set_exception(error if isinstance(error, StepFailed) else Drained())
            outcome.exception()  # there may be nobody who waits
            raise
        outcome.set_result(response)
        return response

    def _remember(self, key: TrialKey, outcome: asyncio.Future[Response]) -> None:
        self._outcomes[key] = outcome
        while len(self._outcomes) > self._keep and next(iter(self._outcomes.values())).done():
            self._outcomes.popitem(last=False)

    async def _made(self, key: TrialKey, trial: Trial, bill: Bill) -> Response:
        place = CallPlace(trial.key, Step.TARGET, self._target.limit, len(trial.input.text) // CHARACTERS_PER_TOKEN)
        own = Bill()
        try:
            response = await self._caller.call(place, own, lambda: self._answer(trial))
        finally:
            bill.add(own)
        await self._put(key, response)
        return response

    async def _answer(self, trial: Trial) -> Response:
        try:
            return await self._target.answer(trial.input, timeout=self._timeout)
        except CallError as error:
            raise CallError(
                error.kind,
                f"Baseline {self._target.name!r}: {error.message}",
                retry_after=error.retry_after,
                limits=error.limits,
                usage=error.usage,
                cost_usd=error.cost_usd,
            ) from error
