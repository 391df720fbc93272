"""Where each key of a configuration stands, and what was found wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from lattice.core.errors import InvalidEvaluation, Problem

KeyPath = tuple[str | int, ...]

OPTION = "--set"
"""Stands for the file of a value that was given on the command line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a file, or something that has no lines (an option of the command line).

    Parameters
    ----------
    file: as the user named it.
    line: 1-based.
    """

    file: str | None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceMap:
    """Where a configuration was read from.

    Parameters
    ----------
    file: the evaluation file as the user named it, None for data that came from no file.
    places: by key path, where the key (or the entry of a list) stands.
    texts: by key path, where the first line of a text's content stands, perhaps in a file of its own.
    """

    file: str | None = None
    places: Mapping[KeyPath, Place] = field(default_factory=dict)
    texts: Mapping[KeyPath, Place] = field(default_factory=dict)

    def place(self, path: KeyPath) -> Place:
        """Where `path` stands, or the nearest key above it that stands anywhere."""
        for length in range(len(path), -1, -1):
            if found := self.places.get(path[:length]):
                return found
        return Place(file=self.file)

    def text_place(self, path: KeyPath, line: int | None) -> Place:
        """Where the `line`-th line of the text at `path` stands."""
        start = self.texts.get(path)
        if start is None or start.line is None or line is None:
            return start or self.place(path)
        return Place(file=start.file, line=start.line + line - 1)

    def problem(self, path: KeyPath, message: str, hint: str | None = None) -> Problem:
        """A problem with what stands at `path`."""
        place = self.place(path)
        return Problem(message=message, file=place.file, line=place.line, key=dotted(path) or None, hint=hint)


class Findings:
    """Problems as they are found, in whatever order the checks run."""

    def __init__(self, source: SourceMap) -> None:
        self.source = source
        self._found: list[tuple[float, Problem]] = []

    def add(self, path: KeyPath, message: str, hint: str | None = None, *, at: Place | None = None) -> None:
        """Note a problem with what stands at `path`.

        Parameters
        ----------
        at: where exactly, if that is elsewhere than the key.
        """
        place = self.source.place(path)
        where = at or place
        problem = Problem(message=message, file=where.file, line=where.line, key=dotted(path) or None, hint=hint)
        nearest = where if where.file in (self.source.file, OPTION) else place
        in_file = nearest.file == self.source.file and nearest.line is not None
        self._found.append((nearest.line or 0 if in_file else float("inf"), problem))

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All of them, in file order; what stands in no line comes last."""
        return tuple(problem for _, problem in sorted(self._found, key=lambda found: found[0]))

    def raise_any(self) -> None:
        """Raise `InvalidEvaluation` with all of them, if there are any."""
        if self._found:
            raise InvalidEvaluation(self.problems)


def dotted(path: Sequence[str | int]) -> str:
    """A path as people write it, such as ``targets.0.model``; keys with dots of their own stand in quotes."""
    return ".".join(f'"{part}"' if "." in str(part) else str(part) for part in path)


def split_dotted(text: str) -> tuple[str, ...]:
    """The parts of a path as people write it.

    Raises
    ------
    ValueError: a part is empty, or a quotation mark is not closed.
    """
    parts: list[str] = []
    rest = text.strip()
    while True:
        if rest.startswith('"'):
            part, closed, rest = rest[1:].partition('"')
            if not closed:
                raise ValueError("a quotation mark is not closed")
        else:
            end = rest.find(".")
            part, rest = (rest, "") if end < 0 else (rest[:end], rest[end:])
        if not part:
            raise ValueError("a part between dots is empty")
        parts.append(part)
        if not rest:
            return tuple(parts)
        if not rest.startswith("."):
            raise ValueError("expected a dot behind a quotation mark")
        rest = rest[1:]
