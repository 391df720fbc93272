"""The variables that a configuration refers to: from the environment, and from a ``.env`` beside the file."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from lattice.config.places import Findings, KeyPath, SourceMap
from lattice.config.prompts import texts_within
from lattice.core.errors import InvalidEvaluation, Problem
from lattice.wire.files import UnreadableFile, read_text
from lattice.wire.variables import expand, names_in

__all__ = ["check_variables", "expand", "load_environment", "names_in"]

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


def load_environment(base: Path, environ: Mapping[str, str]) -> Mapping[str, str]:
    """`environ` over what a ``.env`` in `base` defines; neither is changed.

    ``${NAME}`` within the file stands for a variable of `environ`, or one that stands above it in the file.

    Raises
    ------
    InvalidEvaluation: there is such a file, and it cannot be read.
    """
    path = base / ".env"
    if not path.is_file():
        return dict(environ)
    try:
        text = read_text(path)
    except UnreadableFile as error:
        raise InvalidEvaluation(
            [Problem(file=str(path), line=error.line, message=error.message, hint=error.hint)]
        ) from None
    found: dict[str, str] = {}
    # Expanded here and not by the library, which would look into the process's own environment.
    for name, value in dotenv_values(stream=io.StringIO(text), interpolate=False).items():
        if value is not None:
            found[name] = _filled(value, {**found, **environ})
    return {**found, **environ}


def _filled(text: str, known: Mapping[str, str]) -> str:
    """`text` with the variables that are known; others stay as they are written."""
    return _VARIABLE.sub(lambda found: known.get(found[1], found[0]), text)


def check_variables(
    data: Mapping[str, Any], environ: Mapping[str, str], source: SourceMap | None = None
) -> tuple[Problem, ...]:
    """A problem for each place that names a variable which is not set, or empty.

    Parameters
    ----------
    data: a configuration as JSON-like data.
    """
    findings = Findings(source or SourceMap())
    for path, text in _places(data):
        missing = [name for name in names_in(text) if not environ.get(name)]
        if missing:
            names = ", ".join(missing)
            findings.add(path, f"not set in the environment: {names}", "set it, or write it into .env beside the file")
    return findings.problems


def _places(data: Mapping[str, Any]) -> list[tuple[KeyPath, str]]:
    providers = data.get("providers")
    found: list[tuple[KeyPath, str]] = []
    for name, block in providers.items() if isinstance(providers, Mapping) else ():
        if isinstance(block.get("base_url"), str):
            found.append((("providers", name, "base_url"), block["base_url"]))
        for key in ("headers", "query"):
            found.extend((("providers", name, key, inner), text) for inner, text in block.get(key, {}).items())
    targets = data.get("targets")
    for index, target in enumerate(targets if isinstance(targets, (list, tuple)) else ()):
        http = target.get("http")
        for key in ("url", "headers", "body") if isinstance(http, Mapping) else ():
            found.extend(texts_within(("targets", index, "http", key), http.get(key)))
    return found
