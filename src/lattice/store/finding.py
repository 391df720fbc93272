"""Runs by what people call them: an id or its beginning, ``SLUG#3``, ``Name With Spaces#3``, ``latest``, a baseline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from sqlalchemy import select

from lattice.core.errors import NotFound, UsageError
from lattice.core.runs import RunRecord
from lattice.store.database import Database
from lattice.store.runs import Runs
from lattice.store.schema import baselines, evaluations, runs
from lattice.store.text import decode_text

LATEST = "latest"
BASELINE = "baseline"

_NUMBERED = re.compile(r"^(?P<name>.+?)\s*#\s*(?P<number>\d{1,9})$", re.DOTALL)
_PINNED = re.compile(r"^(?P<name>.+?)\s*#\s*baseline$", re.DOTALL | re.IGNORECASE)
_IDENTIFIER = re.compile(r"^[0-9a-f]{1,32}$")
_NOT_IN_NAMES = re.compile(r"[\W_]+")
_SHOWN = 5
_SET = "'lattice baseline set RUN'"


class Finder:
    """Finds one run, or says what is close."""

    def __init__(self, database: Database, runs_table: Runs) -> None:
        self._database = database
        self._runs = runs_table

    def find(self, text: str) -> RunRecord:
        wanted = text.strip()
        if wanted.lower() == LATEST:
            return self._latest()
        if wanted.lower() == BASELINE:
            return self._only_baseline()
        if pinned := _PINNED.match(wanted):
            return self._baseline_of(pinned["name"])
        if numbered := _NUMBERED.match(wanted):
            return self._numbered(numbered["name"], int(numbered["number"]))
        if _IDENTIFIER.match(wanted.lower()) and (found := self._by_id(wanted.lower())):
            return found
        raise NotFound(self._explain(wanted))

    def _latest(self) -> RunRecord:
        found = self._runs.latest(evaluation_id=None, limit=1)
        if not found:
            raise NotFound("there is no run yet; start one with 'lattice run FILE'")
        return found[0]

    def _only_baseline(self) -> RunRecord:
        """The one there is; of several it has to be said whose."""
        found = self._runs.where(runs.c.id.in_(select(baselines.c.run_id)), limit=_SHOWN)
        if not found:
            raise NotFound(f"no baseline is set; set one with {_SET}")
        if len(found) > 1:
            names = ", ".join(f"{run.evaluation_slug}#{BASELINE}" for run in found)
            raise UsageError(f"several evaluations have a baseline; write whose is meant: {names}")
        return found[0]

    def _baseline_of(self, name: str) -> RunRecord:
        key = self._names().get(_plain(name))
        if key is None:
            raise NotFound(f"there is no evaluation {name!r}{self._closest(name)}")
        pinned = select(baselines.c.run_id).where(baselines.c.evaluation_key == key)
        found = self._runs.where(runs.c.id.in_(pinned), limit=1)
        if not found:
            raise NotFound(f"{name} has no baseline; set one with {_SET}")
        return found[0]

    def _by_id(self, beginning: str) -> RunRecord | None:
        matching = self._runs.where(runs.c.id.startswith(beginning), limit=_SHOWN)
        if exact := [run for run in matching if run.id == beginning]:
            return exact[0]
        if len(matching) > 1:
            close = ", ".join(f"{run.id} ({_name(run)})" for run in matching)
            raise UsageError(f"several runs begin with {beginning}: {close}; write more of the id")
        return matching[0] if matching else None

    def _numbered(self, name: str, number: int) -> RunRecord:
        names = self._names()
        key = names.get(_plain(name))
        if key is None:
            raise NotFound(f"there is no evaluation {name!r}{self._closest(name)}")
        of_it = (runs.c.evaluation_key == key, runs.c.number == number)
        found = self._runs.where(of_it[0] & of_it[1], limit=1)
        if not found:
            raise NotFound(f"{name} has no run #{number}{self._numbers(key)}")
        return found[0]

    def _explain(self, wanted: str) -> str:
        key = self._names().get(_plain(wanted))
        if key is not None:
            return f"{wanted} is an evaluation, not a run{self._numbers(key)}"
        return (
            f"there is no run {wanted!r}; write an id, the beginning of one, NAME#NUMBER or latest"
            f"{self._closest(wanted)}"
        )

    def _names(self) -> Mapping[str, int]:
        query = select(evaluations.c.key, evaluations.c.name, evaluations.c.slug)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        by_name = {_plain(decode_text(row.name)): row.key for row in rows}
        return {**by_name, **{_plain(row.slug): row.key for row in rows}}

    def _closest(self, name: str) -> str:
        with self._database.read() as connection:
            slugs = list(connection.execute(select(evaluations.c.slug).order_by(evaluations.c.slug)).scalars())
        plain = {_plain(slug): slug for slug in slugs}
        close = [plain[each] for each in get_close_matches(_plain(name), plain, n=3)]
        if close:
            return f"; close is {', '.join(close)}"
        return f"; there are {', '.join(slugs[:_SHOWN])}" if slugs else "; this store has no evaluation yet"

    def _numbers(self, key: int) -> str:
        latest = self._runs.where(runs.c.evaluation_key == key, limit=_SHOWN)
        if not latest:
            return "; it has no run yet"
        return f"; its latest are {', '.join(_name(run) for run in latest)}"


def _name(run: RunRecord) -> str:
    return f"{run.evaluation_slug}#{run.number}"


def _plain(name: str) -> str:
    """A name without case, spaces and dashes."""
    return _NOT_IN_NAMES.sub("", name.casefold())
