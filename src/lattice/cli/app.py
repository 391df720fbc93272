"""The group of commands, each imported when it is needed, and what becomes of their errors."""

from __future__ import annotations

import difflib
import gc
import importlib
import keyword
import os
import signal
import sys
from collections.abc import Sequence
from types import ModuleType

import click

from lattice import __version__
from lattice.cli.streams import silence
from lattice.core.errors import InvalidEvaluation, LatticeError, UsageError
from lattice.core.exits import ExitCode

# name → (module, what it does); the order is that of the help page.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("start", "Write an evaluation that runs without any key."),
    "validate": ("files", "Check a file and everything it refers to; spends nothing."),
    "add": ("files", "Put an evaluation into the workspace, as Pending."),
    "judge": ("judging", "Show what judges are told."),
    "schema": ("files", "Print the JSON Schema of the evaluation file."),
    "rehearse": ("rehearsing", "Say what a run will take and what it can show; calls nothing."),
    "run": ("execution", "Run an evaluation, with live progress."),
    "resume": ("execution", "Finish what is missing in a run."),
    "rerun": ("again", "Run a stored configuration afresh."),
    "rescore": ("again", "Score a run's stored responses anew; calls no target."),
    "cancel": ("control", "Stop a run gracefully; everything paid for is kept."),
    "watch": ("control", "Follow runs started anywhere, side by side."),
    "ls": ("listing", "List evaluations and runs."),
    "show": ("reading", "Show one run: summary, errors, distribution, results."),
    "export": ("reading", "Write a run's results to a file."),
    "chart": ("charting", "Draw one chart of a run as SVG or PNG."),
    "import": ("importing", "Import another tool's evaluations and results, or a run's artifact."),
    "artifact": ("artifacts", "Keep snapshots of runs that stay as they are."),
    "baseline": ("baselines", "Set the run that later ones are held against."),
    "compare": ("deciding", "Compare runs, or the targets of one run, pair by pair."),
    "gate": ("deciding", "Decide conditions on a run: pass, fail or inconclusive."),
    "alerts": ("alerting", "Show alerts, what was sent and what could not be."),
    "annotate": ("calibrating", "Draw a random sample for a person to score, or take the scores in."),
    "calibrate": ("calibrating", "Hold the judge against a person's scores: is it to be trusted?"),
    "schedule": ("scheduling", "Run evaluations by themselves: every night, or whenever else."),
    "scheduler": ("scheduling", "Start what falls due, without a Studio."),
    "prune": ("housekeeping", "Delete what is old: runs, texts, artifacts."),
    "doctor": ("housekeeping", "Check machine, store, keys and endpoints; say what to do."),
    "studio": ("studio", "Serve the Studio: everything above in a browser, live."),
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
        module = _imported(f"lattice.cli.commands.{COMMANDS[cmd_name][0]}")
        # What is a word of the language's own has a line behind it there: import_.
        command: click.Command = getattr(module, f"{cmd_name}_" if keyword.iskeyword(cmd_name) else cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            meant = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(COMMANDS)}"
            raise click.UsageError(f"there is no command {name!r}; {meant}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def _imported(name: str) -> ModuleType:
    """A module. What comes with it stays to the end, and the garbage collector is not to look through it: not while it
    comes, which would take a tenth of the time, nor later.
    """
    if name in sys.modules:
        return sys.modules[name]
    gc.disable()
    try:
        return importlib.import_module(name)
    finally:
        gc.freeze()
        gc.enable()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="lattice")
def lattice() -> None:
    """Evaluations of language models you can watch, stop, resume and trust."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; see `lattice.core.exits` for the codes. A defect of ours is not caught."""
    try:
        code = _carried_out(arguments)
        if arguments is None:
            # All is said and stored. The interpreter takes a while to end, in which Ctrl-C would change the exit code.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        # One more than it takes.
        code = ExitCode.CANCELLED
    sys.exit(code)


def _carried_out(arguments: Sequence[str] | None) -> int:
    """The exit code of a command, and on stderr why it is not 0."""
    try:
        outcome = lattice.main(args=arguments, standalone_mode=False)
        sys.stdout.flush()
        return outcome if isinstance(outcome, int) else ExitCode.OK
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return ExitCode.CANCELLED
    except BrokenPipeError:
        silence(sys.stdout)
        return ExitCode.OK
    except LatticeError as error:
        click.echo(_explained(error), err=True)
        return ExitCode.USAGE if isinstance(error, UsageError) else ExitCode.FAILED
    except OSError as error:
        place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, (str, bytes)) else ""
        click.echo(f"Error: {place}{error.strerror or error}", err=True)
        return ExitCode.FAILED


def _explained(error: LatticeError) -> str:
    """One clear message; several problems with a line each."""
    if isinstance(error, InvalidEvaluation) and len(error.problems) > 1:
        lines = (f"  {_printable(str(problem))}" for problem in error.problems)
        return "\n".join([f"Error: {len(error.problems)} problems", *lines])
    return f"Error: {_printable(str(error))}"


def _printable(text: str) -> str:
    """A message that repeats somebody's text, without anything that a terminal would act upon."""
    return "".join(letter if letter.isprintable() or letter in "\n\xa0" else "\ufffd" for letter in text)
