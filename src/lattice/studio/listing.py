"""Which evaluations a list shows, and in which order: what its address says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from lattice.service.overview import EvaluationLine
from lattice.studio.templating import run_status

STATUSES = ("running", "completed", "failed", "cancelled", "pending")
LATEST = "-when"


def _name(line: EvaluationLine) -> str:
    return line.row.name.casefold()


def _mean(line: EvaluationLine) -> float:
    mean = line.headline.mean
    return -1.0 if mean is None or mean.value is None else mean.value


def _cost(line: EvaluationLine) -> float:
    return -1.0 if line.headline.cost_usd is None else line.headline.cost_usd


def _when(line: EvaluationLine) -> datetime:
    run = line.run
    return line.row.created_at if run is None else run.finished_at or run.started_at or run.created_at


_ORDERS: Mapping[str, Callable[[EvaluationLine], Any]] = {"name": _name, "mean": _mean, "cost": _cost, "when": _when}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a list of evaluations shows.

    Parameters
    ----------
    text: every word of it stands in name, type or a target's name; empty shows all.
    status: only evaluations whose last run has it; empty shows all.
    order: a column, with ``-`` before it the other way round.
    archived: the archived ones instead of the others.
    """

    text: str = ""
    status: str = ""
    order: str = LATEST
    archived: bool = False

    @classmethod
    def of(cls, q: str, status: str, sort: str, archived: str) -> Listing:
        """As an address says it; what it says wrongly is passed over."""
        return cls(
            text=q.strip(),
            status=status if status in STATUSES else "",
            order=sort if sort.lstrip("-") in _ORDERS else LATEST,
            archived=archived == "1",
        )

    def chosen(self, lines: Iterable[EvaluationLine]) -> list[EvaluationLine]:
        """The lines to show, in order."""
        words = self.text.casefold().split()
        shown = [
            line
            for line in self.all_of(lines)
            if (not self.status or run_status(line.run) == self.status) and all(word in _spoken(line) for word in words)
        ]
        column = self.order.lstrip("-")
        return sorted(shown, key=_ORDERS[column], reverse=self.order.startswith("-"))

    def all_of(self, lines: Iterable[EvaluationLine]) -> list[EvaluationLine]:
        """The archived lines, or the others."""
        return [line for line in lines if line.row.archived is self.archived]

    def counts(self, lines: Iterable[EvaluationLine]) -> list[tuple[str, int]]:
        """Statuses that there are, with how many lines have each."""
        found = Counter(run_status(line.run) for line in self.all_of(lines))
        return [(status, found[status]) for status in STATUSES if found[status]]

    def address(self, **changes: Any) -> str:
        """The query of the same list with something changed, without what needs no saying."""
        listing = replace(self, **changes)
        said = {
            "q": listing.text,
            "status": listing.status,
            "sort": "" if listing.order == LATEST else listing.order,
            "archived": "1" if listing.archived else "",
        }
        return "?" + urlencode({name: value for name, value in said.items() if value})

    def sorted_by(self, column: str) -> str:
        """The address that sorts by a column; again by the same one turns the order round."""
        first = column if column == "name" else f"-{column}"
        turned = self.order.lstrip("-") if self.order.startswith("-") else f"-{self.order}"
        return self.address(order=turned if self.order.lstrip("-") == column else first)

    def direction(self, column: str) -> str | None:
        """``ascending`` or ``descending`` for the column that the list is sorted by."""
        if self.order.lstrip("-") != column:
            return None
        return "descending" if self.order.startswith("-") else "ascending"


def _spoken(line: EvaluationLine) -> str:
    return " ".join((line.row.name, line.row.slug, line.row.type, *line.targets)).casefold()
