"""Baselines: of each evaluation at most one run that others are held against until another one is set."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import delete, select

from lattice.core.errors import NotFound
from lattice.store.database import Database
from lattice.store.schema import baselines, evaluations, runs
from lattice.store.times import WallClock


class Baselines:
    """The table ``baselines``. A run that is one cannot be deleted (`lattice.store.Store.delete_run`)."""

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock

    def set(self, run_id: str) -> None:
        """Make a run the baseline of its evaluation, in the place of an earlier one.

        Raises
        ------
        NotFound: there is no such run.
        """
        whose = select(runs.c.evaluation_key).where(runs.c.id == run_id, runs.c.deleted_at.is_(None))
        with self._database.write() as connection:
            evaluation = connection.execute(whose).scalar_one_or_none()
            if evaluation is None:
                raise NotFound(f"there is no run {run_id} that could be a baseline")
            row = {"evaluation_key": evaluation, "run_id": run_id, "set_at": self._clock().timestamp()}
            connection.execute(self._database.dialect.upsert(baselines), row)

    def get(self, evaluation_id: str) -> str | None:
        """The id of the run that is the baseline of an evaluation; None where there is none."""
        return self.all().get(evaluation_id)

    def all(self) -> Mapping[str, str]:
        """The id of the run that is the baseline, by the evaluation's id."""
        query = (
            select(evaluations.c.id, baselines.c.run_id)
            .join(evaluations, evaluations.c.key == baselines.c.evaluation_key)
            .join(runs, runs.c.id == baselines.c.run_id)
            .where(runs.c.deleted_at.is_(None))
        )
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def remove(self, evaluation_id: str) -> bool:
        """Let an evaluation have no baseline; whether it had one. The run stays."""
        whose = select(evaluations.c.key).where(evaluations.c.id == evaluation_id).scalar_subquery()
        with self._database.write() as connection:
            removed = connection.execute(delete(baselines).where(baselines.c.evaluation_key == whose))
            return bool(removed.rowcount)
