"""What is known of a run so far, kept as results are committed and saved with each commit on the run's row.

The mapping that `Totals.snapshot` gives (``RunRecord.live``)::

    {"targets": [{"done", "successful", "failed", "unpriced",
                  "metrics": {NAME: {"n", "sum", "counts": [[native, score, count], …]}},
                  "interval": {"n", "mean", "lower", "upper", "level", "method", "waiting_for"} or null}, …],
     "kinds": {KIND: failed trials},
     "usage": {"target": [input, output], "judge": [input, output]},
     "cost_usd": {"target": …, "judge": …},
     "pace": [[elapsed seconds, done], …]}

``counts`` is null for metrics with too many different values. ``interval`` is the live interval over the contiguous
prefix of the schedule, valid at every look; ``waiting_for`` is the input that holds the prefix back.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lattice.core.evaluation import SCORE
from lattice.core.models import Usage
from lattice.core.runs import Progress
from lattice.core.trials import Metric, Response, Result, Step, TrialKey
from lattice.stats import LiveMean, NoMeanLeft
from lattice.store import ResultStatus

MOST_VALUES = 256
LOOK_EVERY = 0.25
PACE_EVERY = 1.0
PACE_POINTS = 90


class Ranks(Protocol):
    """Rank of an input in the schedule, by its position."""

    def __getitem__(self, position: int, /) -> int: ...


class Watch(Protocol):
    """Follows the outcomes of trials, for whoever wants to know early what they come to."""

    def add(self, key: TrialKey, outcome: Mapping[str, Metric] | None, /, *, failed: bool = False) -> None:
        """One trial has ended; None where it failed, unless it `failed` and counts as a score all the same."""

    def look(self, cost_usd: float, /) -> None:
        """All that is known has been added."""


class LiveInterval:
    """The live interval of one target's score: inputs enter in the order of the schedule, whenever they end.

    An input whose trials all failed is passed over; one that has not ended holds the ones behind it back.
    With repeats an input's score is the mean of its scored repeats.
    """

    def __init__(self, ranks: Ranks, *, repeats: int) -> None:
        self._ranks = ranks
        self._repeats = repeats
        self._mean = LiveMean()
        self._next = 0
        self._early: dict[int, tuple[int, list[float]]] = {}

    def add(self, position: int, score: float | None) -> None:
        """One trial of an input ended, with a score or without."""
        rank = self._ranks[position]
        ended, scores = self._early.get(rank, (0, []))
        if score is not None:
            scores.append(score)
        self._early[rank] = (ended + 1, scores)
        while self._next in self._early and self._early[self._next][0] >= self._repeats:
            _, complete = self._early.pop(self._next)
            if complete:
                self._mean.add(math.fsum(complete) / len(complete))
            self._next += 1

    @property
    def next_rank(self) -> int:
        """Rank of the first input that has not ended; it holds the prefix back if any later one has."""
        return self._next

    @property
    def held_back(self) -> int:
        """How many inputs have ended behind the one that is waited for."""
        return len(self._early)

    def look(self) -> dict[str, Any] | None:
        """The interval now; None before the first score, and where no mean is left that could explain them all."""
        if self._mean.n == 0:
            return None
        try:
            found = self._mean.interval()
        except NoMeanLeft:
            return None
        return {
            "n": found.n,
            "mean": found.mean,
            "lower": found.lower,
            "upper": found.upper,
            "level": found.level,
            "method": found.method,
        }


@dataclass(slots=True)
class MetricTally:
    """Counts by value while there are few values, and an exactly rounded sum in any case."""

    n: int = 0
    counts: Counter[tuple[float | None, float]] | None = field(default_factory=Counter)
    partials: list[float] = field(default_factory=list)

    def add(self, metric: Metric) -> None:
        self.n += 1
        if self.counts is not None:
            self.counts[(metric.native, metric.score)] += 1
            if len(self.counts) <= MOST_VALUES:
                return
            for (_, score), count in self.counts.items():
                self.partials.append(score * count)
            self.counts = None
        else:
            self.partials.append(metric.score)
        if len(self.partials) > MOST_VALUES:
            self.partials = [math.fsum(self.partials)]

    def snapshot(self) -> dict[str, Any]:
        if self.counts is None:
            return {"n": self.n, "sum": math.fsum(self.partials), "counts": None}
        counts = sorted(self.counts.items(), key=lambda item: item[0][1])
        total = math.fsum(score * count for (_, score), count in counts)
        return {"n": self.n, "sum": total, "counts": [[native, score, c] for (native, score), c in counts]}


@dataclass(slots=True)
class TargetTally:
    """One target's share of the totals; `unpriced` are responses whose cost is unknown."""

    interval: LiveInterval
    successful: int = 0
    failed: int = 0
    unpriced: int = 0
    metrics: dict[str, MetricTally] = field(default_factory=dict)
    look: dict[str, Any] | None = None


