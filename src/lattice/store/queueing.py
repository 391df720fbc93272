"""Runs that wait for their turn to be carried out, in the order in which they were asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert

from lattice.store.schema import queue
from lattice.store.text import encode_json


def enqueue(connection: Connection, run_id: str, settings: Mapping[str, Any], now: datetime) -> None:
    """Put a run at the end of the queue, in the transaction that is open on `connection`.

    Parameters
    ----------
    settings: what it is to be resumed with, as JSON data (`lattice.service.execution.ResumeSettings`).
    """
    row = {"run_id": run_id, "queued_at": now.timestamp(), "settings": encode_json(settings) if settings else None}
    connection.execute(insert(queue).values(row))


def withdraw(connection: Connection, run_id: str) -> None:
    """Take a run out of the queue, if it waits there, in the transaction that is open on `connection`."""
    connection.execute(delete(queue).where(queue.c.run_id == run_id))
