"""Two runs side by side, from Python."""

from __future__ import annotations

import os
from pathlib import Path

from lattice.api.handles import Run
from lattice.reporting.comparison import Comparison
from lattice.reporting.sides import Side
from lattice.service.comparing import compare_two, with_inputs
from lattice.service.sides import Chosen, choose, chosen_target, sides_of
from lattice.service.workspace import store_url
from lattice.store import open_store


def compare(
    baseline: Run | str,
    candidate: Run | str,
    *,
    metric: str | None = None,
    target: str | None = None,
    db: str | None = None,
) -> Comparison:
    """Compare two runs, or two targets, input by input where they share the inputs.

    Parameters
    ----------
    baseline, candidate: runs, or their names as `open_run` takes them; ``SLUG#3/TARGET`` picks a target.
    metric: a criterion or check; the score if absent, or the first metric where there is none.
    target: the target to compare on both sides, where the runs have several; else the first they share.
    db: the store that names are looked up in.

    Returns
    -------
    Its ``difference`` is candidate less baseline; ``conclusion`` says what one may make of it.

    Raises
    ------
    UsageError: there is no such run, target or metric, or nothing to compare.
    """
    before, _ = _sides(baseline, target, db)
    after, url = _sides(candidate, target, db)
    with open_store(url) as store:
        return with_inputs(store, compare_two(before, after, metric)).comparisons[0]


def _sides(run: Run | str, target: str | None, db: str | None) -> tuple[list[Side], str]:
    """The targets that are meant, and the store they are in."""
    url = run._url if isinstance(run, Run) else store_url(db, os.environ, Path.cwd(), create=False)
    with open_store(url) as store:
        chosen = Chosen(run=store.run(run._record.key)) if isinstance(run, Run) else choose(store, run)
        if target is not None and chosen.target is None:
            chosen = chosen_target(chosen.run, target)
        return sides_of(store, chosen), url
