"""A person's score and note on a result: what may be given, and how it stands to the judge's."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.core.errors import UsageError
from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.runs import RunRecord
from lattice.core.trials import TrialKey
from lattice.reporting.formats import native
from lattice.scoring.scales import scale_of
from lattice.store import ResultRow, Store

MOST_BUTTONS = 11
LONGEST_NOTE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One score that a person may give; `key` is the digit that picks it, "" for none."""

    value: float
    label: str
    key: str = ""

    @property
    def written(self) -> str:
        return native(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """The scores that a person may give.

    Parameters
    ----------
    levels: none where only a note can be left.
    """

    levels: tuple[Level, ...]

    @property
    def has_buttons(self) -> bool:
        """Whether they are few enough for a button each."""
        return 0 < len(self.levels) <= MOST_BUTTONS

    def read(self, text: str) -> float | None:
        """A score as a form gives it; None for none.

        Raises
        ------
        UsageError: it is not among the levels.
        """
        if not text.strip():
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if value not in {level.value for level in self.levels}:
            there = ", ".join(level.written for level in self.levels) or "none here"
            raise UsageError(f"your score has to be one of {there}, not {text[:20]!r}")
        return value


def marks_for(evaluation: Evaluation) -> Marks:
    """What a person may give to results of an evaluation, on the same scale as its judge."""
    if SCORE not in evaluation.metric_names:
        return Marks(levels=())
    if evaluation.is_pairwise:
        return Marks(levels=_levels({0: "lost", 0.5: "tie", 1: "won"}, keys="012"))
    if evaluation.judge is None:
        return Marks(levels=_levels({0: "wrong", 1: "right"}, keys="01"))
    scale = scale_of(evaluation.judge)
    keys = [_key(level.value, scale.minimum) for level in scale.levels]
    return Marks(
        levels=tuple(
            Level(value=level.value, label=level.label, key=key) for level, key in zip(scale.levels, keys, strict=True)
        )
    )


def difference_words(row: ResultRow) -> str | None:
    """How a person's score stands to the one that the result has; None where either is missing."""
    given = row.annotation.score if row.annotation else None
    judged = row.score if row.native is None else row.native
    if given is None or judged is None:
        return None
    if given == judged:
        return "You agree."
    way = "higher" if judged > given else "lower"
    return f"The result's score of {native(judged)} is {native(abs(judged - given))} {way} than yours."


def _levels(labels: dict[float, str], keys: str) -> tuple[Level, ...]:
    return tuple(
        Level(value=value, label=label, key=key) for (value, label), key in zip(labels.items(), keys, strict=True)
    )


def _key(value: int, minimum: int) -> str:
    if 0 <= value <= 9:
        return str(value)
    return "0" if value == 10 and minimum > 0 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a person said in a form; `remove` takes everything back."""

    score: str = ""
    note: str = ""
    remove: bool = False


def keep_marks(store: Store, record: RunRecord, key: TrialKey, marks: Marks, given: Given) -> str:
    """Keep a person's score and note, or take them away; an empty form takes them away as well.

    Returns
    -------
    What was done, in a word.

    Raises
    ------
    UsageError: the score is none that may be given, or the trial has no result.
    """
    value = None if given.remove else marks.read(given.score)
    note = "" if given.remove else given.note.replace("\r\n", "\n").strip()
    if value is None and not note:
        store.remove_annotation(record.key, key)
        return "Removed."
    store.annotate(record.key, key, score=value, note=note)
    return "Saved."
