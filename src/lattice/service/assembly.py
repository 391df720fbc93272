"""Builds what a configuration names: targets, judge, checks, and the connections they share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lattice.core.errors import CallError, ErrorKind
from lattice.core.evaluation import Evaluation, RunSettings
from lattice.core.functions import FunctionReference
from lattice.core.inputs import Input
from lattice.core.trials import Response, Scorer, Target
from lattice.providers import ModelFactory
from lattice.scoring import PairwiseScorer, build_scorer
from lattice.scoring.checks import CheckFunction
from lattice.targets import Grounds, PythonTarget, build_target, load_function
from lattice.wire.functions import OwnFunction
from lattice.wire.session import open_session
from lattice.wire.threads import OutOfTime

CHECK_TAKES = ("input", "response")
"""What a Python check is called with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a run takes from its machine.

    Parameters
    ----------
    environ: variables, those of a `.env` beside the evaluation file among them.
    base: the evaluation file's folder.
    functions: those that are at hand and need not be looked up; see `lattice.service.functions`.
    """

    environ: Mapping[str, str]
    base: Path
    functions: Mapping[str, FunctionReference] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembly:
    """Ready to be called, until its context ends."""

    targets: tuple[Target, ...]
    scorer: Scorer | PairwiseScorer


NOBODY: Mapping[str, Target] = MappingProxyType({})


@asynccontextmanager
async def assembled(
    evaluation: Evaluation,
    surroundings: Surroundings,
    settings: RunSettings | None = None,
    *,
    stand_ins: Mapping[str, Target] = NOBODY,
) -> AsyncIterator[Assembly]:
    """Open connections and build targets, judge and checks on them; everything is closed at the end.

    Parameters
    ----------
    settings: the run settings in force, those of the evaluation if absent.
    stand_ins: what stands for targets that are not to be called, by their names.
    """
    run = settings or evaluation.run
    async with (
        open_session(surroundings.environ) as http,
        ModelFactory(http, evaluation.providers, surroundings.environ) as models,
    ):
        grounds = Grounds(
            models=models,
            session=http,
            environ=surroundings.environ,
            base=surroundings.base,
            threads=run.max_concurrent,
        )
        with ExitStack() as closing:
            built = tuple(stand_ins.get(target.name) or build_target(target, grounds) for target in evaluation.targets)
            for target in built:
                if isinstance(target, PythonTarget):
                    closing.callback(target.close)
            yield Assembly(
                targets=built,
                scorer=build_scorer(
                    evaluation,
                    [models.model(judge.model, judge.params) for judge in evaluation.judges],
                    _Functions(surroundings.base, run, closing),
                ),
            )


class _Functions:
    """Gives checks that are Python functions, each called so that it holds up nothing."""

    def __init__(self, base: Path, run: RunSettings, closing: ExitStack) -> None:
        self._base = base
        self._run = run
        self._closing = closing

    def __call__(self, reference: str) -> CheckFunction:
        own = OwnFunction(
            reference,
            load_function(reference, self._base, takes=CHECK_TAKES),
            threads=self._run.max_concurrent,
            raised=f"the check {reference} raised ",
        )
        self._closing.callback(own.close)
        timeout = self._run.timeout

        async def called(input: Input, response: Response) -> Any:
            try:
                given, _ = await own.call(input, response, timeout=timeout)
            except OutOfTime:
                message = f"the check {reference} took longer than {timeout:g}s"
                raise CallError(ErrorKind.TIMEOUT, message) from None
            return given

        return called
