"""How far a run is, what it has spent and what it waits for."""

from __future__ import annotations

from math import ceil

from lattice.core.runs import Progress
from lattice.reporting import formats
from lattice.reporting.formats import count, terminal_text, whole_percent
from lattice.reporting.view import RunningMean, RunView, Wait

CHECKING = "Checking target and judge with one input"
DRAINING = "Stopping: nothing new starts, calls in flight finish"
PAUSED = "Nothing gets through; one input is tried now and then"


def progress_text(progress: Progress) -> str:
    """``Progress: 47 / 200 (24%)``."""
    return f"Progress: {progress.done} / {progress.total} ({whole_percent(progress.done, progress.total)})"


def times_text(view: RunView) -> str:
    """``Elapsed: 2m 15s | Estimated: 7m 30s remaining``."""
    elapsed = f"Elapsed: {formats.duration(view.elapsed)}"
    if view.is_over:
        return elapsed
    if view.remaining is None:
        return f"{elapsed} | Estimated: --"
    return f"{elapsed} | Estimated: {remaining_text(view.remaining)} remaining"


def remaining_text(seconds: float) -> str:
    """``7m 30s``: whole 5 seconds from one minute on, so that the last digit does not jump about."""
    return formats.duration(seconds if seconds < 60 else 5 * round(seconds / 5))


def mean_text(mean: RunningMean) -> str:
    """``Mean so far: 0.74 [0.65, 0.82] (n = 45 of 47)``."""
    what = f"{terminal_text(mean.metric, 30)} so far" if mean.metric else "Mean so far"
    whose = f"{what}, {terminal_text(mean.target, 30)}" if mean.target else what
    value = formats.score(mean.mean)
    if mean.lower is not None and mean.upper is not None:
        value += f" {formats.interval(mean.lower, mean.upper)}"
    return f"{whose}: {value} (n = {mean.n} of {mean.ended})"


def spending_text(view: RunView) -> str:
    """``Cost so far: $0.17 of $5.00 | 11,235 tokens | 10 in flight``."""
    cost = formats.money(view.cost_usd)
    if view.unpriced and view.cost_usd is not None:
        cost = f"{cost} + unknown"
    if view.budget_usd is not None:
        cost = f"{cost} of {formats.money(view.budget_usd)}"
    parts = [f"Cost so far: {cost}", f"{count(view.tokens)} tokens"]
    if view.in_flight is not None and not view.is_over:
        parts.append(f"{view.in_flight} in flight")
    return " | ".join(parts)


def notices(view: RunView) -> list[str]:
    """What the run is about besides executing: checking, waiting, pausing, draining, or why it failed."""
    said = []
    if view.draining:
        said.append(DRAINING)
    elif view.checking:
        said.append(CHECKING)
    elif view.paused:
        said.append(PAUSED)
    said += [wait_text(wait) for wait in view.waits]
    if view.failure and view.is_over:
        said.append(f"Reason: {terminal_text(view.failure)}")
    if view.hint and view.is_over:
        said.append(f"To mend it: {terminal_text(view.hint)}")
    return said


def wait_text(wait: Wait) -> str:
    """``waiting for the rate limit of openai: 4s``."""
    seconds = "" if wait.seconds is None else f": {ceil(wait.seconds)}s"
    return f"waiting for {terminal_text(wait.reason, 80)}{seconds}"
