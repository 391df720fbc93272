"""``lattice alerts``: how alerts stand, what could not be sent, and whether channels work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import click

from lattice.cli.options import FILE, environment, here, json_option, store_option
from lattice.cli.streams import print_json, print_lines, say, say_next
from lattice.config.environment import load_environment
from lattice.core.exits import ExitCode
from lattice.reporting.formats import ago, terminal_text
from lattice.service.alert_listing import AlertBoard, board_of, boards_of
from lattice.service.notifying import SendFailed, send
from lattice.service.preparation import prepare
from lattice.service.workspace import open_workspace
from lattice.store.alerting import AlertState, Phase
from lattice.store.outbox import Notification

_SHOW = "show"


class _Showing(click.Group):
    """A group whose first argument is an evaluation where it is no command: ``lattice alerts nightly``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] not in ("-h", "--help")):
            args = [_SHOW, *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Showing)
def alerts() -> None:
    """Show how the alerts of all evaluations stand, or those of one: lattice alerts [EVALUATION]."""


@alerts.command(_SHOW)
@click.argument("evaluation", required=False)
@json_option
@store_option
def show(evaluation: str | None, as_json: bool, db: str | None) -> None:
    """Show which alerts stand, the last messages, and those that could not be sent."""
    with open_workspace(db, environment(), here()) as store:
        boards = boards_of(store) if evaluation is None else [board_of(store, store.evaluation(evaluation))]
    if as_json:
        print_json({"evaluations": [board.as_json() for board in boards]})
        return
    print_lines(line for board in boards for line in _lines(board, datetime.now(UTC)))
    if not boards:
        print_lines(["No evaluation has alerts. Add 'alerts:' to its file."])
    standing = [board.evaluation.slug for board in boards if board.standing]
    say_next([f"lattice alerts accept {slug}" for slug in standing[:1]], db=db)


@alerts.command("accept")
@click.argument("evaluation")
@store_option
def accept(evaluation: str, db: str | None) -> None:
    """Take the present level of EVALUATION as the usual one, and end its alerts."""
    with open_workspace(db, environment(), here()) as store:
        row = store.evaluation(evaluation)
        stood = store.alerts.accept(row.id)
    say(f"{row.slug}: {'runs since the alert are the level from now on' if stood else 'no alert stands'}")


@alerts.command("test")
@click.argument("file", type=FILE)
def test(file: Path) -> int:
    """Send a test message to each channel of FILE."""
    prepared = prepare(file, environment())
    settings = prepared.evaluation.alerts
    if settings is None or not settings.notify:
        say(f"{file} names no channel; add one under alerts.notify, such as ${{SLACK_URL}}")
        return ExitCode.USAGE
    environ = load_environment(prepared.surroundings.base, environment())
    failures = [each for each in settings.notify if not _tested(each, prepared.evaluation.name, environ)]
    return ExitCode.FAILED if failures else ExitCode.OK


def _tested(channel: str, name: str, environ: Mapping[str, str]) -> bool:
    try:
        title = f"Test: {terminal_text(name, 100)}"
        send(title, "Alerts of this evaluation come here. Nothing has happened.", channel, environ)
    except SendFailed as error:
        say(f"Error: {error}")
        return False
    say(f"Sent to {channel}")
    return True


def _lines(board: AlertBoard, now: datetime) -> Iterator[str]:
    yield f"{terminal_text(board.evaluation.name, 60)} ({board.evaluation.slug})"
    if board.settings is None:
        yield "  It has no alerts. Add 'alerts:' to its file."
    elif not board.states:
        yield "  No run has been assessed yet."
    for state in board.standing if board.settings is None else board.states:
        yield f"  {_state(state, now)}"
    for message in board.messages:
        yield f"  {_message(message, now)}"
    yield ""


def _state(state: AlertState, now: datetime) -> str:
    word = "ALERT" if state.phase is Phase.ALERT else "ok"
    streak = f", {state.streak} in a row" if state.streak else ""
    reason = f": {terminal_text(state.detail, 160)}" if state.detail else ""
    return f"{terminal_text(state.alert, 60)}: {word}{reason}{streak} ({ago(state.since, now)})"


def _message(message: Notification, now: datetime) -> str:
    error = f": {terminal_text(message.error, 200)}" if message.error else ""
    again = f", tried {message.tries} times" if message.tries > 1 else ""
    title = terminal_text(message.title, 100)
    return f"message {message.state}{again} ({ago(message.created_at, now)}): {title}{error}"
