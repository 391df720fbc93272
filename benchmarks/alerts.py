"""How often the default alert rule cries wolf, and how often it notices a drop the same night.

    python benchmarks/alerts.py [--years 300] [--nights 3000] [--seed 0]

Years of 365 nights over the same 200 inputs with no change, each night decided by the rule's own code against the
median of the last seven nights that were not alerts; and nights on which the mean is 0.08 lower than before. Scores of
an input agree from night to night as far as `agreement` says, the correlation of what lies behind them. Exits with 1
where a kind of data is outside the bounds: fewer than one false alert a year, and 90% of the drops.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from harness import print_table
from lattice.core.alerting import LEVEL, NIGHTS
from lattice.stats.levels import against_level

INPUTS = 200
YEAR = 365
DROP = 0.08
MOST_FALSE = 1.0
LEAST_NOTICED = 0.90

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of data.

    Parameters
    ----------
    shares: of the levels, from the lowest.
    agreement: how much of what lies behind a score stays from night to night, 0–1.
    cluster: inputs that share a part of each night's luck, by tens.
    bounded: whether a single night can tell such a drop at all, so that the bound on drops applies.
    """

    name: str
    shares: tuple[float, ...]
    agreement: float
    cluster: bool = False
    bounded: bool = True


CEILING = (0.01, 0.01, 0.03, 0.15, 0.80)
SPREAD = (8 / 197, 12 / 197, 28 / 197, 82 / 197, 67 / 197)
KINDS = (
    Kind(name="Likert, ceiling", shares=CEILING, agreement=0.5),
    Kind(name="Likert, ceiling, nights independent", shares=CEILING, agreement=0.0),
    Kind(name="Likert, spread", shares=SPREAD, agreement=0.6),
    Kind(name="Likert, spread, inputs correlated", shares=SPREAD, agreement=0.8, cluster=True),
    Kind(name="binary, 95% pass", shares=(0.05, 0.95), agreement=0.8),
    Kind(name="binary, 85% pass", shares=(0.15, 0.85), agreement=0.95),
    Kind(name="Likert, spread, nights independent", shares=SPREAD, agreement=0.0, bounded=False),
    Kind(name="binary, 95% pass, nights independent", shares=(0.05, 0.95), agreement=0.0, bounded=False),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=300)
    parser.add_argument("--nights", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rows, fits = [], True
    for number, kind in enumerate(KINDS):
        random = np.random.default_rng([options.seed, number])
        false = sum(false_alerts(kind, random) for _ in range(options.years)) / options.years
        noticed = share_noticed(kind, options.nights, random)
        fits = fits and false < MOST_FALSE and (noticed >= LEAST_NOTICED or not kind.bounded)
        rows.append((kind.name, f"{kind.agreement:.2f}", f"{false:.2f}", f"{noticed:.1%}", _said(kind)))
    print_table(("scores", "agreement", "false alerts a year", f"drops of {DROP} noticed", "bounds"), rows)
    print(f"level {LEVEL}, median of {NIGHTS}, {INPUTS} inputs; {options.years} years, {options.nights} drops each")
    return 0 if fits else 1


def _said(kind: Kind) -> str:
    return "< 1, >= 90%" if kind.bounded else "< 1"


def names(kind: Kind) -> Sequence[int] | None:
    """The clusters of the inputs, ten each; None where each stands alone."""
    return [place // 10 for place in range(INPUTS)] if kind.cluster else None


def nights(kind: Kind, count: int, random: np.random.Generator) -> Floats:
    """Scores on 0–1, shape (count, INPUTS): what stays of an input, and the luck of each night."""
    stays = random.standard_normal(INPUTS) * np.sqrt(kind.agreement)
    luck = random.standard_normal((count, INPUTS))
    if kind.cluster:
        shared = np.repeat(random.standard_normal((count, INPUTS // 10)), 10, axis=1)
        luck = np.sqrt(0.8) * luck + np.sqrt(0.2) * shared
    behind = stays + luck * np.sqrt(1 - kind.agreement)
    cuts = ndtri(np.cumsum(kind.shares)[:-1])
    return np.asarray(np.searchsorted(cuts, behind) / (len(kind.shares) - 1))


def false_alerts(kind: Kind, random: np.random.Generator) -> int:
    """How often a year without any change begins an alert."""
    scores, clusters = nights(kind, NIGHTS + YEAR, random), names(kind)
    usual, alerting, begun = list(range(NIGHTS)), False, 0
    for night in range(NIGHTS, NIGHTS + YEAR):
        found = is_drop(scores[usual[-NIGHTS:]], scores[night], clusters)
        begun += found and not alerting
        alerting = found
        if not found:
            usual.append(night)
    return begun


def share_noticed(kind: Kind, count: int, random: np.random.Generator) -> float:
    """How many of the nights on which the mean falls by `DROP` are told as that."""
    clusters, noticed = names(kind), 0
    for _ in range(count):
        scores = nights(kind, NIGHTS + 1, random)
        noticed += is_drop(scores[:NIGHTS], dropped(scores[NIGHTS], random), clusters)
    return noticed / count


def dropped(scores: Floats, random: np.random.Generator) -> Floats:
    """Inputs that are answered wrongly now, as many as lower the mean by `DROP`, whichever they are."""
    order = random.permutation(INPUTS)
    lost = np.cumsum(scores[order])
    broken = order[: int(np.searchsorted(lost, DROP * INPUTS)) + 1]
    fallen = scores.copy()
    fallen[broken] = 0.0
    # The last one falls only as far as the mean is to fall.
    fallen[broken[-1]] = lost[len(broken) - 1] - DROP * INPUTS
    return fallen


def is_drop(before: Floats, tonight: Floats, clusters: Sequence[int] | None) -> bool:
    """The default rule: the upper end of the difference's interval is below 0."""
    upper = against_level(before, tonight, clusters, LEVEL).upper
    return upper is not None and upper < 0


if __name__ == "__main__":
    sys.exit(main())
