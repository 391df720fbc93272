"""A Studio over an empty workspace, and somebody who asks it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.studio.studios import a_studio, visited

from lattice.studio.state import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with a_studio(tmp_path) as studio:
        yield studio


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with visited(studio) as client:
        yield client
