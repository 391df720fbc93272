"""Texts and request bodies with templates in them: compiled once, filled in per input.

``${NAME}`` becomes a value for the template, not a part of it: neither is a secret parsed as a template, nor
can an input that contains ``${NAME}`` have it filled in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from lattice.core.inputs import Input
from lattice.targets.rendering import TARGET_VARIABLES, is_plain_input, template_values
from lattice.wire.templates import Template
from lattice.wire.variables import expand, names_in

_ENVIRONMENT = "environment"
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")

Fill = Callable[[Input, Mapping[str, Any]], Any]
"""Gives a part of a body for an input and the values of its templates."""


def values_of(input: Input, environ: Mapping[str, str]) -> dict[str, Any]:
    """The values that compiled texts and trees are filled with."""
    return {**template_values(input), _ENVIRONMENT: environ}


def compiled_text(text: str, environ: Mapping[str, str]) -> Template:
    """A text with templates and ``${NAME}`` in it.

    Raises
    ------
    TemplateError: it is no valid template.
    UsageError: a variable is not set.
    """
    expand(text, environ)
    if not names_in(text):
        return Template(text, variables=TARGET_VARIABLES)
    source = _REFERENCE.sub(rf"{{{{ {_ENVIRONMENT}.\1 }}}}", text)
    return Template(source, variables=TARGET_VARIABLES | {_ENVIRONMENT})


def compiled_tree(tree: Any, environ: Mapping[str, str]) -> Fill:
    """A JSON tree whose texts are templates.

    A text that is ``{{ input }}`` alone becomes the messages of a conversation, as objects with role and
    content; everything else that a template gives is text.

    Raises
    ------
    TemplateError: a text in it is no valid template.
    UsageError: a variable is not set.
    """
    if isinstance(tree, str):
        if is_plain_input(tree):
            return lambda input, _: plain_input(input)
        template = compiled_text(tree, environ)
        return lambda _, values: template.render(values)
    if isinstance(tree, Mapping):
        fields = {str(key): compiled_tree(value, environ) for key, value in tree.items()}
        return lambda input, values: {key: fill(input, values) for key, fill in fields.items()}
    if isinstance(tree, (list, tuple)):
        items = [compiled_tree(item, environ) for item in tree]
        return lambda input, values: [fill(input, values) for fill in items]
    return lambda _, __: tree


def plain_input(input: Input) -> str | list[dict[str, str]]:
    """An input as others receive it: its text, or its messages as mappings with ``role`` and ``content``."""
    if isinstance(input.input, str):
        return input.input
    return [{"role": message.role, "content": message.content} for message in input.input]
