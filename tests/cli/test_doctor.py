"""``lattice doctor``: what it prints, and how it ends."""

from __future__ import annotations

from tests.cli.command_line import CommandLine


def test_a_sound_machine_ends_well(lattice: CommandLine) -> None:
    lattice.write_inputs(2)
    lattice.write_evaluation()
    assert lattice("run", "evaluation.yaml").code == 0
    checked = lattice("doctor", "evaluation.yaml", "--offline")
    assert checked.code == 0, checked.out
    assert "✔ file: evaluation.yaml is valid\n" in checked.out
    assert "✔ integrity: the file is sound\n" in checked.out


def test_a_key_that_is_missing_is_broken(lattice: CommandLine) -> None:
    lattice.write_inputs(2)
    lattice.write_evaluation({"targets": [{"name": "Assistant", "model": "openai/gpt-5-mini"}]})
    checked = lattice("doctor", "evaluation.yaml", "--offline", "--json")
    assert checked.code == 1
    document = checked.document
    assert document["ok"] is False
    (broken,) = [each for each in document["checks"] if each["status"] == "broken"]
    assert (broken["check"], broken["message"]) == ("keys", "openai: OPENAI_API_KEY is not set")
    assert broken["advice"].startswith("put the key there")


def test_a_file_that_is_none_is_broken_and_the_rest_is_told(lattice: CommandLine) -> None:
    checked = lattice("doctor", "missing.yaml", "--offline")
    assert checked.code == 1
    assert "✘ file: missing.yaml" in checked.out
    assert "✔ python: " in checked.out
