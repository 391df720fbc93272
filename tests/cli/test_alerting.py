"""``lattice alerts`` and ``lattice run --alert``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.cli.command_line import CommandLine
from tests.service.nights import Receiver, receiving

URL = "${ALERTS_URL}"


@pytest.fixture
def receiver(lattice: CommandLine) -> Iterator[Receiver]:
    with receiving() as found:
        lattice.set(ALERTS_URL=found.url)
        yield found


def written(lattice: CommandLine, **alerts: Any) -> None:
    lattice.write_inputs(10)
    lattice.write_evaluation({"alerts": {"notify": [URL], **alerts}})


def test_a_run_with_alert_is_assessed_and_told_at_its_end(lattice: CommandLine, receiver: Receiver) -> None:
    written(lattice, when=["mean > 0"])
    said = lattice("run", "evaluation.yaml", "--no-progress", "--alert")
    assert said.code == 0
    assert "Message sent: Alert: Support Answers (support-answers#1)" in said.err
    [message] = receiver.messages
    assert "Alert: mean > 0" in message["message"]
    shown = lattice("alerts")
    assert "mean > 0: ALERT" in shown.out
    assert "lattice alerts accept support-answers" in shown.err
    [board] = lattice("alerts", "support-answers", "--json").document["evaluations"]
    assert board["messages"][0]["state"] == "sent"
    assert "s3cret" not in shown.out + str(board)


def test_without_it_a_run_in_a_terminal_is_not_looked_at(lattice: CommandLine, receiver: Receiver) -> None:
    written(lattice, when=["mean > 0"])
    lattice("run", "evaluation.yaml", "--no-progress")
    assert receiver.messages == []
    assert "No run has been assessed yet." in lattice("alerts").out


def test_an_alert_that_is_accepted_ends(lattice: CommandLine, receiver: Receiver) -> None:
    written(lattice, when=["mean > 0"])
    lattice("run", "evaluation.yaml", "--no-progress", "--alert")
    assert "the level from now on" in lattice("alerts", "accept", "support-answers").err
    assert "no alert stands" in lattice("alerts", "accept", "support-answers").err


def test_each_channel_is_tried(lattice: CommandLine, receiver: Receiver) -> None:
    written(lattice, notify=[URL, "${NOT_SET_ANYWHERE}"])
    said = lattice("alerts", "test", "evaluation.yaml")
    assert said.code == 1
    assert f"Sent to {URL}" in said.err
    assert "not set in the environment: NOT_SET_ANYWHERE" in said.err
    assert receiver.messages[0]["title"] == "Test: Support Answers"


def test_an_address_in_the_file_is_refused_and_not_repeated(lattice: CommandLine) -> None:
    written(lattice, notify=["slack://token-a/token-b"])
    said = lattice("validate", "evaluation.yaml")
    assert said.code == 2
    assert "write ${NAME} here" in said.err
    assert "token-a" not in said.err


def test_conditions_speak_of_what_there_is(lattice: CommandLine) -> None:
    written(lattice, when=["difference.median < 0", "nobody.mean < 0.5"])
    said = lattice("validate", "evaluation.yaml")
    assert "alerts.when.0" in said.err
    assert "a difference has mean, ci_lower, ci_upper" in said.err
    assert "alerts.when.1" in said.err


def test_without_any_alerts_it_says_how_to_have_some(lattice: CommandLine) -> None:
    lattice.write_inputs(2)
    lattice.write_evaluation({})
    lattice("run", "evaluation.yaml", "--no-progress")
    assert "No evaluation has alerts" in lattice("alerts").out
