"""``lattice schedule``: put in force, looked at, paused, run at once."""

from __future__ import annotations

from tests.cli.command_line import CommandLine

NIGHTLY = ("--cron", "0 2 * * *", "--timezone", "Europe/Berlin")


def test_a_schedule_is_put_in_force_changed_and_removed(lattice: CommandLine) -> None:
    lattice.write_inputs(3)
    lattice.write_evaluation()
    added = lattice("schedule", "add", "evaluation.yaml", *NIGHTLY, "--tag", "kind=nightly")
    assert added.code == 0
    assert "Scheduled support-answers." in added.err
    assert "lattice scheduler" in added.err
    changed = lattice("schedule", "add", "evaluation.yaml", "--cron", "0 3 * * *")
    assert "  cron: 0 2 * * * → 0 3 * * *" in changed.err
    assert "Europe/Berlin (as before)" in changed.err
    assert "support-answers" in lattice("schedule", "ls").out
    [listed] = lattice("schedule", "ls", "--json").document["schedules"]
    assert (listed["cron"], listed["file"]) == ("0 3 * * *", "evaluation.yaml")
    assert lattice("schedule", "rm", "Support Answers").code == 0
    assert "No schedules yet" in lattice("schedule", "ls").out


def test_run_now_queues_a_run_and_says_why_a_second_one_is_not_made(lattice: CommandLine) -> None:
    lattice.write_inputs(3)
    lattice.write_evaluation()
    lattice("schedule", "add", "evaluation.yaml", *NIGHTLY)
    made = lattice("schedule", "run-now", "evaluation.yaml")
    assert made.code == 0
    assert "support-answers#1 is in the queue" in made.err
    again = lattice("schedule", "run-now", "support-answers")
    assert again.code == 1
    assert "support-answers#1 was still going" in again.err
    assert "started support-answers#1" in lattice("schedule", "show", "support-answers").out


def test_a_file_with_a_schedule_is_told_how_it_comes_in_force(lattice: CommandLine) -> None:
    lattice.write_inputs(3)
    lattice.write_evaluation({"schedule": {"cron": "0 2 * * *", "timezone": "UTC"}})
    for command in ("validate", "add"):
        assert "lattice schedule add evaluation.yaml" in lattice(command, "evaluation.yaml").err
    assert "No schedules yet" in lattice("schedule", "ls").out
    assert "(from the file)" in lattice("schedule", "add", "evaluation.yaml").err


def test_what_is_wrong_is_said_in_one_sentence(lattice: CommandLine) -> None:
    lattice.write_inputs(3)
    lattice.write_evaluation()
    for options, said in (
        ((), "does not say when it is to run"),
        (("--cron", "0 25 * * *"), "expected 0 to 23"),
        (("--cron", "0 2 * * *", "--timezone", "Berlin"), "did you mean Europe/Berlin"),
    ):
        refused = lattice("schedule", "add", "evaluation.yaml", *options)
        assert refused.code == 2
        assert said in refused.err
    lattice("add", "evaluation.yaml")
    assert "there are no schedules here" in lattice("schedule", "pause", "evaluation.yaml").err
