"""The numbers of a run as records, and as the JSON that is stored and handed on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lattice.core.models import Usage
from lattice.core.runs import Progress

SCORE = "score"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """An interval: its ends on 0–1, its nominal coverage and the method it was made by."""

    lower: float
    upper: float
    level: float
    method: str

    def as_json(self) -> dict[str, Any]:
        return {"lower": self.lower, "upper": self.upper, "level": self.level, "method": self.method}

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Bounds | None:
        """Read from JSON; None for null."""
        if data is None:
            return None
        return cls(lower=data["lower"], upper=data["upper"], level=data["level"], method=data["method"])


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelCount:
    """How many inputs have a level of the scale; a score between two counts at the nearest."""

    value: int
    score: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PairCounts:
    """How a challenger's pairs with the baseline ended, each judged in both orders.

    Parameters
    ----------
    baseline: its name.
    biased: pairs, among the ties, whose two verdicts both named the response that stood first, or both the second.
    """

    baseline: str
    wins: int
    ties: int
    losses: int
    biased: int

    @property
    def total(self) -> int:
        return self.wins + self.ties + self.losses

    @property
    def position_bias_rate(self) -> float | None:
        """The share of pairs whose verdict follows the order; None without any."""
        return self.biased / self.total if self.total else None

    def as_json(self) -> dict[str, Any]:
        return {
            "baseline": self.baseline,
            "wins": self.wins,
            "ties": self.ties,
            "losses": self.losses,
            "biased": self.biased,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> PairCounts | None:
        """Read from JSON; None for null."""
        return None if data is None else cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extreme:
    """A metric's numbers with every missing score taken to be at one end of the scale; gates are decided on them."""

    n: int
    mean: float | None = None
    median: float | None = None
    min: float | None = None
    interval: Bounds | None = None
    pass_rate: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "n": self.n,
            "mean": self.mean,
            "median": self.median,
            "min": self.min,
            "interval": self.interval.as_json() if self.interval else None,
            "pass_rate": self.pass_rate,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any] | None) -> Extreme | None:
        """Read from JSON; None for null."""
        if data is None:
            return None
        return cls(**{**data, "interval": Bounds.of(data["interval"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricSummary:
    """One metric of one target. Without a score every number is None: no score is not 0.

    Parameters
    ----------
    name: ``score``, or that of a criterion or check.
    n: inputs that have a score; ended: inputs that have ended.
    native_mean: the mean on the judge's own scale.
    interval: None below two scores.
    pass_condition: such as ``>= 4``; pass_rate, pass_interval: share of inputs that meet it.
    unscored: trials that have ended without this metric.
    lowest, highest: the same with every missing score at that end of the scale; None where none is missing.
    pairs: how the comparisons with the baseline ended, in pairwise mode.
    failed_as: the score that a trial has whose target failed, where that is one; stood_in: trials that have it.
    """

    target: str
    name: str
    n: int
    ended: int
    mean: float | None = None
    native_mean: float | None = None
    median: float | None = None
    std: float | None = None
    min: float | None = None
    max: float | None = None
    interval: Bounds | None = None
    distribution: tuple[LevelCount, ...] = ()
    pass_condition: str | None = None
    pass_rate: float | None = None
    pass_interval: Bounds | None = None
    unscored: int = 0
    lowest: Extreme | None = None
    highest: Extreme | None = None
    pairs: PairCounts | None = None
    failed_as: float | None = None
    stood_in: int = 0

    @property
    def position_bias_rate(self) -> float | None:
        """The share of pairs whose verdict follows the order; None where no pairs were judged."""
        return self.pairs.position_bias_rate if self.pairs is not None else None

    def as_json(self) -> dict[str, Any]:
        """As in the document.

        ``pass_rate`` only where there is a condition, ``failed_as`` only where failures count as a score,
        ``position_bias_rate`` only for pairs.
        """
        data: dict[str, Any] = {
            "target": self.target,
            "name": self.name,
            "n": self.n,
            "mean": self.mean,
            "native_mean": self.native_mean,
            "median": self.median,
            "std": self.std,
            "min": self.min,
            "max": self.max,
            "interval": self.interval.as_json() if self.interval else None,
            "distribution": [
                {"value": level.value, "score": level.score, "count": level.count} for level in self.distribution
            ],
        }
        if self.pass_condition is not None:
            data["pass_condition"] = self.pass_condition
            data["pass_rate"] = self.pass_rate
            data["pass_interval"] = self.pass_interval.as_json() if self.pass_interval else None
        if self.failed_as is not None:
            data["failed_as"] = {"score": self.failed_as, "trials": self.stood_in}
        if self.pairs is not None:
            data["position_bias_rate"] = self.pairs.position_bias_rate
            data["pairs"] = self.pairs.as_json()
        return data

    def as_stored(self) -> dict[str, Any]:
        """As in the document, with what only gates and further processing need."""
        return self.as_json() | {
            "ended": self.ended,
            "unscored": self.unscored,
            "pass_rate": self.pass_rate,
            "lowest": self.lowest.as_json() if self.lowest else None,
            "highest": self.highest.as_json() if self.highest else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Percentiles of how long something took, in seconds."""

    p50: float
    p95: float
    p99: float

    def as_json(self) -> dict[str, Any]:
        return {"p50": self.p50, "p95": self.p95, "p99": self.p99}


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSummary:
    """How one target's trials ended, and how quick it was; `latency` is None without a response.

    Parameters
    ----------
    inputs_ended: inputs of which at least one trial has ended; the same as `done` without repeats.
    cost_usd: of its trials, the judge's calls included; None where a price is unknown.
    latency: of the calls that succeeded.
    time_to_respond: from a trial's start to its response, waits and earlier attempts included.
    usage: tokens of the target's own calls.
    kinds: failed trials by the kind of their failure.
    """

    target: str
    done: int
    successful: int
    failed: int
    inputs_ended: int
    cost_usd: float | None = None
    latency: Latency | None = None
    time_to_respond: Latency | None = None
    usage: Usage = field(default_factory=Usage)
    kinds: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "target": self.target,
            "done": self.done,
            "successful": self.successful,
            "failed": self.failed,
            "inputs_ended": self.inputs_ended,
            "cost_usd": self.cost_usd,
            "latency": self.latency.as_json() if self.latency else None,
            "time_to_respond": self.time_to_respond.as_json() if self.time_to_respond else None,
            "usage": {"input_tokens": self.usage.input_tokens, "output_tokens": self.usage.output_tokens},
            "kinds": dict(self.kinds),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSpending:
    """Tokens and money of all targets or of the judge; `cost_usd` is None where no price is known."""

    usage: Usage = field(default_factory=Usage)
    cost_usd: float | None = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "input_tokens": self.usage.input_tokens,
            "output_tokens": self.usage.output_tokens,
            "total_tokens": self.usage.total_tokens,
            "cost_usd": self.cost_usd,
        }

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> RoleSpending:
        usage = Usage(input_tokens=data["input_tokens"], output_tokens=data["output_tokens"])
        return cls(usage=usage, cost_usd=data["cost_usd"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What a run took, failed trials included.

    Parameters
    ----------
    unpriced_models: ``provider/model`` of those whose price is unknown; their calls are in no cost.
    """

    target: RoleSpending = field(default_factory=RoleSpending)
    judge: RoleSpending = field(default_factory=RoleSpending)
    unpriced_models: tuple[str, ...] = ()

    @property
    def usage(self) -> Usage:
        return self.target.usage + self.judge.usage

    @property
    def cost_usd(self) -> float | None:
        """The sum of what is known; None where nothing is: beside an unknown cost, 0 says nothing."""
        known = sum(cost for cost in (self.target.cost_usd, self.judge.cost_usd) if cost is not None)
        return None if self.unpriced_models and not known else known


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All numbers of a run.

    Parameters
    ----------
    metrics: by target in the order of the configuration, ``score`` first, then criteria and checks.
    throughput: trials ended per second of work; None before any time has passed.
    """

    progress: Progress
    metrics: tuple[MetricSummary, ...]
    targets: tuple[TargetSummary, ...]
    spending: Spending = field(default_factory=Spending)
    throughput: float | None = None

    def metric(self, name: str = SCORE, target: str | None = None) -> MetricSummary:
        """One metric; that of the first target where none is named.

        Raises
        ------
        KeyError: there is no such metric or target.
        """
        for metric in self.metrics:
            if metric.name == name and target in (None, metric.target):
                return metric
        raise KeyError(name if target is None else f"{target}/{name}")

    def as_json(self) -> dict[str, Any]:
        """What the store keeps; `from_json` turns it back."""
        return {
            "progress": progress_json(self.progress),
            "usage": usage_json(self.spending),
            "cost": cost_json(self.spending),
            "metrics": [metric.as_stored() for metric in self.metrics],
            "targets": [target.as_json() for target in self.targets],
            "throughput": self.throughput,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Summary:
        """Read what `as_json` gave."""
        return cls(
            progress=Progress(**data["progress"]),
            metrics=tuple(_metric(metric) for metric in data["metrics"]),
            targets=tuple(_target(target) for target in data["targets"]),
            spending=Spending(
                target=RoleSpending.of(data["usage"]["target"]),
                judge=RoleSpending.of(data["usage"]["judge"]),
                unpriced_models=tuple(data["cost"]["unpriced_models"]),
            ),
            throughput=data["throughput"],
        )


def progress_json(progress: Progress) -> dict[str, Any]:
    """The four counts of a document."""
    return {
        "total": progress.total,
        "done": progress.done,
        "successful": progress.successful,
        "failed": progress.failed,
    }


def usage_json(spending: Spending) -> dict[str, Any]:
    """Tokens in all, and per role with what the role cost."""
    usage = spending.usage
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "total_tokens": usage.total_tokens,
        "target": spending.target.as_json(),
        "judge": spending.judge.as_json(),
    }


def cost_json(spending: Spending) -> dict[str, Any]:
    """Known cost in all, and whose price is unknown."""
    return {"usd": spending.cost_usd, "unpriced_models": list(spending.unpriced_models)}


def _metric(data: Mapping[str, Any]) -> MetricSummary:
    failed_as = data.get("failed_as")
    return MetricSummary(
        target=data["target"],
        name=data["name"],
        n=data["n"],
        ended=data["ended"],
        mean=data["mean"],
        native_mean=data["native_mean"],
        median=data["median"],
        std=data["std"],
        min=data["min"],
        max=data["max"],
        interval=Bounds.of(data["interval"]),
        distribution=tuple(LevelCount(**level) for level in data["distribution"]),
        pass_condition=data.get("pass_condition"),
        pass_rate=data.get("pass_rate"),
        pass_interval=Bounds.of(data.get("pass_interval")),
        unscored=data.get("unscored", 0),
        lowest=Extreme.of(data["lowest"]),
        highest=Extreme.of(data["highest"]),
        pairs=PairCounts.of(data.get("pairs")),
        failed_as=failed_as["score"] if failed_as else None,
        stood_in=failed_as["trials"] if failed_as else 0,
    )


def _target(data: Mapping[str, Any]) -> TargetSummary:
    latency, response = data["latency"], data.get("time_to_respond")
    return TargetSummary(
        target=data["target"],
        done=data["done"],
        successful=data["successful"],
        failed=data["failed"],
        inputs_ended=data["inputs_ended"],
        cost_usd=data["cost_usd"],
        latency=Latency(**latency) if latency else None,
        time_to_respond=Latency(**response) if response else None,
        usage=Usage(**data.get("usage", {})),
        kinds=data.get("kinds", {}),
    )
