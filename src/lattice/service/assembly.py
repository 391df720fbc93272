"""Builds what a configuration names: targets, judge, and the connections they share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from lattice.core.evaluation import Evaluation
from lattice.core.trials import Scorer, Target
from lattice.providers import ModelFactory
from lattice.scoring import JudgeScorer, build_judge
from lattice.targets import build_target
from lattice.wire.session import open_session


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run takes from its machine.

    Parameters
    ----------
    environ: variables, those of a `.env` beside the evaluation file among them.
    base: the evaluation file's folder.
    """

    environ: Mapping[str, str]
    base: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Ready to be called, until its context ends."""

    targets: tuple[Target, ...]
    scorer: Scorer


@asynccontextmanager
async def assembled(evaluation: Evaluation, surroundings: Surroundings) -> AsyncIterator[Assembly]:
    """Open connections and build targets and judge on them; everything is closed at the end."""
    async with (
        open_session(surroundings.environ) as http,
        ModelFactory(http, evaluation.providers, surroundings.environ) as models,
    ):
        settings = evaluation.scoring.judge
        yield Assembly(
            targets=tuple(build_target(target, models) for target in evaluation.targets),
            scorer=JudgeScorer(build_judge(settings, models.model(settings.model, settings.params))),
        )
