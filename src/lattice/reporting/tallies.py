"""What is kept of a run's results while they are read, one at a time: enough for every number."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.pairs import POSITION_BIAS
from lattice.reporting.metrics import MetricForm, metric_forms
from lattice.reporting.samples import Clusters, Figures, Sample, combined
from lattice.reporting.standing_in import with_stand_ins
from lattice.store.records import ResultStatus, ScoreRow

Scores = Sequence[float | None]


class MetricTally:
    """The scores of one metric, one per input, and what the missing ones could have been.

    An input whose repeats are partly missing has the mean of those that are there; `missing` counts the trials
    that have ended without this metric.
    """

    def __init__(self, clusters: Clusters) -> None:
        self.missing = 0
        self.complete = Sample(clusters)
        self.partial = Sample(clusters)
        self._lowest = Sample(clusters)
        self._highest = Sample(clusters)

    def add(self, scores: Scores, cluster: str | None) -> None:
        """Take in the ended trials of one input; None for each that has no score."""
        known = [score for score in scores if score is not None]
        missing = len(scores) - len(known)
        self.missing += missing
        if not missing:
            self.complete.add(sum(known) / len(known), cluster)
            return
        if known:
            self.partial.add(sum(known) / len(known), cluster)
        self._lowest.add(sum(known) / len(scores), cluster)
        self._highest.add((sum(known) + missing) / len(scores), cluster)

    def figures(self, *, binary: bool = False) -> Figures:
        """The numbers over the inputs that have a score."""
        return combined([self.complete, self.partial], binary=binary)

    def lowest(self, *, binary: bool = False) -> Figures:
        """The numbers with every missing score at the lowest end of the scale."""
        return combined([self.complete, self._lowest], binary=binary)

    def highest(self, *, binary: bool = False) -> Figures:
        """The numbers with every missing score at the highest end of the scale."""
        return combined([self.complete, self._highest], binary=binary)

    @property
    def passes_or_fails(self) -> bool:
        """Whether every score so far is 0 or 1."""
        return all(score in (0.0, 1.0) for score, _ in self.counts())

    def counts(self) -> Iterable[tuple[float, int]]:
        """Different scores with how many inputs have each; a score may come up twice."""
        yield from self.complete.counts()
        yield from self.partial.counts()


@dataclass(slots=True)
class Repeats:
    """The ended trials of one input with one target, until all its repeats have ended."""

    cluster: str | None
    rows: list[ScoreRow] = field(default_factory=list)


class TargetTally:
    """What is kept of one target's results.

    Parameters
    ----------
    forms: of its metrics, ``score`` first.
    repeats: trials of one input.

    `stood_in` counts the failed trials that have a score all the same.
    `pairs` counts the pairs that were judged in both orders, by score and by whether the verdicts followed the order.
    """

    def __init__(self, name: str, forms: Iterable[MetricForm], repeats: int) -> None:
        self.name = name
        self.clusters = Clusters()
        self.forms = {form.name: form for form in forms}
        self.metrics = {metric: MetricTally(self.clusters) for metric in self.forms}
        self.passes = self.forms[SCORE].passes if SCORE in self.forms else None
        self.passed = MetricTally(self.clusters)
        self.successful = self.failed = self.stood_in = self.inputs = 0
        self.kinds: Counter[str] = Counter()
        self.input_tokens = self.output_tokens = 0
        self.cost_usd = 0.0
        # Single precision: seven digits of a latency are more than anybody reads, in half the memory.
        self.pairs: Counter[tuple[float, bool]] = Counter()
        self.latencies = array("f")
        self.responses = array("f")
        self._repeats = repeats
        self._open: dict[int, Repeats] = {}

    @property
    def ended(self) -> int:
        """Trials that have ended."""
        return self.successful + self.failed

    def add(self, row: ScoreRow) -> None:
        """Take in one result."""
        if row.status is ResultStatus.FAILED:
            self.failed += 1
            self.stood_in += SCORE in row.metrics
            self.kinds[row.error_kind or ""] += 1
        else:
            self.successful += 1
        if (biased := row.metrics.get(POSITION_BIAS)) is not None and (score := row.metrics.get(SCORE)) is not None:
            self.pairs[score[0], biased[0] > 0] += 1
        self.cost_usd += (row.target_cost or 0.0) + (row.judge_cost or 0.0)
        self.input_tokens += row.target_usage.input_tokens
        self.output_tokens += row.target_usage.output_tokens
        if row.latency is not None:
            self.latencies.append(row.latency)
            # A trial that was resumed behind its response has lost the time before it.
            self.responses.append(max(row.latency, row.duration - (row.judge_latency or 0.0)))
        if self._repeats == 1:
            self._close([row])
            return
        repeats = self._open.setdefault(row.position, Repeats(row.cluster))
        repeats.rows.append(row)
        if len(repeats.rows) == self._repeats:
            self._close(self._open.pop(row.position).rows)

    def finish(self) -> None:
        """Take in the inputs of which not every repeat has ended."""
        for repeats in self._open.values():
            self._close(repeats.rows)
        self._open.clear()

    def _close(self, rows: Sequence[ScoreRow]) -> None:
        self.inputs += 1
        cluster = rows[0].cluster
        for name, tally in self.metrics.items():
            tally.add([found[0] if (found := row.metrics.get(name)) else None for row in rows], cluster)
        if self.passes is not None:
            natives = [found[1] if (found := row.metrics.get(SCORE)) else None for row in rows]
            self.passed.add([self.passes.met(native) for native in natives], cluster)


@dataclass(frozen=True, slots=True)
class Tallies:
    """A run's results, read. `targets` are in the order of the configuration."""

    evaluation: Evaluation
    targets: tuple[TargetTally, ...]

    @property
    def single(self) -> bool:
        """Whether each input is tried once, so that binary scores stay binary."""
        return self.evaluation.run.repeats == 1

    def source(self, target: str) -> str:
        """What a target calls, as prices name it."""
        return next(each.source for each in self.evaluation.targets if each.name == target)

    def is_binary(self, target: TargetTally, metric: str) -> bool:
        """Whether each score is 0 or 1, and no average of repeats; of a function's scores, whether all are so far."""
        binary = target.forms[metric].binary
        return self.single and (target.metrics[metric].passes_or_fails if binary is None else binary)


def tally(rows: Iterable[ScoreRow], evaluation: Evaluation) -> Tallies:
    """Read results, in any order. Memory grows by a few numbers per result at most."""
    forms, repeats = metric_forms(evaluation), evaluation.run.repeats
    targets = tuple(TargetTally(target.name, forms, repeats) for target in evaluation.contenders)
    first = len(evaluation.targets) - len(targets)
    for row in with_stand_ins(rows, evaluation):
        targets[row.target - first].add(row)
    for target in targets:
        target.finish()
    return Tallies(evaluation, targets)
