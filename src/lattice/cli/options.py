"""Options that several commands share, and what they are made into."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from lattice.cli.rendering.terminal import Terminal, terminal_of
from lattice.core.errors import UsageError

F = TypeVar("F", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, dir_okay=False)
COUNT = click.IntRange(min=1)
AMOUNT = click.FloatRange(min=0, min_open=True)


def store_option(command: F) -> F:
    """``--db URL``: another store than the workspace around the working directory."""
    return click.option(
        "--db", metavar="URL", help="Another store: sqlite:///PATH or postgresql://… (or set LATTICE_DB)."
    )(command)


def json_option(command: F) -> F:
    """``--json``: one document on stdout and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document on stdout.")(command)


def log_options(command: F) -> F:
    """``--log-format``, ``--log-level`` and ``--log-file``: the log is written while the command lasts."""

    @wraps(command)
    def with_log(
        *arguments: Any, log_format: str | None, log_level: str | None, log_file: Path | None, **options: Any
    ) -> Any:
        from lattice.cli.logs import LogFormat, LogSettings, logged  # kept out of `lattice --help`

        chosen = LogFormat(log_format) if log_format else None
        settings = LogSettings(format=chosen, level=log_level, file=log_file)
        click.get_current_context().meta[LOGGED] = settings.is_on
        if settings.is_on and settings.file is None and "no_progress" in options:
            # Lines of the log would tear what is drawn.
            options["no_progress"] = True
        with logged(settings):
            return command(*arguments, **options)

    for option in reversed(_LOG_OPTIONS):
        with_log = option(with_log)
    return cast(F, with_log)


LOGGED = "lattice.logged"
LEVELS = ("debug", "info", "warning", "error")

_LOG_OPTIONS = (
    click.option("--log-format", type=click.Choice(["text", "json"]), envvar="LATTICE_LOG_FORMAT", help="Write a log."),
    click.option("--log-level", type=click.Choice(LEVELS), envvar="LATTICE_LOG_LEVEL", help="What to log. [info]"),
    click.option("--log-file", type=FILE, envvar="LATTICE_LOG_FILE", help="Append the log here instead of to stderr."),
)


def environment() -> Mapping[str, str]:
    """The process's variables."""
    return os.environ


def here() -> Path:
    """The working directory.

    Raises
    ------
    UsageError: it was deleted.
    """
    try:
        return Path.cwd()
    except OSError as error:
        raise UsageError(f"the working directory is gone: {error.strerror}") from error


def errors_terminal() -> Terminal:
    """What stderr can show: everything for people goes there while stdout is for machines."""
    return terminal_of(sys.stderr, environment())


def output_terminal() -> Terminal:
    """What stdout can show."""
    return terminal_of(sys.stdout, environment())


def tags_of(texts: tuple[str, ...]) -> dict[str, str]:
    """``key=value`` texts as a mapping.

    Raises
    ------
    UsageError: one has another form.
    """
    tags: dict[str, str] = {}
    for text in texts:
        key, given, value = text.partition("=")
        if not given or not key.strip():
            raise UsageError(f"--tag {text}: expected KEY=VALUE, such as commit=3f2a1c")
        tags[key.strip()] = value
    return tags
