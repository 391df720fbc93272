"""The log of one command: set up when it begins and taken away when it ends."""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from lattice.core.errors import LatticeError, UsageError

OURS = "lattice"
LONGEST = 500

_log = logging.getLogger("lattice.command")


class LogFormat(StrEnum):
    """How a line of the log is written."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """What is logged, and where to.

    Parameters
    ----------
    level: the least grave that is written; None where nothing was asked for.
    file: is appended to, by several processes at once if need be; standard error if absent.
    """

    format: LogFormat | None = None
    level: str | None = None
    file: Path | None = None

    @property
    def is_on(self) -> bool:
        """Whether a log is wanted at all."""
        return self.format is not None or self.level is not None or self.file is not None


@contextmanager
def logged(settings: LogSettings) -> Iterator[None]:
    """Write the log while this lasts.

    As JSON on standard error it stands alone there: what is said to people is left out, so that a program can read
    each line.

    Raises
    ------
    UsageError: the file cannot be written.
    """
    if not settings.is_on:
        yield
        return
    ours, root = logging.getLogger(OURS), logging.getLogger()
    with ExitStack() as ending:
        stream = _stream(settings.file, ending)
        handler = logging.StreamHandler(stream)
        handler.setFormatter(_JSON if settings.format is LogFormat.JSON else _TEXT)
        earlier = ours.level
        ours.setLevel((settings.level or "info").upper())
        root.addHandler(handler)
        ending.callback(ours.setLevel, earlier)
        ending.callback(root.removeHandler, handler)
        if settings.format is LogFormat.JSON and settings.file is None:
            nowhere = ending.enter_context(open(os.devnull, "w", encoding="utf-8"))
            ending.enter_context(redirect_stderr(nowhere))
        try:
            yield
        except LatticeError as error:
            _log.error("command.failed", extra={"lattice_fields": {"error": type(error).__name__}})
            raise


def _stream(file: Path | None, ending: ExitStack) -> TextIO:
    if file is None:
        return sys.stderr
    try:
        return ending.enter_context(file.open("a", encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the log {file} cannot be written: {error.strerror or error}") from error


class _Lines(logging.Formatter):
    """Lines of text: time, level, event, and what belongs to it."""

    def format(self, record: logging.LogRecord) -> str:
        told = " ".join(f"{name}={_word(value)}" for name, value in _fields(record).items())
        return f"{_time(record)} {record.levelname.lower():7} {_event(record)} {told}".rstrip()


class _Objects(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        head = {"time": _time(record), "level": record.levelname.lower(), "event": _event(record)}
        return json.dumps(head | dict(_fields(record)), default=str)


def _fields(record: logging.LogRecord) -> Mapping[str, Any]:
    """What an event has beside its name; of an exception only its type, since its text may repeat anything."""
    told = getattr(record, "lattice_fields", None)
    fields = dict(told) if told is not None else {"logger": record.name, "message": record.getMessage()[:LONGEST]}
    if record.exc_info and record.exc_info[0] is not None:
        fields["error"] = record.exc_info[0].__name__
    return fields


def _event(record: logging.LogRecord) -> str:
    return record.getMessage() if hasattr(record, "lattice_fields") else "message"


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _word(value: Any) -> str:
    text = str(value)
    return text if text.isprintable() and text and not set(text) & set(' "=') else json.dumps(text)


_TEXT, _JSON = _Lines(), _Objects()
