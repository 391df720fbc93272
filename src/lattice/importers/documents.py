"""Files of other tools as data: JSON, JSON lines and YAML, told apart by what is in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import yaml

from lattice.importers.records import ImportProblem
from lattice.wire.files import UnreadableFile, check_readable, not_utf8
from lattice.wire.yaml_dialect import YamlLoader

LARGEST_JSON = 512 * 1024 * 1024
LARGEST_YAML = 16 * 1024 * 1024
_MOST_ALIASED = 1_000_000
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One value of a file.

    Parameters
    ----------
    place: the file as it was named, with the line in JSON lines.
    """

    data: Any
    place: str


def read_documents(path: Path) -> list[Document]:
    """What a file holds: one document, or one per line.

    Raises
    ------
    ImportProblem: it cannot be read, is too large, or is neither JSON nor YAML; with the line.
    """
    content = _content(path)
    begin = content[:1000].lstrip()[:1]
    if begin in (b"{", b"["):
        return _json_documents(content, str(path))
    return [Document(data=_yaml(content, str(path)), place=str(path))]


def parse_json(content: bytes, place: str) -> Any:
    """One JSON value; NaN and infinities, which some tools write, are let through.

    Raises
    ------
    ImportProblem: it is no JSON; with line and column.
    """
    # What it refuses may be NaN, or half of a surrogate pair; else the other parser says where the trouble is.
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(content)
    try:
        return _without_half_pairs(json.loads(_text(content, place)))
    except json.JSONDecodeError as error:
        raise ImportProblem(_flaw(error, place, content)) from None
    except (RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise ImportProblem(f"{place}: not valid JSON: {reason}") from None


def _content(path: Path) -> bytes:
    try:
        check_readable(path)
        size = path.stat().st_size
        if size > LARGEST_JSON:
            raise ImportProblem(
                f"{path}: {size // _MEGABYTE} MB is more than can be imported at once; "
                f"split it into files of at most {LARGEST_JSON // _MEGABYTE} MB, for example one per run"
            )
        content = path.read_bytes()
    except UnreadableFile as error:
        raise ImportProblem(f"{path}: {error.message}" + (f" ({error.hint})" if error.hint else "")) from None
    except OSError as error:
        raise ImportProblem(f"{path}: cannot be read: {error.strerror}") from None
    if not content.strip():
        raise ImportProblem(f"{path}: the file is empty")
    return content.removeprefix(b"\xef\xbb\xbf")


def _json_documents(content: bytes, file: str) -> list[Document]:
    first, newline, rest = content.strip().partition(b"\n")
    # Nothing may follow a whole value but another one: a document over several lines has none on its first.
    if newline and rest.strip() and _is_json(first):
        return list(_lines(content, file))
    return [Document(data=parse_json(content, file), place=file)]


def _is_json(line: bytes) -> bool:
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        return False
    return True


def _lines(content: bytes, file: str) -> Iterator[Document]:
    for number, line in enumerate(content.split(b"\n"), start=1):
        if line.strip():
            place = f"{file}:{number}"
            yield Document(data=parse_json(line, place), place=place)


def _text(content: bytes, place: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        flaw = not_utf8(content, error.start)
        line = f" in line {flaw.line}" if flaw.line else ""
        raise ImportProblem(f"{place}: {flaw.message}{line} ({flaw.hint})") from None


def _flaw(error: json.JSONDecodeError, place: str, content: bytes) -> str:
    cut = " (the file seems to be cut off)" if error.pos >= len(error.doc.rstrip()) - 1 else ""
    where = f"line {error.lineno}, column {error.colno}"
    return f"{place}: not valid JSON: {error.msg[:1].lower()}{error.msg[1:]} at {where}{cut}"


def _yaml(content: bytes, file: str) -> Any:
    if len(content) > LARGEST_YAML:
        raise ImportProblem(
            f"{file}: this is no JSON, and with {len(content) // _MEGABYTE} MB too large to be a configuration in YAML"
        )
    text = _text(content, file)
    try:
        data = yaml.load(text, YamlLoader)
    except yaml.MarkedYAMLError as error:
        line = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise ImportProblem(f"{file}: not valid YAML: {error.problem or 'no document'}{line}") from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else "a character that cannot stand in it"
        raise ImportProblem(f"{file}: not valid YAML: {reason}") from None
    _bounded(data, file)
    return _without_half_pairs(data)


def _bounded(data: Any, file: str) -> None:
    """Refuse trees of aliases, which stand for exponentially more than the file holds."""
    left, stack = _MOST_ALIASED, [data]
    while stack:
        value = stack.pop()
        left -= 1
        if left < 0:
            raise ImportProblem(f"{file}: the aliases (*name) in it stand for too much")
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _without_half_pairs(value: Any) -> Any:
    """The same with halves of surrogate pairs, which no file can hold, as replacement characters."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_without_half_pairs(key): _without_half_pairs(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_half_pairs(item) for item in value]
    return value
