"""Everything that Lattice remembers: evaluations, inputs, runs and their results, in one database."""

from lattice.store.commits import Totals
from lattice.store.evaluations import NewVersion
from lattice.store.importing import Arrival, ArrivingEnd, ArrivingRun
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
from lattice.store.scheduled import FiringRecord, GoingRun, NewFiring, NewSchedule, ScheduleRecord
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
    "FiringRecord",
    "GoingRun",
    "InputSet",
    "NewFiring",
    "NewSchedule",
    "NewVersion",
    "Pace",
    "ResultRow",
    "ResultStatus",
    "RunWriter",
    "ScheduleRecord",
    "ScoreRow",
    "Store",
    "Totals",
    "VersionRecord",
    "open_store",
]
