"""Keys that were typed into a configuration: their places get ``${NAME}``, and their values go nowhere."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from lattice.importers.records import Notes
from lattice.wire.messages import Scrubber
from lattice.wire.variables import names_in

_NAMES = re.compile(
    r"authori[sz]ation|cookie|api[-_]?key|access[-_]?key|subscription[-_]?key|token|secret|password|passwd"
    r"|credential|signature|^key$|^sig$|^auth$|x[-_]auth",
    re.IGNORECASE,
)
_HARMLESS = re.compile(r"^\s*(?:\d+(?:\.\d+)?|true|false)?\s*$", re.IGNORECASE)
_ENVIRONMENT = re.compile(r"\{\{\s*(?:env|process\.env)\.([A-Za-z_]\w*)\s*\}\}", re.ASCII)
_ENVIRONMENT_ITEM = re.compile(r"""\{\{\s*env\[['"]([A-Za-z_]\w*)['"]\]\s*\}\}""", re.ASCII)
_SCHEMES = re.compile(r"^(Bearer|Basic|Token|Api-Key)\s+\S", re.IGNORECASE)
_scrubbed = Scrubber()


def variables(text: str) -> str:
    """``{{ env.NAME }}`` as ``${NAME}``."""
    return _ENVIRONMENT_ITEM.sub(r"${\1}", _ENVIRONMENT.sub(r"${\1}", text))


def hidden(name: str, value: str, place: str, notes: Notes) -> str:
    """A value of a header, a query or a body, with ``${NAME}`` for what looks like a secret.

    Parameters
    ----------
    name: of the header or field.
    """
    value = variables(value)
    is_literal = not names_in(value) and not _HARMLESS.match(value) and "{{" not in value
    if not (is_literal and (_NAMES.search(name) or _scrubbed(value) != value)):
        return value
    variable = variable_name(name)
    scheme = _SCHEMES.match(value)
    notes.needed(place, "", f"the value looks like a secret and was not written; set {variable} to it")
    return f"{scheme[1]} ${{{variable}}}" if scheme else f"${{{variable}}}"


def hidden_within(value: Any, name: str, place: str, notes: Notes) -> Any:
    """The same for every text of a tree."""
    if isinstance(value, str):
        return hidden(name, value, place, notes)
    if isinstance(value, Mapping):
        return {key: hidden_within(inner, str(key), f"{place}.{key}", notes) for key, inner in value.items()}
    if isinstance(value, list):
        return [hidden_within(inner, name, f"{place}[{index}]", notes) for index, inner in enumerate(value)]
    return value


def hidden_in_url(url: str, place: str, notes: Notes) -> str:
    """An address without a password, and without keys in its query."""
    url = variables(url)
    try:
        parts = urlsplit(url)
        named = [(name, value) for name, value in parse_qsl(parts.query) if _NAMES.search(name)]
        password = parts.password
    except ValueError:
        return url
    if password and not names_in(password):
        notes.needed(place, "", "the password in the address was not written; set URL_PASSWORD to it")
        parts = parts._replace(netloc=parts.netloc.replace(f":{password}@", ":${URL_PASSWORD}@"))
    if any(hidden(name, value, place, Notes()) != variables(value) for name, value in named):
        query = [(name, hidden(name, value, place, notes)) for name, value in parse_qsl(parts.query)]
        parts = parts._replace(query=urlencode(query, safe="${}"))
    return urlunsplit(parts)


def variable_name(name: str) -> str:
    """The environment variable for a header or field."""
    return re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_").upper().lstrip("0123456789_") or "SECRET"
