"""Messages on their way to somebody, one row per channel, until they are sent or given up."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from lattice.store.claims import FREE, claim_values, is_held, new_claim, read_claim
from lattice.store.database import Database
from lattice.store.processes import current_process
from lattice.store.schema import evaluations, notifications
from lattice.store.text import decode_optional, decode_text, encode_text
from lattice.store.times import WallClock, read_optional_time, read_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message to be sent.

    Parameters
    ----------
    kind: ``alert``, ``inconclusive`` or ``recovered``.
    channels: as they are written, ``${NAME}``; one notification each.
    """

    kind: str
    title: str
    body: str
    channels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """A message on its way through one channel.

    Parameters
    ----------
    tries: how often it was tried to send it.
    next_at: when it is tried next; None once it is sent or given up.
    error: why it could not be sent last.
    """

    id: str
    evaluation_id: str
    evaluation_slug: str
    run_id: str | None
    kind: str
    title: str
    body: str
    channel: str
    created_at: datetime
    tries: int = 0
    next_at: datetime | None = None
    sent_at: datetime | None = None
    error: str | None = None

    @property
    def state(self) -> str:
        """``sent``, ``waiting`` or ``given up``."""
        if self.sent_at is not None:
            return "sent"
        return "waiting" if self.next_at is not None else "given up"


class Outbox:
    """The table ``notifications``."""

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock

    def all(self, evaluation_id: str | None = None, *, limit: int = 20) -> list[Notification]:
        """Messages of one evaluation or of all, the last ones first."""
        query = _notifications().order_by(notifications.c.key.desc()).limit(limit)
        if evaluation_id is not None:
            query = query.where(evaluations.c.id == evaluation_id)
        return self._read(query)

    def about(self, run_id: str) -> list[Notification]:
        """Messages about a run, the first ones first."""
        return self._read(_notifications().where(notifications.c.run_id == run_id).order_by(notifications.c.key))

    def unsent(self, limit: int = 20) -> list[Notification]:
        """Messages that could not be sent, tried again or given up, the last ones first."""
        query = _notifications().where(notifications.c.sent_at.is_(None), notifications.c.tries > 0)
        return self._read(query.order_by(notifications.c.key.desc()).limit(limit))

    def take_due(self) -> Notification | None:
        """Take the first message that is due for this process to send; None where none is.

        Whoever takes one ends it with `sent` or `put_off`; one whose process is gone is taken again.
        """
        now = self._clock()
        due = _notifications().where(notifications.c.next_at <= now.timestamp()).order_by(notifications.c.key)
        with self._database.read() as connection:
            # Most rounds end here, without having kept anybody from writing.
            if connection.execute(due.limit(1)).first() is None:
                return None
        with self._database.write() as connection:
            for row in connection.execute(due):
                if not is_held(read_claim(row), released=False, here=current_process(), now=now):
                    taken = update(notifications).where(notifications.c.key == row.key)
                    connection.execute(taken.values(claim_values(new_claim(now))))
                    return _read_notification(row)
        return None

    def sent(self, notification_id: str) -> None:
        """A message that was taken has been sent."""
        values = {"sent_at": self._clock().timestamp(), "next_at": None, "error": None}
        self._end_try(notification_id, values)

    def put_off(self, notification_id: str, error: str, until: datetime | None) -> None:
        """A message that was taken could not be sent.

        Parameters
        ----------
        error: why, free of secrets.
        until: when it is tried again; None gives it up.
        """
        at = None if until is None else until.timestamp()
        self._end_try(notification_id, {"error": encode_text(error), "next_at": at})

    def _end_try(self, notification_id: str, values: Mapping[str, Any]) -> None:
        with self._database.write() as connection:
            tried = update(notifications).where(notifications.c.id == notification_id)
            connection.execute(tried.values({**FREE, **values, "tries": notifications.c.tries + 1}))

    def _read(self, query: Select[Any]) -> list[Notification]:
        with self._database.read() as connection:
            return [_read_notification(row) for row in connection.execute(query)]


def put(connection: Connection, evaluation_key: int, run_id: str | None, notice: Notice, now: datetime) -> None:
    """Put a message down for each of its channels, in the transaction that is open on `connection`."""
    for row in _notification_rows(evaluation_key, run_id, notice, now):
        connection.execute(insert(notifications).values(row))


def _notification_rows(key: int, run_id: str | None, notice: Notice, now: datetime) -> list[dict[str, Any]]:
    return [
        {
            "id": secrets.token_hex(8),
            "evaluation_key": key,
            "run_id": run_id,
            "kind": notice.kind,
            "title": encode_text(notice.title),
            "body": encode_text(notice.body),
            "channel": encode_text(channel),
            "created_at": now.timestamp(),
            "next_at": now.timestamp(),
        }
        for channel in notice.channels
    ]


def _notifications() -> Select[Any]:
    return select(notifications, evaluations.c.id.label("evaluation_id"), evaluations.c.slug).join(
        evaluations, evaluations.c.key == notifications.c.evaluation_key
    )


def _read_notification(row: Row[Any]) -> Notification:
    return Notification(
        id=row.id,
        evaluation_id=row.evaluation_id,
        evaluation_slug=row.slug,
        run_id=row.run_id,
        kind=row.kind,
        title=decode_text(row.title),
        body=decode_text(row.body),
        channel=decode_text(row.channel),
        created_at=read_time(row.created_at),
        tries=row.tries,
        next_at=read_optional_time(row.next_at),
        sent_at=read_optional_time(row.sent_at),
        error=decode_optional(row.error),
    )
