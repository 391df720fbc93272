"""From a response to a score: scales, rubrics, the judge's prompt, its verdict, and deterministic checks."""

from lattice.scoring.building import build_scorer, check_methods, methods_of
from lattice.scoring.judge import build_judge
from lattice.scoring.pairwise import PairwiseScorer
from lattice.scoring.scorers import CheckScorer, JudgeScorer, MethodScorer

__all__ = [
    "CheckScorer",
    "JudgeScorer",
    "MethodScorer",
    "PairwiseScorer",
    "build_judge",
    "build_scorer",
    "check_methods",
    "methods_of",
]
