"""The inputs of a comparison, one below the other: what each side answered, and what it was given for that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lattice.core.trials import TrialKey
from lattice.reporting import formats
from lattice.reporting.charts.difference_words import signed
from lattice.reporting.sides import Side
from lattice.service.side_by_side import Matchup, Show, SideBySide, Texts, read_texts, with_text
from lattice.store import ResultRow, Store
from lattice.studio.comparing.asking import SIZE, Asked, Mode
from lattice.studio.comparing.text_difference import Change, Stretch, text_difference
from lattice.studio.trials.table import trial_path
from lattice.studio.trials.texts import page_text

COMPACT = 700
"""Letters of an output that a row shows at first."""

LETTERS = 20_000
"""Letters of a text that a page shows at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one side answered to an input.

    Parameters
    ----------
    place: of the side, 0 for the baseline.
    score: as it is shown; "" without one. native: on the judge's own scale.
    difference: to the baseline's score, ``−0.50``; "" where there is none. way: up, down or level.
    stretches: of the output; one where it is not set against the baseline's.
    is_cut: more of it is on the trial's own page.
    why: why there is no output or no score.
    trials: addresses of the trial's pages below the run's results, one for each repeat.
    """

    place: int
    side: Side
    score: str = ""
    native: str = ""
    difference: str = ""
    way: str = ""
    stretches: tuple[Stretch, ...] = ()
    is_cut: bool = False
    reasoning: str = ""
    why: str = ""
    trials: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PairRow:
    """One input with what every side answered, the baseline first.

    Parameters
    ----------
    input, reference: their beginning; "" where they were deleted, or there is none.
    """

    position: int
    id: str
    input: str
    reference: str
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PairPage:
    """A page of inputs.

    Parameters
    ----------
    matching: how many inputs the filter holds for.
    counts: inputs of each kind, whatever the filter.
    """

    rows: tuple[PairRow, ...]
    matching: int
    first: int
    pages: int
    page: int
    counts: dict[Show, int]

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1


def page_of(store: Store, found: SideBySide, matchup: Matchup, metric: str, asked: Asked) -> PairPage | None:
    """The page that an address asks for; None where there are no pairs, since the inputs differ."""
    candidate = matchup.candidates[asked.candidate - 1]
    pairs = found.pairs(matchup.baseline, candidate, metric)
    if pairs is None:
        return None
    sides = shared_sides(found, matchup)
    among = with_text(store, sides, asked.text) if asked.text else None
    chosen = pairs.chosen(asked.choice(among))
    pages = max(1, -(-len(chosen) // SIZE))
    page = min(asked.page, pages)
    positions = chosen[(page - 1) * SIZE : page * SIZE].tolist()
    texts = read_texts(store, sides, positions, LETTERS)
    return PairPage(
        rows=tuple(_row(found, sides, metric, each, texts, asked.mode) for each in positions),
        matching=len(chosen),
        first=(page - 1) * SIZE + 1,
        pages=pages,
        page=page,
        counts=pairs.counts(),
    )


def shared_sides(found: SideBySide, matchup: Matchup) -> list[Side]:
    """The baseline and those candidates that have its inputs."""
    baseline = found.report.side(matchup.baseline)
    others = (found.report.side(name) for name in matchup.candidates)
    return [baseline, *(each for each in others if each.run.inputs_hash == baseline.run.inputs_hash)]


def _row(found: SideBySide, sides: Sequence[Side], metric: str, position: int, texts: Texts, mode: Mode) -> PairRow:
    given = texts.inputs.get(position)
    rows = [texts.of(side, position) for side in sides]
    outputs = [_output(each) for each in rows]
    values = [found.value(side.name, metric, position) for side in sides]
    replies = []
    for place, side in enumerate(sides):
        stretches = _stretches(outputs[0], outputs[place], place, mode)
        values_here = (values[0], values[place]) if place else (None, values[0])
        replies.append(_reply(Reply(place=place, side=side, stretches=stretches), rows[place], metric, values_here))
    return PairRow(
        position=position,
        id=given.id if given and given.id != str(position) else "",
        input=page_text(given.text[:LETTERS]) if given else "",
        reference=page_text(given.reference[:LETTERS]) if given and given.reference else "",
        replies=tuple(replies),
    )


def _reply(bare: Reply, rows: Sequence[ResultRow], metric: str, values: tuple[float | None, float | None]) -> Reply:
    """What a side answered, with its numbers; `values` are those of the baseline and of this side."""
    before, value = values
    moved = None if before is None or value is None else round(value - before, 12)
    first = rows[0] if rows else None
    given = first.metrics.get(metric) if first is not None and len(rows) == 1 else None
    text = first.response.text if first is not None and first.response else ""
    return replace(
        bare,
        score="" if value is None else formats.score(value),
        native=formats.native(given.native) if given is not None and given.native is not None else "",
        difference="" if moved is None else signed(moved),
        way="" if moved is None else "up" if moved > 0 else "down" if moved < 0 else "level",
        is_cut=len(text) >= LETTERS,
        reasoning=page_text(first.reasoning[:LETTERS]) if first is not None else "",
        why=_why(rows, value),
        trials=tuple(trial_path(TrialKey(row.key.position, row.key.target, row.key.repeat)) for row in rows),
    )


def _output(rows: Sequence[ResultRow]) -> str:
    """The output of the first trial, as a page shows it."""
    first = rows[0].response if rows else None
    return "" if first is None else page_text(first.text[:LETTERS])


def _stretches(before: str, after: str, place: int, mode: Mode) -> tuple[Stretch, ...]:
    """An output as it is shown; against the baseline's where the difference is asked for."""
    if mode is Mode.DIFF and place and before and after:
        return tuple(text_difference(before, after))
    shown = after
    if mode is Mode.COMPACT and len(after) > COMPACT:
        shown = after[:COMPACT].rsplit(maxsplit=1)[0] + " …"
    return (Stretch(change=Change.SAME, text=shown),) if shown else ()


def _why(rows: Sequence[ResultRow], value: float | None) -> str:
    """Why there is no score."""
    if not rows:
        return "Has not ended in this run."
    if value is not None:
        return ""
    failure = next((row.failure for row in rows if row.failure is not None), None)
    if failure is None:
        return "Has no score for this metric."
    return f"Failed: {page_text(failure.message[:COMPACT])}"
