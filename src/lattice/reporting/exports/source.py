"""What an export is made from, and what a format is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import IO, Any

from lattice.core.runs import RunRecord
from lattice.reporting.figures import Summary
from lattice.store.records import ResultRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSource:
    """A run with everything in it.

    Parameters
    ----------
    document: as `lattice.reporting.document.run_document` makes it.
    rows: results by input, target and repeat; read once, never all in memory.
    """

    run: RunRecord
    summary: Summary
    document: Mapping[str, Any]
    rows: Iterable[ResultRow]

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
