"""What of a comparison is shown: what the address of the page says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from math import isfinite
from typing import Any, TypeVar
from urllib.parse import urlencode

from lattice.service.side_by_side import Choice, Order, Show, Span

MOST_RUNS = 5
MOST_PAGES = 10_000_000
SIZE = 10
"""Inputs on a page."""

E = TypeVar("E", bound=StrEnum)

_FROM_THE_FIRST = frozenset({"runs", "target", "metric", "candidate", "show", "order", "text", "baseline_in", "in_"})


class View(StrEnum):
    """How the differences are drawn."""

    TABLE = "table"
    SCATTER = "scatter"
    DISTRIBUTION = "distribution"


class Mode(StrEnum):
    """How much of the outputs is seen."""

    COMPACT = "compact"
    FULL = "full"
    DIFF = "diff"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is shown of a comparison.

    Parameters
    ----------
    runs: ``ID`` or ``ID/TARGET`` each, the baseline first.
    target: of several that the runs have in common, by its place.
    metric: "" for the first.
    candidate: which of the candidates the inputs are filtered and sorted by, counted from 1.
    text: what input, output or reasoning must hold.
    baseline_in, in_: where the scores of baseline and candidate lie.
    page: counts from 1.
    so_far: runs that go on are shown as they stand.
    """

    runs: tuple[str, ...] = ()
    target: int = 1
    metric: str = ""
    candidate: int = 1
    view: View = View.TABLE
    show: Show = Show.ALL
    order: Order = Order.WORST
    mode: Mode = Mode.COMPACT
    text: str = ""
    baseline_in: Span | None = None
    in_: Span | None = None
    page: int = 1
    so_far: bool = False

    @classmethod
    def of(cls, runs: Sequence[str], query: Mapping[str, str]) -> Asked:
        """As an address says it; what makes no sense is passed over."""
        return cls(
            runs=tuple(dict.fromkeys(each.strip() for each in runs if each.strip())),
            target=_number(query.get("target", "")),
            metric=query.get("metric", ""),
            candidate=_number(query.get("candidate", "")),
            view=_one_of(View, query.get("view", ""), View.TABLE),
            show=_one_of(Show, query.get("show", ""), Show.ALL),
            order=_one_of(Order, query.get("sort", ""), Order.WORST),
            mode=_one_of(Mode, query.get("mode", ""), Mode.COMPACT),
            text=query.get("q", "").strip(),
            baseline_in=_span(query.get("x", "")),
            in_=_span(query.get("y", "")),
            page=_number(query.get("page", "")),
            so_far=query.get("so_far", "") == "1",
        )

    @property
    def is_filtered(self) -> bool:
        return self.show is not Show.ALL or bool(self.text) or self.has_region

    @property
    def has_region(self) -> bool:
        return self.baseline_in is not None or self.in_ is not None

    def choice(self, among: frozenset[int] | None) -> Choice:
        """Which inputs are listed."""
        return Choice(show=self.show, order=self.order, baseline=self.baseline_in, candidate=self.in_, among=among)

    def address(self, **changes: Any) -> str:
        """The query of the same page with something changed, without what needs no saying.

        Whatever changes which inputs there are leads to the first page.
        """
        if changes.keys() & _FROM_THE_FIRST:
            changes.setdefault("page", 1)
        return "?" + urlencode(replace(self, **changes).said())

    def fields(self, *without: str) -> list[tuple[str, str]]:
        """The same as hidden fields of a form, without those that it asks for itself."""
        return [(name, value) for name, value in replace(self, page=1).said() if name not in without]

    def said(self) -> list[tuple[str, str]]:
        """Names and values of the address."""
        usual = {
            "target": "1", "candidate": "1", "view": View.TABLE, "show": Show.ALL, "sort": Order.WORST,
            "mode": Mode.COMPACT, "page": "1",
        }  # fmt: skip
        named = {
            "target": str(self.target),
            "metric": self.metric,
            "candidate": str(self.candidate),
            "view": str(self.view),
            "show": str(self.show),
            "sort": str(self.order),
            "mode": str(self.mode),
            "q": self.text,
            "x": _spoken(self.baseline_in),
            "y": _spoken(self.in_),
            "page": str(self.page),
            "so_far": "1" if self.so_far else "",
        }
        return [
            *(("run", each) for each in self.runs),
            *((name, value) for name, value in named.items() if value and value != usual.get(name)),
        ]


def reordered(runs: Sequence[str], first: str) -> tuple[str, ...]:
    """The same runs with another baseline."""
    return (first, *(each for each in runs if each != first))


def _one_of(kind: type[E], text: str, otherwise: E) -> E:
    try:
        return kind(text)
    except ValueError:
        return otherwise


def _number(text: str) -> int:
    return min(max(1, int(text)), MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _span(text: str) -> Span | None:
    low, comma, high = text.partition("..")
    try:
        found = Span(low=float(low), high=float(high))
    except ValueError:
        return None
    if not comma or not isfinite(found.low) or not isfinite(found.high):
        return None
    # A region that is drawn from right to left is the same one.
    return Span(low=min(found.low, found.high), high=max(found.low, found.high))


def _spoken(span: Span | None) -> str:
    return "" if span is None else f"{span.low:.9g}..{span.high:.9g}"
