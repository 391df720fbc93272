"""Finished runs that come from elsewhere, such as another tool's log: put into a workspace, where nothing is called.

::

    incoming = IncomingRun(
        evaluation=Evaluation.model_validate({...}),   # what was run, as far as it is known
        source="inspect",                              # becomes the tag imported-from=inspect
        inputs=[Input(position=1, id="q1", input="…", reference="…"), …],
        results=[
            IncomingResult(
                result=Result(key=TrialKey(1, 0, 0), verdict=Verdict(metrics={"score": Metric(score=0.75, native=4)})),
                response=Response(text="…", latency=1.2, usage=Usage(input_tokens=90, output_tokens=20)),
            ),
            …
        ],
        started_at=…, finished_at=…,
    )
    record = store_run(store, incoming)

Everything that reads runs works on it: show, compare, export, rescore, the Studio.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from lattice.config.hashing import canonical
from lattice.config.slug import slug
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Attempt, Response, Result, TrialKey
from lattice.engine.live import LiveTotals, Shape
from lattice.engine.plan import schedule_seed
from lattice.reporting.standing_in import stand_in_of
from lattice.service.conclusion import Stand, conclude
from lattice.service.preparation import hash_of, trials_of
from lattice.store import Annotation, Arrival, ArrivingEnd, ArrivingRun, InputSet, NewVersion, Store

TRIGGER = "import"
SOURCE_TAG = "imported-from"


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingResult:
    """One trial that had ended.

    A trial without a score is a failed one: ``result.failure`` says whether the target, the judge or a check failed,
    and a target's answer that nobody could score stands in `response` all the same. A missing score is never 0.

    Parameters
    ----------
    result: its key, verdict or failure, what the judge took. `Result.usage` is the judge's; wasted is what target
        calls took that gave no response.
    response: what the target answered, its tokens, cost and latency (0 where nobody knows); None where it did not.
    attempts: calls that failed, oldest first, as far as they are known.
    annotation: a person's score and note.
    """

    result: Result
    response: Response | None = None
    attempts: tuple[Attempt, ...] = ()
    annotation: Annotation | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingRun:
    """A run that has ended elsewhere.

    Parameters
    ----------
    evaluation: what was run. It is not checked against this machine: no key, no function and no file is needed.
    inputs: all of them, positions ascending; read once.
    results: in the order in which they were made, each trial once; read once, after the inputs, never all in memory.
    source: the tool it comes from, kept as the tag ``imported-from``.
    responses: of trials without a result, such as a baseline's in pairwise mode.
    status: `COMPLETED`, `CANCELLED` or `FAILED`. A completed run that lacks results of some trials is stored as
        cancelled, since its numbers are those of a part.
    failure: ``{"kind", "message", "hint"}`` of a failed run.
    started_at, finished_at: UTC; unknown ones stay unknown.
    elapsed: seconds of work; the time between the two where absent.
    """

    evaluation: Evaluation
    inputs: Iterable[Input]
    results: Iterable[IncomingResult]
    source: str
    responses: Iterable[tuple[TrialKey, Response]] = ()
    status: RunStatus = RunStatus.COMPLETED
    stopped: str | None = None
    failure: Mapping[str, Any] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    elapsed: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    trigger: str = TRIGGER


def store_run(store: Store, incoming: IncomingRun) -> RunRecord:
    """Put a finished run into a workspace; it gets the next number of its evaluation.

    Nobody sees it before it is whole, and an error leaves nothing of it. Its times are the original ones, its results
    keep their order, tokens and cost are those of the results. A model of which some call has tokens and no cost is
    listed as unpriced. Gates of its evaluation are decided on it.

    Raises
    ------
    DuplicateInput: two inputs have one id.
    UsageError: a result is of no trial of the evaluation, or two are of the same one; whatever reading it raises.
    StoreError: the store refused.
    """
    evaluation = incoming.evaluation
    staged = store.stage_inputs(incoming.inputs)
    writing = _Writing(incoming, staged, store.positions(staged.key))
    with store.arriving(_version(evaluation, staged), writing.run()) as arrival:
        writing.write(arrival)
        end = writing.end(arrival)
        arrival.show(end)
        record = store.run(arrival.key)
        stand = Stand(
            status=end.status, stopped=end.stopped, live=end.live, elapsed=end.elapsed, unpriced=writing.unpriced
        )
        arrival.finish(end, conclude(store, record, evaluation, stand).as_json())
    return store.run(arrival.key)


def _version(evaluation: Evaluation, staged: InputSet) -> NewVersion:
    return NewVersion(
        name=evaluation.name,
        slug=slug(evaluation.name),
        type=evaluation.type.value,
        config=canonical(evaluation),
        config_hash=hash_of(evaluation),
        input_set=staged,
    )


class _Writing:
    """One incoming run on its way into the store, and the totals that the engine would have kept of it."""

    def __init__(self, incoming: IncomingRun, staged: InputSet, positions: array[int]) -> None:
        self._incoming = incoming
        self._seed = schedule_seed(staged.hash)
        self._trials = Trials(incoming.evaluation, positions)
        self._total = trials_of(incoming.evaluation, staged.count)
        self._elapsed = _elapsed(incoming)
        shape = Shape(
            total=self._total,
            targets=len(incoming.evaluation.targets),
            repeats=incoming.evaluation.run.repeats,
            order=positions,
            ranks=self._trials,
            # The order in which another tool took the inputs is no random one, which the live interval rests on.
            headline=None,
            failed_as=stand_in_of(incoming.evaluation),
        )
        self._totals = LiveTotals(shape, clock=lambda: 0.0, elapsed=self._elapsed)
        self._unpriced: dict[str, None] = {}

    @property
    def unpriced(self) -> tuple[str, ...]:
        """Models and targets of which calls were made that nobody says the cost of."""
        return tuple(self._unpriced)

    def run(self) -> ArrivingRun:
        incoming = self._incoming
        return ArrivingRun(
            seed=self._seed,
            trigger=incoming.trigger,
            total=self._total,
            created_at=incoming.started_at or incoming.finished_at,
            tags={**incoming.tags, SOURCE_TAG: incoming.source},
        )

    def write(self, arrival: Arrival) -> None:
        for key, response in self._incoming.responses:
            self._trials.check(key)
            self._count(key, response)
            arrival.add_response(key, response)
        for each in self._incoming.results:
            self._write_result(arrival, each)

    def _write_result(self, arrival: Arrival, each: IncomingResult) -> None:
        self._trials.check(each.result.key, scored=True)
        _check_outcome(each.result)
        if each.response is not None:
            self._count(each.result.key, each.response)
        self._totals.add_result(each.result, None)
        if each.result.usage.total_tokens and each.result.cost_usd is None:
            self._unpriced |= dict.fromkeys(judge.model for judge in self._incoming.evaluation.judges)
        arrival.add_result(each.result, each.response)
        for attempt in each.attempts:
            arrival.add_attempt(attempt)
        if each.annotation is not None:
            arrival.add_annotation(each.annotation)

    def _count(self, key: TrialKey, response: Response) -> None:
        self._totals.add_response(key, response)
        if response.cost_usd is None and response.usage.total_tokens:
            self._unpriced[self._incoming.evaluation.targets[key.target].source] = None

    def end(self, arrival: Arrival) -> ArrivingEnd:
        incoming, status = self._incoming, self._incoming.status
        if status is RunStatus.COMPLETED and incoming.stopped is None and arrival.done < self._total:
            status = RunStatus.CANCELLED
        return ArrivingEnd(
            status=status,
            stopped=incoming.stopped,
            failure=incoming.failure,
            started_at=incoming.started_at,
            finished_at=incoming.finished_at,
            elapsed=self._elapsed,
            live=self._totals.last_snapshot(),
        )


class Trials:
    """The trials that an evaluation has over some inputs, and the ranks of these in the order of their file.

    Parameters
    ----------
    positions: of the inputs, ascending.
    """

    def __init__(self, evaluation: Evaluation, positions: array[int]) -> None:
        self._positions = positions
        self._targets = len(evaluation.targets)
        self._first = self._targets - len(evaluation.contenders)
        self._repeats = evaluation.run.repeats

    def __getitem__(self, position: int) -> int:
        return bisect_left(self._positions, position)

    def check(self, key: TrialKey, *, scored: bool = False) -> None:
        """Say what is wrong with a trial's key, if anything is.

        Parameters
        ----------
        scored: it is a result's, which a baseline in pairwise mode has none of.

        Raises
        ------
        UsageError: there is no such input, target or repeat.
        """
        rank = self[key.position]
        if rank == len(self._positions) or self._positions[rank] != key.position:
            raise UsageError(f"a result is of input #{key.position}, which is not among the inputs")
        if not (self._first if scored else 0) <= key.target < self._targets:
            raise UsageError(f"a result of input #{key.position} is of target {key.target}, which the run does not try")
        if not 0 <= key.repeat < self._repeats:
            raise UsageError(
                f"a result of input #{key.position} is of repeat {key.repeat + 1} of {self._repeats}; "
                "the configuration's run.repeats does not allow that"
            )


def _check_outcome(result: Result) -> None:
    """A trial is scored or it has failed; scores lie on 0–1."""
    place = f"the result of input #{result.key.position}"
    if (result.verdict is None) == (result.failure is None):
        raise UsageError(f"{place} has to have either a verdict or a failure")
    for name, metric in (result.verdict.metrics if result.verdict else {}).items():
        if not 0 <= metric.score <= 1:
            raise UsageError(f"{place} has {metric.score} for {name!r}; a score lies between 0 and 1")


def _elapsed(incoming: IncomingRun) -> float:
    if incoming.elapsed is not None:
        return incoming.elapsed
    if incoming.started_at is None or incoming.finished_at is None:
        return 0.0
    return max(0.0, (incoming.finished_at - incoming.started_at).total_seconds())
