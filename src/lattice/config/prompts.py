"""What a target is sent, as templates: whether they compile, and use only what a target may know."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
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
        if isinstance(target, Mapping):
            for path, text in _templates(target):
                _check(("targets", index, *path), text, findings)


def texts_within(path: KeyPath, tree: Any) -> Iterator[tuple[KeyPath, str]]:
    """Every text in a tree of JSON-like data, with its path."""
    if isinstance(tree, str):
        yield path, tree
    elif isinstance(tree, Mapping):
        for key, inner in tree.items():
            yield from texts_within((*path, key), inner)
    elif isinstance(tree, (list, tuple)):
        for index, inner in enumerate(tree):
            yield from texts_within((*path, index), inner)


def _templates(target: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    for key in ("system", "prompt"):
        if isinstance(target.get(key), str):
            yield (key,), target[key]
    messages = target.get("messages")
    for index, message in enumerate(messages if isinstance(messages, (list, tuple)) else ()):
        if isinstance(message, Mapping) and isinstance(message.get("content"), str):
            yield ("messages", index, "content"), message["content"]
    http = target.get("http")
    if isinstance(http, Mapping):
        if isinstance(http.get("url"), str):
            yield ("http", "url"), http["url"]
        yield from texts_within(("http", "body"), http.get("body"))


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
            "a target may not be shown the reference: that is the answer it is measured by",
            f"there are: {', '.join(sorted(PROMPT_VARIABLES))}",
            at=place(path, _line_of(_ANSWER, text)),
        )


def _line_of(name: str, text: str) -> int:
    """The first line that uses `name` within braces, or else the first."""
    for number, line in enumerate(text.split("\n"), start=1):
        if re.search(rf"\{{[{{%].*\b{name}\b", line):
            return number
    return 1
