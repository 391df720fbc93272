"""Rows from YAML files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lattice.inputs.json_rows import LIST_KEYS
from lattice.inputs.rows import Entry, RowProblem, Rows, wrong_root
from lattice.wire.files import UnreadableFile, read_text
from lattice.wire.yaml_dialect import YamlLoader, is_too_deep


def yaml_document(path: Path) -> Rows:
    """A YAML list, or a mapping that holds it; the whole file is in memory while it is read.

    Raises
    ------
    UnreadableFile: it is no YAML, or holds no list.
    """
    text = read_text(path)
    if is_too_deep(text):
        raise UnreadableFile("nested too deeply")
    loader = YamlLoader(text)
    try:
        root = loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise UnreadableFile(f"not valid YAML: {error.problem}", line=mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise UnreadableFile(f"the character {error.character!r} cannot stand in YAML", line=line) from None
    except RecursionError:
        raise UnreadableFile("nested too deeply") from None
    nodes = [] if root is None else _row_nodes(root)
    return Rows(entries=_entries(loader, nodes), literal=_as_texts, lossy=(int, float))


def _entries(loader: YamlLoader, nodes: list[yaml.Node]) -> Iterator[Entry]:
    for node in nodes:
        try:
            value = loader.construct_object(node, deep=True)
        except (yaml.constructor.ConstructorError, RecursionError) as error:
            problem = getattr(error, "problem", None) or "nested too deeply"
            value = RowProblem(f"not usable YAML: {problem}", 'put a text such as "{a}" in quotes')
        yield node.start_mark.line + 1, value, node


def _as_texts(node: yaml.Node) -> Any:
    """The row with every scalar as the text it was written as."""
    return yaml.constructor.BaseConstructor().construct_object(node, deep=True)


def _row_nodes(root: yaml.Node) -> list[yaml.Node]:
    if isinstance(root, yaml.SequenceNode):
        return list(root.value)
    keys = ", ".join(LIST_KEYS)
    if not isinstance(root, yaml.MappingNode):
        raise UnreadableFile(wrong_root("a single value", keys))
    lists = {
        key.value: value for key, value in root.value if key.value in LIST_KEYS and isinstance(value, yaml.SequenceNode)
    }
    if len(lists) > 1:
        first, second, *_ = lists
        raise UnreadableFile(f"lists under both {first!r} and {second!r}", hint="keep one of them")
    if not lists:
        names = ", ".join(str(key.value) for key, _ in root.value)
        raise UnreadableFile(wrong_root(f"a mapping with {names or 'nothing'}", keys))
    (rows,) = lists.values()
    return list(rows.value)
