"""Prompts and request bodies as sandboxed Jinja2 templates.

A template comes from an evaluation file, which somebody else may have written; the values come from inputs
and from what models answered. So a template can neither reach into Python nor into files, and values are
never parsed as templates.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import orjson
from jinja2 import StrictUndefined, TemplateSyntaxError, meta, nodes
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lattice.core.errors import LatticeError

_GLOBALS = ("range", "namespace")
_LONGEST_REPEAT = 1_000_000
_LARGEST_EXPONENT = 1_000
_OTHER_FILES = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)


class TemplateError(LatticeError):
    """A template cannot be compiled, or cannot be rendered with the values at hand.

    Parameters
    ----------
    message: what is wrong and what was expected, without the line.
    line: 1-based line within the template, where it is known.
    """

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message if line is None else f"line {line}: {message}")
        self.message = message
        self.line = line


class Template:
    """One compiled template.

    None is rendered as nothing, a list of texts as paragraphs, other lists and mappings as JSON; one newline
    at the template's end is dropped, as Jinja2 does.

    Parameters
    ----------
    text: the template's source.
    variables: the names it may use.

    Raises
    ------
    TemplateError: a syntax error, another file being included, or a name that is not in `variables`.
    """

    __slots__ = ("_template", "names")

    names: frozenset[str]
    """The variables it uses."""

    def __init__(self, text: str, *, variables: frozenset[str]) -> None:
        sandbox = _Sandbox(undefined=StrictUndefined, autoescape=False, finalize=_readable, cache_size=0)
        sandbox.globals = {name: sandbox.globals[name] for name in _GLOBALS}
        try:
            tree = sandbox.parse(text)
            if stray := next(tree.find_all(_OTHER_FILES), None):
                raise TemplateError("a template cannot include or import another file", stray.lineno)
            self.names = frozenset(meta.find_undeclared_variables(tree)) - frozenset(_GLOBALS)
            _check_names(tree, self.names, variables)
            self._template = sandbox.from_string(tree)
            # A plain mapping: Jinja2 copies it for every rendering, and its chain of two takes longer than the rest.
            self._template.globals = dict(self._template.globals)
        except TemplateSyntaxError as error:
            raise TemplateError(error.message or "not a valid template", error.lineno) from None
        except RecursionError:
            raise TemplateError("the template is nested too deeply") from None

    def render(self, values: Mapping[str, Any]) -> str:
        """The text with `values` filled in.

        Raises
        ------
        TemplateError: a value lacks what the template asks of it (``metadata.product`` where there is none),
        or an expression in it fails.
        """
        try:
            return self._template.render(values)
        except UndefinedError as error:
            raise TemplateError(_undefined(error)) from None
        except SecurityError as error:
            raise TemplateError(f"not allowed in a template: {error}") from None
        except Exception as error:  # noqa: BLE001 - any expression may fail in its own way; all of it is said
            raise TemplateError(f"{type(error).__name__}: {error}") from None


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox, which also refuses to build gigantic values out of small ones."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and isinstance(right, int) and abs(right) > _LARGEST_EXPONENT:
            raise SecurityError(f"a power above {_LARGEST_EXPONENT}")
        if operator == "*" and _repeats(left, right) > _LONGEST_REPEAT:
            raise SecurityError(f"repeating something to more than {_LONGEST_REPEAT} elements")
        return super().call_binop(context, operator, left, right)


def _repeats(left: Any, right: Any) -> int:
    """Elements of ``sequence * count``, 0 for a product of numbers."""
    sequence, count = (left, right) if hasattr(left, "__len__") else (right, left)
    return len(sequence) * count if hasattr(sequence, "__len__") and isinstance(count, int) else 0


def _readable(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return "\n\n".join(value)
    if isinstance(value, (list, tuple, dict)):
        return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
    return value


def _check_names(tree: nodes.Template, names: frozenset[str], variables: frozenset[str]) -> None:
    unknown = names - variables
    for node in tree.find_all(nodes.Name):
        if node.name in unknown:
            known = ", ".join(sorted(variables)) or "no variables here"
            near = difflib.get_close_matches(node.name, sorted(variables), n=1)
            meant = f" (did you mean {near[0]!r}?)" if near else ""
            raise TemplateError(f"unknown variable {node.name!r}{meant}; there are: {known}", node.lineno)


def _undefined(error: UndefinedError) -> str:
    """Jinja2 says ``'dict object' has no attribute 'x'``; people think of fields."""
    text = str(error)
    missing = text.rpartition("no attribute ")[2]
    return f"there is no field {missing} to fill in" if missing != text else text
