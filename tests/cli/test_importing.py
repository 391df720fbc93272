"""``lattice import``."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.command_line import CommandLine
from tests.cli.servers import simulator
from tests.importers.examples import (
    IMPORTS,
    INSPECT,
    OPENAI,
    PROMPTFOO,
    inspect_log,
    openai_objects,
    written_json,
    written_lines,
)


@pytest.fixture(autouse=True)
def _modules_of_their_own() -> Iterator[None]:
    """``assertions.py`` is found from the evaluation's folder, which another test has in another place."""
    path = list(sys.path)
    yield
    sys.path[:] = path
    sys.modules.pop("assertions", None)


@pytest.fixture
def lattice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    lattice = CommandLine(tmp_path, monkeypatch)
    lattice.set(OPENAI_API_KEY="dummy-key", ANTHROPIC_API_KEY="dummy-key", GUIDE_TOKEN="dummy-token")
    return lattice


@pytest.mark.parametrize("path", [OPENAI, INSPECT, PROMPTFOO, PROMPTFOO.parent], ids=lambda path: path.name)
def test_what_is_written_is_valid(lattice: CommandLine, path: Path) -> None:
    outcome = lattice("import", path, "-o", "out")
    assert outcome.code == 0, outcome.err
    for file in sorted((lattice.folder / "out").glob("evaluation*.yaml")):
        found = lattice("validate", file)
        assert found.code == 0, found.err


@pytest.mark.parametrize(
    ("path", "target"), [(OPENAI, "gpt-4.1-nano"), (INSPECT, "gpt-4.1-nano"), (PROMPTFOO, "openai:gpt-4.1-mini, short")]
)
def test_what_is_written_runs(lattice: CommandLine, path: Path, target: str) -> None:
    assert lattice("import", path, "-o", "out").code == 0
    with simulator() as server:
        lattice.set(OPENAI_BASE_URL=server.openai_url)
        outcome = lattice("run", "out/evaluation.yaml", "--target", target, "--json", "--no-progress")
    assert outcome.code == 0, outcome.err
    assert outcome.document["progress"]["failed"] == 0
    assert outcome.document["metrics"]


def test_results_become_finished_runs(lattice: CommandLine) -> None:
    assert lattice("import", OPENAI).code == 0
    document = lattice("show", "ticket-routing#1", "--json").document
    assert (document["status"], document["trigger"]) == ("completed", "import")
    assert document["tags"] == {"run": "small model", "id": "evalrun_first", "imported-from": "openai"}
    assert document["progress"] == {"total": 4, "done": 4, "successful": 4, "failed": 0}
    means = {metric["name"]: metric["mean"] for metric in document["metrics"]}
    assert means == {
        "score": 0.75,
        "Right category": 0.75,
        "No apology": 1.0,
        "Close to the category": 0.75,
        "BLEU": pytest.approx(0.7),
        "Usefulness": pytest.approx(0.6875),
        "One word": 1.0,
    }
    assert document["usage"]["target"]["input_tokens"] == 4 * 42
    assert lattice("compare", "ticket-routing#1", "ticket-routing#2", "--json").document["comparisons"][0]["n"] == 4


def test_a_log_becomes_a_run_with_repeats_and_a_failed_trial(lattice: CommandLine) -> None:
    assert lattice("import", INSPECT).code == 0
    document = lattice("show", "capitals#1", "--json").document
    assert document["progress"] == {"total": 8, "done": 8, "successful": 7, "failed": 1}
    [error] = document["errors"]
    assert (error["input"], error["kind"], error["message"]) == (4, "target_error", "RateLimitError('429')")
    metric = next(each for each in document["metrics"] if each["name"] == "includes")
    assert (metric["n"], metric["mean"]) == (4, 0.875)


def test_stored_responses_are_scored_again_by_the_second_judge(lattice: CommandLine) -> None:
    assert lattice("import", OPENAI).code == 0
    file = "ticket-routing/evaluation-2-usefulness.yaml"
    with simulator() as server:
        lattice.set(OPENAI_BASE_URL=server.openai_url)
        outcome = lattice("rescore", "ticket-routing#1", file, "--json", "--no-progress")
    assert outcome.code == 0, outcome.err
    assert outcome.document["progress"]["successful"] == 4


def test_everything_that_was_left_is_said_and_kept(lattice: CommandLine) -> None:
    outcome = lattice("import", OPENAI, "-o", "out")
    notes = (lattice.folder / "out" / "IMPORT-NOTES.md").read_text(encoding="utf-8")
    for left in ("testing_criteria[3] text_similarity grader 'BLEU'", "testing_criteria[6] python grader 'One word'"):
        assert f"{left}: not carried over" in outcome.err
        assert f"- `{left}`: " in notes


