"""Pages looked over by axe-core, the checker of accessibility rules that browsers' own tools use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

SCRIPT = Path(__file__).parent / "vendor" / "axe.min.js"
GRAVE = frozenset({"serious", "critical"})
SHOWN = 3


@cache
def axe_source() -> str:
    """The checker itself.

    Raises
    ------
    pytest.fail.Exception: it was not fetched.
    """
    if not SCRIPT.exists():
        pytest.fail(f"axe-core is not in {SCRIPT.parent}; first: make assets")
    return SCRIPT.read_text(encoding="utf-8")


def check_accessibility(page: Page, within: str | None = None) -> None:
    """Fail on findings that shut people out: those that axe-core calls serious or critical.

    Parameters
    ----------
    within: a CSS selector; only what it finds is looked over. None is the whole page.
    """
    if not page.evaluate("'axe' in window"):
        # Evaluated by the debugger rather than added as a script, so that the page's policy has no say.
        page.evaluate(axe_source())
    found = page.evaluate("(within) => axe.run(within ?? document, {resultTypes: ['violations']})", within)
    grave = [violation for violation in found["violations"] if violation["impact"] in GRAVE]
    assert not grave, f"axe-core on {page.url}:\n" + "\n".join(_describe(violation) for violation in grave)


def _describe(violation: Mapping[str, Any]) -> str:
    nodes = violation["nodes"]
    lines = [f"{violation['impact']} {violation['id']}: {violation['help']} ({len(nodes)} places)"]
    for node in nodes[:SHOWN]:
        summary = " ".join(node["failureSummary"].split())
        lines.append(f"  {' '.join(str(part) for part in node['target'])}: {summary}")
    return "\n".join(lines)
