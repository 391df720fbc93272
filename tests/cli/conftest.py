"""What the tests of commands share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.command_line import CommandLine


@pytest.fixture
def lattice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line in an empty folder, without keys."""
    return CommandLine(tmp_path, monkeypatch)
