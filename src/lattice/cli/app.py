"""The group of commands, each imported when it is needed, and what becomes of their errors."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

import click

from lattice import __version__
from lattice.core.exits import ExitCode

# name → (module, what it does); the order is that of the help page.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("start", "Write an evaluation that runs without any key."),
    "validate": ("files", "Check a file and everything it refers to; spends nothing."),
    "add": ("files", "Put an evaluation into the workspace, as Pending."),
    "schema": ("files", "Print the JSON Schema of the evaluation file."),
    "run": ("execution", "Run an evaluation, with live progress."),
    "resume": ("execution", "Finish what is missing in a run."),
    "cancel": ("control", "Stop a run gracefully; everything paid for is kept."),
    "watch": ("control", "Follow runs started anywhere, side by side."),
    "ls": ("reading", "List evaluations and runs."),
    "show": ("reading", "Show one run: summary, errors, distribution, results."),
    "export": ("reading", "Write a run's results to a file."),
    "compare": ("deciding", "Compare runs pair by pair."),
    "gate": ("deciding", "Say whether a run passes conditions."),
    "simulate": ("serving", "Serve a simulated provider, with faults to order."),
    "models": ("serving", "Manage local models."),
}


class LazyGroup(click.Group):
    """A group that lists its commands from a table and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lattice.cli.commands.{COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lattice")
def lattice() -> None:
    """Evaluations of language models you can watch, stop, resume and trust."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; see `lattice.core.exits` for the codes."""
    try:
        outcome = lattice.main(args=arguments, standalone_mode=False)
        code = outcome if isinstance(outcome, int) else ExitCode.OK
    except click.exceptions.Exit as exit_:
        code = exit_.exit_code
    except click.ClickException as error:
        error.show()
        code = ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        code = ExitCode.CANCELLED
    except BrokenPipeError:
        # The reader went away (`lattice ls | head`); nothing is left to tell it.
        sys.stderr.close()
        code = ExitCode.OK
    except Exception as error:
        code = _explained(error)
    sys.exit(code)


def _explained(error: Exception) -> int:
    """Print an error of ours as one clear message; let a defect of ours be seen as such."""
    from lattice.core.errors import LatticeError, UsageError  # kept out of `lattice --help`

    if not isinstance(error, LatticeError):
        raise error
    click.echo(f"Error: {error}", err=True)
    return ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.FAILED
