"""``lattice compare`` and ``lattice gate``: numbers to decide on."""

from __future__ import annotations

from shlex import quote

import click

from lattice.cli.options import environment, here, json_option, output_terminal, store_option
from lattice.cli.rendering.comparison import comparison_lines
from lattice.cli.rendering.summary import gates_lines
from lattice.cli.streams import print_json, print_lines, say, say_next
from lattice.core.exits import ExitCode
from lattice.gates import Verdict
from lattice.reporting.comparison import Report
from lattice.service.comparing import compare_runs
from lattice.service.gating import Decision, decide_on, decide_regressions
from lattice.service.workspace import open_workspace

_EXITS = {Verdict.PASS: ExitCode.OK, Verdict.FAIL: ExitCode.GATE_FAILED}


@click.command()
@click.argument("references", metavar="RUN [RUN...]", nargs=-1, required=True)
@click.option("--metric", "metrics", multiple=True, metavar="NAME", help="Only this metric (repeatable).")
@click.option("--fail-on-regression", is_flag=True, help="Exit with 3 if a candidate is worse, beyond noise.")
@json_option
@store_option
def compare(
    references: tuple[str, ...], metrics: tuple[str, ...], fail_on_regression: bool, as_json: bool, db: str | None
) -> int:
    """Compare runs with the first RUN, pair by pair; RUN alone: its targets; RUN/TARGET: one of them.

    The first may be 'baseline', the one that is set, or a .lattice file. RUN alone with one target is compared with the
    baseline of its evaluation.

    With --fail-on-regression it exits with 3 if a candidate is worse than the first, and with 4 if that cannot be
    decided, as for a comparison that is not fair.
    """
    with open_workspace(db, environment(), here()) as store:
        report = compare_runs(store, references, metrics, folder=here())
    if as_json:
        print_json(report.as_json())
    else:
        print_lines(comparison_lines(report, output_terminal()))
    code = _regressions(report) if fail_on_regression else ExitCode.OK
    if not as_json:
        say_next(_next(report), db=db)
    return code


@click.command()
@click.argument("reference", metavar="RUN")
@click.option("--require", "requires", multiple=True, metavar="CONDITION", help="'mean > 0.80' (repeatable).")
@click.option("--against", metavar="BASELINE", help="RUN, 'baseline' or a .lattice file that a difference is to.")
@json_option
@store_option
def gate(reference: str, requires: tuple[str, ...], against: str | None, as_json: bool, db: str | None) -> int:
    """Decide conditions on RUN: exit code 0 for pass, 3 for fail, 4 for inconclusive or not evaluated.

    A condition is [TARGET/][NAME.]METRIC OP NUMBER, such as 'mean > 0.80' or 'ci_lower >= 3.5 on native scale'; with
    --against or a baseline that is set also 'difference.ci_lower > -0.02'. Without --require the run's own gates count.
    """
    with open_workspace(db, environment(), here()) as store:
        decision = decide_on(store, reference, requires, against, folder=here())
    if as_json:
        print_json(decision.as_json())
    else:
        print_lines(_decision_lines(decision))
        say_next([f"lattice show {_typed(reference.partition('/')[0])}"], db=db)
    return _EXITS.get(decision.verdict, ExitCode.INCONCLUSIVE)


def _decision_lines(decision: Decision) -> list[str]:
    gates = gates_lines([gate.as_json() for gate in decision.gates], output_terminal())
    return [*gates[1:], "", f"Verdict: {_word(decision)}"]


def _regressions(report: Report) -> ExitCode:
    decision = decide_regressions(report)
    say("")
    for outcome in decision.gates:
        if outcome.verdict is not Verdict.PASS:
            say(f"{outcome.condition}: {outcome.verdict.value.replace('_', ' ')}: {outcome.reason}")
    say(f"Regression: {'none' if decision.verdict is Verdict.PASS else _word(decision)}")
    return _EXITS.get(decision.verdict, ExitCode.INCONCLUSIVE)


def _word(decision: Decision) -> str:
    return decision.verdict.value.replace("_", " ")


def _next(report: Report) -> list[str]:
    """A gate on the comparison, where it is one that a gate can be put on."""
    last = report.comparisons[-1]
    candidate = report.side(last.candidate)
    show = f"lattice show {candidate.name.partition('/')[0]}"
    if last.unfair or not candidate.is_completed or not report.side(last.baseline).is_completed:
        return [show]
    condition = "--require 'difference.ci_lower > -0.02'"
    return [f"lattice gate {_typed(last.candidate)} --against {_typed(last.baseline)} {condition}", show]


def _typed(name: str) -> str:
    """A run's name as one types it; ``#`` within a word needs no quotes."""
    return name if quote(name.replace("#", "")) == name.replace("#", "") else quote(name)
