"""What people say about results."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, func, select

from lattice.core.errors import UsageError
from lattice.core.trials import TrialKey
from lattice.store.database import Database
from lattice.store.records import Annotation
from lattice.store.rows import read_annotation
from lattice.store.schema import result_annotations, results
from lattice.store.text import encode_text
from lattice.store.times import WallClock


class Annotations:
    """The table ``annotations``: at most one for each result."""

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock

    def put(self, run_key: int, key: TrialKey, *, score: float | None, note: str) -> Annotation:
        at = self._clock()
        values = {
            "run_key": run_key,
            **key._asdict(),
            "score": score,
            "note": encode_text(note),
            "at": at.timestamp(),
        }
        ended = select(results.c.seq).where(
            results.c.run_key == run_key, *(results.c[name] == value for name, value in key._asdict().items())
        )
        with self._database.write() as connection:
            if connection.execute(ended).one_or_none() is None:
                raise UsageError(f"input #{key.position} has no result in this run to annotate")
            connection.execute(self._database.dialect.upsert(result_annotations), values)
        return Annotation(key=key, score=score, note=note, at=at)

    def remove(self, run_key: int, key: TrialKey) -> None:
        same = (result_annotations.c[name] == value for name, value in key._asdict().items())
        with self._database.write() as connection:
            connection.execute(delete(result_annotations).where(result_annotations.c.run_key == run_key, *same))

    def all(self, run_key: int) -> list[Annotation]:
        trial = [result_annotations.c[name] for name in TrialKey._fields]
        query = select(*trial, result_annotations.c.score, result_annotations.c.note, result_annotations.c.at)
        with self._database.read() as connection:
            rows = connection.execute(query.where(result_annotations.c.run_key == run_key).order_by(*trial))
            return [read_annotation(TrialKey(*row[:3]), row[3:]) for row in rows]

    def counts(self) -> Mapping[int, int]:
        key = result_annotations.c.run_key
        query = select(key, func.count()).where(result_annotations.c.score.is_not(None)).group_by(key)
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}
