"""Runs that go on, side by side: each look is made once, however many people watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.reporting.formats import count, terminal_text
from lattice.reporting.headline import Headline, Mean, headline_of
from lattice.reporting.words.endings import cost_text
from lattice.reporting.words.progress import spending_text
from lattice.service.execution import is_live
from lattice.service.reading import reference_of
from lattice.service.side_by_side import SideBySide, gather
from lattice.service.sides import Chosen
from lattice.studio.comparing import contents
from lattice.studio.comparing.kept import state_of
from lattice.studio.feeds import Feed, Glance
from lattice.studio.running.sheets import Known, Sheet, known_of, sheet_of
from lattice.studio.running.watching import Spoken, launch_of
from lattice.studio.state import Studio
from lattice.studio.templating import render

DIFFERENCE_EVERY = 1.0
REST = 5.0
"""After working the difference out, so many times as long is waited before it is done again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """One run among those that are watched.

    Parameters
    ----------
    target: the one that is meant; None for all.
    """

    place: int
    sheet: Sheet
    target: str | None

    @property
    def run(self) -> RunRecord:
        return self.sheet.run

    @property
    def name(self) -> str:
        reference = reference_of(self.run)
        return terminal_text(reference if self.target is None else f"{reference}/{self.target}", 60)

    @property
    def means(self) -> tuple[Mean, ...]:
        """The mean so far of each target that is meant."""
        headline: Headline = headline_of(self.run)
        return tuple(each for each in headline.means if self.target in (None, each.target))

    @property
    def spending(self) -> str:
        """Tokens and cost, so far or in all."""
        if self.sheet.is_live:
            return spending_text(self.sheet.view)
        spending = self.sheet.spending
        return f"Cost: {cost_text(spending)} | {count(spending.usage.total_tokens)} tokens"


def watching_of(studio: Studio, chosen: Sequence[Chosen]) -> list[Watching]:
    """The runs as they stand now."""
    return Watched(studio, chosen).sides()


def feeds_of(studio: Studio, chosen: Sequence[Chosen]) -> list[Feed]:
    """What pages about these runs follow: how far they are, and the difference so far."""
    key = tuple((each.run.key, each.target) for each in chosen)
    progress = studio.feeds.feed(("compare", key), lambda: Feed(Watched(studio, chosen).look))
    difference = studio.feeds.feed(
        ("compare difference", key), lambda: Feed(DifferenceSoFar(studio, chosen).look, every=DIFFERENCE_EVERY)
    )
    return [progress, difference]


class Watched:
    """Several runs, looked at again and again."""

    def __init__(self, studio: Studio, chosen: Sequence[Chosen]) -> None:
        self._studio = studio
        self._chosen = chosen
        self._known: dict[int, Known] = {}
        self._spoken = {each.run.key: Spoken() for each in chosen}

    def sides(self) -> list[Watching]:
        """The runs as they are now."""
        return [
            Watching(place=place, sheet=self._sheet(each.run.key), target=each.target)
            for place, each in enumerate(self._chosen)
        ]

    def look(self) -> Glance:
        """The parts of the page as they are now."""
        sides = self.sides()
        root = self._studio.settings.root
        parts = {f"compare-side-{side.place}": render(root, "compare/live_side.html", {"side": side}) for side in sides}
        news = {side.run.key: self._spoken[side.run.key].about(side.sheet) for side in sides}
        parts["compare-spoken"] = " ".join(f"{side.name}: {news[side.run.key]}" for side in sides if news[side.run.key])
        parts["compare-charts"] = charts_mark(sides)
        parts["compare-ended"] = render(root, "compare/live_ended.html", ended_context(self._chosen, sides))
        return Glance(parts=parts, calm=not any(side.sheet.is_live for side in sides))

    def _sheet(self, key: int) -> Sheet:
        store = self._studio.store
        record = store.run(key)
        known = self._known.get(key)
        if known is None or known.settings != record.settings:
            known = self._known[key] = known_of(record)
        return sheet_of(
            store,
            record,
            known,
            launch=launch_of(self._studio, record),
            conclusion=self._studio.conclusions.known(record),
        )


def charts_mark(sides: Sequence[Watching]) -> str:
    """What tells a page that its charts are out of date."""
    return " ".join(f"{side.run.seq}:{side.run.status.value}" for side in sides)


def ended_context(chosen: Sequence[Chosen], sides: Sequence[Watching]) -> dict[str, Any]:
    """What the way to the final comparison is made from; there is one once nothing goes on."""
    return {
        "over": not any(side.sheet.is_live for side in sides),
        "references": [contents.reference_of(each) for each in chosen],
    }


class DifferenceSoFar:
    """The paired difference of runs that go on, worked out anew when there is something new to it.

    It takes a pass over all results, so that it is done the less often the longer it takes.

    Parameters
    ----------
    clock: seconds.
    """

    def __init__(self, studio: Studio, chosen: Sequence[Chosen], clock: Callable[[], float] = time.monotonic) -> None:
        self._studio = studio
        self._chosen = chosen
        self._clock = clock
        self._state: object = None
        self._next = float("-inf")
        self._text = ""

    def look(self) -> Glance:
        """The part of the page as it is now."""
        store = self._studio.store
        runs = [store.run(each.run.key) for each in self._chosen]
        live = any(is_live(run) for run in runs)
        state = [state_of(run) for run in runs]
        began = self._clock()
        # The end is told at once.
        if state != self._state and (began >= self._next or not live):
            self._state = state
            self._text = self._said(live=live)
            self._next = self._clock() + REST * (self._clock() - began)
        return Glance(parts={"compare-difference": self._text}, calm=not live)

    def _said(self, *, live: bool) -> str:
        context: dict[str, Any] = {"live": live, "error": "", "found": [], "unfair": (), "remarks": ()}
        try:
            found = gather(self._studio.store, [contents.reference_of(each) for each in self._chosen])
        except UsageError as error:
            context["error"] = str(error)
        else:
            context |= difference_context(found)
        return render(self._studio.settings.root, "compare/live_difference.html", context)


def difference_context(found: SideBySide) -> dict[str, Any]:
    """What is said of the difference so far: of each pair in what the runs are known by."""
    first = {(each.baseline, each.candidate): each for each in reversed(found.report.comparisons)}
    compared = list(first.values())[::-1]
    unfair = tuple(dict.fromkeys(text for each in compared for text in each.unfair))
    remarks = dict.fromkeys(text for each in compared for text in each.warnings if text not in unfair)
    error = "" if compared else "they have no metric in common, so that there is nothing to compare"
    return {"found": compared, "unfair": unfair, "remarks": tuple(remarks), "error": error}
