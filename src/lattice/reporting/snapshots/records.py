"""What a file holds of a run, as records, whatever kind of file it is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar

from pydantic import ValidationError

from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.trials import Attempt, Response, TrialKey
from lattice.reporting.snapshots.encoding import decode_exactly, restored
from lattice.reporting.snapshots.identity import KeptRun
from lattice.reporting.snapshots.lines import AttemptLine, InputLine, Line, ResponseLine, ResultLine
from lattice.store.records import ResultRow

LONGEST_LINE = 256 * 2**20
"""Bytes of one record, and of a document that is read whole."""

L = TypeVar("L", bound=Line)
T = TypeVar("T")


class Section(Enum):
    """A list of records; the values are the keys of the JSON export."""

    RESULTS = "results"
    INPUTS = "inputs"
    RESPONSES = "responses"
    ATTEMPTS = "failed_attempts"


class KeptFile(ABC):
    """A run in a file. Every method raises `UsageError` where the file does not hold what it should, and says where."""

    @property
    @abstractmethod
    def run(self) -> KeptRun:
        """What the run is beside all else."""

    @property
    @abstractmethod
    def configuration(self) -> Mapping[str, Any]:
        """What it was started with, as JSON data."""

    @abstractmethod
    def entries(self, section: Section) -> Iterator[tuple[str, Any]]:
        """The records of a section as JSON data, each with the place where it stands."""

    @cached_property
    def evaluation(self) -> Evaluation:
        """The configuration.

        Raises
        ------
        UsageError: this version of Lattice cannot read it.
        """
        try:
            return Evaluation.model_validate(self.configuration)
        except ValidationError as error:
            raise UsageError(f"the run's configuration cannot be read: {explained(error)}") from None

    @cached_property
    def targets(self) -> tuple[str, ...]:
        """Names of the targets."""
        return tuple(target.name for target in self.evaluation.targets)

    def inputs(self) -> Iterator[Input]:
        """All inputs, in the order of their file."""
        for place, line in self._lines(Section.INPUTS, InputLine):
            yield _placed(place, line.record)

    def results(self) -> Iterator[ResultRow]:
        """All results by input, target and repeat; of their inputs no more than id and cluster."""
        evaluation = self.evaluation
        first = len(evaluation.targets) - len(evaluation.contenders)
        for row in self._of_targets(Section.RESULTS, ResultLine, ResultLine.record):
            if row.key.target < first or row.key.repeat >= evaluation.run.repeats:
                raise UsageError(
                    f"input #{row.key.position} has a result of {row.target!r}, repeat {row.key.repeat + 1}, "
                    "which the configuration does not try"
                )
            yield row

    def responses(self) -> Iterator[tuple[TrialKey, Response]]:
        """Responses without a result."""
        return self._of_targets(Section.RESPONSES, ResponseLine, ResponseLine.record)

    def attempts(self) -> Iterator[Attempt]:
        """Calls that failed, oldest first."""
        return self._of_targets(Section.ATTEMPTS, AttemptLine, AttemptLine.record)

    def _of_targets(self, section: Section, model: type[L], read: Callable[[L, Sequence[str]], T]) -> Iterator[T]:
        targets = self.targets
        for place, line in self._lines(section, model):
            yield _placed(place, read, line, targets)

    def _lines(self, section: Section, model: type[L]) -> Iterator[tuple[str, L]]:
        for place, data in self.entries(section):
            yield place, parsed(model, data, place)


def parsed(model: type[L], data: Any, place: str) -> L:
    """Data as what it should be.

    Raises
    ------
    UsageError: it is something else; the message names the place and the first key that is wrong.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise UsageError(f"{place}: {explained(error)}") from None


def decoded(text: bytes, place: str) -> Any:
    """JSON.

    Raises
    ------
    UsageError: it is none.
    """
    try:
        return decode_exactly(text)
    except ValueError as error:
        raise UsageError(f"{place}: not valid JSON: {error}") from None


def exact(data: Any, place: str) -> Any:
    """A record that was read as a part of something larger.

    Raises
    ------
    UsageError: it contradicts itself.
    """
    try:
        return restored(data)
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from None


def explained(error: ValidationError) -> str:
    """The first thing that is wrong, in a line."""
    found = error.errors(include_url=False)[0]
    key = ".".join(map(str, found["loc"]))
    return f"{key}: {found['msg']}" if key else found["msg"]


def _placed(place: str, read: Callable[..., T], *arguments: Any) -> T:
    try:
        return read(*arguments)
    except ValueError as error:
        raise UsageError(f"{place}: {error}") from None
