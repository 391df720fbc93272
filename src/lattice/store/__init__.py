"""Everything that Lattice remembers: evaluations, inputs, runs and their results, in one database."""

from lattice.store.commits import Totals
from lattice.store.evaluations import NewVersion
from lattice.store.importing import Arrival, ArrivingEnd, ArrivingRun
from lattice.store.queueing import QueueEntry, RunQueue, Turn
from lattice.store.records import (
    Annotation,
    AttemptRow,
    DuplicateInput,
    EvaluationRow,
    InputSet,
    QueuePlace,
    ResultRow,
    ResultStatus,
    ScoreRow,
    VersionRecord,
)
from lattice.store.store import Store, open_store
from lattice.store.writer import Pace, RunWriter

__all__ = [
    "Annotation",
    "Arrival",
    "ArrivingEnd",
    "ArrivingRun",
    "AttemptRow",
    "DuplicateInput",
    "EvaluationRow",
    "InputSet",
    "NewVersion",
    "Pace",
    "QueueEntry",
    "QueuePlace",
    "ResultRow",
    "ResultStatus",
    "RunQueue",
    "RunWriter",
    "ScoreRow",
    "Store",
    "Totals",
    "Turn",
    "VersionRecord",
    "open_store",
]
