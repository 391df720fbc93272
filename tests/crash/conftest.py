"""Processes that are killed, and the folders that they leave behind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.crash.processes import Forker, Workspace


@pytest.fixture(scope="session")
def forker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forker]:
    forker = Forker(tmp_path_factory.mktemp("terminal"))
    yield forker
    forker.close()


@pytest.fixture
def workspace(tmp_path: Path, forker: Forker) -> Workspace:
    (tmp_path / ".lattice").mkdir()
    return Workspace(tmp_path, forker)
