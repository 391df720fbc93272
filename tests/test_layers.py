"""Imports run downward only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import lattice

PACKAGE = Path(lattice.__file__).parent

# From the bottom up; rooms of one layer do not import each other.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"core"}),
    frozenset({"wire"}),
    frozenset({"config", "importers", "inputs", "targets", "providers", "scoring", "stats", "gates", "store"}),
    frozenset({"engine"}),
    frozenset({"reporting", "scheduling"}),
    frozenset({"service"}),
    frozenset({"cli", "studio"}),
)
# Leaves that may use another leaf, each for one reason: gates decide on intervals, a model target calls a provider.
# The command line serves the Studio.
ALLOWED = {("gates", "stats"), ("targets", "providers"), ("cli", "studio")}
# At the package's top: the public names, running as a module, and what pytest loads.
ENTRANCES = frozenset({"__init__", "__main__", "api", "pytest_plugin"})
MOST_LINES = 500


def layer_of(room: str) -> int:
    return next(number for number, rooms in enumerate(LAYERS) if room in rooms)


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module] if node.module != "lattice" else [f"lattice.{a.name}" for a in node.names]
            yield from ((node.lineno, name) for name in names)
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)


def violations(path: Path, source: str) -> list[str]:
    room = room_of(path)
    found = []
    for line, name in imported(ast.parse(source)):
        parts = name.split(".")
        if parts[0] != "lattice" or len(parts) == 1 or parts[1].startswith("_"):
            continue
        other = parts[1]
        if other == room or (room, other) in ALLOWED:
            continue
        if layer_of(other) >= layer_of(room):
            found.append(f"{path.relative_to(PACKAGE)}:{line} imports {name}")
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downward_only(path: Path) -> None:
    if room_of(path) in ENTRANCES:
        return
    assert violations(path, path.read_text(encoding="utf-8")) == []


def test_an_upward_import_would_be_found() -> None:
    path = PACKAGE / "stats" / "x.py"
    assert violations(path, "from lattice.engine.runner import Runner") != []
    assert violations(path, "import lattice.store") != []
    assert violations(path, "from lattice.core.errors import LatticeError") == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_module_is_too_long_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES


def test_there_is_no_module_without_a_subject() -> None:
    names = {path.stem for path in modules()}
    assert names.isdisjoint({"utils", "util", "helpers", "helper", "common", "misc", "manager"})
