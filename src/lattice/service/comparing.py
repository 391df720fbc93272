"""Compares runs, and the targets of one run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.reporting.comparison import Comparison, Moved, Report, compare, shared_metrics
from lattice.reporting.sides import Side
from lattice.service.baselines import BASELINE, Baseline, chosen_by, is_file, named, pinned
from lattice.service.sides import Chosen, choose, matched, sides_of
from lattice.store import Store


def compare_runs(
    store: Store, references: Sequence[str], metrics: Sequence[str] = (), folder: Path | None = None
) -> Report:
    """Compare runs with the first of them; a single run with its baseline, or its targets with the first of these.

    Parameters
    ----------
    references: ``RUN`` or ``RUN/TARGET`` each; the first one as `named` takes it.
    metrics: only these; all that both sides of a pair have if empty.
    folder: see `named`.

    Raises
    ------
    UsageError: there is no such run, target or metric, or nothing to compare it with.
    """
    _refuse_files(references if folder is None else references[1:])
    first, *others = references
    evaluation = _evaluation_among(store, references)
    if others:
        baseline = named(store, first, evaluation_id=evaluation, folder=folder)
        groups = [list(baseline.sides), *(sides_of(store, chosen_by(store, each, evaluation)) for each in others)]
    elif is_file(first):
        raise UsageError(f"name a run to be held against {first}: lattice compare {first} RUN")
    else:
        groups = _alone(store, chosen_by(store, first, evaluation))
    return with_inputs(store, compare_sides(groups[0], groups[1:], metrics))


def comparison_with(store: Store, record: RunRecord, baseline: Baseline | None) -> Report | None:
    """A run held against a baseline; None where there is nothing that could be compared."""
    if baseline is None or baseline.run_id == record.id or not record.progress.done:
        return None
    try:
        return with_inputs(store, compare_sides(baseline.sides, [sides_of(store, Chosen(run=record))], ()))
    except UsageError:
        # Another evaluation by now: no target or no metric in common.
        return None


def compare_sides(baseline: Sequence[Side], candidates: Iterable[Sequence[Side]], metrics: Sequence[str]) -> Report:
    """Compare the targets of several runs with those of one.

    Parameters
    ----------
    metrics: only these; all that both sides of a pair have if empty.

    Raises
    ------
    UsageError: there is no such metric, or nothing that could be compared.
    """
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

    Errors are those of `compare_sides`.
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


def _alone(store: Store, chosen: Chosen) -> list[list[Side]]:
    sides = sides_of(store, chosen)
    against = pinned(store, chosen.run.evaluation_id) if len(sides) == 1 else None
    if against is None or against.run_id == chosen.run.id:
        return targets_of_one(chosen, sides)
    return [list(against.sides), sides]


def _evaluation_among(store: Store, references: Sequence[str]) -> str | None:
    """The evaluation that ``baseline`` is meant of: that of the first run that is named otherwise."""
    for each in references:
        if not is_file(each) and each.partition("/")[0].strip().lower() != BASELINE:
            return choose(store, each).run.evaluation_id
    return None


def _refuse_files(references: Sequence[str]) -> None:
    for each in references:
        if is_file(each):
            raise UsageError(f"{each}: a file can only be the baseline, which comes first; import it: lattice import")


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
