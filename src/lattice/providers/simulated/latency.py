"""How long simulated answers take."""

from __future__ import annotations

import math
from dataclasses import dataclass

from lattice.core.errors import UsageError
from lattice.providers.simulated.draws import normal
from lattice.providers.simulated.values import number


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long an answer takes.

    Parameters
    ----------
    median: seconds.
    sigma: deviation of the logarithm; 0 makes every answer take exactly `median`.
    """

    median: float = 0.0
    sigma: float = 0.0

    def seconds(self, first: float, second: float) -> float:
        """The latency for two uniform numbers in [0, 1)."""
        if not self.sigma or not self.median:
            return self.median
        return self.median * math.exp(self.sigma * normal(first, second))


def parse_latency(value: object) -> Latency:
    """Read a latency: a number of seconds, or ``lognormal:MEDIAN:SIGMA``.

    Raises
    ------
    UsageError: it is neither, or negative.
    """
    form = f"latency must be seconds such as 0.2, or lognormal:MEDIAN:SIGMA such as lognormal:0.8:0.5, not {value!r}"
    if isinstance(value, str) and value.startswith("lognormal"):
        name, *numbers = value.split(":")
        if name != "lognormal" or len(numbers) != 2:
            raise UsageError(form)
        median, sigma = (number(text, "latency", form) for text in numbers)
    else:
        median, sigma = number(value, "latency", form), 0.0
    if median < 0 or sigma < 0:
        raise UsageError(form)
    return Latency(median=median, sigma=sigma)
