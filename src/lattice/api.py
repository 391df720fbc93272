"""Lattice from Python: a thin layer over the same service that the command line calls."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lattice.config import load as load_file
from lattice.core.evaluation import Evaluation
from lattice.core.filters import parse_filter
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.core.trials import Failure, Metric
from lattice.reporting.comparison import Comparison
from lattice.reporting.figures import MetricSummary
from lattice.reporting.sides import Side
from lattice.service.comparing import compare_two, with_inputs
from lattice.service.conclusion import Conclusion, conclusion_of
from lattice.service.execution import execute, run_in_loop, signals_to
from lattice.service.preparation import create_run, prepare_evaluation, stage
from lattice.service.reading import document_of, export_run
from lattice.service.session import Controls
from lattice.service.sides import Chosen, choose, chosen_target, sides_of
from lattice.service.workspace import folder_to_keep, store_url
from lattice.store import ResultRow, open_store

if TYPE_CHECKING:
    import pandas as pd  # optional: only `to_pandas` needs it

T = TypeVar("T")


def load(path: str | os.PathLike[str]) -> Evaluation:
    """Read an evaluation file.

    Raises
    ------
    InvalidEvaluation: with every problem in it.
    """
    return load_file(Path(path)).evaluation


def run(evaluation: Evaluation, *, db: str | None = None, tags: Mapping[str, str] | None = None) -> Run:
    """Run an evaluation to its end, in this process.

    Ctrl-C cancels it and keeps what is there; the run that is returned says so. In a notebook, or wherever else an
    event loop runs already, the run gets a thread and a loop of its own.

    Parameters
    ----------
    db: another store than the workspace around the working directory (made if there is none).
    tags: ``key=value`` on the run.

    Raises
    ------
    InvalidEvaluation: before anything is spent.
    StoreError: the store refused; what was committed before is there.
    """
    return _to_the_end(lambda: run_async(evaluation, db=db, tags=tags))


async def run_async(evaluation: Evaluation, *, db: str | None = None, tags: Mapping[str, str] | None = None) -> Run:
    """The same on the running event loop; cancelling the task stops the run at once and keeps what is there."""
    cwd = Path.cwd()
    url = store_url(db, os.environ, cwd, create=True)

    def prepared_run() -> tuple[Any, RunRecord]:
        prepared = prepare_evaluation(evaluation, os.environ, Path(evaluation.folder or cwd))
        folder = folder_to_keep(prepared.surroundings.base, db, os.environ, cwd)
        return prepared, create_run(store, stage(store, prepared), tags=tags or {}, trigger="python", folder=folder)

    with open_store(url) as store:
        prepared, record = await asyncio.to_thread(prepared_run)
        controls = Controls()
        with signals_to(controls):
            record = await execute(store, record, prepared.surroundings, controls=controls)
        return Run(url, record, conclusion_of(store, record))


def open_run(reference: str = "latest", *, db: str | None = None) -> Run:
    """A run that is stored already.

    Parameters
    ----------
    reference: an id, a unique prefix of one, ``SLUG#3`` or ``latest``.

    Raises
    ------
    UsageError: there is no such run.
    """
    url = store_url(db, os.environ, Path.cwd(), create=False)
    with open_store(url) as store:
        record = store.find_run(reference)
        return Run(url, record, conclusion_of(store, record))


def compare(
    baseline: Run | str,
    candidate: Run | str,
    *,
    metric: str | None = None,
    target: str | None = None,
    db: str | None = None,
) -> Comparison:
    """Compare two runs, or two targets, input by input where they share the inputs.

    Parameters
    ----------
    baseline, candidate: runs, or their names as `open_run` takes them; ``SLUG#3/TARGET`` picks a target.
    metric: a criterion or check; the score if absent, or the first metric where there is none.
    target: the target to compare on both sides, where the runs have several; else the first they share.
    db: the store that names are looked up in.

    Returns
    -------
    Its ``difference`` is candidate less baseline; ``conclusion`` says what one may make of it.

    Raises
    ------
    UsageError: there is no such run, target or metric, or nothing to compare.
    """
    before, _ = _sides(baseline, target, db)
    after, url = _sides(candidate, target, db)
    with open_store(url) as store:
        return with_inputs(store, compare_two(before, after, metric)).comparisons[0]


def _sides(run: Run | str, target: str | None, db: str | None) -> tuple[list[Side], str]:
    """The targets that are meant, and the store they are in."""
    url = run._url if isinstance(run, Run) else store_url(db, os.environ, Path.cwd(), create=False)
    with open_store(url) as store:
        chosen = Chosen(run=store.run(run._record.key)) if isinstance(run, Run) else choose(store, run)
        if target is not None and chosen.target is None:
            chosen = chosen_target(chosen.run, target)
        return sides_of(store, chosen), url


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One trial that has ended.

    Parameters
    ----------
    position, id: of the input. input, reference: its texts.
    score: on 0–1; native: on the judge's own scale. Both are None when it failed; `failure` says why.
    metrics: criteria and checks by name, the score among them.
    response: what the target answered, None where it gave nothing.
    latency: seconds of the target's call. cost_usd: of target and judge; None where a price is unknown.
    """

    position: int
    id: str
    input: str
    reference: str | None
    target: str
    repeat: int
    score: float | None
    native: float | None
    metrics: Mapping[str, Metric]
    reasoning: str
    response: str | None
    failure: Failure | None
    attempts: int
    latency: float | None
    cost_usd: float | None

    @classmethod
    def of(cls, row: ResultRow) -> Result:
        return cls(
            position=row.key.position,
            id=row.input.id,
            input=row.input.text,
            reference=row.input.reference,
            target=row.target,
            repeat=row.key.repeat,
            score=row.score,
            native=row.native,
            metrics=row.metrics,
            reasoning=row.reasoning,
            response=row.response.text if row.response else None,
            failure=row.failure,
            attempts=row.attempts,
            latency=row.latency,
            cost_usd=row.cost,
        )


