"""What an import gives: evaluations to write, runs to look at, and a line for everything that did not come along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from lattice.core.errors import UsageError
from lattice.core.inputs import Input
from lattice.core.runs import RunStatus
from lattice.core.trials import Response, Result
from lattice.wire.messages import Scrubber, one_line, shortened


class ImportProblem(UsageError):
    """A file of another tool cannot be read; the message names the file and the place in it."""


class Source(StrEnum):
    """Whose files can be imported; the values are those of ``--as``."""

    OPENAI = "openai"
    PROMPTFOO = "promptfoo"
    INSPECT = "inspect"

    @property
    def label(self) -> str:
        return {"openai": "OpenAI Evals", "promptfoo": "promptfoo", "inspect": "Inspect"}[self.value]


class Outcome(StrEnum):
    """What became of something; the values are read by people."""

    LEFT = "not carried over"
    CHANGED = "carried over with a difference"
    NEEDED = "needs you"


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that is not as it was.

    Parameters
    ----------
    place: where it stands in the file, such as ``testing_criteria[2]``.
    what: what it is, with its name; empty where the place says it.
    reason: why, or what to do.
    """

    place: str
    outcome: Outcome
    reason: str
    what: str = ""

    def __str__(self) -> str:
        subject = " ".join(part for part in (self.place, self.what) if part)
        return f"{subject}: {self.outcome.value}: {self.reason}"


_LONGEST_NAME = 80
_scrubbed = Scrubber()


def quoted(name: str) -> str:
    """Somebody else's name for something, as a message may repeat it."""
    return f"'{shortened(_scrubbed(one_line(name)), _LONGEST_NAME)}'"


class Notes:
    """Collects what is not as it was, each thing once, in the order of the file."""

    def __init__(self) -> None:
        self._entries: dict[Note, None] = {}

    @property
    def entries(self) -> tuple[Note, ...]:
        return tuple(self._entries)

    def left(self, place: str, what: str, reason: str) -> None:
        """Something that is not there any more."""
        self._entries[Note(place=place, what=what, outcome=Outcome.LEFT, reason=reason)] = None

    def changed(self, place: str, what: str, reason: str) -> None:
        """Something that is there, and measures or says something else than before."""
        self._entries[Note(place=place, what=what, outcome=Outcome.CHANGED, reason=reason)] = None

    def needed(self, place: str, what: str, reason: str) -> None:
        """Something that somebody has to do before it works."""
        self._entries[Note(place=place, what=what, outcome=Outcome.NEEDED, reason=reason)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One evaluation file.

    Parameters
    ----------
    file: its name.
    data: its content, in the order in which it is written.
    comments: what stands above a key or a list entry, by path: ``("checks", 0)``.
    """

    file: str
    data: Mapping[str, Any]
    comments: Mapping[tuple[str | int, ...], str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedTrial:
    """What became of one input; without a response where the target gave none."""

    result: Result
    response: Response | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A run that another tool carried out.

    Parameters
    ----------
    label: what it was called there, for people.
    config: an evaluation as data, whose metrics are those of the trials.
    inputs: those of this run; the same input has the same position and id in every run of one import.
    started_at, finished_at: UTC; None where the file does not say.
    failure: why the run itself failed, if it did.
    """

    label: str
    config: Mapping[str, Any]
    inputs: Sequence[Input]
    trials: Sequence[FinishedTrial]
    status: RunStatus = RunStatus.COMPLETED
    started_at: datetime | None = None
    finished_at: datetime | None = None
    failure: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """One evaluation of another tool, as far as it can be carried over.

    Parameters
    ----------
    origin: what it was, for people: ``OpenAI eval 'Support' (eval_123)``.
    drafts: the evaluation files; the first is the one to go on with.
    inputs: the rows of ``inputs.jsonl``.
    files: further files by name.
    """

    name: str
    source: Source
    origin: str
    drafts: tuple[Draft, ...]
    inputs: Sequence[Mapping[str, Any]]
    notes: tuple[Note, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[FinishedRun, ...] = ()
