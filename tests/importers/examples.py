"""The examples of other tools' files, and ways to spoil them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from lattice.config import validate
from lattice.core.evaluation import Evaluation
from lattice.importers import Imported, ImportProblem, files_of, read_import
from lattice.wire.yaml_dialect import YamlLoader

ROOT = Path(__file__).parents[2]
IMPORTS = ROOT / "examples" / "imports"
OPENAI = IMPORTS / "openai" / "ticket-routing.jsonl"
INSPECT = next((IMPORTS / "inspect").glob("*.json"))
PROMPTFOO = IMPORTS / "promptfoo" / "promptfooconfig.yaml"
DAY = "2026-11-23"


def openai_objects() -> list[dict[str, Any]]:
    """The eval, its runs and their output items."""
    return [json.loads(line) for line in OPENAI.read_text(encoding="utf-8").splitlines()]


def inspect_log() -> dict[str, Any]:
    """The log."""
    data: dict[str, Any] = json.loads(INSPECT.read_text(encoding="utf-8"))
    return data


def promptfoo_configuration() -> dict[str, Any]:
    """The configuration."""
    data: dict[str, Any] = yaml.load(PROMPTFOO.read_text(encoding="utf-8"), YamlLoader)
    return data


def written_json(folder: Path, data: Any, name: str = "import.json") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def written_lines(folder: Path, objects: list[Any], name: str = "import.jsonl") -> Path:
    """A file with a value a line."""
    path = folder / name
    path.write_text("".join(json.dumps(each) + "\n" for each in objects), encoding="utf-8")
    return path


def imported(path: Path) -> Imported:
    """The one evaluation of a file."""
    [found] = read_import(path)
    return found


def evaluation_of(found: Imported, number: int = 0) -> Evaluation:
    """The evaluation of a draft, which must be valid."""
    return validate(found.drafts[number].data)


def notes_of(found: Imported) -> list[str]:
    """What is not as it was, as people read it."""
    return [str(note) for note in found.notes]


def everything_in(found: Imported) -> str:
    """All that would be written or said."""
    files = files_of(found, DAY)
    return "\n".join([*(content.decode() for content in files.values()), *notes_of(found), repr(found)])


def places_in(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place of a tree of data."""
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places_in(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places_in(inner, (*path, index))


def spoiled(value: Any, path: tuple[str | int, ...], otherwise: Any) -> Any:
    """The tree with something else at a place; without it, where `otherwise` is Ellipsis."""
    if not path:
        return otherwise if otherwise is not ... else None
    value = copy.deepcopy(value)
    inner = value
    for part in path[:-1]:
        inner = inner[part]
    if otherwise is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = otherwise
    return value


def check_import(path: Path) -> None:
    """A file is refused with a message, or what it gives is valid."""
    try:
        found = read_import(path)
    except ImportProblem:
        return
    for each in found:
        files_of(each, DAY)
        for number in range(len(each.drafts)):
            evaluation_of(each, number)
