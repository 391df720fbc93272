"""Whether a judge is to be trusted, by how far it agrees with a person, and the sentence that says so.

The rule goes by the 95% interval of Cohen's κ (quadratic weights where the scale has more than two levels), since the
burden of proof is the judge's:

==============  ====================================================================================================
trusted         at least 30 results, and the lower end of the interval is 0.60 or more: even at worst the agreement is
                substantial (0.61 to 0.80 on the scale of Landis and Koch 1977)
not trusted     at least 10 results, and the upper end is below 0.60: even at best it is not
not yet         anything else: the results are too few to say, so that nobody should rely on the judge yet
==============  ====================================================================================================

A judge that gave the same score to everything is not to be trusted, where the person's scores differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from lattice.reporting.figures import Bounds

SUBSTANTIAL = 0.6
LEAST_TO_TRUST = 30
LEAST_TO_DISTRUST = 10


class Trust(StrEnum):
    """What the scores of a person say of a judge."""

    TRUSTED = "trusted"
    NOT_TRUSTED = "not_trusted"
    NOT_YET = "not_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the rule goes by.

    Parameters
    ----------
    kappa: None where both gave the same score to everything.
    interval: of kappa; None where there is none, which with a kappa means that one of them gave only one score.
    n: results that both scored.
    judged: the different scores that the judge gave to them.
    leaning: levels by which the judge's mean is above the person's; 0 where that cannot be told from chance.
    """

    kappa: float | None
    interval: Bounds | None
    n: int
    judged: Sequence[float]
    leaning: float = 0.0


def trust_of(standing: Standing) -> Trust:
    """The rule of this module."""
    if standing.kappa is None or standing.n < LEAST_TO_DISTRUST:
        return Trust.NOT_YET
    if standing.interval is None:
        return Trust.NOT_TRUSTED if len(standing.judged) == 1 else Trust.NOT_YET
    if standing.interval.upper < SUBSTANTIAL:
        return Trust.NOT_TRUSTED
    enough = standing.n >= LEAST_TO_TRUST and standing.interval.lower >= SUBSTANTIAL
    return Trust.TRUSTED if enough else Trust.NOT_YET


def trust_sentence(standing: Standing) -> str:
    """Whether the judge is to be trusted, with the number."""
    match trust_of(standing):
        case Trust.TRUSTED:
            return (
                f"This judge is to be trusted on inputs like these: {_number(standing)}, "
                f"and even the lower end is at least {SUBSTANTIAL:.2f}.{_leaning(standing)}"
            )
        case Trust.NOT_TRUSTED:
            return f"This judge is not to be trusted: {_number(standing)}, {_why_not(standing)}."
        case Trust.NOT_YET:
            return f"This judge is not to be trusted yet: {_missing(standing)}."


def _leaning(standing: Standing) -> str:
    if not standing.leaning:
        return ""
    word = "more" if standing.leaning > 0 else "less"
    return f" Yet it gives {abs(standing.leaning):.2f} levels {word} than the person on average."


def _why_not(standing: Standing) -> str:
    if standing.interval is None:
        return "for it gave the same score to everything"
    return f"and even the upper end is below {SUBSTANTIAL:.2f}"


def _missing(standing: Standing) -> str:
    if standing.kappa is None:
        return f"both gave the same score to all {standing.n}, so that agreement cannot be told from chance"
    number = _number(standing)
    if standing.n < LEAST_TO_TRUST:
        return f"{number}, and trust takes at least {LEAST_TO_TRUST} results that a person scored"
    if standing.interval is None:
        return f"{number}, for the person gave the same score to everything"
    return f"{number}, and the lower end would have to be {SUBSTANTIAL:.2f} or more; more scored results narrow it"


def _number(standing: Standing) -> str:
    """``its agreement with the person is kappa = 0.16 (95% interval -0.16 to 0.45, n = 30)``."""
    found = standing.interval
    between = f"95% interval {found.lower:.2f} to {found.upper:.2f}, " if found else ""
    value = (standing.kappa or 0.0) + 0.0
    return f"its agreement with the person is kappa = {value:.2f} ({between}n = {standing.n})"
