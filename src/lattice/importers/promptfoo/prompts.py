"""Prompts: texts, chat messages in JSON or YAML, and the files that hold them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import yaml

from lattice.importers.folders import SCHEME, Folder, Outside
from lattice.importers.records import Notes, quoted
from lattice.wire.yaml_dialect import YamlLoader

_CODE = frozenset({".js", ".cjs", ".mjs", ".ts", ".cts", ".mts", ".py", ".sh", ".rb", ".go"})
_TEXTS = frozenset({".txt", ".md", ".json", ".yaml", ".yml", ".j2"})
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_BETWEEN = "\n---\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt, as a conversation of templates in Nunjucks."""

    label: str
    place: str
    messages: tuple[tuple[str, str], ...]
    ids: frozenset[str] = frozenset()

    @property
    def texts(self) -> tuple[str, ...]:
        return tuple(text for _, text in self.messages)


def prompts_in(given: Any, folder: Folder, notes: Notes) -> list[Prompt]:
    """Every prompt that can be carried over."""
    found: list[Prompt] = []
    for place, label, value in _listed(given):
        found += _prompts(value, label, place, folder, notes)
    return found


def _listed(given: Any) -> Iterator[tuple[str, str, Any]]:
    """Place, label and value; a mapping gives labels to files."""
    if isinstance(given, dict):
        yield from ((f"prompts.{file}", str(label), str(file)) for file, label in given.items())
    for index, value in enumerate(given if isinstance(given, list) else [given] if isinstance(given, str) else []):
        place = f"prompts[{index}]"
        if isinstance(value, dict):
            yield place, str(value.get("label") or value.get("id") or ""), value.get("raw") or value.get("id") or ""
        else:
            yield place, "", value


def _prompts(value: Any, label: str, place: str, folder: Folder, notes: Notes) -> list[Prompt]:
    if not isinstance(value, str) or not value.strip():
        notes.left(place, "", "expected a text or the name of a file")
        return []
    texts = [value]
    ids = frozenset({value, label})
    if name := _file_name(value):
        suffix = PurePosixPath(name.partition(":")[0]).suffix
        if value.startswith("exec:") or suffix in _CODE:
            notes.left(place, quoted(value), "prompts made by code; write a Python target instead")
            return []
        try:
            content = folder.text(name)
        except Outside as error:
            notes.left(place, quoted(value), str(error))
            return []
        label = label or PurePosixPath(name).stem
        texts = [content.strip()] if suffix in (".json", ".yaml", ".yml") else content.strip().split(_BETWEEN)
    found = []
    for number, text in enumerate(texts, start=1):
        messages = _conversation(text, place, notes)
        own = label or _shown(text)
        found.append(
            Prompt(label=own if len(texts) == 1 else f"{own} {number}", place=place, messages=tuple(messages), ids=ids)
        )
    return found


def _file_name(value: str) -> str | None:
    """The file that a prompt stands for; a text with a space or a template in it is the prompt itself."""
    if value.startswith((SCHEME, "exec:")):
        return value.removeprefix(SCHEME).removeprefix("exec:")
    plain = "\n" not in value and "{{" not in value and len(value) < 300
    return value if plain and PurePosixPath(value).suffix in _TEXTS | _CODE and " " not in value else None


def _shown(text: str) -> str:
    return " ".join(text.split())[:40]


def _conversation(text: str, place: str, notes: Notes) -> list[tuple[str, str]]:
    data = _chat(text)
    if data is None:
        return [("user", text)]
    messages = []
    for index, message in enumerate(data):
        role, content = _ROLES.get(str(message.get("role"))), _content(message.get("content"))
        if role is None or content is None:
            notes.left(
                f"{place}[{index}]",
                f"{message.get('role')} message",
                "only texts of system, user and assistant are sent",
            )
        else:
            messages.append((role, content))
    return messages or [("user", text)]


def _chat(text: str) -> Sequence[dict[str, Any]] | None:
    data: Any = None
    stripped = text.strip()
    try:
        if stripped.startswith("["):
            data = json.loads(stripped)
        elif stripped.startswith("- role:"):
            data = yaml.load(stripped, YamlLoader)
    except (ValueError, yaml.YAMLError, RecursionError):
        return None
    is_chat = isinstance(data, list) and bool(data) and all(isinstance(each, dict) and "role" in each for each in data)
    return data if is_chat else None


def _content(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
        return "\n".join(part["text"] for part in value)
    return None
