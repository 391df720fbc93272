"""What `import lattice` offers, and what it does not cost."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import lattice

HEAVY = (
    "aiohttp",
    "alembic",
    "jinja2",
    "numpy",
    "orjson",
    "pandas",
    "pydantic",
    "rich",
    "scipy",
    "sqlalchemy",
    "uvloop",
)

NAMES = [
    "Evaluation",
    "InvalidEvaluation",
    "LatticeError",
    "Result",
    "Run",
    "StoreError",
    "UsageError",
    "load",
    "open_run",
    "run",
    "run_async",
]


def test_the_public_names_are_these() -> None:
    assert set(NAMES) <= set(lattice.__all__)
    assert lattice.__all__ == sorted(lattice.__all__)


@pytest.mark.parametrize("name", lattice.__all__)
def test_each_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(lattice, name)
    assert found.__name__ == name
    assert inspect.getdoc(found)
    assert name in dir(lattice)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'lattice' has no attribute 'nothing'"):
        _ = lattice.nothing
    with pytest.raises(ImportError):
        importlib.import_module("lattice.nothing")


@pytest.mark.parametrize(
    "statement",
    ["import lattice", "from lattice.cli import main; main(['--help'])", "from lattice.cli import main; main(['-h'])"],
)
def test_nothing_heavy_is_imported_before_it_is_needed(statement: str) -> None:
    program = f"import sys\ntry:\n    {statement}\nexcept SystemExit:\n    pass\nprint(*sys.modules, file=sys.stderr)"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = {module.partition(".")[0] for module in ended.stderr.split()}
    assert loaded.isdisjoint(HEAVY)
    assert "lattice" in loaded


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(lattice.__file__).parent / "py.typed").is_file()
    assert typing.get_type_hints(lattice.load)["return"] is lattice.Evaluation
