"""Which results of a run are shown, and in which order: what the address of the page says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from lattice.core.filters import AllOf, Compared, Field, Filter, FilterOperator, Sort, parse_filter, parse_sort
from lattice.core.trials import TrialKey
from lattice.store.records import Recency, Slice

SIZES = (25, 50, 100, 250)
USUAL_SIZE = 50
IN_PLACE = "input"
MOST_PAGES = 10_000_000
FIRST, LAST = "first", "last"
"""What `Browsing.row` may say in place of a trial: the one at an end of the page."""

_LARGEST = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Browsing:
    """What of a run's results is shown.

    Parameters
    ----------
    where: a filter in the language of ``--where``; text: what input, output or reasoning must hold.
    sort: a column, with ``-`` before it the other way round, ``newest``, or "" for the usual order.
    page: counts from 1. size: results on a page.
    columns: ids of those to show; none for the usual ones.
    row: the trial that is open beside the table, as `row_name` writes it.
    upto: the last commit that is shown of a run that goes on, so that nothing moves while pages are turned.
    """

    where: str = ""
    text: str = ""
    sort: str = ""
    page: int = 1
    size: int = USUAL_SIZE
    columns: tuple[str, ...] = ()
    row: str = ""
    upto: int | None = None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Browsing:
        """As an address says it; numbers that are none are passed over."""
        size = _number(query.get("size", ""), USUAL_SIZE)
        return cls(
            where=query.get("where", "").strip(),
            text=query.get("q", "").strip(),
            sort=query.get("sort", "").strip(),
            page=min(max(1, _number(query.get("page", ""), 1)), MOST_PAGES),
            size=size if size in SIZES else USUAL_SIZE,
            columns=tuple(dict.fromkeys(name for name in query.get("columns", "").split(",") if name)),
            row=query.get("row", ""),
            upto=_number(query.get("upto", ""), 0) or None,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.where or self.text)

    @property
    def offset(self) -> int:
        """How many results stand on the pages before."""
        return (self.page - 1) * self.size

    def filter(self) -> Filter | None:
        """What a result has to be like.

        Raises
        ------
        InvalidFilter: the filter cannot be read.
        """
        parts: list[Filter] = [parse_filter(self.where)] if self.where else []
        if self.text:
            parts.append(Compared(field=Field.TEXT, operator=FilterOperator.CONTAINS, value=self.text))
        return parts[0] if len(parts) == 1 else AllOf(parts=tuple(parts)) if parts else None

    def slice(self, usual: Recency | None, *, offset: int, limit: int) -> Slice:
        """Some of the results, as the store takes it.

        Parameters
        ----------
        usual: the order where none is asked for.

        Raises
        ------
        UsageError: the filter cannot be read, or results cannot be sorted so.
        """
        order = self.order(usual)
        return Slice(where=self.filter(), order=order, upto=self.upto, offset=offset, limit=limit)

    def order(self, usual: Recency | None) -> Sort | Recency | None:
        """The order that is asked for."""
        if not self.sort:
            return usual
        if self.sort == Recency.NEWEST:
            return Recency.NEWEST
        return None if self.sort == IN_PLACE else parse_sort(self.sort)

    def address(self, **changes: Any) -> str:
        """The query of the same results with something changed, without what needs no saying.

        Whatever changes which results there are leads to the first page, and closes the open one.
        """
        changes = {"row": "", **changes}
        if changes.keys() & {"where", "text", "sort", "size"}:
            changes.setdefault("page", 1)
        other = replace(self, **changes)
        said = {
            "where": other.where,
            "q": other.text,
            "sort": other.sort,
            "page": other.page if other.page > 1 else "",
            "size": other.size if other.size != USUAL_SIZE else "",
            "columns": ",".join(other.columns),
            "upto": other.upto or "",
            "row": other.row,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return f"?{query}" if query else ""

    def sorted_by(self, column: str, *, falling: bool) -> str:
        """The address that sorts by a column; again by the same one turns the order round.

        Parameters
        ----------
        falling: the highest come first at the first time.
        """
        first, other = (f"-{column}", column) if falling else (column, f"-{column}")
        return self.address(sort=other if self.sort == first else first)

    def direction(self, column: str) -> str | None:
        """``ascending`` or ``descending`` for the column that the table is sorted by."""
        if self.sort == column:
            return "ascending"
        return "descending" if self.sort == f"-{column}" else None


def row_name(key: TrialKey) -> str:
    """A trial in an address: ``42.1.1``, with target and repeat counted from 1."""
    return f"{key.position}.{key.target + 1}.{key.repeat + 1}"


def row_key(name: str) -> TrialKey | None:
    """The trial that `row_name` wrote; None where it is none."""
    numbers = [_number(part, 0) for part in name.split(".")]
    if len(numbers) != 3 or min(numbers) < 1:
        return None
    return TrialKey(numbers[0], numbers[1] - 1, numbers[2] - 1)


def _number(text: str, otherwise: int) -> int:
    """A whole number that every database can hold."""
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        return otherwise
    return min(int(text), _LARGEST)
