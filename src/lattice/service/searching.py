"""Finds evaluations and runs by what people type."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.store import Store
from lattice.store.records import EvaluationRow

MOST = 8
RECENT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What matches, best first: `run` is the one that was named outright, as commands take it."""

    run: RunRecord | None = None
    evaluations: tuple[EvaluationRow, ...] = ()
    runs: tuple[RunRecord, ...] = ()


def find(store: Store, text: str) -> Found:
    """Evaluations whose name, slug or type has every word; recent runs by name, tag or trigger likewise.

    Parameters
    ----------
    text: words in any order, or a run's id, the beginning of one, or ``SLUG#3``.
    """
    words = text.casefold().split()
    if not words:
        return Found(evaluations=tuple(store.evaluations()[:MOST]))
    evaluations = [row for row in store.evaluations() if _has(f"{row.name} {row.slug} {row.type}", words)]
    runs = [run for run in store.runs(limit=RECENT) if _has(_spoken(run), words)]
    return Found(run=_named(store, text), evaluations=tuple(evaluations[:MOST]), runs=tuple(runs[:MOST]))


def _named(store: Store, text: str) -> RunRecord | None:
    try:
        return store.find_run(text)
    except UsageError:
        return None


def _spoken(run: RunRecord) -> str:
    tags = " ".join(f"{key}={value}" for key, value in run.tags.items())
    return f"{run.evaluation_name} {run.evaluation_slug}#{run.number} {run.status.value} {run.trigger} {tags}"


def _has(spoken: str, words: list[str]) -> bool:
    return all(word in spoken.casefold() for word in words)