class Run:
    """A run as it was when it was read."""

    def __init__(self, url: str, record: RunRecord, conclusion: Conclusion) -> None:
        self._url = url
        self._record = record
        self._conclusion = conclusion

    def __repr__(self) -> str:
        progress = self.progress
        return f"<Run {self.name}: {self.status.value}, {progress.done} of {progress.total}>"

    @property
    def id(self) -> str:
        """What commands and `open_run` take."""
        return self._record.id

    @property
    def name(self) -> str:
        """``SLUG#3``."""
        return f"{self._record.evaluation_slug}#{self._record.number}"

    @property
    def status(self) -> RunStatus:
        """How it ended; *interrupted* runs read as failed."""
        return RunStatus.FAILED if self._record.interrupted else self._record.status

    @property
    def stopped(self) -> str | None:
        """``budget`` or ``decided`` where that ended it before its last trial."""
        return self._record.stopped

    @property
    def progress(self) -> Progress:
        """Trials: total, done, successful, failed."""
        return self._record.progress

    @property
    def duration(self) -> float:
        """Seconds of work."""
        return self._record.elapsed

    @property
    def started_at(self) -> datetime | None:
        """UTC."""
        return self._record.started_at

    @property
    def metrics(self) -> tuple[MetricSummary, ...]:
        """All metrics of all targets."""
        return self._conclusion.summary.metrics

    def metric(self, name: str = "score", target: str | None = None) -> MetricSummary:
        """One metric; that of the first target unless one is named.

        Raises
        ------
        KeyError: there is no such metric or target.
        """
        return self._conclusion.summary.metric(name, target)

    def results(self, where: str | None = None) -> Iterator[Result]:
        """The trials that have ended, one by one, by input, target and repeat.

        Parameters
        ----------
        where: a filter such as ``score < 3`` (on the judge's own scale) or ``failed``.
        """
        chosen = parse_filter(where) if where else None
        with open_store(self._url) as store:
            for row in store.iterate_results(self._record.key, chosen):
                yield Result.of(row)

    def to_pandas(self) -> pd.DataFrame:
        """One row per trial; needs the extra ``pandas``."""
        import pandas as pd  # optional and heavy

        rows = []
        for result in self.results():
            row = {name: getattr(result, name) for name in Result.__slots__}
            failure = row.pop("failure")
            metrics = row.pop("metrics")
            row["error_kind"] = failure.kind.value if failure else None
            row["error_message"] = failure.message if failure else None
            row.update({name: metric.score for name, metric in metrics.items() if name != "score"})
            rows.append(row)
        return pd.DataFrame(rows)

    def document(self) -> dict[str, Any]:
        """The same document as ``lattice show --json``."""
        with open_store(self._url) as store:
            return document_of(store, self._record, self._conclusion)

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file; the ending tells the format."""
        with open_store(self._url) as store:
            export_run(store, self._record, os.fspath(path))


def _to_the_end(make: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end, in a thread of its own where an event loop runs already."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return run_in_loop(make())
    outcome: list[T] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            outcome.append(run_in_loop(make()))
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread as it is
            errors.append(error)

    thread = threading.Thread(target=work, name="lattice-run")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return outcome[0]
