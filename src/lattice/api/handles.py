"""A stored run as Python sees it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from lattice.api.charts import ChartView, chart_view
from lattice.api.events import AT_ONCE, Happening, Watcher
from lattice.api.frames import pandas_frame, polars_frame
from lattice.api.pages import run_page
from lattice.api.results import Result, Table, table_of
from lattice.core.evaluation import Evaluation
from lattice.core.filters import Filter, Sort, parse_filter, parse_sort
from lattice.core.runs import Progress, RunRecord, RunStatus
from lattice.gates import Verdict, overall
from lattice.reporting.figures import MetricSummary, Summary
from lattice.reporting.gating import GateOutcome
from lattice.service.conclusion import Conclusion, conclusion_of
from lattice.service.control import cancel_run
from lattice.service.reading import document_of, export_run, reference_of
from lattice.store import ResultRow, Store, open_store

if TYPE_CHECKING:
    import pandas as pd  # optional: only `to_pandas` needs it
    import polars as pl  # optional: only `to_polars` needs it

LOOK_EVERY = 0.25
"""Seconds between two looks at a run that goes on."""


class Run:
    """A run as it was when it was read; `refresh` reads it again.

    In a notebook it shows itself: status, numbers and how the scores are distributed.
    """

    def __init__(self, url: str, record: RunRecord) -> None:
        self._url = url
        self._record = record

    def __repr__(self) -> str:
        progress = self.progress
        return f"<Run {self.name}: {self.status.value}, {progress.done} of {progress.total}>"

    def _repr_html_(self) -> str:
        return run_page(self._record, self._conclusion)

    @property
    def id(self) -> str:
        """What commands and `open_run` take."""
        return self._record.id

    @property
    def name(self) -> str:
        """``SLUG#3``."""
        return reference_of(self._record)

    @property
    def evaluation(self) -> Evaluation:
        """The configuration that it was started with; without its inputs where they stood in it."""
        return Evaluation.model_validate(self._record.config)

    @property
    def tags(self) -> Mapping[str, str]:
        """``key=value``, those of git among them; see `lattice.service.provenance`."""
        return dict(self._record.tags)

    @property
    def status(self) -> RunStatus:
        """How it ended; *interrupted* runs read as failed."""
        return RunStatus.FAILED if self._record.interrupted else self._record.status

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come by itself."""
        return self.status not in (RunStatus.PENDING, RunStatus.RUNNING)

    @property
    def stopped(self) -> str | None:
        """``budget`` or ``decided`` where that ended it before its last trial."""
        return self._record.stopped

    @property
    def failure(self) -> str | None:
        """Why the run itself failed, and what to do about it; None unless it did."""
        if self._record.interrupted:
            return "its process is gone; lattice.resume finishes it"
        failure = self._record.failure
        if failure is None:
            return None
        hint = failure.get("hint")
        return f"{failure.get('message')} ({hint})" if hint else str(failure.get("message"))

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
    def cost_usd(self) -> float | None:
        """Of target and judge; None where no price is known."""
        return self._summary.spending.cost_usd

    @property
    def metrics(self) -> tuple[MetricSummary, ...]:
        """All metrics of all targets."""
        return self._summary.metrics

    def metric(self, name: str = "score", target: str | None = None) -> MetricSummary:
        """One metric; that of the first target unless one is named.

        Raises
        ------
        KeyError: there is no such metric or target.
        """
        return self._summary.metric(name, target)

    @property
    def gates(self) -> tuple[GateOutcome, ...]:
        """The evaluation's gates with condition, verdict, value and reason."""
        return tuple(GateOutcome.from_json(gate) for gate in self._conclusion.gates)

    @property
    def verdict(self) -> Verdict:
        """Of all gates together; *pass* where there are none."""
        return overall(self.gates)

    def results(
        self, where: str | None = None, *, sort: str | None = None, limit: int | None = None
    ) -> Iterator[Result]:
        """The trials that have ended, one by one, by input, target and repeat unless sorted.

        Parameters
        ----------
        where: a filter such as ``score < 3`` (on the judge's own scale) or ``failed``.
        sort: a field or a metric such as ``score``, lowest first; ``-score`` for the highest first.
        limit: at most so many.

        Raises
        ------
        UsageError: a filter or an order that is none.
        """
        chosen = parse_filter(where) if where else None
        order = parse_sort(sort) if sort else None
        with self._store() as store:
            if order is None:
                rows = store.iterate_results(self._record.key, chosen)
            else:
                rows = _sorted(store, self._record.key, chosen, order)
            yield from (Result.of(row) for row in islice(rows, limit))

    def to_pandas(self, where: str | None = None) -> pd.DataFrame:
        """One row per trial; needs the extra ``pandas``. `where` is that of `results`."""
        return pandas_frame(self._table(where))

    def to_polars(self, where: str | None = None) -> pl.DataFrame:
        """One row per trial; needs the extra ``polars``. `where` is that of `results`."""
        return polars_frame(self._table(where))

    def chart(self, kind: str = "distribution", *, theme: str = "light") -> ChartView:
        """A chart, which a notebook shows and `ChartView.save` writes to a file.

        Parameters
        ----------
        kind: ``means``, ``distribution``, ``running``, ``criteria``, ``latency`` or ``cost_quality``.
        theme: ``light`` or ``dark``.

        Raises
        ------
        UsageError: there is no such chart, or the run has nothing that it could show.
        """
        with self._store() as store:
            return chart_view(store, self._record, kind, theme)

    def document(self) -> dict[str, Any]:
        """The same document as ``lattice show --json``."""
        with self._store() as store:
            return document_of(store, self._record, self._conclusion)

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file; the ending tells the format."""
        with self._store() as store:
            export_run(store, self._record, os.fspath(path))

    def refresh(self) -> Run:
        """The same run as it is now."""
        with self._store() as store:
            return Run(self._url, store.run(self._record.key))

    def cancel(self) -> Run:
        """Ask whoever carries it out to stop: nothing new starts, calls in flight finish, what is there stays.

        Returns
        -------
        The run as it is now; it may still be draining.

        Raises
        ------
        UsageError: it has ended already.
        """
        with self._store() as store:
            cancel_run(store, store.run(self._record.key))
        return self.refresh()

    async def events(self) -> AsyncIterator[Event]:
        """What has happened in it from its start on, and then what happens, to its end, wherever it is carried out.

        Only what has been committed is told of, nothing is left out, and memory does not grow with the run.
        Leaving the loop leaves the run alone.
        """
        with self._store() as store:
            watcher = await asyncio.to_thread(Watcher, store, self._record)
            async for event in told(self._url, watcher, Pause()):
                yield event
            yield RunEnded(run=Run(self._url, watcher.record))

    @contextmanager
    def _store(self) -> Iterator[Store]:
        with open_store(self._url) as store:
            yield store

    def _table(self, where: str | None) -> Table:
        names = dict.fromkeys(metric.name for metric in self.metrics)
        return table_of(self.results(where), names)

    @property
    def _summary(self) -> Summary:
        return self._conclusion.summary

    @cached_property
    def _conclusion(self) -> Conclusion:
        with self._store() as store:
            return conclusion_of(store, self._record)


def _sorted(store: Store, run_key: int, where: Filter | None, order: Sort) -> Iterator[ResultRow]:
    offset = 0
    while page := store.results(run_key, where=where, sort=order, offset=offset, limit=AT_ONCE):
        yield from page
        offset += len(page)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted:
    """The run is stored, and somebody carries it out."""

    run: Run


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """Nothing more will come; always the last event."""

    run: Run


Event = RunStarted | Happening | RunEnded


class Pause:
    """Waits between two looks."""

    @property
    def is_last(self) -> bool:
        """Whether nothing more can come, whatever the store says of the run."""
        return False

    async def wait(self) -> None:
        """Until the next look is due."""
        await asyncio.sleep(LOOK_EVERY)


async def told(url: str, watcher: Watcher, pause: Pause) -> AsyncIterator[RunStarted | Happening]:
    """What happens in a run until it is over, without its end."""
    is_started = False
    while True:
        # Asked before the look, so that what was committed by then is read all the same.
        is_last = pause.is_last
        glance = await asyncio.to_thread(watcher.look)
        if not is_started and watcher.record.status is not RunStatus.PENDING:
            is_started = True
            yield RunStarted(run=Run(url, watcher.record))
        pages = watcher.pages()
        while page := await asyncio.to_thread(next, pages, None):
            for event in page:
                yield event
        if is_started:
            yield glance
        if is_last or watcher.is_over:
            return
        await pause.wait()
