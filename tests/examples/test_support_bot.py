"""The example that the demo runs: its questions, its knowledge base, and that it works."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.cli.command_line import CommandLine
from tests.docs.blocks import ROOT, blocks_of
from tests.docs.reader import shape

from lattice.config import load
from lattice.core.inputs import Input
from lattice.inputs import read_inputs

FOLDER = ROOT / "examples" / "support-bot"
SIMULATED = (
    "--set",
    "targets.0.name=Assistant",
    "--set",
    "targets.0.model=sim/assistant",
    "--set",
    "scoring.judge.model=sim/judge",
)
README_COMMAND = re.compile(r"^    lattice run (?:.+\\\n)*.+$", re.MULTILINE)


@cache
def rows() -> tuple[Mapping[str, Any], ...]:
    return tuple(orjson.loads(line) for line in (FOLDER / "inputs.jsonl").read_bytes().splitlines())


@cache
def inputs() -> tuple[Input, ...]:
    """All of them, without the evaluation's limit."""
    source = load(FOLDER / "evaluation.yaml").evaluation.inputs
    return tuple(read_inputs(source.model_copy(update={"limit": None}), FOLDER))


def article(name: str) -> str:
    """An article without its title."""
    title, _, text = (FOLDER / "knowledge" / f"{name}.md").read_text(encoding="utf-8").partition("\n")
    assert title.startswith("# ")
    return text.strip()


@pytest.fixture
def lattice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """The command line in a copy of the example."""
    shutil.copytree(FOLDER, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".lattice"))
    return CommandLine(tmp_path, monkeypatch)


def test_there_are_at_least_sixty_questions_with_ids_of_their_own() -> None:
    ids = [each.id for each in inputs()]
    assert len(ids) >= 60
    assert len(set(ids)) == len(ids)
    assert len({each.text for each in inputs()}) == len(ids)


def test_every_question_has_a_reference_and_context() -> None:
    assert [each.id for each in inputs() if not each.reference or not each.context] == []


def test_contexts_are_the_articles_of_the_knowledge_base() -> None:
    for each in inputs():
        assert each.context == tuple(article(name) for name in each.metadata["articles"]), each.id


def test_every_article_is_asked_about() -> None:
    asked = {name for each in inputs() for name in each.metadata["articles"]}
    assert asked == {path.stem for path in (FOLDER / "knowledge").glob("*.md")}


def test_some_questions_are_hard_and_some_cannot_be_answered() -> None:
    difficulties = [each.metadata["difficulty"] for each in inputs()]
    assert set(difficulties) == {"easy", "hard", "unanswerable"}
    assert difficulties.count("hard") >= 10
    assert difficulties.count("unanswerable") >= 3


def test_the_readme_counts_the_questions_rightly() -> None:
    difficulties = [each.metadata["difficulty"] for each in inputs()]
    counts = [len(inputs()), *(difficulties.count(name) for name in ("easy", "hard", "unanswerable"))]
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert f"{counts[0]} questions" in readme
    assert "{} questions are easy, {} are hard".format(*counts[1:]) in readme
    assert f"{counts[3]} cannot be answered" in readme


def test_the_demo_takes_at_least_thirty_inputs() -> None:
    limit = load(FOLDER / "evaluation.yaml").evaluation.inputs.limit
    assert limit is None or limit >= 30


def test_it_is_valid(lattice: CommandLine) -> None:
    evaluation = Path("evaluation.yaml")
    text = evaluation.read_text(encoding="utf-8")
    # The weights of the local model are no part of the example; that they are asked for is tested with the models.
    evaluation.write_text(text.replace("local/smollm2", "sim/judge"), encoding="utf-8")
    outcome = lattice("validate", "evaluation.yaml")
    assert outcome.code == 0, outcome.err
    assert "is valid" in outcome.err


def test_it_runs_with_simulated_models(lattice: CommandLine) -> None:
    outcome = lattice("run", "evaluation.yaml", *SIMULATED, "--limit", str(len(rows())), "--json")
    assert outcome.code == 0, outcome.err
    progress = outcome.document["progress"]
    assert progress == {"total": len(rows()), "done": len(rows()), "successful": len(rows()), "failed": 0}
    (score,) = outcome.document["metrics"]
    assert score["interval"]["lower"] < score["mean"] < score["interval"]["upper"]


def test_the_commands_of_its_readme_are_understood(lattice: CommandLine) -> None:
    lattice.set(OPENAI_API_KEY="dummy", ANTHROPIC_API_KEY="dummy", OPENAI_BASE_URL="http://127.0.0.1:9/v1")
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    commands = [found.replace("\\\n", " ").split() for found in README_COMMAND.findall(readme)]
    assert len(commands) == 3
    (simulated,) = (command for command in commands if any("sim/assistant" in word for word in command))
    outcome = lattice(*simulated[1:])
    assert outcome.code == 0, outcome.err
    assert lattice("show", "--where", "score < 4").code == 0


def test_the_readme_shows_a_run_of_it_as_it_is_printed(lattice: CommandLine) -> None:
    _, ended = (block.text for block in blocks_of(ROOT / "README.md") if "Progress:" in block.text)
    summary = ended[ended.index("Results Summary:") : ended.index("Latency:")].splitlines()
    faults = 'targets.0.params={seed: 3, faults: {"500": 0.03}}'
    malformed = "scoring.judge.params={faults: {malformed: 0.02}}"
    outcome = lattice("run", "evaluation.yaml", *SIMULATED, "--limit", "72", "--set", faults, "--set", malformed)
    printed = {shape(line) for line in outcome.err.splitlines()}
    assert [line for line in summary if shape(line) not in printed] == []
