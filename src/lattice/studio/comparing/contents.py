"""Everything that a page of a comparison shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lattice.config.differences import Difference
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.reporting.comparison import Comparison, Moved, Report
from lattice.reporting.formats import terminal_text
from lattice.reporting.sides import Side
from lattice.service.side_by_side import Matchup, SideBySide, gather
from lattice.service.sides import Chosen, choose
from lattice.store import Store
from lattice.studio.comparing.asking import MOST_RUNS, Asked, reordered
from lattice.studio.comparing.board import Board, board_of
from lattice.studio.comparing.kept import Kept, state_of

SERIES = 5
"""Colours that sides have."""

MOST_DRAWN = 8
"""Comparisons in one chart, beyond which those of one metric are drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SideHead:
    """What stands above a side's column.

    Parameters
    ----------
    place: 0 for the baseline. colour: of its series.
    as_baseline, earlier, without: the runs of the page with this side as baseline, one place further to the front,
        left out; None where that changes nothing.
    """

    place: int
    colour: int
    side: Side
    name: str
    as_baseline: tuple[str, ...] | None = None
    earlier: tuple[str, ...] | None = None
    without: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something to be known of a comparison, and of which candidate where not of all."""

    text: str
    about: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The page but for its inputs.

    Parameters
    ----------
    found: all that was compared. matchup: the part that is shown.
    metric: the one that is shown in detail; "" where there is nothing to compare.
    compared: what was found of it, candidate by candidate.
    left_out: sides that there is no room for, and targets without a counterpart.
    """

    asked: Asked
    found: SideBySide
    matchup: Matchup
    heads: tuple[SideHead, ...]
    metrics: tuple[str, ...]
    metric: str
    compared: tuple[Comparison, ...]
    board: Board
    unfair: tuple[Remark, ...]
    remarks: tuple[Remark, ...]
    changes: tuple[tuple[str, tuple[Difference, ...]], ...]
    left_out: tuple[str, ...]

    @property
    def candidate(self) -> SideHead:
        """The one that the inputs are sorted and filtered by."""
        return self.heads[self.asked.candidate]

    @property
    def shown(self) -> Comparison | None:
        """What was found of the candidate in the metric."""
        return self.found.comparison(self.matchup.baseline, self.candidate.side.name, self.metric)

    @property
    def worst(self) -> tuple[tuple[SideHead, Moved], ...]:
        """The input that lost most in each candidate, where one did."""
        names = {head.side.name: head for head in self.heads}
        return tuple((names[each.candidate], each.worse[0]) for each in self.compared if each.worse)

    @property
    def part(self) -> Report:
        """The report of what is shown alone; where that is much, of the metric alone."""
        mine = [each for each in self.found.report.comparisons if each.baseline == self.matchup.baseline]
        return replace(self.found.report, comparisons=tuple(mine if len(mine) <= MOST_DRAWN else self.compared))

    @property
    def against(self) -> str | None:
        """The baseline of pairwise scores: what a score means then."""
        baseline = self.heads[0].side.evaluation.baseline
        return baseline.name if baseline is not None else None


def found_of(store: Store, kept: Kept[SideBySide], chosen: Sequence[Chosen]) -> SideBySide:
    """What a comparison of runs finds; made once while nothing is added to them.

    Raises
    ------
    UsageError: there is nothing to compare.
    """
    state = tuple((state_of(each.run), each.target) for each in chosen)
    return kept.get(state, lambda: gather(store, [reference_of(each) for each in chosen]))


def chosen_of(store: Store, runs: Sequence[str]) -> list[Chosen]:
    """The runs that an address names, each once.

    Raises
    ------
    UsageError: there is no such run or target, or there are too many.
    """
    found = {reference_of(each): each for each in (choose(store, text) for text in runs)}
    if len(found) > MOST_RUNS:
        raise UsageError(f"at most {MOST_RUNS} runs stand side by side; {len(found)} were chosen")
    return list(found.values())


