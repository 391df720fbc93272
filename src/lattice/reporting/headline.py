"""The few numbers of a run that lists, histories and sparklines show, read from its row alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lattice.core.runs import RunRecord, RunStatus
from lattice.gates import Verdict

_WORST_FIRST = (Verdict.FAIL, Verdict.NOT_EVALUATED, Verdict.INCONCLUSIVE, Verdict.PASS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mean:
    """A mean with what must stand beside it.

    Parameters
    ----------
    target, metric: what it is of.
    value: None where nothing was scored.
    n, ended: inputs with a score, of those that have ended.
    lower, upper, method: of its interval; None where there is none.
    """

    target: str
    metric: str
    value: float | None
    n: int
    ended: int
    lower: float | None = None
    upper: float | None = None
    method: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What a list shows of a run.

    Parameters
    ----------
    means: of each target's first metric, in the order of the configuration.
    verdict: of all gates together; None where there is no gate.
    cost_usd: of the models whose price is known; None where nothing is known.
    unpriced: whether something was called whose price is unknown.
    """

    means: tuple[Mean, ...] = ()
    verdict: Verdict | None = None
    cost_usd: float | None = None
    unpriced: bool = False

    @property
    def mean(self) -> Mean | None:
        """The first target's."""
        return self.means[0] if self.means else None


def headline_of(run: RunRecord) -> Headline:
    """The headline of a run that has ended, or what it is so far."""
    if run.summary is not None and run.status is not RunStatus.RUNNING:
        return _concluded(run.summary)
    return _live(run)


def _concluded(conclusion: Mapping[str, Any]) -> Headline:
    summary = conclusion["summary"]
    first: dict[str, Mean] = {}
    for metric in summary["metrics"]:
        interval = metric["interval"] or {}
        first.setdefault(
            metric["target"],
            Mean(
                target=metric["target"],
                metric=metric["name"],
                value=metric["mean"],
                n=metric["n"],
                ended=metric["ended"],
                lower=interval.get("lower"),
                upper=interval.get("upper"),
                method=interval.get("method"),
            ),
        )
    verdicts = {gate["verdict"] for gate in conclusion["gates"]}
    return Headline(
        means=tuple(first.values()),
        verdict=next((verdict for verdict in _WORST_FIRST if verdict in verdicts), None),
        cost_usd=summary["cost"]["usd"],
        unpriced=bool(summary["cost"]["unpriced_models"]),
    )


def _live(run: RunRecord) -> Headline:
    costs = run.live.get("cost_usd")
    names = [target["name"] for target in run.config["targets"]]
    means = []
    for name, tally in zip(names, run.live.get("targets", ()), strict=False):
        if (look := tally.get("interval")) is not None:
            means.append(
                Mean(
                    target=name,
                    metric=next(iter(tally["metrics"]), ""),
                    value=look["mean"],
                    n=look["n"],
                    ended=tally["done"],
                    lower=look["lower"],
                    upper=look["upper"],
                    method=look["method"],
                )
            )
    return Headline(means=tuple(means), cost_usd=sum(costs.values()) if costs else None)
