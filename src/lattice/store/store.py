"""The store's contract: everything that Lattice remembers, behind one class."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from lattice.core.errors import StoreError
from lattice.core.filters import Filter, Sort
from lattice.core.inputs import Input
from lattice.core.runs import Claim, RunRecord, RunStatus, StopRequest
from lattice.core.trials import Response, TrialKey
from lattice.store.alerting import Alerts
from lattice.store.annotating import Annotations
from lattice.store.baselines import Baselines
from lattice.store.claims import Claims
from lattice.store.commits import Commits, Totals
from lattice.store.contents import Contents
from lattice.store.database import Database
from lattice.store.evaluations import Evaluations, NewVersion
from lattice.store.finding import Finder
from lattice.store.importing import Arrival, Arrivals, ArrivingRun
from lattice.store.inputs import Inputs
from lattice.store.measuring import Measures
from lattice.store.ordering import Orders
from lattice.store.pruning import Pruning
from lattice.store.queueing import RunQueue
from lattice.store.records import (
    Annotation,
    AttemptRow,
    EvaluationRow,
    InputSet,
    Point,
    ResultRow,
    ResultStatus,
    ScoreRow,
    Slice,
    VersionRecord,
)
from lattice.store.results import PageRequest, Results
from lattice.store.runs import NewRun, Runs
from lattice.store.scheduling import Schedules
from lattice.store.times import WallClock
from lattice.store.upkeep import Upkeep
from lattice.store.writer import Pace, RunWriter


class Store:
    """One database. Synchronous and safe to use from several threads and processes at once.

    Every method raises `StoreError` when the database refuses (full disk, locked, read-only), with a message
    for the user; what was committed before stays readable. A run that has been deleted raises `UsageError`.
    Use `open_store` to make one.
    """

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock
        self._inputs = Inputs(database, clock)
        self._runs = Runs(database, clock)
        self._evaluations = Evaluations(database, clock, self._runs)
        self._contents = Contents(database, clock, self._runs)
        self._finder = Finder(database, self._runs)
        self._claims = Claims(database, clock)
        self._results = Results(database)
        self._annotations = Annotations(database, clock)
        self._arrivals = Arrivals(database, clock, self._runs, self._evaluations)
        self.alerts = Alerts(database, clock)
        self.baselines = Baselines(database, clock)
        self.orders = Orders(database, clock, self._runs)
        self.queue = RunQueue(database, clock)
        self.pruning = Pruning(database, clock, runs_table=self._runs, contents=self._contents, inputs=self._inputs)
        self.upkeep = Upkeep(database)
        self.measures = Measures(database, clock)
        self.schedules = Schedules(database, clock, self._runs, self.queue)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # Inputs

    def stage_inputs(self, inputs: Iterable[Input]) -> InputSet:
        """Write inputs in one streaming pass, or find the set that holds the same ones already.

        Memory does not grow with their number. When `inputs` itself raises, nothing of them stays.

        Raises
        ------
        DuplicateInput: two have the same id; it says which.
        """
        return self._inputs.stage(inputs)

    def input_set(self, set_key: int) -> InputSet:
        """A set by its key."""
        return self._inputs.input_set(set_key)

    def positions(self, set_key: int) -> array[int]:
        """The places of all inputs of a set, in order: 8 bytes each."""
        return self._inputs.positions(set_key)

    def read_inputs(self, set_key: int, positions: Iterable[int]) -> dict[int, Input]:
        """Inputs by their places; best asked for some dozens at once."""
        return self._inputs.read(set_key, positions)

    # Evaluations

    def add_version(
        self,
        *,
        name: str,
        slug: str,
        type: str,
        config: Mapping[str, Any],
        config_hash: str,
        input_set: InputSet,
        folder: str | None = None,
    ) -> VersionRecord:
        """Keep a configuration under its evaluation's slug: a new version, or the one with this hash and inputs.

        Parameters
        ----------
        folder: where its file stands; see `RunRecord.folder`.
        """
        new = NewVersion(
            name=name,
            slug=slug,
            type=type,
            config=config,
            config_hash=config_hash,
            input_set=input_set,
            folder=folder,
        )
        return self._evaluations.add_version(new)

    def version(self, version_key: int) -> VersionRecord:
        """A version by its key.

        Raises
        ------
        UsageError: there is none.
        """
        return self._evaluations.version(version_key)

    def versions(self, evaluation_id: str) -> list[VersionRecord]:
        """All versions of an evaluation, newest first."""
        return self._evaluations.versions(evaluation_id)

    def evaluations(self) -> list[EvaluationRow]:
        """All evaluations with their last version and run, the most recently used first."""
        return self._evaluations.all()

    def evaluation(self, text: str) -> EvaluationRow:
        """An evaluation by its id or slug.

        Raises
        ------
        NotFound: there is none.
        """
        return self._evaluations.one(text)

    def archive(self, evaluation_id: str, archived: bool) -> None:
        """Mark an evaluation as archived, or take the mark away.

        Raises
        ------
        UsageError: there is none with this id.
        """
        self._evaluations.archive(evaluation_id, archived)

    # Runs

    def create_run(
        self,
        version_key: int,
        *,
        seed: int,
        total: int,
        tags: Mapping[str, str],
        trigger: str,
        origin: str | None = None,
        folder: str | None = None,
    ) -> RunRecord:
        """A pending run with the evaluation's next number.

        Parameters
        ----------
        total: how many trials it will have.
        trigger: what started it, such as ``cli``.
        origin: id of a run whose stored responses it scores instead of calling targets.
        folder: where its evaluation file stands, to be found again by a resume.

        Raises
        ------
        UsageError: there is no run `origin`.
        """
        new = NewRun(
            version_key=version_key,
            seed=seed,
            total=total,
            trigger=trigger,
            tags=tags,
            origin=origin,
            folder=folder,
        )
        return self._runs.create(new)

    def run(self, run_key: int) -> RunRecord:
        """A run as it stands; whether it is interrupted is found out anew each time."""
        return self._runs.run(run_key)

    def find_run(self, text: str) -> RunRecord:
        """A run by an id, a unique beginning of one, ``SLUG#3``, ``Name With Spaces#3`` in any case, ``latest``,
        or ``SLUG#baseline``, and ``baseline`` where one evaluation has one.

        Raises
        ------
        UsageError: none or several are meant; the message says what is close.
        """
        return self._finder.find(text)

    def runs(self, evaluation: str | None = None, limit: int | None = None) -> list[RunRecord]:
        """Runs, newest first; of one evaluation, by its id, or of all."""
        return self._runs.latest(evaluation_id=evaluation, limit=limit)

    def recent_runs(self, each: int) -> Mapping[str, list[int]]:
        """Keys of the last runs of every evaluation, by its id, newest first: at most `each` of one."""
        return self._runs.recent(each)

    def runs_by_keys(self, keys: Iterable[int]) -> dict[int, RunRecord]:
        """Several runs at once; those that are gone are left out."""
        return self._runs.by_keys(keys)

    def running(self) -> list[RunRecord]:
        """The runs that are carried out, or were when their process went away (`RunRecord.interrupted`)."""
        return self._runs.running()

    def delete_run(self, run_key: int) -> None:
        """Delete a run with all it has; its number is not given again. In short transactions.

        Raises
        ------
        UsageError: it is running, it is a baseline, or another run scores its responses.
        """
        self._runs.delete(run_key)

    def clear_contents(self, run_key: int) -> None:
        """Delete the texts of a run and keep its numbers, in short transactions.

        What goes: responses, reasoning, judges' answers, the words of errors, and the texts of its inputs unless
        another run has them or could still be made of them. What stays: every number, the kinds of errors, ids and
        clusters of inputs, and what people said. The run cannot be resumed or scored again afterwards; inputs that
        are staged once more are filled in again.

        Raises
        ------
        UsageError: it is running, or another run scores its responses.
        """
        self._contents.clear(run_key)

    # Working on a run

    def claim(
        self, run_key: int, *, settings: Mapping[str, Any] | None = None, again: bool = False, turn: str | None = None
    ) -> Claim:
        """Take a run for this process, to start or to resume it; it is running from now on.

        Parameters
        ----------
        settings: execution settings to keep beside the unchanged configuration; None leaves them as they are.
        again: failed trials of an ended run are to be run again, so that it is one revision further.
        turn: that it is started for; without one it leaves the queue.

        Raises
        ------
        UsageError: a living process works on it (the message names process and host), or the turn is over.
        """
        self.run(run_key)
        return self._claims.claim(run_key, settings=settings, again=again, turn=turn)

    def release(
        self, run_key: int, claim: Claim, status: RunStatus, *, failure: Mapping[str, Any] | None = None
    ) -> None:
        """End a claimed run without a writer, such as one that could not be started.

        Raises
        ------
        ClaimLost: the claim is not this process's any more.
        """
        self._claims.release(run_key, claim, status=status, failure=failure)

    def request_stop(self, run_key: int, request: StopRequest) -> None:
        """Ask the process that works on a run to stop; a stronger request stands. Without effect unless it runs."""
        self._claims.request_stop(run_key, request)

    def writer(
        self,
        run_key: int,
        claim: Claim,
        totals: Totals,
        *,
        on_stop: Callable[[StopRequest], None] | None = None,
        on_error: Callable[[StoreError], None] | None = None,
        pace: Pace | None = None,
        shared: Container[int] = (),
    ) -> RunWriter:
        """The writer of a claimed run; see `RunWriter`.

        Parameters
        ----------
        shared: indices of targets whose responses serve other targets' trials and get no results.
        """
        commits = Commits(self._database, run_key, claim, totals, self._clock, shared)
        return RunWriter(self._database, commits, on_stop=on_stop, on_error=on_error, pace=pace)

    def arriving(self, version: NewVersion, new: ArrivingRun) -> AbstractContextManager[Arrival]:
        """A run that was carried out elsewhere, to be written as it was, in short transactions.

        Nobody sees it until all its results are in. A block that ends with an error leaves nothing of it.

        Raises
        ------
        UsageError: two results are of one trial.
        """
        return self._arrivals.arriving(version, new)

    # What a run has brought

    def finished(self, run_key: int, status: ResultStatus | None = None) -> Iterator[TrialKey]:
        """Trials that have a result, of one status or of any, in the order of their inputs."""
        return self._results.finished(run_key, status)

    def answered(self, run_key: int) -> Iterator[TrialKey]:
        """Trials that have a stored response, of this run or of the one whose responses it scores, in their order."""
        return self._results.answered(run_key)

    def unjudged(self, run_key: int) -> set[TrialKey]:
        """Trials that have a response and no result."""
        return self._results.unjudged(run_key)

    def responses_without_result(self, run_key: int) -> Iterator[tuple[TrialKey, Response]]:
        """Responses that `unjudged` names, in the order of their trials and in bounded memory."""
        return self._results.without_result(run_key)

    def inputs(self, set_key: int) -> Iterator[Input]:
        """All inputs of a set in the order of their file, in bounded memory."""
        return self._inputs.stream(set_key)

    def stored_response(self, run_key: int, key: TrialKey) -> Response | None:
        """A trial's response, of this run or of the one whose responses it scores."""
        return self._results.response(run_key, key)

    def served_models(self, run_key: int) -> dict[int, dict[str, int]]:
        """How many responses each target has from each model, as the provider named it; by the target's index."""
        return self._results.served_models(run_key)

    def results(
        self,
        run_key: int,
        *,
        where: Filter | None = None,
        sort: Sort | None = None,
        offset: int = 0,
        limit: int | None = 50,
        after_seq: int | None = None,
    ) -> list[ResultRow]:
        """A page of results, in the order of their inputs unless sorted.

        Parameters
        ----------
        after_seq: only those committed after this one, in the order of their commits.

        Raises
        ------
        UsageError: `where` or `sort` names a target or a metric that the run does not have.
        """
        request = PageRequest(where=where, sort=sort, offset=offset, limit=limit, after_seq=after_seq)
        return self._results.page(run_key, request)

    def result(self, run_key: int, key: TrialKey) -> ResultRow | None:
        """One result; None while the trial has not ended."""
        return self._results.result(run_key, key)

    def iterate_results(self, run_key: int, where: Filter | None = None) -> Iterator[ResultRow]:
        """All results in the order of their inputs, in memory that does not grow with their number.

        Raises
        ------
        UsageError: `where` names a target or a metric that the run does not have.
        """
        return self._results.stream(run_key, where)

    def iterate_scores(self, run_key: int) -> Iterator[ScoreRow]:
        """The numbers of all results without their texts, for summaries."""
        return self._results.scores(run_key)

    def iterate_points(self, run_key: int) -> Iterator[Point]:
        """The scores and latencies of all results and nothing else, for charts; several times as quick."""
        return self._results.points(run_key)

    def count_results(self, run_key: int, where: Filter | None = None, *, upto: int | None = None) -> int:
        """How many results there are, or how many `where` holds for; with `upto` those of no later commit."""
        return self._results.count(run_key, where, upto)

    def brief_results(self, run_key: int, part: Slice, *, letters: int) -> list[ResultRow]:
        """Some results for a list: of every text only the beginning, neither context nor the judge's raw answer.

        Parameters
        ----------
        letters: how much of each text.

        Raises
        ------
        UsageError: the slice names a target or a metric that the run does not have.
        """
        return self._results.briefs(run_key, part, letters)

    def result_keys(self, run_key: int, part: Slice) -> list[TrialKey]:
        """The trials of a slice alone.

        Raises
        ------
        UsageError: as for `brief_results`.
        """
        return self._results.keys(run_key, part)

    def scored_since(self, run_key: int, seq: int) -> list[TrialKey]:
        """Trials whose scored result was committed after `seq`, in the order of their commits."""
        return self._results.scored_since(run_key, seq)

    def attempts(self, run_key: int, after: int = 0, limit: int = 1000) -> list[AttemptRow]:
        """Failed calls with an id above `after`, oldest first."""
        return self._results.attempts(run_key, after=after, limit=limit)

    def latest_attempts(self, run_key: int, limit: int = 100) -> list[AttemptRow]:
        """Failed calls, newest first."""
        return self._results.latest_attempts(run_key, limit=limit)

    def attempts_by_trial(self, run_key: int) -> Iterator[AttemptRow]:
        """All failed calls in the order of their trials, those of a trial oldest first, in bounded memory."""
        return self._results.attempts_by_trial(run_key)

    def trial_attempts(self, run_key: int, key: TrialKey) -> list[AttemptRow]:
        """Failed calls of one trial, oldest first."""
        return self._results.trial_attempts(run_key, key)

    # Annotations

    def annotate(self, run_key: int, key: TrialKey, *, score: float | None, note: str = "") -> Annotation:
        """Keep a person's score and note on a result, in the place of an earlier one.

        Raises
        ------
        UsageError: the trial has no result.
        """
        return self._annotations.put(run_key, key, score=score, note=note)

    def remove_annotation(self, run_key: int, key: TrialKey) -> None:
        """Take an annotation away, if there is one."""
        self._annotations.remove(run_key, key)

    def annotations(self, run_key: int) -> list[Annotation]:
        """All annotations of a run, in the order of their inputs."""
        return self._annotations.all(run_key)

    def annotated_runs(self) -> Mapping[int, int]:
        """How many results of each run a person has scored, by the run's key; notes without a score do not count."""
        return self._annotations.counts()
