"""What README and docs say is done, block by block, by the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.command_line import CommandLine
from tests.cli.servers import simulator
from tests.docs.blocks import PAGES, Block, blocks_of, name_of
from tests.docs.reader import Reader

from lattice.providers.simulated.server import SimulatorServer

# Keys that examples name; every one of them opens nothing but the simulator.
KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AZURE_OPENAI_API_KEY", "GATEWAY_KEY")

# What is shown and not run: how often each reason may stand on a page.
NOT_RUN = {
    ("README.md", "installs"): 2,
    ("README.md", "is what the suite itself is run by"): 1,
    ("README.md", "needs a run that was interrupted"): 1,
    ("README.md", "serves until it is stopped"): 1,
    ("docs/alerts.md", "needs a service that takes messages"): 1,
    ("docs/calibration.md", "takes minutes"): 1,
    ("docs/ci.md", "is for another machine"): 3,
    ("docs/deployments.md", "needs a signature of this moment"): 1,
    ("docs/leaving-hosted-evals.md", "needs the hosted service"): 2,
    ("docs/local-models.md", "installs"): 1,
    ("docs/local-models.md", "takes minutes"): 1,
    ("docs/observability.md", "installs"): 1,
    ("docs/observability.md", "needs a collector"): 1,
    ("docs/running.md", "needs a run that is under way"): 1,
    ("docs/schedules.md", "serves until it is stopped"): 1,
    ("docs/server.md", "is for another machine"): 2,
    ("docs/studio.md", "serves until it is stopped"): 3,
    ("docs/teams.md", "installs"): 1,
    ("docs/teams.md", "needs a PostgreSQL server"): 1,
}

BLOCKS = {page: tuple(blocks_of(page)) for page in PAGES}


@pytest.fixture(scope="module")
def provider() -> Iterator[SimulatorServer]:
    with simulator() as server:
        yield server


@pytest.fixture
def lattice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: SimulatorServer) -> CommandLine:
    """The command line in an empty folder, with keys, and the simulator in every provider's place."""
    lattice = CommandLine(tmp_path, monkeypatch)
    lattice.set(OPENAI_BASE_URL=provider.openai_url, ANTHROPIC_BASE_URL=provider.url)
    lattice.set(**dict.fromkeys(KEYS, "dummy-key-of-the-suite"))
    return lattice


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_says_works(page: Path, lattice: CommandLine) -> None:
    blocks = BLOCKS[page]
    # The index says that pages work in a folder made by `lattice init`; it and the README make one.
    if not any("lattice init" in block.text for block in blocks):
        assert lattice("init").code == 0
    with Reader(lattice) as reader:
        for block in blocks:
            if block.not_run is None:
                reader.do(block)


def test_only_known_blocks_are_not_run() -> None:
    found: dict[tuple[str, str], int] = {}
    for block in _all_blocks():
        if block.not_run is not None:
            key = (block.page, block.not_run)
            found[key] = found.get(key, 0) + 1
    assert found == NOT_RUN


def test_every_block_has_a_language_that_the_suite_knows() -> None:
    known = {"bash", "console", "dotenv", "jinja", "json", "jsonl", "python", "text", "yaml"}
    assert [block.place for block in _all_blocks() if block.language not in known] == []


def _all_blocks() -> Iterator[Block]:
    for blocks in BLOCKS.values():
        yield from blocks
