"""Sends messages through Apprise, to addresses that only the environment knows."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import quote, unquote, urlsplit

from lattice.config.environment import load_environment
from lattice.core.errors import InvalidEvaluation, LatticeError, UsageError
from lattice.reporting.formats import terminal_text
from lattice.service.launching import Place
from lattice.store import Store
from lattice.store.outbox import Notification
from lattice.wire.variables import expand

MOST_TRIES = 12
FIRST_WAIT = 30.0
LONGEST_WAIT = 3600.0
_AT_ONCE = 20
_LONGEST_REASON = 200
_LEAST_SECRET = 3
_SAID: ContextVar[list[str] | None] = ContextVar("said", default=None)


class SendFailed(LatticeError):
    """A message could not be sent; the text says why, free of secrets."""


def send(title: str, body: str, channel: str, environ: Mapping[str, str]) -> None:
    """Send one message, as plain text.

    Parameters
    ----------
    channel: ``${NAME}`` of a variable that holds an Apprise URL, or several with blanks between them.

    Raises
    ------
    SendFailed: the variable is not set, holds no such URL, or the service did not take the message.
    """
    import apprise  # heavy: loads a module for every service there is

    try:
        address = expand(channel, environ)
    except UsageError as error:
        raise SendFailed(f"{channel}: {error}") from None
    with _overheard() as said:
        service = apprise.Apprise()
        if not service.add(address) or not len(service):
            raise SendFailed(f"{channel} holds no URL that Apprise knows; its forms: https://appriseit.com/services/")
        taken = service.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT)
    if not taken:
        reason = scrubbed(said[-1], address) if said else "the service did not take it"
        raise SendFailed(f"{channel}: {reason}")


def scrubbed(text: str, address: str) -> str:
    """A library's words without any part of an address: it may stand in them whole, in parts or quoted."""
    for secret in sorted(_parts(address), key=len, reverse=True):
        text = text.replace(secret, "…")
    return terminal_text(text, _LONGEST_REASON)


def _parts(address: str) -> set[str]:
    found = set()
    for url in [address, *re.split(r"[\s,]+", address)]:
        found.add(url)
        found.update(re.split(r"[/:@?&=#,\s]+", url))
        try:
            host = urlsplit(url).netloc
        except ValueError:
            host = ""
        found.add(host)
    whole = {each for each in found if len(each) >= _LEAST_SECRET}
    scheme = address.partition("://")[0]
    return ({*whole, *map(unquote, whole), *(quote(each, safe="") for each in whole)}) - {scheme}


class _Listener(logging.Handler):
    """Keeps what is said in the course of one call. Services are called in threads that inherit its context."""

    def emit(self, record: logging.LogRecord) -> None:
        said = _SAID.get()
        if said is not None:
            said.append(record.getMessage())


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """What Apprise has to say of a call, and nobody else hears: it repeats addresses."""
    logger, listener = logging.getLogger("apprise"), _Listener(level=logging.WARNING)
    said: list[str] = []
    token = _SAID.set(said)
    logger.propagate = False
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)
        _SAID.reset(token)


@dataclass(frozen=True, slots=True, kw_only=True)
class Postman:
    """Sends what waits in the outbox of a store.

    Parameters
    ----------
    place: whose environment, and whose ``.env`` beside the evaluation's file, hold the channels' addresses.
    """

    store: Store
    place: Place
    name: str = field(default="messages")

    def perform(self) -> None:
        """Send all messages that are due, each once over any number of processes."""
        for _ in range(_AT_ONCE):
            found = self.store.alerts.outbox.take_due()
            if found is None:
                return
            self._send(found)

    def _send(self, notification: Notification) -> None:
        outbox = self.store.alerts.outbox
        try:
            send(notification.title, notification.body, notification.channel, self._environ(notification))
        except SendFailed as error:
            outbox.put_off(notification.id, str(error), self._again(notification))
        except Exception as error:  # noqa: BLE001 - a service's own defect ends neither this message nor the next
            reason = f"{notification.channel}: {type(error).__name__}"
            outbox.put_off(notification.id, reason, self._again(notification))
        else:
            outbox.sent(notification.id)

    def _again(self, notification: Notification) -> datetime | None:
        tries = notification.tries + 1
        if tries >= MOST_TRIES:
            return None
        return self.store.alerts.now() + timedelta(seconds=min(LONGEST_WAIT, FIRST_WAIT * 2 ** (tries - 1)))

    def _environ(self, notification: Notification) -> Mapping[str, str]:
        version = self.store.evaluation(notification.evaluation_id).last_version
        base = None if version is None else self.place.found(version.folder)
        if base is None:
            return self.place.environ
        try:
            return load_environment(base, self.place.environ)
        except InvalidEvaluation:
            return self.place.environ
