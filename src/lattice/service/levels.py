"""A run held against the runs before it: which ones are fit for that, and by how much it differs from them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lattice.core.alerting import AlertSettings, MedianOf
from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.reporting.alerting import Fallen
from lattice.reporting.fairness import unfair_differences
from lattice.reporting.sides import Side
from lattice.service.reading import reference_of
from lattice.service.sides import Chosen, sides_of
from lattice.stats.levels import Level, measure_against_level
from lattice.stats.missing import Trials
from lattice.stats.samples import exact_mean
from lattice.store import Store

MISSING_MATTERS = 0.05
_LOOKED_AT = 3
"""So many times the runs that are wanted are looked at, some of which may be unfit."""

_MOST_FALLEN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What one target of a run is held against.

    Parameters
    ----------
    sides: of the runs before, newest first; none where none is fit.
    words: these, in words.
    refused: why there is none.
    """

    sides: tuple[Side, ...] = ()
    words: str = ""
    refused: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """One metric against its level; `level` is None where it was not evaluated."""

    level: Level | None = None
    words: str = ""
    refused: str | None = None
    fallen: tuple[Fallen, ...] = field(default=())


def references_of(store: Store, record: RunRecord, sides: Sequence[Side], settings: AlertSettings) -> list[Reference]:
    """What each target of a run is held against, in the order of `sides`."""
    if settings.against == "baseline":
        return _baseline(store, record, sides)
    wanted = settings.against.median_of if isinstance(settings.against, MedianOf) else 1
    found: list[list[Side]] = [[] for _ in sides]
    reasons: list[str | None] = [None for _ in sides]
    for candidates in _earlier(store, record, wanted * _LOOKED_AT):
        for place, side in enumerate(sides):
            if len(found[place]) < wanted:
                other = _same_target(candidates, side)
                reason = _unfit(other, side)
                if other is not None and reason is None:
                    found[place].append(other)
                reasons[place] = reasons[place] or reason
        if all(len(each) == wanted for each in found):
            break
    return [_told(each, reason, settings) for each, reason in zip(found, reasons, strict=True)]


def held_against(store: Store, side: Side, metric: str, reference: Reference, level: float) -> Against:
    """One metric of one target against its level.

    Parameters
    ----------
    level: coverage of the difference's interval.
    """
    before = [each.scores.metrics[metric] for each in reference.sides if metric in each.scores.metrics]
    after = side.scores.metrics.get(metric, {})
    if reference.refused is not None or not before:
        return Against(refused=reference.refused or f"the runs before have no {metric}")
    if not side.is_whole:
        return Against(refused=f"{side.name} did not go to its end")
    positions = sorted(after)
    runs: list[list[Trials]] = [[scores.get(place, (None,)) for place in positions] for scores in before]
    clusters = [side.scores.clusters.get(place) for place in positions] if side.scores.clusters else None
    found = measure_against_level(runs, [after[place] for place in positions], clusters=clusters, level=level)
    fallen = _fallen(store, side, positions, runs, [after[place] for place in positions])
    return Against(level=found, words=reference.words, fallen=fallen)


def _earlier(store: Store, record: RunRecord, limit: int) -> Iterator[list[Side]]:
    """The runs before that were no alert, newest first, each with its targets."""
    for run_id in store.alerts.usual(record.evaluation_id, record.number, limit):
        try:
            run = store.find_run(run_id)
        except UsageError:
            continue
        yield sides_of(store, Chosen(run=run))


def _baseline(store: Store, record: RunRecord, sides: Sequence[Side]) -> list[Reference]:
    run_id = store.alerts.baseline(record.evaluation_id)
    if run_id is None:
        refused = f"no baseline is pinned; pin one with 'lattice baseline set {record.evaluation_slug}#1'"
        return [Reference(refused=refused) for _ in sides]
    try:
        run = store.find_run(run_id)
    except UsageError:
        return [Reference(refused="the run that was pinned as the baseline is gone") for _ in sides]
    candidates = sides_of(store, Chosen(run=run))
    found = []
    for side in sides:
        other = _same_target(candidates, side)
        reason = _unfit(other, side)
        words = f"the baseline {reference_of(run)}"
        whole = () if other is None or reason is not None else (other,)
        found.append(Reference(sides=whole, words=words, refused=None if whole else reason))
    return found


def _same_target(candidates: Sequence[Side], side: Side) -> Side | None:
    return next((each for each in candidates if each.target == side.target), None)


def _unfit(other: Side | None, side: Side) -> str | None:
    """Why a run is no measure for another one."""
    if other is None:
        return f"the runs before have no target {side.target!r}"
    if other.run.id == side.run.id:
        return f"{side.name} is the baseline itself"
    if not other.is_whole:
        return f"{other.name} did not go to its end"
    if other.totals.failed >= MISSING_MATTERS * max(1, other.totals.done):
        return f"too many trials of {other.name} failed"
    if unfair := unfair_differences(other, side):
        return f"not a fair comparison with {other.name}: {'; '.join(unfair)}"
    return None


def _told(found: Sequence[Side], reason: str | None, settings: AlertSettings) -> Reference:
    if not found:
        return Reference(refused=reason or "there is no run yet to hold it against")
    if not isinstance(settings.against, MedianOf):
        return Reference(sides=tuple(found), words=f"the previous run, {reference_of(found[0].run)}")
    runs = f"#{found[-1].run.number}" + (f" to #{found[0].run.number}" if len(found) > 1 else "")
    words = f"the median of {len(found)} runs, {runs}" if len(found) > 1 else f"the only run before, {runs}"
    return Reference(sides=tuple(found), words=words)


def _fallen(
    store: Store, side: Side, positions: Sequence[int], runs: Sequence[Sequence[Trials]], after: Sequence[Trials]
) -> tuple[Fallen, ...]:
    """The inputs that fell most below their usual score."""
    moved = []
    for index, position in enumerate(positions):
        usual = _mean([score for run in runs for score in run[index]])
        now = _mean(after[index])
        if usual is not None and now is not None and now < usual:
            moved.append((now - usual, position, usual, now))
    most = sorted(moved)[:_MOST_FALLEN]
    inputs = store.read_inputs(side.run.input_set, [position for _, position, _, _ in most])
    return tuple(
        Fallen(id=inputs[position].id, text=inputs[position].text, before=usual, after=now)
        for _, position, usual, now in most
    )


def _mean(scores: Sequence[float | None]) -> float | None:
    known = [score for score in scores if score is not None]
    return exact_mean(known) if known else None
