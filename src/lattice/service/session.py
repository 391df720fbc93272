"""One session of a run: puts the engine together over the store, carries the run out, writes down how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from lattice.core.errors import StoreError
from lattice.core.evaluation import Evaluation, RunSettings
from lattice.core.inputs import Input
from lattice.core.pairs import BASELINE
from lattice.core.runs import Claim, RunRecord, RunStatus, StopRequest
from lattice.core.trials import Metric, Response, Scorer, TrialKey
from lattice.engine.baselines import KEPT, Baselines
from lattice.engine.breaker import Breaker
from lattice.engine.calls import Caller, Desk
from lattice.engine.clock import Clock
from lattice.engine.deciding import GateWatch
from lattice.engine.feed import Feed
from lattice.engine.ledger import Ledger
from lattice.engine.limits import Configured, Limiter
from lattice.engine.live import LiveTotals, Shape
from lattice.engine.observing import ObservedCaller, ObservedTrials, Observer, RunBegan, RunEnded
from lattice.engine.plan import Plan, Schedule
from lattice.engine.runner import COMPLETED, DECIDED, Ending, Outlook, Parts, Runner
from lattice.engine.trial import Trials
from lattice.reporting.budgets import spent_tokens, spent_usd
from lattice.reporting.standing_in import stand_in_of, stands_in
from lattice.scoring import PairwiseScorer
from lattice.service.assembly import Assembly
from lattice.service.baselines import Baseline
from lattice.service.conclusion import Stand
from lattice.service.held_against import conclude_against
from lattice.service.obstacles import unpriced_for
from lattice.service.responses import absent_from, scorable
from lattice.service.stopping import watch_for
from lattice.store import ResultStatus, RunWriter, ScoreRow, Store


@dataclass(slots=True)
class Controls:
    """How the outside world reaches a session; what is asked before the session stands is kept for it."""

    runner: Runner | None = None
    _asked: list[Callable[[Runner], None]] = field(default_factory=list)

    def cancel(self) -> None:
        """Drain and end as cancelled; a second time: stop at once."""
        self._ask(Runner.cancel)

    def terminate(self) -> None:
        """Drain and leave the run interrupted."""
        self._ask(Runner.terminate)

    def obey(self, request: StopRequest) -> None:
        """What another process asked of the run through the store."""
        self.cancel()
        if request is StopRequest.ABORT:
            self.cancel()

    def attach(self, runner: Runner) -> None:
        """The session stands: hand it what was asked so far."""
        self.runner = runner
        for ask in self._asked:
            ask(runner)

    def _ask(self, ask: Callable[[Runner], None]) -> None:
        if self.runner is None:
            self._asked.append(ask)
        else:
            ask(self.runner)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What one session works with.

    Parameters
    ----------
    settings: the run settings in force: the configuration's, with what was given at a resume.
    again: whether failed trials are run again too.
    against: what gates on a difference are about; the baseline that is set for the evaluation if absent.
    observer: follows it, if there is one.
    """

    store: Store
    record: RunRecord
    claim: Claim
    evaluation: Evaluation
    settings: RunSettings
    limiter: Limiter
    clock: Clock
    again: bool = False
    against: Baseline | None = None
    observer: Observer | None = None

    async def run(self, assembly: Assembly, controls: Controls) -> Ending:
        """Carry the run out and store its end.

        Raises
        ------
        StoreError: the store refused; what was committed before is there.
        """
        holds = self._hold_limits(assembly)
        try:
            return await (self._carried_out if self.observer is None else self._observed)(assembly, controls)
        finally:
            for hold in holds:
                hold.release()

    async def _observed(self, assembly: Assembly, controls: Controls) -> Ending:
        """Carry the run out and tell when it began and how it ended, whatever happens."""
        assert self.observer is not None  # else nobody is told
        progress = self.record.progress
        self.observer.note(RunBegan(at=self.clock.now(), total=progress.total, done=progress.done))
        status, stopped, kind = RunStatus.RUNNING, None, None
        try:
            ending = await self._carried_out(assembly, controls)
            status, stopped, kind = ending.status, ending.stopped, (ending.failure or {}).get("kind")
        except asyncio.CancelledError:
            status = RunStatus.CANCELLED
            raise
        except StoreError:
            kind = "store"
            raise
        finally:
            self.observer.note(RunEnded(at=self.clock.now(), status=status, stopped=stopped, kind=kind))
        return ending

    def _hold_limits(self, assembly: Assembly) -> list[Configured]:
        """Hold the configured limits for every provider and key that the run uses."""
        limits = {target.limit for target in assembly.targets} | {model.limit for model in assembly.scorer.models}
        accounts = {(limit.provider, limit.account) for limit in limits}
        return [self.limiter.configure(*account, self.settings.limits) for account in sorted(accounts)]

    async def _carried_out(self, assembly: Assembly, controls: Controls) -> Ending:
        ready = await asyncio.to_thread(self._prepare)
        writer = self.store.writer(
            self.record.key,
            self.claim,
            ready.totals,
            on_stop=controls.obey,
            shared=range(len(assembly.targets) - len(self.evaluation.contenders)),
        )
        runner = self._runner(ready, assembly, writer)
        writer.on_error = runner.crash
        writer.start()
        controls.attach(runner)
        try:
            ending = DECIDED if ready.is_decided() else await runner.run()
            if ending is DECIDED and ready.is_complete():
                ending = COMPLETED
            summary = await asyncio.to_thread(self._conclusion, ready, ending)
            await writer.finish(ending.status, stopped=ending.stopped, failure=ending.failure, summary=summary)
        finally:
            await writer.close()
        return ending

    def _prepare(self) -> _Ready:
        store, record = self.store, self.record
        schedule = Schedule(store.positions(record.input_set), seed=record.seed)
        targets, repeats = len(self.evaluation.targets), self.settings.repeats
        first = targets - len(self.evaluation.contenders)
        again: dict[TrialKey, str] = {}
        answered = store.unjudged(record.key)
        proven: set[int] = set()
        finished: list[TrialKey] = []
        stand_in, unanswered = stand_in_of(self.evaluation), set[TrialKey]()
        for row in store.iterate_scores(record.key):
            key = TrialKey(row.position, row.target, row.repeat)
            if row.status is ResultStatus.SCORED:
                proven.add(row.target)
            elif self.again:
                again[key] = row.error_kind or ""
                if row.latency is not None or record.origin is not None:
                    # The target had answered: only the judge is asked again.
                    answered.add(key)
                continue
            finished.append(key)
            if stand_in is not None and stands_in(row):
                unanswered.add(key)
        absent: list[TrialKey] = []
        if record.origin is not None:
            present = scorable(self.evaluation, answered | set(finished))
            schedule = schedule.over({key.position for key in present})
            absent = absent_from(self.evaluation, schedule.order, present)
        plan = Plan(schedule, targets=targets, repeats=repeats, finished=finished, absent=absent, first=first)
        ranks = schedule.ranks()
        watch = watch_for(self.evaluation, self.settings, ranks, unpriced_for(record, self.evaluation))
        shape = Shape(
            total=plan.total,
            targets=targets,
            repeats=repeats,
            order=schedule.order,
            ranks=ranks,
            headline=next(iter(self.evaluation.metric_names), None),
            failed_as=stand_in,
        )
        totals = LiveTotals(shape, clock=self.clock.now, elapsed=record.elapsed, watch=watch)
        totals.pass_over(absent)
        if record.live:
            outcomes = _outcomes(store.iterate_scores(record.key))
            totals.restore(record.live, outcomes, again=again, unanswered=unanswered)
        feed = Feed(plan, self._read, answered=answered)
        unproven = tuple(target for target in range(first, targets) if target not in proven)
        shared = tuple(key for key in answered if key.target < first)
        return _Ready(plan=plan, feed=feed, totals=totals, unproven=unproven, watch=watch, shared=shared)

    def _conclusion(self, ready: _Ready, ending: Ending) -> Mapping[str, Any] | None:
        """What to store with the run's end; an interrupted run is summed up when it is read."""
        if ending.status is RunStatus.RUNNING:
            return None
        totals = ready.totals
        stand = Stand(
            status=ending.status,
            stopped=ending.stopped,
            live=totals.last_snapshot(),
            elapsed=totals.elapsed(),
            verdicts=ready.watch.verdicts if ready.watch and ending is DECIDED else None,
        )
        return conclude_against(self.store, self.record, self.evaluation, stand, self.against).as_json()

    def _runner(self, ready: _Ready, assembly: Assembly, writer: RunWriter) -> Runner:
        settings, record = self.settings, self.record
        desk = Desk()
        ledger = Ledger(
            writer,
            settings.budget,
            tokens=spent_tokens(record),
            cost_usd=spent_usd(record),
            ended=record.progress.done,
        )
        caller = self._caller(
            limiter=self.limiter,
            retries=settings.retries,
            desk=desk,
            clock=self.clock,
            random=Random(record.seed),
            report=writer.put_attempt,
        )
        trials = self._trials(
            targets=assembly.targets,
            scorer=self._scorer(assembly, caller, ledger, ready.shared),
            caller=caller,
            journal=ledger,
            load=self._load,
            clock=self.clock,
            timeout=settings.timeout,
        )
        breaker = Breaker(
            max_concurrent=settings.max_concurrent,
            give_up_after=settings.give_up_after,
            permanent=not self.again,
        )
        parts = Parts(trials=trials, feed=ready.feed, desk=desk, ledger=ledger, breaker=breaker, clock=self.clock)
        return Runner(
            parts,
            Outlook(publish=writer.set_activity, limits=self._limits, decided=ready.is_decided),
            remaining=ready.plan.remaining,
            max_concurrent=settings.max_concurrent,
            unproven=ready.unproven,
        )

    def _caller(self, **parts: Any) -> Caller:
        return Caller(**parts) if self.observer is None else ObservedCaller(self.observer, **parts)

    def _trials(self, **parts: Any) -> Trials:
        return Trials(**parts) if self.observer is None else ObservedTrials(self.observer, **parts)

    def _scorer(
        self, assembly: Assembly, caller: Caller, ledger: Ledger, stored: Iterable[TrialKey]
    ) -> Scorer | Baselines:
        if not isinstance(assembly.scorer, PairwiseScorer):
            return assembly.scorer
        return Baselines(
            assembly.scorer,
            target=assembly.targets[BASELINE],
            caller=caller,
            put=ledger.put_shared_response,
            load=self._load,
            stored=stored,
            timeout=self.settings.timeout,
            keep=max(KEPT, 2 * len(assembly.targets) * self.settings.repeats),
        )

    async def _read(self, positions: Sequence[int]) -> Mapping[int, Input]:
        return await asyncio.to_thread(self.store.read_inputs, self.record.input_set, positions)

    async def _load(self, key: TrialKey) -> Response:
        found = await asyncio.to_thread(self.store.stored_response, self.record.key, key)
        if found is None:
            raise StoreError(f"the stored response of input #{key.position} is gone")
        return found

    def _limits(self) -> list[dict[str, Any]]:
        return [
            {
                "provider": state.provider,
                "model": state.model,
                "reason": state.reason,
                "wait": state.paused_for,
                "waiting": state.waiting,
                "requests_per_minute": state.requests_per_minute,
            }
            for state in self.limiter.state()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    """What is left of a run.

    Parameters
    ----------
    shared: keys of the baseline's responses that there are already.
    """

    plan: Plan
    feed: Feed
    totals: LiveTotals
    unproven: tuple[int, ...]
    watch: GateWatch | None
    shared: tuple[TrialKey, ...] = ()

    def is_decided(self) -> bool:
        return self.watch is not None and self.watch.verdicts is not None

    def is_complete(self) -> bool:
        progress = self.totals.progress()
        return progress.done == progress.total


def _outcomes(rows: Iterable[ScoreRow]) -> Iterator[tuple[TrialKey, Mapping[str, Metric] | None]]:
    for row in rows:
        metrics = {name: Metric(score=score, native=native) for name, (score, native) in row.metrics.items()}
        scored = row.status is ResultStatus.SCORED
        yield TrialKey(row.position, row.target, row.repeat), metrics if scored else None
