"""A judge's templates: the built-in ones, those of one's own, and what identifies them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import CallError, ErrorKind
from lattice.core.inputs import Input
from lattice.core.judging import JudgeMode, JudgeSettings
from lattice.core.prompting import PROMPT_FORMS
from lattice.core.trials import Response
from lattice.scoring import build_judge
from lattice.scoring.prompts import builtin_prompt, prompt_digest, prompt_text
from lattice.scoring.shown import UnaskedModel

OWN = "Q: {{ input }}\nA: {{ response }}\n{{ answer_form }}"


def settings(**changes: Any) -> JudgeSettings:
    return JudgeSettings.model_validate({"model": "sim/judge", **changes})


def asked(judge: JudgeSettings, response: str = "A", input: str = "Q") -> tuple[str, str]:
    built = build_judge(judge, UnaskedModel(judge.model))
    request = built.request(Input(position=1, id="1", input=input), Response(text=response, latency=0.1))
    system, user = request.messages
    return system.content, user.content


@pytest.mark.parametrize("mode", list(JudgeMode))
def test_built_in_templates_use_what_a_mode_needs(mode: JudgeMode) -> None:
    prompt, form = builtin_prompt(mode), PROMPT_FORMS[mode]
    assert set(form.needed) <= prompt.user.names <= form.user
    assert "answer_form" in prompt.system.names | prompt.user.names


def test_a_template_of_ones_own_takes_the_place_of_its_part_alone() -> None:
    system, user = asked(settings(prompt={"user": OWN}))
    assert system == asked(settings())[0]
    assert user.startswith("Q: <<<INPUT ")
    assert asked(settings(prompt={"system": "Grade. {{ rubric }}"}, rubric="Be strict."))[0] == "Grade. Be strict."


@given(st.text(), st.text())
def test_what_others_wrote_arrives_fenced_in_a_template_of_ones_own(response: str, input: str) -> None:
    _, user = asked(settings(prompt={"user": OWN}), response, input)
    tag = user.partition("<<<INPUT ")[2][:12]
    assert user.startswith(
        f"Q: <<<INPUT {tag}>>>\n{input}\n<<<END INPUT {tag}>>>\nA: <<<RESPONSE {tag}>>>\n{response}\n"
    )
    assert user.count(f"<<<END RESPONSE {tag}>>>") == 1


def test_a_template_that_cannot_be_filled_in_fails_its_trial_and_says_why() -> None:
    with pytest.raises(CallError, match="The judge's prompt cannot be filled in") as caught:
        asked(settings(prompt={"user": "{{ response.nothing }}"}))
    assert caught.value.kind is ErrorKind.INVALID_INPUT


def test_the_digest_is_that_of_the_templates_in_force() -> None:
    copied = {part: prompt_text(JudgeMode.SINGLE, part) for part in ("system", "user")}
    assert prompt_digest(settings()) == prompt_digest(settings(prompt=copied))
    digests = {
        prompt_digest(settings()),
        prompt_digest(settings(mode="reference")),
        prompt_digest(settings(mode="pairwise")),
        prompt_digest(settings(prompt={"user": OWN})),
        prompt_digest(settings(prompt={"system": OWN})),
    }
    assert len(digests) == 5
