"""``${NAME}`` in headers, queries and URLs: filled in from the environment at the last moment, never kept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lattice.core.errors import UsageError

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def names_in(text: str) -> tuple[str, ...]:
    """The variables that `text` names, each once, in order."""
    return tuple(dict.fromkeys(_VARIABLE.findall(text)))


def expand(text: str, environ: Mapping[str, str]) -> str:
    """`text` with the variables' values in it; what they hold is not expanded again.

    Raises
    ------
    UsageError: a variable is not set, or empty; the message names every such variable and no value.
    """
    if missing := [name for name in names_in(text) if not environ.get(name)]:
        raise UsageError(f"not set in the environment: {', '.join(missing)}")
    return _VARIABLE.sub(lambda found: environ[found[1]], text)
