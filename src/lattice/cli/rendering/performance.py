"""How quick, how reliable and how dear a target was: what an operational evaluation is about."""

from __future__ import annotations

from lattice.cli.rendering.grids import boxed
from lattice.cli.rendering.terminal import Terminal
from lattice.reporting import formats
from lattice.reporting.figures import Latency, TargetSummary
from lattice.reporting.formats import NOTHING, count, rate, wrapped
from lattice.reporting.words.metrics import throughput_text


def performance_lines(target: TargetSummary, throughput: float | None, terminal: Terminal) -> list[str]:
    """Latency and time to respond, throughput, error rate, tokens and cost.

    Parameters
    ----------
    throughput: of the run, in inputs a second; None where several targets share it.
    """
    rows = [
        ("Metric", "p50", "p95", "p99"),
        ("Latency", *_cells(target.latency)),
        ("Time to Respond", *_cells(target.time_to_respond)),
    ]
    done = target.done
    usage = target.usage
    lines = [
        *([f"Throughput: {throughput_text(throughput)}"] if throughput else []),
        f"Error Rate: {target.failed} / {done} ({rate(target.failed, done)}){_kinds(target)}",
        f"Tokens per Input: {_mean(usage.input_tokens, done)} in, {_mean(usage.output_tokens, done)} out",
        f"Cost per Input: {formats.money(target.cost_usd / done if done and target.cost_usd is not None else None)}",
    ]
    return [*boxed(rows, width=terminal.width), *(part for line in lines for part in wrapped(line, terminal.width))]


def _cells(seconds: Latency | None) -> tuple[str, str, str]:
    if seconds is None:
        return NOTHING, NOTHING, NOTHING
    return formats.latency(seconds.p50), formats.latency(seconds.p95), formats.latency(seconds.p99)


def _kinds(target: TargetSummary) -> str:
    """``: 2 timeout, 1 server error``."""
    named = ", ".join(f"{number} {kind.replace('_', ' ')}" for kind, number in target.kinds.items())
    return f": {named}" if named else ""


def _mean(tokens: int, inputs: int) -> str:
    return count(round(tokens / inputs)) if inputs else NOTHING
