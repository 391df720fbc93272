"""``lattice artifact`` from the command line."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from tests.cli.command_line import CommandLine


@pytest.fixture
def lattice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    lattice = CommandLine(tmp_path, monkeypatch)
    lattice.write_inputs(12)
    lattice.write_evaluation({"targets": [{"name": "Assistant", "model": "sim/assistant"}]})
    assert lattice("run", "evaluation.yaml").code == 0
    return lattice


def test_a_snapshot_is_saved_listed_shown_and_removed(lattice: CommandLine) -> None:
    saved = lattice("artifact", "save")
    assert saved.code == 0
    assert "Saved support-answers#1 as support-answers-1 (" in saved.err
    assert "lattice artifact show support-answers-1" in saved.err
    assert (lattice.folder / ".lattice" / "artifacts" / "support-answers-1.lattice").is_file()
    listed = lattice("artifact", "ls").out
    assert "support-answers-1" in listed
    assert "completed" in listed
    shown = lattice("artifact", "show", "support-answers-1").out
    assert "Evaluation: Support Answers" in shown
    assert "Progress: 12 / 12 (100%)" in shown
    assert "Snapshot: " in shown
    removed = lattice("artifact", "rm", "support-answers-1")
    assert (removed.code, removed.err) == (0, "Removed support-answers-1.\n")
    assert lattice("artifact", "ls").out == "No artifacts yet. `lattice artifact save RUN` saves one.\n"


def test_what_it_shows_is_what_show_shows(lattice: CommandLine) -> None:
    lattice("artifact", "save", "latest", "--name", "base")
    assert lattice("artifact", "show", "base", "--json").document == lattice("show", "--json").document
    shown, saved = (lattice(*command).out for command in (("show",), ("artifact", "show", "base")))
    assert shown[shown.index("Status:") :] == saved[saved.index("Status:") :]


def test_a_file_is_verified_wherever_it_lies(lattice: CommandLine) -> None:
    lattice("artifact", "save", "--name", "base")
    assert lattice("artifact", "export", "base", "-o", "copy.lattice", "-o", "results.csv").code == 0
    sound = lattice("artifact", "verify", "copy.lattice")
    assert sound.code == 0
    assert "is sound" in sound.out
    path = lattice.folder / "copy.lattice"
    path.write_bytes(path.read_bytes()[:-100])
    broken = lattice("artifact", "verify", "copy.lattice", "--json")
    assert (broken.code, broken.document["sound"]) == (1, False)
    assert "is no .lattice file" in broken.document["problems"][0]
    assert lattice("artifact", "verify", "base", "--json").document == {"sound": True, "problems": [], "unknown": []}


def test_a_store_that_is_named_has_its_artifacts_beside_it(lattice: CommandLine) -> None:
    (lattice.folder / "data").mkdir()
    url = f"sqlite:///{lattice.folder}/data/other.db"
    lattice("run", "evaluation.yaml", "--db", url)
    saved = lattice("artifact", "save", "--db", url)
    assert f"lattice artifact show support-answers-1 --db {url}" in saved.err
    assert (lattice.folder / "data" / "artifacts" / "support-answers-1.lattice").is_file()


def test_what_cannot_be_done_is_told(lattice: CommandLine) -> None:
    assert lattice("artifact", "save", "--name", "base").code == 0
    for command, said in (
        (("save", "--name", "base"), "there is an artifact 'base' already"),
        (("save", "--name", "a/b"), "is no name for an artifact"),
        (("save", "latest#9"), "there is no"),
        (("show", "other"), "there is no artifact 'other'; there are: base"),
        (("verify", "missing.lattice"), "there is no artifact 'missing.lattice'"),
        (("rm", "other"), "there is no artifact 'other'"),
        (("export", "base", "-o", "base.docx"), "stands for no format"),
    ):
        outcome = lattice("artifact", *command)
        assert outcome.code == 2
        assert said in outcome.err


def test_a_part_of_a_run_is_no_snapshot(lattice: CommandLine) -> None:
    outcome = lattice("export", "latest", "-o", "part.lattice", "--where", "score < 5")
    assert outcome.code == 2
    assert "a .lattice file holds a whole run" in outcome.err
    assert not (lattice.folder / "part.lattice").exists()


def test_an_imported_run_is_shown_compared_and_scored_anew(
    lattice: CommandLine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lattice("run", "evaluation.yaml")
    for number in (1, 2):
        lattice("export", f"support-answers#{number}", "-o", f"{number}.lattice", "-o", f"{number}.json")
    rescored = lattice("rescore", "support-answers#2", "evaluation.yaml", "--set", "scoring.judge.scale=binary")
    assert rescored.code == 0
    lattice("export", "latest", "-o", "rescored.lattice")
    before, files = lattice.folder, ("1.lattice", "2.json", "rescored.lattice")
    lattice.change_to(tmp_path_factory.mktemp("elsewhere"))
    for name in files:
        imported = lattice("import", before / name)
        assert imported.code == 0, imported.err
    shown = lattice("show", "support-answers#3").out
    assert "Responses: stored by support-answers#2" in shown
    compared = lattice("compare", "support-answers#1", "support-answers#2", "--json")
    assert compared.document["comparisons"][0]["n"] == 12
    again = lattice("rescore", "support-answers#1", before / "evaluation.yaml", "--json")
    assert again.code == 0
    assert again.document["progress"]["successful"] == 12


def test_a_rescored_run_is_shown_without_the_run_it_scores(
    lattice: CommandLine, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lattice("rescore", "latest", "evaluation.yaml", "--set", "scoring.judge.scale=binary")
    lattice("export", "latest", "-o", "rescored.lattice")
    path = lattice.folder / "rescored.lattice"
    document = lattice("show", "--json").document
    lattice.change_to(tmp_path_factory.mktemp("elsewhere"))
    lattice("import", path)
    assert "which is not in this workspace" in lattice("show", "latest").out
    assert lattice("show", "--json").document == document
    lattice("export", "latest", "-o", "again.json")
    assert orjson.loads((Path.cwd() / "again.json").read_bytes())["metrics"] == document["metrics"]
