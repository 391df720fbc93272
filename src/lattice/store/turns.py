"""What whoever takes a run, or deletes it, changes of its place in the queue, within the same transaction."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, delete, update

from lattice.core.errors import UsageError
from lattice.store.schema import queue


def begin_turn(connection: Connection, run_id: str, turn: str | None, now: datetime) -> None:
    """A process takes a run: with the turn that it was started for, or without one, so that nobody else need begin it.

    Raises
    ------
    UsageError: the turn is over, since the run was cancelled or somebody else starts it.
    """
    if turn is None:
        withdraw(connection, run_id)
        return
    mine = (queue.c.run_id == run_id, queue.c.claim_token == turn, queue.c.begun_at.is_(None))
    if not connection.execute(update(queue).where(*mine).values(begun_at=now.timestamp())).rowcount:
        raise UsageError("the run was taken out of the queue, or another process starts it, before this one began")


def withdraw(connection: Connection, run_id: str) -> bool:
    """Take a run out of the queue, and say whether it was waiting or about to be started."""
    entry = queue.c.run_id == run_id
    waited = connection.execute(delete(queue).where(entry, queue.c.begun_at.is_(None))).rowcount > 0
    connection.execute(delete(queue).where(entry))
    return waited
