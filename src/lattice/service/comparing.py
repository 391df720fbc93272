"""Compares runs, and the targets of one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.reporting.comparison import Comparison, Moved, Report, compare, shared_metrics
from lattice.reporting.sides import Side
from lattice.service.sides import Chosen, choose, matched, sides_of
from lattice.store import Store


def compare_runs(store: Store, references: Sequence[str], metrics: Sequence[str] = ()) -> Report:
    """Compare runs with the first of them, or the targets of a single run with its first.

    Parameters
    ----------
    references: ``RUN`` or ``RUN/TARGET`` each.
    metrics: only these; all that both sides of a pair have if empty.

    Raises
    ------
    UsageError: there is no such run, target or metric, or nothing to compare it with.
    """
    chosen = [choose(store, each) for each in references]
    groups = [sides_of(store, each) for each in chosen]
    if len(groups) == 1:
        groups = targets_of_one(chosen[0], groups[0])
    return with_inputs(store, compare_sides(groups[0], groups[1:], metrics))


def compare_sides(baseline: Sequence[Side], candidates: Iterable[Sequence[Side]], metrics: Sequence[str]) -> Report:
    """Compare the targets of several runs with those of one; see `compare_runs`."""
    pairs: list[tuple[Side, Side]] = []
    offered = list(baseline)
    for candidate in candidates:
        pairs += matched(baseline, candidate)
        offered += candidate
    _check_metrics(pairs, metrics)
    used = {side.name for pair in pairs for side in pair}
    left_out = tuple(side.name for side in offered if side.name not in used)
    return replace(compare(pairs, metrics), left_out=left_out)


def compare_two(baseline: Sequence[Side], candidate: Sequence[Side], metric: str | None) -> Report:
    """One comparison alone: of the first targets that belong together, in the first metric unless one is named.

    Errors are those of `compare_runs`.
    """
    old, new = matched(baseline, candidate)[0]
    metrics = shared_metrics(old, new)[:1] if metric is None else [metric]
    return compare_sides([old], [[new]], metrics)


def with_inputs(store: Store, report: Report) -> Report:
    """The report with the texts of the inputs that moved most; `store` holds the candidates' runs."""
    return replace(
        report,
        comparisons=tuple(_told(store, each, report.side(each.candidate).run) for each in report.comparisons),
    )


def targets_of_one(chosen: Chosen, sides: list[Side]) -> list[list[Side]]:
    """The first target of a run, and its others to be compared with that.

    Raises
    ------
    UsageError: it has no other.
    """
    if len(sides) < 2:
        raise UsageError(f"{sides[0].name} stands alone; name another run to compare it with")
    return [[sides[0]], sides[1:]]


def _check_metrics(pairs: Sequence[tuple[Side, Side]], metrics: Sequence[str]) -> None:
    known = list(dict.fromkeys(name for pair in pairs for name in shared_metrics(*pair)))
    if not known:
        raise UsageError("they have no metric in common, so that there is nothing to compare")
    if unknown := [name for name in metrics if name not in known]:
        raise UsageError(f"there is no metric {unknown[0]!r} to compare; there are {', '.join(known)}")


def _told(store: Store, comparison: Comparison, run: RunRecord) -> Comparison:
    moved = (*comparison.worse, *comparison.better)
    inputs = store.read_inputs(run.input_set, sorted({each.position for each in moved}))

    def told(those: tuple[Moved, ...]) -> tuple[Moved, ...]:
        return tuple(replace(each, id=inputs[each.position].id, text=inputs[each.position].text) for each in those)

    return replace(comparison, worse=told(comparison.worse), better=told(comparison.better))
