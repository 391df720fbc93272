"""The mean of a run as a person would have found it, from a few scores of the person and all of the judge's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lattice.reporting.figures import Bounds
from lattice.reporting.formats import score
from lattice.stats import (
    Interval,
    JudgedProportion,
    corrected_proportion,
    metric_interval,
    ppi_mean,
    unpaired,
)

ODD = 0.01
"""Below this p-value the inputs that a person scored are taken not to be a random sample."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Scores on 0–1, one per input.

    Parameters
    ----------
    human, seen: a person's and the judge's, of the same inputs in the same order.
    rest: the judge's of all other inputs.
    clusters: of the inputs that the person scored; None for each that stands alone.
    binary: every score is 0 or 1.
    """

    human: Sequence[float]
    seen: Sequence[float]
    rest: Sequence[float]
    clusters: Sequence[str | None] = ()
    binary: bool = False

    @property
    def oddness(self) -> str | None:
        """Why the person's inputs cannot be a random sample, None while nothing speaks against it.

        In a random sample the judge's scores are those of the other inputs but for chance (Welch's test).
        """
        if len(self.seen) < 2 or len(self.rest) < 2:
            return None
        found = unpaired(self.rest, self.seen)
        if found.difference == 0 or (found.p_value is not None and found.p_value >= ODD):
            return None
        means = f"{score(found.candidate_mean)} against {score(found.baseline_mean)}"
        return (
            f"the judge's mean on the inputs that a person scored is another than on the rest ({means}): "
            "they are hardly a random sample, and all numbers here are about them alone"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A mean in a person's eyes, on 0–1.

    Parameters
    ----------
    mean: cut at the scale's ends.
    method: ``ppi++`` or ``rogan_gladen``; ``human`` where the person scored all inputs or all but one, so that
        there is nothing to correct.
    weight: how much the judge's scores count: λ of PPI++, sensitivity + specificity − 1 of Rogan and Gladen.
    n_human, n_judged: inputs with a person's score, and others with the judge's alone.
    """

    mean: float
    interval: Bounds
    method: str
    n_human: int
    n_judged: int
    weight: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {
            "mean": self.mean,
            "interval": self.interval.as_json(),
            "method": self.method,
            "weight": self.weight,
            "n_human": self.n_human,
            "n_judged": self.n_judged,
        }


def corrected_mean(ground: Ground) -> tuple[Corrected | None, str | None]:
    """The corrected mean, or why there is none.

    Binary scores are corrected by Rogan and Gladen, all others, and those of a binary judge that is no better than
    chance, by PPI++. Both rest on a random sample.
    """
    if len(ground.human) < 2:
        return None, "it takes at least 2 inputs that a person scored"
    if ground.oddness is not None:
        return None, "the inputs that a person scored are hardly a random sample"
    if len(ground.rest) < 2:
        return _by_the_person(ground), None
    return (_rogan_gladen(ground) if ground.binary else None) or _ppi(ground), None


def several(clusters: Sequence[str | None]) -> bool:
    """Whether inputs belong together, in more than one cluster."""
    return any(name is not None for name in clusters) and len(set(clusters)) > 1


def _by_the_person(ground: Ground) -> Corrected:
    clusters = list(ground.clusters) if several(ground.clusters) else None
    found = metric_interval(ground.human, clusters=clusters, binary=ground.binary)
    return Corrected(
        mean=found.mean,
        interval=_bounds(found),
        method="human",
        n_human=len(ground.human),
        n_judged=len(ground.rest),
    )


def _ppi(ground: Ground) -> Corrected:
    found = ppi_mean(ground.human, ground.seen, ground.rest)
    return Corrected(
        mean=min(1.0, max(0.0, found.mean)),
        interval=_bounds(found.interval),
        method=found.method,
        weight=found.weight,
        n_human=found.n_human,
        n_judged=found.n_judged,
    )


def _rogan_gladen(ground: Ground) -> Corrected | None:
    """None where the judge is no better than chance, or the person passed everything or nothing."""
    pairs = list(zip(ground.human, ground.seen, strict=True))
    counts = JudgedProportion(
        passed=round(sum(ground.seen) + sum(ground.rest)),
        judged=len(ground.seen) + len(ground.rest),
        human_passed=sum(human == 1 for human, _ in pairs),
        agreed_passed=sum(human == 1 == seen for human, seen in pairs),
        human_failed=sum(human == 0 for human, _ in pairs),
        agreed_failed=sum(human == 0 == seen for human, seen in pairs),
    )
    try:
        found = corrected_proportion(counts)
    except ValueError:
        return None
    return Corrected(
        mean=found.mean,
        interval=_bounds(found.interval),
        method=found.method,
        weight=found.weight,
        n_human=len(ground.human),
        n_judged=len(ground.rest),
    )


def _bounds(found: Interval) -> Bounds:
    return Bounds(lower=found.lower, upper=found.upper, level=found.level, method=found.method)