@dataclass(slots=True)
class Spend:
    """Tokens and money of one role."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0

    def add(self, usage: Usage, cost_usd: float | None) -> None:
        self.input_tokens += usage.input_tokens
        self.output_tokens += usage.output_tokens
        self.cost_usd += cost_usd or 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What is known of a run before its first result.

    Parameters
    ----------
    total: trials of the whole run.
    targets, repeats: how many of each.
    order: positions in the order of the schedule; ranks: the same the other way round.
    headline: name of the metric that the live interval is for; None where nothing is scored.
    failed_as: what a trial counts as whose target failed; None where it has no score.
    """

    total: int
    targets: int
    repeats: int
    order: Sequence[int]
    ranks: Ranks
    headline: str | None = SCORE
    failed_as: Metric | None = None


class LiveTotals:
    """The totals of a run; fed by the writer's thread with exactly what it is about to commit.

    Parameters
    ----------
    clock: monotonic seconds.
    elapsed: seconds of work in earlier sessions.
    watch: is shown every outcome as it is counted, if there is one.
    """

    def __init__(
        self, shape: Shape, *, clock: Callable[[], float], elapsed: float = 0.0, watch: Watch | None = None
    ) -> None:
        self._stand_in = None if shape.failed_as is None else {SCORE: shape.failed_as}
        self._watch = watch
        self._headline = shape.headline
        self._total = shape.total
        self._order = shape.order
        self._clock = clock
        self._started = clock()
        self._before = elapsed
        self._targets = [TargetTally(LiveInterval(shape.ranks, repeats=shape.repeats)) for _ in range(shape.targets)]
        self._spend = {"target": Spend(), "judge": Spend()}
        self._kinds: Counter[str] = Counter()
        self._again: dict[TrialKey, str] = {}
        self._pace: deque[tuple[float, int]] = deque(maxlen=PACE_POINTS)
        self._looked = -math.inf

    def restore(
        self,
        live: Mapping[str, Any],
        results: Iterable[tuple[TrialKey, Mapping[str, Metric] | None]],
        *,
        again: Mapping[TrialKey, str],
        unanswered: Container[TrialKey] = (),
    ) -> None:
        """Take up where an earlier session stopped.

        Parameters
        ----------
        live: the snapshot that session saved last.
        results: every committed result; None for a failed one.
        again: failed trials that this session runs again, with the kinds of their failures. They count as failed
            until they end anew, and hold the live interval back until then.
        unanswered: failed trials whose target itself failed.
        """
        for role, (input_tokens, output_tokens) in live.get("usage", {}).items():
            usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens)
            self._spend[role].add(usage, live.get("cost_usd", {}).get(role))
        self._kinds.update(live.get("kinds", {}))
        for tally, saved in zip(self._targets, live.get("targets", ()), strict=False):
            tally.unpriced = saved.get("unpriced", 0)
        self._again = dict(again)
        for key, metrics in results:
            if key in again:
                self._targets[key.target].failed += 1
            else:
                self._count(key, metrics, unanswered=key in unanswered)
        self._let_look()

    def pass_over(self, absent: Iterable[TrialKey]) -> None:
        """Trials that the run does not have: the live interval does not wait for them."""
        for key in absent:
            self._targets[key.target].interval.add(key.position, None)

    def add_response(self, key: TrialKey, response: Response) -> None:
        self._spend["target"].add(response.usage, response.cost_usd)
        self._targets[key.target].unpriced += response.cost_usd is None

    def add_result(self, result: Result, replaced: ResultStatus | None) -> None:
        """Count one result; `replaced` is the status of an earlier session's result whose place it takes."""
        self._spend["judge"].add(result.usage, result.cost_usd)
        self._spend["target"].add(result.wasted_usage, result.wasted_cost_usd)
        if replaced is not None and (kind := self._again.pop(result.key, None)) is not None:
            self._targets[result.key.target].failed -= 1
            self._kinds[kind] -= 1
        if result.failure is not None:
            self._kinds[result.failure.kind] += 1
        unanswered = result.failure is not None and result.failure.step is Step.TARGET
        self._count(result.key, result.verdict.metrics if result.verdict else None, unanswered=unanswered)
        self._let_look()

    def _let_look(self) -> None:
        if self._watch is not None:
            self._watch.look(sum(spend.cost_usd for spend in self._spend.values()))

    def _count(self, key: TrialKey, metrics: Mapping[str, Metric] | None, *, unanswered: bool) -> None:
        failed = metrics is None
        if failed and unanswered:
            metrics = self._stand_in
        if self._watch is not None:
            self._watch.add(key, metrics, failed=failed)
        tally = self._targets[key.target]
        tally.failed += failed
        tally.successful += not failed
        if metrics is None:
            tally.interval.add(key.position, None)
            return
        for name, metric in metrics.items():
            found = tally.metrics.get(name)
            if found is None:
                found = tally.metrics[name] = MetricTally()
            found.add(metric)
        score = metrics.get(self._headline) if self._headline is not None else None
        tally.interval.add(key.position, score.score if score else None)

    def progress(self) -> Progress:
        successful = sum(tally.successful for tally in self._targets)
        failed = sum(tally.failed for tally in self._targets)
        return Progress(total=self._total, done=successful + failed, successful=successful, failed=failed)

    def elapsed(self) -> float:
        return self._before + self._clock() - self._started

    def snapshot(self) -> Mapping[str, Any]:
        elapsed = self.elapsed()
        done = self.progress().done
        if not self._pace or elapsed - self._pace[-1][0] >= PACE_EVERY:
            self._pace.append((round(elapsed, 3), done))
        self._look(done)
        return {
            "targets": [
                {
                    "done": tally.successful + tally.failed,
                    "successful": tally.successful,
                    "failed": tally.failed,
                    "unpriced": tally.unpriced,
                    "metrics": {name: metric.snapshot() for name, metric in tally.metrics.items()},
                    "interval": tally.look,
                }
                for tally in self._targets
            ],
            "kinds": {kind: count for kind, count in self._kinds.items() if count > 0},
            "usage": {role: [spend.input_tokens, spend.output_tokens] for role, spend in self._spend.items()},
            "cost_usd": {role: spend.cost_usd for role, spend in self._spend.items()},
            "pace": list(self._pace),
        }

    def last_snapshot(self) -> Mapping[str, Any]:
        """The snapshot with which a run ends, its live intervals as they are now."""
        self._looked = -math.inf
        return self.snapshot()

    def _look(self, done: int) -> None:
        """Refresh the live intervals, now and then: a look costs more than a commit may."""
        now = self._clock()
        if now - self._looked < LOOK_EVERY and done < self._total:
            return
        self._looked = now
        for tally in self._targets:
            look = tally.interval.look()
            if look is not None:
                waiting = tally.interval.held_back > 0
                look["waiting_for"] = self._order[tally.interval.next_rank] if waiting else None
            tally.look = look
