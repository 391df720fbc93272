"""Orders for runs that come over a network, where an answer may be lost: the same one again starts nothing new."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.store.database import Database
from lattice.store.queueing import enqueue
from lattice.store.runs import NewRun, Runs
from lattice.store.schema import deliveries, orders, runs, versions
from lattice.store.times import WallClock

REMEMBERED = timedelta(days=7)
"""How long an order or a delivery is known again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The run of an order; `again` where it was ordered before, so that nothing is to be started."""

    run: RunRecord
    again: bool


class Orders:
    """The tables ``orders`` and ``deliveries``. Whatever comes twice, and to how many processes: one run is made."""

    def __init__(self, database: Database, clock: WallClock, runs_table: Runs) -> None:
        self._database = database
        self._clock = clock
        self._runs = runs_table

    def place(self, name: str, fingerprint: str, new: NewRun, settings: Mapping[str, Any]) -> Ordered:
        """The run of an order, made and queued in the same transaction that remembers the order's name.

        Parameters
        ----------
        name: the key that the sender gave it, unique among the orders for one evaluation.
        fingerprint: of what was ordered.
        settings: how it is to be carried out; see `enqueue`.

        Raises
        ------
        UsageError: the name was given to another order before, or the run of this one has been deleted.
        """
        with self._database.write() as connection:
            self._forget_old(connection)
            evaluation = _evaluation_of(connection, new)
            same = select(orders).where(orders.c.evaluation_key == evaluation, orders.c.name == name)
            before = connection.execute(same).one_or_none()
            if before is not None:
                key = _ordered(connection, before, fingerprint)
            else:
                key, run_id = self._queued(connection, new, settings)
                row = {"evaluation_key": evaluation, "name": name, "fingerprint": fingerprint, "run_id": run_id}
                connection.execute(insert(orders).values(row | {"at": self._clock().timestamp()}))
        return Ordered(run=self._runs.run(key), again=before is not None)

    def deliver(self, delivery: str, new: NewRun) -> RunRecord:
        """The run that a delivery starts, made and queued in the same transaction that remembers the delivery.

        Parameters
        ----------
        delivery: tells it from all others; 64 letters at most.

        Raises
        ------
        UsageError: it was delivered before.
        """
        with self._database.write() as connection:
            self._forget_old(connection)
            if connection.execute(select(deliveries.c.id).where(deliveries.c.id == delivery)).first() is not None:
                raise UsageError("this delivery has come before and started its run then; nothing is started again")
            connection.execute(insert(deliveries).values(id=delivery, at=self._clock().timestamp()))
            key, _ = self._queued(connection, new, {})
        return self._runs.run(key)

    def _queued(self, connection: Connection, new: NewRun, settings: Mapping[str, Any]) -> tuple[int, str]:
        """Key and id of a run that is made and waits for its turn: whoever ordered it need not ask again."""
        key = self._runs.create_in(connection, new)
        run_id: str = connection.execute(select(runs.c.id).where(runs.c.key == key)).scalar_one()
        enqueue(connection, run_id, settings, self._clock())
        return key, run_id

    def _forget_old(self, connection: Connection) -> None:
        past = (self._clock() - REMEMBERED).timestamp()
        for table in (orders, deliveries):
            connection.execute(delete(table).where(table.c.at < past))


def _ordered(connection: Connection, before: Row[Any], fingerprint: str) -> int:
    """The key of the run that was ordered before."""
    if before.fingerprint != fingerprint:
        raise UsageError("this idempotency key was given to another order before; send a new key with a new order")
    found = select(runs.c.key).where(runs.c.id == before.run_id, runs.c.deleted_at.is_(None))
    key: int | None = connection.execute(found).scalar_one_or_none()
    if key is None:
        raise UsageError("the run of this idempotency key has been deleted; send a new key to start another one")
    return key


def _evaluation_of(connection: Connection, new: NewRun) -> int:
    found: int = connection.execute(
        select(versions.c.evaluation_key).where(versions.c.key == new.version_key)
    ).scalar_one()
    return found
