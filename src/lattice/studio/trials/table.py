"""A page of the table of results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote

from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.filters import InvalidFilter
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Metric, TrialKey
from lattice.reporting.figures import Summary
from lattice.scoring.scales import scale_of
from lattice.service.execution import is_live
from lattice.store import ResultRow, Store
from lattice.store.records import Recency, Slice
from lattice.studio.trials.browsing import FIRST, LAST, Browsing, row_key, row_name
from lattice.studio.trials.columns import Column, columns_of, shown_columns
from lattice.studio.trials.counts import Counts
from lattice.studio.trials.suggestions import Suggestion, suggestions_for
from lattice.studio.trials.texts import page_text

LETTERS = 400
"""How much of a text a row has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row: a result, and how many stand before it in the whole table."""

    row: ResultRow
    at: int

    @property
    def name(self) -> str:
        """Of its trial, in addresses."""
        return row_name(self.row.key)

    @property
    def input(self) -> str:
        """The beginning of the input; of a conversation, its last message."""
        given = self.row.input.input
        if isinstance(given, str):
            return page_text(given)
        return page_text(given[-1].content[:LETTERS]) if given else ""

    @property
    def turns(self) -> int:
        """How many messages came before the one that `input` shows."""
        given = self.row.input.input
        return 0 if isinstance(given, str) else max(0, len(given) - 1)

    @property
    def why(self) -> str:
        """The reasoning, or why there is none."""
        failure = self.row.failure
        return page_text(self.row.reasoning if failure is None else failure.message)

    @property
    def output(self) -> str:
        return page_text(self.row.response.text) if self.row.response else ""

    def metric(self, name: str) -> Metric | None:
        """One of its numbers."""
        return self.row.metrics.get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A page of results, with all that stands around it.

    Parameters
    ----------
    lines: of this page.
    matching: how many results the filter holds for; total: how many there are.
    problem: why filter or order cannot be used; the results are shown without them then.
    is_live: more results come by themselves.
    """

    run: RunRecord
    evaluation: Evaluation
    browsing: Browsing
    columns: tuple[Column, ...]
    shown: tuple[Column, ...]
    suggestions: tuple[Suggestion, ...]
    lines: tuple[Line, ...]
    matching: int
    total: int
    is_live: bool
    problem: str | None = None

    @property
    def pages(self) -> int:
        return max(1, -(-self.matching // self.browsing.size))

    @property
    def first(self) -> int:
        """The place of the page's first result, counted from 1."""
        return self.browsing.offset + 1

    @property
    def last(self) -> int:
        return self.browsing.offset + len(self.lines)

    @property
    def scale_maximum(self) -> int | None:
        """The highest level of the judge's own scale."""
        judge = self.evaluation.judge
        return scale_of(judge).maximum if judge is not None and judge.scale is not None else None

    @property
    def open(self) -> Line | None:
        """The row whose trial is open beside the table, where it stands on this page."""
        return next((line for line in self.lines if line.name == self.browsing.row), None)

    @property
    def open_key(self) -> TrialKey | None:
        """The trial that is open beside the table."""
        return row_key(self.browsing.row)

    def trial_address(self, line: Line) -> str:
        """The query of a trial's own page: which results it stands among."""
        query = self.browsing.address(page=1)
        return f"{query}{'&' if query else '?'}at={line.at}"


def read_table(
    store: Store, record: RunRecord, browsing: Browsing, *, counts: Counts, summary: Summary | None = None
) -> Table:
    """Read the page that an address asks for; a filter that cannot be used is said and left out."""
    evaluation = Evaluation.model_validate(record.config)
    live = is_live(record)
    browsing = replace(browsing, upto=(browsing.upto or record.seq) if live else None)
    usual = usual_order(record)
    problem = None
    try:
        part = browsing.slice(usual, offset=browsing.offset, limit=browsing.size)
        rows = store.brief_results(record.key, part, letters=LETTERS)
    except UsageError as error:
        problem = words_of(error)
        part = Browsing(size=browsing.size, upto=browsing.upto).slice(usual, offset=0, limit=browsing.size)
        rows = store.brief_results(record.key, part, letters=LETTERS)
        browsing = replace(browsing, page=1)
    total = store.count_results(record.key, upto=browsing.upto) if live else record.progress.done
    matching = total
    if part.where is not None:
        matching = _matching(store, record, part, len(rows), counts)
    lines = tuple(Line(row=row, at=part.offset + place) for place, row in enumerate(rows))
    columns = columns_of(evaluation)
    return Table(
        run=record,
        evaluation=evaluation,
        browsing=replace(browsing, row=_opened(browsing.row, lines)),
        columns=columns,
        shown=shown_columns(columns, browsing.columns),
        suggestions=suggestions_for(record, evaluation, summary),
        lines=lines,
        matching=matching,
        total=total,
        is_live=live,
        problem=problem,
    )


def _matching(store: Store, record: RunRecord, part: Slice, read: int, counts: Counts) -> int:
    """How many results a slice is taken from."""
    if part.upto is not None:
        return store.count_results(record.key, part.where, upto=part.upto)
    if 0 < read < part.limit or (not read and not part.offset):
        return part.offset + read
    return counts.matching(store, record, part.where) if part.where is not None else record.progress.done


def usual_order(record: RunRecord) -> Recency | None:
    """Newest first while results come, in the order of their inputs afterwards."""
    return Recency.NEWEST if is_live(record) else None


def words_of(error: UsageError) -> str:
    """What is wrong with a filter or an order, for the line beside the field."""
    return f"Column {error.column}: {error.problem}" if isinstance(error, InvalidFilter) else str(error)


class Nothing(StrEnum):
    """Why a page has no result to show."""

    FILTERED = "filtered"
    PENDING = "pending"
    RUNNING = "running"
    NONE = "none"


def why_nothing(table: Table) -> Nothing:
    """None yet, none that the filter holds for, or none at all."""
    if table.total:
        return Nothing.FILTERED
    if table.run.status is RunStatus.PENDING:
        return Nothing.PENDING
    return Nothing.RUNNING if table.is_live else Nothing.NONE


def neighbours(store: Store, record: RunRecord, browsing: Browsing, query: Mapping[str, str]) -> Neighbours:
    """The trials before and after one, among the results that it was opened from."""
    text = query.get("at", "")
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return Neighbours()
    at = int(text)
    try:
        start = max(0, at - 1)
        part = browsing.slice(usual_order(record), offset=start, limit=3 if at else 2)
        keys = store.result_keys(record.key, part)
    except UsageError:
        return Neighbours()
    before = keys[0] if at and keys else None
    after = keys[2 if at else 1] if len(keys) > (2 if at else 1) else None
    state = browsing.address(page=1)
    return Neighbours(
        before=_address(before, at - 1, state) if before else None,
        after=_address(after, at + 1, state) if after else None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbours:
    """Addresses of the trials before and after one, below the run's results; None where there is none."""

    before: str | None = None
    after: str | None = None


def trial_path(key: TrialKey) -> str:
    """A trial's place below the results of its run: ``42/1/1``."""
    return quote(row_name(key).replace(".", "/"))


def _address(key: TrialKey, at: int, state: str) -> str:
    return f"{trial_path(key)}{state}{'&' if state else '?'}at={at}"


def _opened(row: str, lines: tuple[Line, ...]) -> str:
    """The trial to open: the one that is named, or the one at an end of the page."""
    if row in (FIRST, LAST):
        return (lines[0] if row == FIRST else lines[-1]).name if lines else ""
    return row if row_key(row) is not None else ""
