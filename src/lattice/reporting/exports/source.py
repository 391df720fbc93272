"""What an export is made from, and what a format is."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Generic, TypeVar

from lattice.core.inputs import Input
from lattice.core.runs import RunRecord
from lattice.core.trials import Response, TrialKey
from lattice.reporting.charts import Chart
from lattice.reporting.comparison import Report
from lattice.reporting.figures import Summary
from lattice.store.records import AttemptRow, ResultRow

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stream(Generic[T]):
    """What is read anew, from its beginning, each time somebody goes through it; never all in memory."""

    open: Callable[[], Iterator[T]]

    def __iter__(self) -> Iterator[T]:
        return self.open()


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What formats hold that keep a whole run, beside its results; each is read as it is written.

    Parameters
    ----------
    errors: as in the document, one for each failed trial.
    inputs: in the order of their file.
    responses: of trials without a result, such as a baseline's, by input, target and repeat.
    attempts: calls that failed, oldest first; attempts_by_trial: the same by input, target and repeat.
    """

    errors: Iterable[Mapping[str, Any]] = ()
    inputs: Iterable[Input] = ()
    responses: Iterable[tuple[TrialKey, Response]] = ()
    attempts: Iterable[AttemptRow] = ()
    attempts_by_trial: Iterable[AttemptRow] = ()


NO_DETAILS = Details()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSource:
    """A run with everything in it.

    Parameters
    ----------
    document: as `lattice.reporting.document.run_document` makes it; its errors may be left to `details`.
    rows: results by input, target and repeat, never all in memory. A format of one pass takes what can be read once.
    partial: whether `rows` are those that a filter has picked.
    created: the present moment, for formats that say when they were written.
    charts: draws up the run's charts, for formats that show them.
    compared: the run held against its baseline, for formats that show that; None without one.
    """

    run: RunRecord
    summary: Summary
    document: Mapping[str, Any]
    rows: Iterable[ResultRow]
    details: Details = NO_DETAILS
    partial: bool = False
    created: datetime | None = None
    charts: Callable[[], Sequence[Chart]] = tuple
    compared: Callable[[], Report | None] = lambda: None

    @property
    def metrics(self) -> tuple[str, ...]:
        """Names of all metrics of the run, ``score`` first."""
        return tuple(dict.fromkeys(metric.name for metric in self.summary.metrics))


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What a format needs that is not installed with Lattice itself.

    Parameters
    ----------
    module: whose absence tells. name: of the extra that brings it.
    """

    module: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A way to write a run.

    Parameters
    ----------
    name: what ``--format`` takes.
    suffixes: endings of file names, with the dot, that mean this format.
    write: writes a source to a stream as it reads it; the stream may be a pipe.
    needs: an optional dependency.
    with_results: name of the format that is the same with the results in it, for one that sums a run up.
    """

    name: str
    suffixes: tuple[str, ...]
    write: Callable[[ExportSource, IO[bytes]], None]
    needs: Extra | None = None
    with_results: str | None = None

    @property
    def is_installed(self) -> bool:
        """Whether what it needs is here."""
        return self.needs is None or importlib.util.find_spec(self.needs.module) is not None
