"""Python functions that are given as they are, as targets and as checks."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
from tests.api.evaluations import evaluation

import lattice
from lattice.core.runs import RunStatus


def answer(question: str) -> str:
    return f"The answer to {question}"


async def answer_later(question: str) -> lattice.Answer:
    return lattice.Answer("later", cost_usd=0.5)


def is_long(input: Any, response: Any) -> bool:
    return len(response.text) > 20


class Bot:
    """Keeps something between calls."""

    def __init__(self, word: str) -> None:
        self.word = word

    def answer(self, question: str) -> str:
        return self.word

    def __call__(self, question: str) -> str:
        return f"{self.word}, called"


def responses(run: lattice.Run) -> dict[str, str | None]:
    return {result.target: result.response for result in run.results()}


def test_a_function_is_stored_under_its_name_like_one_of_a_file() -> None:
    given, named = lattice.Function(answer), lattice.Function(f"{__name__}:answer")
    assert given == named
    assert evaluation(given) == evaluation(named)
    run = lattice.run(evaluation(given, count=2))
    assert run.evaluation.targets[0].python == f"{__name__}:answer"
    assert [result.response for result in run.results()] == [
        "The answer to Question 1?",
        "The answer to Question 2?",
    ]


def test_whatever_can_be_called_with_the_input_can_be_a_target() -> None:
    prefix = "closure"
    run = lattice.run(
        evaluation(
            lattice.Function(lambda question: question.upper(), name="lambda"),
            lattice.Function(lambda question: question.lower(), name="another lambda"),
            lattice.Function(answer_later, name="async"),
            lattice.Function(functools.partial(lambda word, question: word, "partial"), name="partial"),
            lattice.Function(Bot("bound").answer, name="bound"),
            lattice.Function(Bot("object"), name="object"),
            lattice.Function(lambda question: prefix, name="closure"),
            count=1,
        )
    )
    assert responses(run) == {
        "lambda": "QUESTION 1?",
        "another lambda": "question 1?",
        "async": "later",
        "partial": "partial",
        "bound": "bound",
        "object": "object, called",
        "closure": "closure",
    }


def test_checks_and_scoring_take_functions_too() -> None:
    run = lattice.run(
        evaluation(
            lattice.Function(answer),
            count=3,
            scoring={"python": lambda input, response: 0.25},
            checks=[lattice.Check("long", python=is_long), lattice.Check("half", python=lambda *_: 0.5)],
        )
    )
    assert run.metric("score").mean == 0.25
    assert run.metric("long").mean == 1
    assert run.metric("half").mean == 0.5


def test_a_function_that_cannot_take_the_input_is_refused_before_anything_runs() -> None:
    with pytest.raises(lattice.InvalidEvaluation, match="must take the input as its one argument"):
        lattice.run(evaluation(lattice.Function(lambda: "nothing", name="none")))
    with pytest.raises(lattice.UsageError, match="no run yet"):
        lattice.open_run()


def test_a_resume_elsewhere_says_which_function_is_missing() -> None:
    calls: list[str] = []

    def broken(question: str) -> str:
        calls.append(question)
        raise ValueError("not yet")

    run = lattice.run(evaluation(lattice.Function(broken, name="local"), count=3))
    assert run.status is RunStatus.COMPLETED or run.progress.failed
    with pytest.raises(lattice.InvalidEvaluation, match=r"broken is a function that only the process could call"):
        lattice.resume(run, failed=True)
    with pytest.raises(lattice.InvalidEvaluation, match="give it a name of its own in a module"):
        lattice.rerun(run)


def test_a_function_of_a_script_is_missed_by_name(folder: Path) -> None:
    with pytest.raises(lattice.InvalidEvaluation, match="it stood in the script or the notebook"):
        lattice.run(evaluation(lattice.Function("__main__:no_such_function")))


def test_what_was_given_stays_given_when_the_evaluation_is_changed() -> None:
    from lattice.api.building import changed
    from lattice.service.preparation import Overrides

    made = changed(evaluation(lattice.Function(lambda question: "kept", name="kept")), Overrides(limit=2))
    assert lattice.run(made).progress.successful == 2
