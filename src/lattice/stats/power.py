"""How many inputs a difference needs, and how small a difference so many inputs can show.

Miller 2024 (arXiv 2411.00640, §5), with the noncentral t distribution in place of the normal, so that small n
are not too optimistic.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lattice.stats.samples import as_level

_MOST_INPUTS = 1_000_000_000
_METHOD = "paired_t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a paired comparison of two runs can show.

    Parameters
    ----------
    n: inputs.
    difference: the true difference of the means that is found with probability `power`.
    std: standard deviation of the differences per input, repeats averaged.
    level: of the interval that must exclude zero.
    """

    n: int
    difference: float
    std: float
    power: float
    level: float
    method: str = _METHOD


def required_inputs(
    difference: float,
    std: float,
    power: float = 0.8,
    level: float = 0.95,
    repeats: int = 1,
    within_std: float = 0.0,
) -> Power:
    """Inputs that both runs need so that a true difference is found.

    Parameters
    ----------
    difference: the smallest true difference worth finding; its sign does not matter.
    std: standard deviation, over inputs, of the differences between the two runs' expected scores.
    power: probability of finding it.
    repeats: answers per input and run.
    within_std: standard deviation of one run's score of one input from repeat to repeat. Both runs
        contribute, so the variance of an observed difference is std² + 2 · within_std² / repeats.

    Raises
    ------
    ValueError: a difference of 0, a negative deviation, a probability outside 0 to 1, or more than 10⁹
    inputs.
    """
    if not math.isfinite(difference) or difference == 0:
        raise ValueError(f"a difference other than 0 is needed, got {difference!r}; no n can show that there is none")
    power, level = _as_power(power, level), as_level(level)
    spread = _spread(std, repeats, within_std)
    if spread == 0:
        n = 2
    else:
        effect = abs(difference) / spread
        if _power_of(_MOST_INPUTS, effect, level) < power:
            raise ValueError(
                f"a difference of {difference:g} with a deviation of {spread:g} needs more than {_MOST_INPUTS:,} inputs"
            )
        n = _fewest(effect, power, level)
    return Power(n=n, difference=abs(difference), std=spread, power=power, level=level)


def detectable_difference(
    n: int, std: float, power: float = 0.8, level: float = 0.95, repeats: int = 1, within_std: float = 0.0
) -> Power:
    """The smallest true difference that n inputs find with the given probability.

    Parameters are those of `required_inputs`.

    Raises
    ------
    ValueError: fewer than 2 inputs, a negative deviation, a probability outside 0 to 1.
    """
    if n < 2 or n != int(n):
        raise ValueError(f"at least 2 inputs needed, got {n!r}")
    power, level = _as_power(power, level), as_level(level)
    spread = _spread(std, repeats, within_std)
    low, high = 0.0, 1.0
    while _power_of(n, high, level) < power:
        low, high = high, high * 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _power_of(n, middle, level) < power else (low, middle)
    return Power(n=int(n), difference=high * spread, std=spread, power=power, level=level)


def _as_power(power: float, level: float) -> float:
    if not 1 - level < power < 1:
        raise ValueError(f"a power lies between {1 - level:g} and 1, such as 0.8; got {power!r}")
    return float(power)


def _spread(std: float, repeats: int, within_std: float) -> float:
    if not (math.isfinite(std) and math.isfinite(within_std) and std >= 0 and within_std >= 0):
        raise ValueError(f"deviations are 0 or more, got {std!r} and {within_std!r}")
    if repeats < 1:
        raise ValueError(f"at least 1 repeat needed, got {repeats!r}")
    return math.sqrt(std**2 + 2 * within_std**2 / repeats)


def _fewest(effect: float, power: float, level: float) -> int:
    low, high = 1, 2
    while _power_of(high, effect, level) < power:
        low, high = high, min(high * 2, _MOST_INPUTS)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _power_of(middle, effect, level) < power else (low, middle)
    return high


def _power_of(n: int, effect: float, level: float) -> float:
    """Probability that a two-sided t test at n finds an effect (difference over deviation)."""
    from scipy.special import nctdtr, ndtr, stdtrit  # heavy

    degrees, shift = n - 1, effect * math.sqrt(n)
    edge = float(stdtrit(degrees, (1 + level) / 2))
    if shift > 30 + edge:
        return 1.0
    if degrees > 10_000:
        return float(ndtr(shift - edge) + ndtr(-shift - edge))
    # The far tail is below 1e-8 from here on, and scipy gives NaN instead of numbers much smaller.
    wrong_side = float(nctdtr(degrees, shift, -edge)) if shift < 5 else 0.0
    return float(1 - nctdtr(degrees, shift, edge)) + wrong_side
