"""From a response to a score: scales, rubrics, the judge's prompt, its verdict, and deterministic checks."""

from lattice.scoring.judge import build_judge
from lattice.scoring.scorers import JudgeScorer

__all__ = ["JudgeScorer", "build_judge"]
