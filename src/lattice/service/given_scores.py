"""A person's scores of a run's results, as a file states them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from lattice.core.errors import Problem, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.judging import JudgeMode
from lattice.core.runs import RunRecord
from lattice.core.trials import TrialKey
from lattice.inputs.annotation_rows import AnnotationRow, read_annotation_rows, refused
from lattice.reporting.annotation_sheet import same_text, undefused
from lattice.scoring.scales import Scale, scale_of
from lattice.service.reading import reference_of
from lattice.service.sides import Chosen, choose, chosen_target
from lattice.store import Store
from lattice.store.records import ResultRow

_AT_ONCE = 500
_MOST_LEVELS = 11


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A run whose judge can be held against a person.

    Parameters
    ----------
    target: index of the only target that is meant; None for all.
    """

    run: RunRecord
    targets: tuple[str, ...]
    repeats: int
    scale: Scale
    target: int | None = None

    @property
    def levels(self) -> str:
        """What a person may give, in words."""
        if len(self.scale.levels) <= _MOST_LEVELS:
            return ", ".join(str(value) for value in self.scale.values)
        return f"whole numbers from {self.scale.minimum} to {self.scale.maximum}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A person's score of one result.

    Parameters
    ----------
    score: on the judge's own scale.
    response: the text that was scored; "" where the file does not hold it.
    """

    key: TrialKey
    id: str
    score: float
    reason: str = ""
    response: str = ""

    def is_of(self, row: ResultRow) -> bool:
        """Whether the result's response is the one that was scored, as far as is known."""
        return not self.response or same_text(self.response, row.response.text if row.response else "")


def judged_run(store: Store, reference: str, target: str | None = None) -> Judged:
    """Find ``RUN`` or ``RUN/TARGET``, and the scale of its judge.

    Raises
    ------
    UsageError: there is no such run or target, or no judge scored it.
    """
    chosen = choose(store, reference)
    if target is not None:
        chosen = chosen_target(chosen.run, target)
    return _judged(chosen)


def read_scores(store: Store, judged: Judged, path: Path) -> list[Given]:
    """The scores of a file, each with the result it belongs to; rows without a score are passed over.

    Where one target is meant, rows about others are passed over as well.

    Raises
    ------
    InvalidEvaluation: there is no such file, it holds no scores or lacks a column, or a row has an unknown id or
        target, a score that is not on the scale, or the same result as a row before. Every such row is named.
    """
    rows = [row for row in read_annotation_rows(path) if row.score]
    if not rows:
        raise refused(
            [Problem(message="no row has a score yet", hint=f"fill in the column score: {judged.levels}")], path
        )
    known = _Known(store, judged, rows)
    given: dict[TrialKey, tuple[Given, int]] = {}
    problems = []
    for row in rows:
        try:
            found = known.given(row)
            if judged.target not in (None, found.key.target):
                continue
            _, first = given.setdefault(found.key, (found, row.line))
            if first != row.line:
                raise _RowRefused(f"{row.id!r} has been scored in line {first} already", "keep one of the two")
        except _RowRefused as problem:
            problems.append(Problem(message=problem.message, hint=problem.hint, line=row.line))
    if problems:
        raise refused(problems, path)
    return [each for each, _ in given.values()]


class _RowRefused(Exception):
    """A row cannot be taken in."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class _Known:
    """What the rows of a file may refer to."""

    def __init__(self, store: Store, judged: Judged, rows: Sequence[AnnotationRow]) -> None:
        self._judged = judged
        self._wanted = {name for row in rows for name in (row.id, undefused(row.id))}
        self._ids: list[str] = []
        self._positions = self._found(store, judged.run)

    def given(self, row: AnnotationRow) -> Given:
        """The result and the score that a row states.

        Raises
        ------
        _RowRefused: it states none.
        """
        id = row.id if row.id in self._positions else undefused(row.id)
        key = TrialKey(self._position(id), self._target(row), self._repeat(row))
        return Given(key=key, id=id, score=self._score(row.score), reason=undefused(row.reason), response=row.response)

    def _found(self, store: Store, run: RunRecord) -> Mapping[str, int]:
        """Places of the inputs that rows name; further ids are remembered only to be suggested."""
        positions: dict[str, int] = {}
        everything = iter(store.positions(run.input_set))
        while some := list(islice(everything, _AT_ONCE)):
            for position, input in store.read_inputs(run.input_set, some).items():
                if input.id in self._wanted:
                    positions[input.id] = position
                elif len(self._ids) < _AT_ONCE:
                    self._ids.append(input.id)
        return positions

    def _position(self, id: str) -> int:
        if not id:
            raise _RowRefused("a score without an id")
        position = self._positions.get(id)
        if position is None:
            near = difflib.get_close_matches(id, self._ids, n=1)
            hint = f"did you mean {near[0]!r}?" if near else "ids are those of the run's inputs"
            raise _RowRefused(f"no input of {reference_of(self._judged.run)} has the id {id!r}", hint)
        return position

    def _target(self, row: AnnotationRow) -> int:
        names = self._judged.targets
        if row.target in names:
            return names.index(row.target)
        number = _whole(row.target)
        if number is not None and 1 <= number <= len(names):
            return number - 1
        if row.target:
            raise _RowRefused(f"there is no target {row.target!r}", f"there are {_counted(names)}")
        if len(names) > 1 and self._judged.target is None:
            hint = f"add a column target with {_counted(names)}, or name one: RUN/TARGET"
            raise _RowRefused("the run has several targets, and nothing says which of them was scored", hint)
        return self._judged.target or 0

    def _repeat(self, row: AnnotationRow) -> int:
        repeats = self._judged.repeats
        if not row.repeat and repeats == 1:
            return 0
        number = _whole(row.repeat)
        if number is None or not 1 <= number <= repeats:
            said = f"{row.repeat!r} is no repeat" if row.repeat else "nothing says which repeat was scored"
            raise _RowRefused(said, f"a column repeat says it: 1 to {repeats}")
        return number - 1

    def _score(self, text: str) -> float:
        number = _whole(text)
        if number is None or number not in self._judged.scale.values:
            scale = self._judged.scale.label
            raise _RowRefused(f"{text!r} is not on the scale {scale}", f"a score is one of {self._judged.levels}")
        return float(number)


def _judged(chosen: Chosen) -> Judged:
    evaluation = Evaluation.model_validate(chosen.run.config)
    if evaluation.judge is None:
        raise UsageError(
            f"{reference_of(chosen.run)} was not scored by a judge, so that there is none to hold against a person"
        )
    if evaluation.judge.mode is JudgeMode.PAIRWISE:
        raise UsageError(
            f"the judge of {reference_of(chosen.run)} prefers one of two answers and gives no score on a scale; "
            "judges that do can be held against a person"
        )
    names = tuple(target.name for target in evaluation.targets)
    return Judged(
        run=chosen.run,
        targets=names,
        repeats=evaluation.run.repeats,
        scale=scale_of(evaluation.judge),
        target=None if chosen.target is None else names.index(chosen.target),
    )


def _whole(text: str) -> int | None:
    """A whole number, however a spreadsheet writes it: ``4``, ``4.0``, ``4,0``."""
    try:
        number = float(text.replace(",", "."))
        return int(number) if number.is_integer() else None
    except (ValueError, OverflowError):
        return None


def _counted(names: Sequence[str]) -> str:
    """``1 (Small), 2 (Large)``."""
    return ", ".join(f"{number} ({name})" for number, name in enumerate(names, start=1))
