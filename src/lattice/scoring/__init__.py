"""From a response to a score: scales, rubrics, the judge's prompt, its verdict, and deterministic checks."""

from lattice.scoring.judge import build_judge

__all__ = ["build_judge"]
