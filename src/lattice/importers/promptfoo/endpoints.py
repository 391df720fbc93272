"""HTTP providers as HTTP targets."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from lattice.importers.promptfoo.hiding import hidden, hidden_in_url, hidden_within, variables
from lattice.importers.promptfoo.providers import Provider
from lattice.importers.records import Notes, quoted
from lattice.importers.templates import UntranslatableTemplate, renamed

_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
_KNOWN = frozenset({"url", "method", "headers", "body", "transformResponse", "responseParser", "queryParams"})
_PATH = re.compile(r"""^json((?:\.[A-Za-z_]\w*|\[\d+\]|\[['"][^'"\]]+['"]\])*)$""", re.ASCII)
_PROMPT = re.compile(r"\{\{\s*prompt\s*(?:\|\s*(?:dump|safe)\s*)*\}\}")
_QUOTED_PROMPT = re.compile(r"(?<!\")\{\{\s*prompt\s*\|\s*dump\s*(?:\|\s*safe\s*)?\}\}(?!\")")
Words = Callable[[str], str | None]


def endpoint_of(
    provider: Provider, label: str, prompt: str | None, words: Words, notes: Notes
) -> dict[str, Any] | None:
    """The ``http`` part of a target.

    Parameters
    ----------
    label: of the prompt, for people.
    prompt: what stands for ``{{prompt}}``, as a template of ours; None where the prompt is a conversation.
    """
    config = provider.http or {}
    place = f"{provider.place}.config"
    url = config["url"] if isinstance(config.get("url"), str) else ""
    if not url.startswith(("http://", "https://")):
        notes.left(provider.place, "", "a path alone, or a request in raw form; only whole addresses can be called")
        return None
    if prompt is None:
        reason = "it would be sent a conversation in place of {{prompt}}; write the messages into the body"
        notes.left(provider.place, f"with prompt {quoted(label)}", reason)
        return None
    writer = _Writer(prompt, words, notes)
    http: dict[str, Any] = {"url": writer.text(hidden_in_url(url, f"{place}.url", notes), f"{place}.url")}
    if config.get("queryParams"):
        notes.left(f"{place}.queryParams", "", "write them into the url")
    method = str(config.get("method", "POST" if config.get("body") is not None else "GET")).upper()
    http["method"] = method if method in _METHODS else "POST"
    headers = config.get("headers")
    if isinstance(headers, dict):
        http["headers"] = {
            str(name): hidden(str(name), str(value), f"{place}.headers.{name}", notes)
            for name, value in headers.items()
        }
    if config.get("body") is not None and http["method"] != "GET":
        http["body"] = writer.tree(hidden_within(_body(config["body"]), "", f"{place}.body", notes), f"{place}.body")
    if output := _output(config, place, notes):
        http["output"] = output
    for key in [each for each in config if each not in _KNOWN]:
        notes.left(f"{place}.{key}", "", "there is nothing of this kind")
    return http


def _body(given: Any) -> Any:
    """A body in JSON as data, so that each text in it can be a template."""
    if not isinstance(given, str):
        return given
    try:
        return json.loads(_QUOTED_PROMPT.sub('"{{prompt}}"', given))
    except ValueError:
        return given


def _output(config: Mapping[str, Any], place: str, notes: Notes) -> str | None:
    key = "transformResponse" if config.get("transformResponse") else "responseParser"
    parser = config.get(key)
    if not parser:
        return None
    found = _PATH.match(parser.strip()) if isinstance(parser, str) else None
    if found is None:
        notes.needed(f"{place}.{key}", "", "code; write where the answer stands under http.output, such as $.answer")
        return None
    return f"${found[1]}"


class _Writer:
    """Fills the prompt into the texts of a request and translates the rest."""

    def __init__(self, prompt: str, words: Words, notes: Notes) -> None:
        self._prompt = prompt
        self._words = words
        self._notes = notes

    def text(self, value: str, place: str) -> str:
        parts = _PROMPT.split(variables(value))
        try:
            return self._prompt.join(renamed(part, self._words)[0] for part in parts)
        except UntranslatableTemplate as error:
            self._notes.needed(place, "", f"its template could not be translated: {error}")
            return self._prompt

    def tree(self, value: Any, place: str) -> Any:
        if isinstance(value, str):
            return self.text(value, place)
        if isinstance(value, dict):
            return {str(key): self.tree(inner, f"{place}.{key}") for key, inner in value.items()}
        if isinstance(value, list):
            return [self.tree(inner, f"{place}[{index}]") for index, inner in enumerate(value)]
        return value
