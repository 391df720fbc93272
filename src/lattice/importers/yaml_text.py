"""Evaluation files as text: YAML that people like to read, with comments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from lattice.wire.messages import one_line
from lattice.wire.yaml_dialect import YamlLoader

_WIDTH = 120
Path = tuple[str | int, ...]


class _Dumper(yaml.SafeDumper):
    """Writes every text so that Lattice's dialect reads it as that text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    if "\n" in value:
        style: str | None = "|"
    else:
        style = None if _is_plain_text(value) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _is_plain_text(value: str) -> bool:
    """Whether nothing but a text is meant by it without quotes."""
    rules = YamlLoader.yaml_implicit_resolvers
    candidates = [*rules.get(value[:1], ()), *rules.get(None, ())]
    return not any(form.match(value) for _, form in candidates)


_Dumper.add_representer(str, _text)


def yaml_text(data: Mapping[str, Any], comments: Mapping[Path, str], heading: str) -> str:
    """`data` as YAML.

    Parameters
    ----------
    comments: above top-level keys, and above the entries of lists there.
    heading: a comment at the beginning, line by line.
    """
    parts = [_comment(line, "") for line in heading.splitlines()]
    for key, value in data.items():
        parts.append("\n" if key in ("targets", "inputs", "scoring", "checks", "run") else "")
        if note := comments.get((key,)):
            parts.append(_comment(note, ""))
        parts.append(_listed(key, value, comments) if _is_list(value) else _dumped({key: value}))
    return "".join(parts)


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _listed(key: str, items: Any, comments: Mapping[Path, str]) -> str:
    lines = [f"{key}:\n"]
    for index, item in enumerate(items):
        if note := comments.get((key, index)):
            lines.append(_comment(note, "  "))
        lines += [f"  {line}\n" if line else "\n" for line in _dumped([item]).splitlines()]
    return "".join(lines)


def _comment(text: str, indent: str) -> str:
    return f"{indent}# {one_line(text)}".rstrip() + "\n"


def _dumped(data: Any) -> str:
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False)
