"""Evaluations and results of other tools: OpenAI Evals, promptfoo, Inspect.

Each is read into the same records: evaluation files to go on with, finished runs to look at, and a note for whatever
is not as it was. Nothing is written here, nothing is executed, and nothing outside a configuration's folder is read.
"""

from lattice.importers.drafting import files_of
from lattice.importers.opening import read_import
from lattice.importers.records import FinishedRun, Imported, ImportProblem, Note, Notes, Outcome, Source

__all__ = [
    "FinishedRun",
    "ImportProblem",
    "Imported",
    "Note",
    "Notes",
    "Outcome",
    "Source",
    "files_of",
    "read_import",
]