def reference_of(chosen: Chosen) -> str:
    """``ID``, or ``ID/TARGET``."""
    return chosen.run.id if chosen.target is None else f"{chosen.run.id}/{chosen.target}"


def contents_of(found: SideBySide, asked: Asked) -> Contents:
    """What is shown of a comparison."""
    place = min(asked.target, len(found.matchups)) - 1
    whole = found.matchups[place]
    matchup = replace(whole, candidates=whole.candidates[: MOST_RUNS - 1])
    asked = replace(asked, target=place + 1, candidate=min(asked.candidate, len(matchup.candidates)))
    heads = _heads(found, matchup, asked)
    names = {head.side.name: head.name for head in heads}
    mine = [each for each in found.report.comparisons if each.baseline == matchup.baseline and each.candidate in names]
    metrics = tuple(dict.fromkeys(each.metric for each in mine))
    metric = asked.metric if asked.metric in metrics else next(iter(metrics), "")
    first = {each.candidate: each for each in reversed(mine)}
    said = {name: (each.unfair, each.warnings[len(each.unfair) :]) for name, each in first.items()}
    changes = {name: each.changes for name, each in first.items() if each.changes}
    return Contents(
        asked=replace(asked, metric=asked.metric if metric == asked.metric else ""),
        found=found,
        matchup=matchup,
        heads=heads,
        metrics=metrics,
        metric=metric,
        compared=tuple(each for each in mine if each.metric == metric),
        board=board_of(found, matchup),
        unfair=_remarks({names[name]: unfair for name, (unfair, _) in said.items()}),
        remarks=_remarks({names[name]: others for name, (_, others) in said.items()}),
        changes=tuple((names[name], changes[name]) for name in matchup.candidates if name in changes),
        left_out=(*whole.candidates[len(matchup.candidates) :], *found.report.left_out),
    )


def target_names(found: SideBySide) -> list[str]:
    """What the parts of a comparison of several targets are called."""
    return [terminal_text(found.report.side(each.baseline).target, 40) for each in found.matchups]


def _heads(found: SideBySide, matchup: Matchup, asked: Asked) -> tuple[SideHead, ...]:
    names = [side.name for side in found.report.sides]
    sides = [found.report.side(name) for name in (matchup.baseline, *matchup.candidates)]
    references = _references(sides, asked)
    heads = []
    for place, (side, mine) in enumerate(zip(sides, references, strict=True)):
        others = tuple(each for each in references if each != mine)
        swapped = list(references)
        if place > 1:
            swapped[place - 1 : place + 1] = [mine, references[place - 1]]
        heads.append(
            SideHead(
                place=place,
                colour=names.index(side.name) % SERIES,
                side=side,
                name=terminal_text(side.name, 60),
                as_baseline=reordered(references, mine) if place else None,
                earlier=tuple(swapped) if place > 1 else None,
                without=others if len(references) > 2 else None,
            )
        )
    return tuple(heads)


def _references(sides: Sequence[Side], asked: Asked) -> tuple[str, ...]:
    """What the columns are called in addresses: runs, or targets where these were picked or belong to one run."""
    runs = [side.run.id for side in sides]
    if len(set(runs)) == len(runs) and not any("/" in each for each in asked.runs):
        return tuple(runs)
    return tuple(
        f"{side.run.id}/{side.target}"
        if len(Evaluation.model_validate(side.run.config).contenders) > 1
        else side.run.id
        for side in sides
    )


def _remarks(said: dict[str, tuple[str, ...]]) -> tuple[Remark, ...]:
    """Each remark once, with the candidates that it is about where not all have it."""
    about: dict[str, list[str]] = {}
    for name, texts in said.items():
        for text in texts:
            about.setdefault(text, []).append(name)
    return tuple(
        Remark(text=text, about="" if len(names) == len(said) else ", ".join(names)) for text, names in about.items()
    )
