"""The YAML that Lattice reads: version 1.2's core schema, which is what editors check against.

PyYAML follows version 1.1, where ``no`` is false, ``12:30`` is 750, ``010`` is eight, ``1e3`` is a text and
``2024-01-01`` is a date. In evaluation files and inputs those are answers, identifiers and numbers, so here a
plain scalar is a number, ``true``, ``false``, ``null``, or the text as it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from typing import Any, ClassVar

import yaml

_BOOLEAN = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
_WHOLE = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_NUMBER = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_MERGE = re.compile(r"^<<$")
_LONGEST_WHOLE = 1000
_MERGE_TAG = "tag:yaml.org,2002:merge"


DEEPEST = 500


def is_too_deep(text: str) -> bool:
    """Whether a text is nested so deeply that composing it could end the process: libyaml has no limit of its own.

    Every level takes a bracket, or a column more than the one around it, so that most texts need no second look.
    What is no YAML is not too deep; reading it says what is wrong.
    """
    levels = text.count("[") + text.count("{") + max(map(len, text.splitlines()), default=0)
    if levels <= DEEPEST:
        return False
    depth = 0
    try:
        for event in yaml.parse(text, yaml.CSafeLoader):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > DEEPEST:
                return True
    except yaml.YAMLError:
        return False
    return False


class YamlLoader(yaml.CSafeLoader):
    """Composes and constructs with libyaml; for ``yaml.load(text, YamlLoader)``."""

    # One of its own: the inherited table holds the rules of version 1.1.
    yaml_implicit_resolvers: dict[str | None, list[Any]] = {}  # noqa: RUF012 - filled below
    yaml_constructors: ClassVar[dict[Any, Any]] = {}

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping whose keys are texts as they were written, as in JSON."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a text", key.start_mark)
            if key.value in seen and key.tag != _MERGE_TAG:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} stands here twice", key.start_mark
                )
            seen.add(key.value)
        self.flatten_mapping(node)
        return {key.value: self.construct_object(value, deep=deep) for key, value in node.value}

    def construct_yaml_int(self, node: yaml.ScalarNode) -> int:
        """A whole number; leading zeros do not make it octal."""
        text = self.construct_scalar(node)
        try:
            if len(text) > _LONGEST_WHOLE:
                raise ValueError("too long")
            return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))
        except ValueError:
            raise yaml.constructor.ConstructorError(None, None, "expected a whole number", node.start_mark) from None

    def construct_yaml_float(self, node: yaml.ScalarNode) -> float:
        """A number; ``.inf`` and ``.nan`` lose their dot for Python."""
        text = self.construct_scalar(node)
        try:
            return float(text.lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            raise yaml.constructor.ConstructorError(None, None, "expected a number", node.start_mark) from None


for _tag, _form, _first in (
    ("bool", _BOOLEAN, "tTfF"),
    ("null", _NULL, ["~", "n", "N", ""]),
    ("int", _WHOLE, "-+0123456789"),
    ("float", _NUMBER, "-+.0123456789"),
    ("merge", _MERGE, "<"),
):
    YamlLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", _form, list(_first))
_CONSTRUCTORS: tuple[tuple[str | None, Callable[[Any, Any], Any]], ...] = (
    ("tag:yaml.org,2002:int", YamlLoader.construct_yaml_int),
    ("tag:yaml.org,2002:float", YamlLoader.construct_yaml_float),
    ("tag:yaml.org,2002:bool", YamlLoader.construct_yaml_bool),
    ("tag:yaml.org,2002:null", YamlLoader.construct_yaml_null),
    ("tag:yaml.org,2002:str", YamlLoader.construct_yaml_str),
    ("tag:yaml.org,2002:seq", YamlLoader.construct_yaml_seq),
    ("tag:yaml.org,2002:map", YamlLoader.construct_yaml_map),
    (None, YamlLoader.construct_undefined),
)
for _any_tag, _construct in _CONSTRUCTORS:
    YamlLoader.add_constructor(_any_tag, _construct)
