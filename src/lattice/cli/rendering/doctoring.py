"""What ``lattice doctor`` finds: a line each, with what to do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lattice.cli.rendering.terminal import Colour, Terminal
from lattice.reporting.formats import terminal_text
from lattice.service.doctor import Finding, Standing

_SIGNS = {
    Standing.OK: ("✔", "ok", Colour.GREEN),
    Standing.WARNING: ("!", "!", Colour.YELLOW),
    Standing.BROKEN: ("✘", "x", Colour.RED),
}


def finding_lines(finding: Finding, terminal: Terminal) -> list[str]:
    """How it stands, what was found, and under it what to do."""
    sign, ascii, colour = _SIGNS[finding.standing]
    drawn = terminal.paint(terminal.sign(sign, ascii), colour)
    lines = [f"{drawn} {finding.check}: {terminal_text(finding.message)}"]
    return [*lines, f"    {terminal_text(finding.advice)}"] if finding.advice else lines


def verdict_line(findings: Sequence[Finding]) -> str:
    """All of it in a sentence."""
    broken = sum(each.standing is Standing.BROKEN for each in findings)
    doubtful = sum(each.standing is Standing.WARNING for each in findings)
    if not broken and not doubtful:
        return "All is well."
    parts = [f"{broken} broken"] if broken else []
    return ", ".join([*parts, *([f"{doubtful} to look at"] if doubtful else [])]) + "."


def findings_document(findings: Sequence[Finding]) -> dict[str, Any]:
    """The same for programs."""
    return {
        "ok": all(each.standing is not Standing.BROKEN for each in findings),
        "checks": [
            {
                "check": each.check,
                "status": each.standing.value,
                "message": each.message,
                "advice": each.advice,
                "detail": dict(each.detail),
            }
            for each in findings
        ],
    }
