"""Whether the numbers so far decide every gate, asked as results come in (``run.stop_when: decided``).

Inputs enter in the order of the schedule, whenever they end, so that at each look the numbers rest on a random
sample of all inputs and not on the quick ones. Missing scores are taken at both ends of the scale where they matter.
The intervals hold at every look, and the first look that decides ends the run; its verdicts are kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lattice.core.conditions import RUN_METRICS, Condition
from lattice.core.runs import RunStatus
from lattice.core.trials import Metric, TrialKey
from lattice.engine.live import Ranks
from lattice.gates import GateResult, MetricNumbers, RunNumbers, TargetNumbers, decided
from lattice.gates.names import metric_name
from lattice.stats import LiveMetric
from lattice.stats.missing import Rule

Outcome = Mapping[str, Metric] | None
"""What one trial was given; None where it failed, unless its failure counts as a score."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is to be decided, and on what.

    Parameters
    ----------
    conditions: all of the run's gates; each must speak of what there is (`lattice.gates.check`).
    targets: names of those that have results, in the order of the configuration.
    native: lowest and highest level of each metric that has a scale of its own.
    passes: when a metric passes, on 0–1, for those that have a pass rate.
    first: index of the first of them in the configuration.
    repeats: trials per input and target.
    unpriced: models without a price; with any, the cost is unknown.
    """

    conditions: tuple[Condition, ...]
    targets: tuple[str, ...]
    native: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    passes: Mapping[str, Rule] = field(default_factory=dict)
    first: int = 0
    repeats: int = 1
    unpriced: tuple[str, ...] = ()

    def metrics(self, target: str) -> tuple[str, ...]:
        """The metrics of a target that some condition is about."""
        about = (each for each in self.conditions if each.metric not in RUN_METRICS and each.target in (None, target))
        return tuple(dict.fromkeys(metric_name(each) for each in about))

    def rule(self, metric: str) -> Rule | None:
        """When the metric passes, if some condition is about that: its interval is what costs most."""
        asked = any(each.metric == "pass_rate" and metric_name(each) == metric for each in self.conditions)
        return self.passes.get(metric) if asked else None


class GateWatch:
    """Follows a run until its gates are decided; costs a few numbers per input that has ended out of turn.

    It is fed by one thread, and `verdicts` may be read by any.

    Parameters
    ----------
    ranks: of the inputs in the schedule.
    """

    def __init__(self, terms: Terms, ranks: Ranks) -> None:
        self._terms = terms
        self._targets = [_Prefix(terms, name, ranks) for name in terms.targets]
        self._grown = False
        self._verdicts: tuple[GateResult, ...] | None = None

    @property
    def verdicts(self) -> tuple[GateResult, ...] | None:
        """Of the look that decided every gate; None as long as one is open."""
        return self._verdicts

    def add(self, key: TrialKey, outcome: Outcome, *, failed: bool = False) -> None:
        """One trial has ended; `failed` says so where the outcome does not."""
        if self._verdicts is None:
            prefix = self._targets[key.target - self._terms.first]
            self._grown = prefix.add(key.position, outcome, failed or outcome is None) or self._grown

    def look(self, cost_usd: float) -> None:
        """Ask whether every gate is decided now.

        Parameters
        ----------
        cost_usd: what the run has cost so far, as far as prices are known.
        """
        if not self._grown or self._verdicts is not None:
            return
        self._grown = False
        found = decided(self._terms.conditions, self._numbers(cost_usd))
        if found is not None:
            sample = self._sample()
            self._verdicts = tuple(replace(each, reason=f"{each.reason}; {sample}") for each in found)

    def _numbers(self, cost_usd: float) -> RunNumbers:
        return RunNumbers(
            status=RunStatus.RUNNING,
            targets=tuple(prefix.counts() for prefix in self._targets),
            metrics=tuple(metric for prefix in self._targets for metric in prefix.numbers()),
            cost_usd=None if self._terms.unpriced else cost_usd,
            unpriced=self._terms.unpriced,
        )

    def _sample(self) -> str:
        return f"decided after the first {min(prefix.inputs for prefix in self._targets):,} scheduled inputs"


class _Prefix:
    """One target's numbers over the inputs that have ended without a gap."""

    def __init__(self, terms: Terms, name: str, ranks: Ranks) -> None:
        self._terms = terms
        self._name = name
        self._ranks = ranks
        self._live = {metric: LiveMetric(passes=terms.rule(metric)) for metric in terms.metrics(name)}
        self._early: dict[int, list[Outcome]] = {}
        self._ended = self._failed = 0
        self.inputs = 0

    def add(self, position: int, outcome: Outcome, failed: bool) -> bool:
        """Whether it made the prefix longer."""
        before = self.inputs
        self._ended += 1
        self._failed += failed
        self._early.setdefault(self._ranks[position], []).append(outcome)
        while len(self._early.get(self.inputs, ())) >= self._terms.repeats:
            trials = self._early.pop(self.inputs)
            for metric, live in self._live.items():
                live.add([_score(each, metric) for each in trials])
            self.inputs += 1
        return self.inputs > before

    def counts(self) -> TargetNumbers:
        return TargetNumbers(name=self._name, ended=self._ended, failed=self._failed)

    def numbers(self) -> list[MetricNumbers]:
        return [
            MetricNumbers(
                target=self._name, name=metric, measured=live.measured(), native=self._terms.native.get(metric)
            )
            for metric, live in self._live.items()
        ]


def _score(outcome: Outcome, metric: str) -> float | None:
    found = outcome.get(metric) if outcome else None
    return found.score if found else None