def test_nothing_is_overwritten_unless_told(lattice: CommandLine) -> None:
    (lattice.folder / "out").mkdir()
    mine = lattice.write("out/evaluation.yaml", "mine\n")
    outcome = lattice("import", PROMPTFOO, "-o", "out")
    assert outcome.code == 2
    assert "evaluation.yaml exists already; name another folder with -o, or replace them with --replace" in outcome.err
    assert mine.read_text(encoding="utf-8") == "mine\n"
    assert [path.name for path in (lattice.folder / "out").iterdir()] == ["evaluation.yaml"]
    assert lattice("import", PROMPTFOO, "-o", "out", "--replace").code == 0
    assert mine.read_text(encoding="utf-8") != "mine\n"


def test_a_run_is_not_stored_twice(lattice: CommandLine) -> None:
    assert lattice("import", INSPECT).code == 0
    again = lattice("import", INSPECT, "--replace")
    assert "Run capitals#1: BpiP, was imported before and stays as it is" in again.err
    assert lattice("show", "capitals#2").code == 2


def test_logs_of_one_task_become_one_evaluation_with_a_run_each(lattice: CommandLine) -> None:
    (lattice.folder / "logs").mkdir()
    for number in (1, 2):
        log = inspect_log()
        log["eval"]["eval_id"] = f"log-{number}"
        written_json(lattice.folder / "logs", log, f"{number}.json")
    outcome = lattice("import", "logs")
    assert outcome.code == 0, outcome.err
    assert "Run capitals#1" in outcome.err
    assert "Run capitals#2" in outcome.err
    assert [path.name for path in lattice.folder.iterdir() if path.is_dir()].count("capitals-2") == 0


def test_an_archive_holds_the_same_as_the_json_log(lattice: CommandLine) -> None:
    log = inspect_log()
    with zipfile.ZipFile(lattice.folder / "log.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        for sample in log.pop("samples"):
            archive.writestr(f"samples/{sample['id']}_epoch_{sample['epoch']}.json", json.dumps(sample))
        archive.writestr("header.json", json.dumps(log))
        archive.writestr("summaries.json", "[]")
    assert lattice("import", "log.eval").code == 0
    document = lattice("show", "capitals#1", "--json").document
    assert document["progress"] == {"total": 8, "done": 8, "successful": 7, "failed": 1}


def test_our_own_exports_come_in_by_the_same_command(lattice: CommandLine) -> None:
    assert lattice("import", OPENAI).code == 0
    assert lattice("export", "ticket-routing#1", "-o", "run.json").code == 0
    outcome = lattice("import", "run.json", "--db", "other.db")
    assert outcome.code == 0, outcome.err
    assert "Imported run.json as ticket-routing#1" in outcome.err
    ours, theirs = (lattice("show", "latest", "--json", *db).document for db in ((), ("--db", "other.db")))
    assert theirs["metrics"] != []
    assert len(theirs["metrics"]) == len(ours["metrics"])


def test_several_evals_get_a_folder_each(lattice: CommandLine) -> None:
    objects = openai_objects()
    second = {**objects[0], "id": "eval_two"}
    outcome = lattice("import", written_lines(lattice.folder, [*objects, second]), "-o", "out")
    assert outcome.code == 0, outcome.err
    assert sorted(path.name for path in (lattice.folder / "out").iterdir()) == ["ticket-routing", "ticket-routing-2"]


def test_a_broken_file_is_one_message(lattice: CommandLine) -> None:
    lattice.write("broken.json", '{"eval": {')
    outcome = lattice("import", "broken.json")
    assert outcome.code == 2
    assert outcome.err.startswith("Error: broken.json: not valid JSON: ")
    assert outcome.err.count("\n") == 1
    assert not (lattice.folder / ".lattice").exists()


def test_hostile_names_do_nothing_to_the_terminal_or_the_folder(lattice: CommandLine) -> None:
    objects = openai_objects()
    objects[0]["name"] = "../../\x1b[31mred\u202e<script>`![x](http://example.com)"
    objects[0]["testing_criteria"][6]["name"] = "\x1b]0;title\x07 # heading `code` [link](http://example.com)"
    outcome = lattice("import", written_lines(lattice.folder, objects))
    assert outcome.code == 0, outcome.err
    assert not {"\x1b", "\x07", "\u202e"} & set(outcome.err)
    folder = next(path for path in lattice.folder.iterdir() if path.is_dir() and path.name != ".lattice")
    assert folder.parent == lattice.folder
    notes = (folder / "IMPORT-NOTES.md").read_text(encoding="utf-8")
    assert not {"\x1b", "\x07"} & set(notes)
    assert lattice("validate", folder / "evaluation.yaml").code == 0


def test_the_readme_of_the_examples_says_what_works(
    lattice: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (IMPORTS / "README.md").read_text(encoding="utf-8")
    commands = [line.strip().split()[1:] for line in text.splitlines() if line.startswith("    lattice ")]
    assert len(commands) == 5
    for command in commands:
        arguments = [str(IMPORTS / each) if (IMPORTS / each).exists() and "/" in each else each for each in command]
        if command[0] == "import" and "/" not in command[1]:
            arguments[1] = str(IMPORTS / command[1])
        outcome = lattice(*arguments)
        assert outcome.code == 0, f"{command}\n{outcome.err}"
