"""Everything that Lattice remembers: evaluations, inputs, runs and their results, in one database."""

from lattice.store.commits import Totals
from lattice.store.records import (
    Annotation,
    AttemptRow,
    DuplicateInput,
    EvaluationRow,
    InputSet,
    ResultRow,
    ResultStatus,
    ScoreRow,
    VersionRecord,
)
from lattice.store.store import Store, open_store
from lattice.store.writer import Pace, RunWriter

__all__ = [
    "Annotation",
    "AttemptRow",
    "DuplicateInput",
    "EvaluationRow",
    "InputSet",
    "Pace",
    "ResultRow",
    "ResultStatus",
    "RunWriter",
    "ScoreRow",
    "Store",
    "Totals",
    "VersionRecord",
    "open_store",
]
