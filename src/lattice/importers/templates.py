"""Templates of other tools as ours: ``{{ item.question }}`` becomes ``{{ input }}`` or ``{{ metadata.question }}``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, TemplateSyntaxError

from lattice.importers.naming import word_set

FieldPath = tuple[str, ...]
Words = Callable[[FieldPath], str | None]
"""What stands for a path of another tool's template; None where nothing does."""

_PLACE = re.compile(r"\{\{\s*(?P<path>[^\W\d]\w*(?:\.[^\s.{}|()\[\]]+)*)\s*\}\}")
_MARKS = re.compile(r"\{[{%#]")
_NAME = re.compile(r"^[^\W\d]\w*$", re.ASCII)
_METHODS = frozenset(dir(dict))
_WORDS = word_set(
    "for in if else elif endif endfor set endset and or not is true false none loop True False None raw endraw"
)


def paths_in(text: str) -> list[FieldPath]:
    """The paths that ``{{ … }}`` places of a text name, in order."""
    return [tuple(found["path"].split(".")) for found in _PLACE.finditer(text)]


def only_path(text: str) -> FieldPath | None:
    """The path of a text that is one ``{{ … }}`` place and nothing else."""
    found = _PLACE.fullmatch(text.strip())
    return tuple(found["path"].split(".")) if found else None


def filled(text: str, words: Words) -> str:
    """`text` with what `words` gives in each place, for people and judges; unknown places stay as they are."""
    return _PLACE.sub(lambda found: _or(words(tuple(found["path"].split("."))), found[0]), text)


def translated(text: str, words: Words) -> str:
    """A template with nothing but plain places as one of ours; all else in it stands for itself.

    Parameters
    ----------
    words: gives expressions; a place for which it gives none stands for itself, too.
    """
    parts: list[str] = []
    end = 0
    for found in _PLACE.finditer(text):
        expression = words(tuple(found["path"].split(".")))
        if expression is not None:
            parts += [literal(text[end : found.start()]), f"{{{{ {expression} }}}}"]
            end = found.end()
    return "".join([*parts, literal(text[end:])])


def literal(text: str) -> str:
    """A text as a template that gives that text."""
    return _MARKS.sub(lambda found: '{{ "' + found[0] + '" }}', text)


def metadata_expression(path: FieldPath) -> str:
    """How a template names a field of the metadata, whatever its name is."""
    text = "metadata"
    for name in path:
        plain = _NAME.match(name) and name not in _METHODS and name not in _WORDS
        text += f".{name}" if plain else f"[{json.dumps(name, ensure_ascii=False)}]"
    return text


def value_at(row: Mapping[str, Any], path: FieldPath) -> Any:
    """What stands at a path of a row; None where nothing does."""
    value: Any = row
    for name in path:
        if isinstance(value, list) and name.isdigit() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, Mapping):
            value = value.get(name)
        else:
            return None
    return value


class UntranslatableTemplate(Exception):
    """A template that another engine reads and ours does not; the text says why."""


def renamed(text: str, words: Callable[[str], str | None]) -> tuple[str, tuple[str, ...]]:
    """A Nunjucks template as one of ours, and the names in it that `words` does not know.

    The two languages share their syntax but for corners, so only names change: those of variables, and not those of
    attributes, filters, tests and loops.

    Raises
    ------
    UntranslatableTemplate: it is no valid template.
    """
    try:
        tokens = list(_ENVIRONMENT.lex(text))
        _ENVIRONMENT.parse(text)
    except (TemplateSyntaxError, RecursionError) as error:
        raise UntranslatableTemplate(str(error) or "nested too deeply") from None
    own = set(_local_names(tokens))
    parts: list[str] = []
    unknown: dict[str, None] = {}
    for index, (_, kind, value) in enumerate(tokens):
        if kind == "name" and value not in _WORDS and value not in own and _is_variable(tokens, index):
            expression = words(value)
            if expression is None:
                unknown[value] = None
            parts.append(_or(expression, value))
        else:
            parts.append(value)
    return "".join(parts), tuple(unknown)


_Token = tuple[int, str, str]
_ENVIRONMENT = Environment(autoescape=False, keep_trailing_newline=True)


def _significant(tokens: list[_Token], index: int, step: int) -> tuple[str, str]:
    index += step
    while 0 <= index < len(tokens) and tokens[index][1] == "whitespace":
        index += step
    return tokens[index][1:] if 0 <= index < len(tokens) else ("", "")


def _is_variable(tokens: list[_Token], index: int) -> bool:
    """Whether a name stands for a value: it is no attribute, filter, test, tag or name of an argument."""
    kind, value = _significant(tokens, index, -1)
    if (kind == "operator" and value in (".", "|")) or (kind == "name" and value == "is") or kind == "block_begin":
        return False
    return _significant(tokens, index, 1) != ("operator", "=")


def _local_names(tokens: list[_Token]) -> Iterator[str]:
    """Names that the template itself gives meaning to: after ``set``, and between ``for`` and ``in``."""
    giving = False
    for _, kind, value in tokens:
        if kind == "name" and value in ("for", "set"):
            giving = True
        elif kind in ("block_end", "variable_end") or (kind == "name" and value == "in") or value == "=":
            giving = False
        elif giving and kind == "name":
            yield value


def _or(expression: str | None, otherwise: str) -> str:
    return otherwise if expression is None else expression
