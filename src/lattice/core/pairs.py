"""Comparing targets in pairs: the first one is the baseline, every other one is judged against it."""

from __future__ import annotations

from typing import Protocol

from lattice.core.models import Model
from lattice.core.trials import Response, Scorer

BASELINE = 0
"""Index of the baseline among the targets. Its responses are stored like all others and get no results."""

POSITION_BIAS = "position_bias"
"""Name under which a result says whether its two verdicts followed the order (1) or not (0)."""


class PairScorer(Protocol):
    """How responses are scored against those of a baseline."""

    @property
    def models(self) -> tuple[Model, ...]:
        """The models that are asked."""

    def against(self, baseline: Response) -> Scorer:
        """What scores the responses to the input that the baseline answered so."""
