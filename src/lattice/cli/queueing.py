"""Options of the commands that start runs out of the store's queue: a Studio, and a scheduler."""

from __future__ import annotations

import click

from lattice.cli.options import COUNT, F
from lattice.service.launching import MAX_RUNS


def max_runs_option(command: F) -> F:
    """``--max-runs N``: how many runs of the store's queue are carried out at once."""
    return click.option(
        "--max-runs",
        type=COUNT,
        default=MAX_RUNS,
        show_default=True,
        metavar="N",
        help="How many queued runs of the store are carried out at once; the others wait.",
    )(command)


def hand_over_option(command: F) -> F:
    """``--hand-over``: what becomes of the runs of a process that is told to stop."""
    return click.option(
        "--hand-over",
        is_flag=True,
        help="When stopped, interrupt its runs too and resume them at the next start: for containers and services.",
    )(command)
