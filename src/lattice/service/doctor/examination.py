"""All checks, one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from lattice.config import load
from lattice.config.environment import load_environment
from lattice.core.errors import InvalidEvaluation
from lattice.core.evaluation import Evaluation, RunSettings
from lattice.service.assembly import Surroundings
from lattice.service.doctor.endpoints import endpoint_check, key_check
from lattice.service.doctor.findings import Finding, bounded, broken, fine
from lattice.service.doctor.machine import (
    assets_check,
    extras_check,
    library_check,
    open_files_check,
    python_check,
    terminal_check,
)
from lattice.service.doctor.stores import StorePlace, store_check
from lattice.service.obstacles import obstacles_in_sight
from lattice.store.times import utc_now

LONGEST = 30.0
"""Seconds that one check may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What is to be looked at.

    Parameters
    ----------
    file: an evaluation whose keys and endpoints are checked; the built-in providers' if absent.
    folder: the working directory.
    offline: ask no endpoint.
    """

    file: Path | None
    db: str | None
    environ: Mapping[str, str]
    folder: Path
    offline: bool = False


def examine(examination: Examination) -> Iterator[Finding]:
    """Carry the checks out, each finding as it is made; nothing is changed."""
    for name, check in (
        ("python", python_check),
        ("libraries", library_check),
        ("extras", extras_check),
        ("studio", assets_check),
        ("terminal", terminal_check),
    ):
        yield from bounded(name, check, LONGEST)
    place = StorePlace(db=examination.db, environ=examination.environ, folder=examination.folder)
    yield from bounded("store", partial(store_check, place), LONGEST)
    yield from _of_file(examination)


def _of_file(examination: Examination) -> Iterator[Finding]:
    base = examination.folder if examination.file is None else examination.file.parent
    read = _Reading(file=examination.file, base=base, environ=examination.environ)
    yield from bounded("file", read.check, LONGEST)
    evaluation, environ = read.evaluation, read.known
    settings = RunSettings() if evaluation is None else evaluation.run
    yield from bounded("open files", partial(open_files_check, settings.max_concurrent), LONGEST)
    if examination.file is not None and evaluation is None:
        return
    yield from bounded("keys", partial(key_check, evaluation, environ), LONGEST)
    if not examination.offline:
        yield from bounded("endpoints", partial(endpoint_check, evaluation, environ, utc_now), LONGEST)


class _Reading:
    """Reads the variables and the evaluation, and keeps both for what is checked next."""

    def __init__(self, *, file: Path | None, base: Path, environ: Mapping[str, str]) -> None:
        self._file = file
        self._base = base
        self.known: Mapping[str, str] = environ
        self.evaluation: Evaluation | None = None

    def check(self) -> Iterator[Finding]:
        """Whether the evaluation can be read; nothing of it is run. Keys are another check."""
        try:
            self.known = load_environment(self._base, self.known)
            if self._file is None:
                return
            loaded = load(self._file)
        except InvalidEvaluation as error:
            yield from (broken("file", str(problem)) for problem in error.problems)
            return
        self.evaluation = loaded.evaluation
        surroundings = Surroundings(environ=self.known, base=loaded.base)
        problems = [*loaded.missing_variables(self.known)]
        found = obstacles_in_sight(loaded.evaluation, surroundings)
        problems += loaded.placed([each for each in found if not (each.key or "").endswith(".model")])
        if problems:
            yield from (broken("file", str(problem)) for problem in problems)
        else:
            yield fine("file", f"{loaded.file} is valid")
