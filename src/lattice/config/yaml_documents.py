"""YAML texts with the line of each key."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from lattice.config.documents import HALF_A_PAIR, Document, Flaw, SyntaxProblem, has_half_a_pair
from lattice.config.places import KeyPath
from lattice.wire.yaml_dialect import YamlLoader, is_too_deep

_PLAIN_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in ("str", "int", "float", "bool", "null"))
_MERGE_TAG = "tag:yaml.org,2002:merge"
# An alias may stand for a whole tree, and trees of aliases grow exponentially; honest files stay far below.
_NODES_BEYOND_TEXT = 100_000

_EXPLANATIONS = (
    (
        "mapping values are not allowed",
        "did not expect a second ': ' here",
        "put a text that contains ': ' in quotes, or check the indentation",
    ),
    (
        "character that cannot start any token",
        "no value can begin with this character",
        "indent with spaces, not tabs; put a text that begins with @, %, ` or a tab in quotes",
    ),
    (
        "comment or line break",
        "expected the end of the line after > or |",
        "put a text that begins with > or | in quotes, such as '>= 4'",
    ),
    ("expected key", "expected a key here", "check the indentation and the quotes above"),
    (
        "expected '-' indicator",
        "expected a list entry that begins with '-'",
        "check the indentation of this line",
    ),
    ("unexpected end of stream", "a quotation mark or bracket is never closed", None),
    ("undefined alias", "an alias (*name) refers to no anchor (&name) above it", None),
    ("tab character", "a tab cannot indent", "indent with spaces, not tabs"),
    ("Unicode character escape", "this escape stands for no character", "write the character itself"),
    (
        "unknown escape character",
        "an unknown escape in double quotes",
        "use single quotes, or write \\\\ for \\",
    ),
    ("found another document", "expected one document, found a second one after '---'", None),
)


def parse_yaml(text: str) -> Document:
    """Read one YAML document.

    Raises
    ------
    SyntaxProblem: it is no YAML; what was expected, and where.
    """
    if has_half_a_pair(text):
        raise SyntaxProblem(HALF_A_PAIR)
    if is_too_deep(text):
        raise SyntaxProblem("nested too deeply")
    try:
        loader = YamlLoader(text)
        try:
            node = loader.get_single_node()
            reader = _Reader(loader, most_nodes=len(text) + _NODES_BEYOND_TEXT)
            data = None if node is None else reader.value(node, ())
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        raise _explained(error) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise SyntaxProblem(f"the character {error.character!r} cannot stand in YAML", line) from None
    except RecursionError:
        raise SyntaxProblem("nested too deeply") from None
    return Document(data=data, lines=reader.lines, text_lines=reader.text_lines, flaws=tuple(reader.flaws))


def _explained(error: yaml.MarkedYAMLError) -> SyntaxProblem:
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    problem = error.problem or "not valid YAML"
    begun = error.context_mark.line + 1 if error.context_mark else None
    since = f" (in what begins on line {begun})" if begun is not None and begun != line else ""
    for phrase, message, hint in _EXPLANATIONS:
        if phrase in problem:
            return SyntaxProblem(f"not valid YAML: {message}{since}", line, hint)
    return SyntaxProblem(f"not valid YAML: {problem.replace('did not find expected', 'expected')}{since}", line)


class _Reader:
    """Turns nodes into data and notes where everything stands."""

    def __init__(self, loader: YamlLoader, *, most_nodes: int) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.text_lines: dict[KeyPath, int] = {}
        self.flaws: list[Flaw] = []
        self._loader = loader
        self._nodes_left = most_nodes
        self._open: set[int] = set()

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._count()
        self.lines.setdefault(path, _line(node))
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if id(node) in self._open:
            raise SyntaxProblem("an alias (*name) stands for something it is part of", _line(node))
        self._open.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            data: Any = [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        else:
            data = self._mapping(node, path)
        self._open.discard(id(node))
        return data

    def _count(self) -> None:
        self._nodes_left -= 1
        if self._nodes_left < 0:
            raise SyntaxProblem("the aliases (*name) stand for too much")

    def _mapping(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key, key_node, value_node in self._entries(node, path):
            inner = (*path, key)
            self.lines[inner] = _line(key_node)
            data[key] = self.value(value_node, inner)
        return data

    def _entries(self, node: yaml.Node, path: KeyPath) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        """Entries merged in with ``<<`` first, so that the mapping's own ones win."""
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                yield from self._merged(value_node, path)
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE_TAG:
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._flaw(path, key_node, "a key must be a text", 'put a text such as "{{ input }}" in quotes')
                continue
            key = key_node.value
            if key in seen:
                self._flaw((*path, key), key_node, "this key stands here twice", "remove one of them")
                continue
            seen.add(key)
            yield key, key_node, value_node

    def _merged(self, node: yaml.Node, path: KeyPath) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in reversed(sources):
            self._count()
            if not isinstance(source, yaml.MappingNode) or id(source) in self._open:
                self._flaw((*path, "<<"), node, "expected a mapping, or a list of mappings, to merge in")
                continue
            self._open.add(id(source))
            yield from self._entries(source, path)
            self._open.discard(id(source))

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath) -> Any:
        if node.tag not in _PLAIN_TAGS:
            self._flaw(path, node, f"the tag {node.tag!r} has no meaning here")
            return node.value
        value = self._loader.construct_object(node)
        if not isinstance(value, str):
            return value
        self.text_lines[path] = _line(node) + (1 if node.style in ("|", ">") else 0)
        return value

    def _flaw(self, path: KeyPath, node: yaml.Node, message: str, hint: str | None = None) -> None:
        self.flaws.append(Flaw(path=path, line=_line(node), message=message, hint=hint))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1
