"""Prompts as templates: whether they compile, and use only what a target may know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lattice.config.places import Findings, KeyPath
from lattice.wire.templates import Template, TemplateError

PROMPT_VARIABLES = frozenset({"input", "context", "metadata"})
# Known here only to be refused with a better reason than that it is unknown.
_ANSWER = "reference"


def check_prompts(data: Mapping[str, Any], findings: Findings) -> None:
    """Note what is wrong with the templates of all targets."""
    targets = data.get("targets")
    for index, target in enumerate(targets if isinstance(targets, (list, tuple)) else ()):
        for key in ("system", "prompt"):
            if isinstance(target, Mapping) and isinstance(target.get(key), str):
                _check(("targets", index, key), target[key], findings)


def _check(path: KeyPath, text: str, findings: Findings) -> None:
    place = findings.source.text_place
    try:
        template = Template(text, variables=PROMPT_VARIABLES | {_ANSWER})
    except TemplateError as error:
        message = error.message.replace(f", {_ANSWER}", "").replace(f"{_ANSWER}, ", "")
        findings.add(path, f"not a valid template: {message}", at=place(path, error.line))
        return
    if _ANSWER in template.names:
        findings.add(
            path,
            "a target's prompt may not contain the reference: that is the answer it is measured by",
            f"there are: {', '.join(sorted(PROMPT_VARIABLES))}",
            at=place(path, _line_of(_ANSWER, text)),
        )


def _line_of(name: str, text: str) -> int:
    """The first line that uses `name` within braces, or else the first."""
    for number, line in enumerate(text.split("\n"), start=1):
        if re.search(rf"\{{[{{%].*\b{name}\b", line):
            return number
    return 1
