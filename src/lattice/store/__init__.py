"""Everything that Lattice remembers: evaluations, inputs, runs and their results, in one database."""

from lattice.store.commits import Totals
from lattice.store.evaluations import NewVersion
from lattice.store.importing import Arrival, ArrivingEnd, ArrivingRun
from lattice.store.opening import open_store
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
from lattice.store.scheduled import FiringRecord, GoingRun, NewFiring, NewSchedule, ScheduleRecord
from lattice.store.store import Store
from lattice.store.writer import Pace, RunWriter

__all__ = [
    "Annotation",
    "Arrival",
    "ArrivingEnd",
    "ArrivingRun",
    "AttemptRow",
    "DuplicateInput",
    "EvaluationRow",
    "FiringRecord",
    "GoingRun",
    "InputSet",
    "NewFiring",
    "NewSchedule",
    "NewVersion",
    "Pace",
    "QueueEntry",
    "QueuePlace",
    "ResultRow",
    "ResultStatus",
    "RunQueue",
    "RunWriter",
    "ScheduleRecord",
    "ScoreRow",
    "Store",
    "Totals",
    "Turn",
    "VersionRecord",
    "open_store",
]
