"""Which runs there are to compare."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from lattice.core.runs import RunRecord
from lattice.reporting.headline import Headline, headline_of
from lattice.service.execution import is_live
from lattice.store import Store

LOOKED_AT = 500
SHOWN = 60
MOST_SUGGESTED = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A run that may be chosen."""

    run: RunRecord
    headline: Headline
    is_chosen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """What a page offers to compare.

    Parameters
    ----------
    offers: newest first, the chosen ones before all.
    suggested: the last run of an evaluation each, behind its baseline, else behind the run before it.
    baselines: ids of the runs that are one.
    running: runs that go on now.
    left_out: how many more match.
    total: runs that have results, whatever is searched for.
    """

    offers: tuple[Offer, ...]
    suggested: tuple[tuple[RunRecord, RunRecord], ...]
    running: tuple[RunRecord, ...]
    left_out: int
    total: int
    baselines: frozenset[str] = frozenset()


def choosing_of(store: Store, text: str, chosen: Collection[str]) -> Choosing:
    """What there is to compare.

    Parameters
    ----------
    text: words that a run's name, tags, targets or status must have.
    chosen: ids of runs that were chosen before.
    """
    runs = [run for run in store.runs(limit=LOOKED_AT) if run.progress.done or is_live(run)]
    baselines = frozenset(store.baselines.all().values())
    words = text.casefold().split()
    matching = [run for run in runs if run.id in chosen or all(word in _spoken(run) for word in words)]
    matching.sort(key=lambda run: run.id not in chosen)
    return Choosing(
        offers=tuple(Offer(run=run, headline=headline_of(run), is_chosen=run.id in chosen) for run in matching[:SHOWN]),
        suggested=tuple(_pairs(runs, baselines))[:MOST_SUGGESTED],
        running=tuple(run for run in runs if is_live(run)),
        left_out=max(0, len(matching) - SHOWN),
        total=len(runs),
        baselines=baselines,
    )


def _pairs(runs: Collection[RunRecord], baselines: Collection[str]) -> list[tuple[RunRecord, RunRecord]]:
    found: dict[str, list[RunRecord]] = {}
    for run in runs:
        if not is_live(run):
            found.setdefault(run.evaluation_id, []).append(run)
    return [
        (next((run for run in others if run.id in baselines), others[0]), last)
        for last, *others in found.values()
        if others and last.id not in baselines
    ]


def _spoken(run: RunRecord) -> str:
    tags = " ".join(f"{key}={value}" for key, value in run.tags.items())
    targets = " ".join(str(target.get("name", "")) for target in run.config["targets"])
    return f"{run.evaluation_name} {run.evaluation_slug}#{run.number} {run.status.value} {tags} {targets}".casefold()
