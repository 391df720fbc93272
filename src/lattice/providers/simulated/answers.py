"""What the models say.

An assistant's answer tells how good it is, in so many words: ``(simulated answer, quality 0.734)``. Over
many questions the mean of these numbers is the model's quality; a better model is right more often, on hard
questions too. A simulated judge reads the phrase and scores so that the mean of its scores, mapped to 0–1, is
the mean of the qualities it has seen. Nobody has to believe in the sentences around it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from lattice.core.models import Usage
from lattice.core.trials import Step
from lattice.providers.simulated.draws import skewed, uniforms
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.forms import USUAL_LEVELS, VerdictForm, fill, verdict_of_text
from lattice.providers.simulated.personas import ANY, USUAL_QUALITY, Persona, Role, persona_of
from lattice.providers.simulated.questions import Question
from lattice.providers.simulated.verdicts import spoil, verdict

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb that providers themselves give for English."""

_ANSWER = b"answer"
_HARDNESS = b"hardness"
_WORD = re.compile(r"[^\W\d_]{4,}")
_READ = 4_000
_SENTENCES = (
    "In short, {} comes down to {}, as far as {} is concerned.",
    "Yes: {} and {} go together, and {} follows from them.",
    "It depends on {}; look at {} first and then at {}.",
    "No, {} has little to do with {}, whatever {} may suggest.",
    "Start with {}. After that, {} usually settles {}.",
    "The usual way is {}, unless {} rules out {}.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one question is answered.

    Parameters
    ----------
    text: the answer, JSON text where JSON was wanted.
    value: that JSON as data, None where the answer is plain text, cut short, or not what was asked for.
    step: whether it is a judge's answer or a target's.
    cut_short: it reached the longest length that was asked for.
    """

    text: str
    value: dict[str, Any] | None
    step: Step
    usage: Usage
    cut_short: bool = False


def answer(question: Question, content: bytes, *, seed: int, quality: float | None, fault: Fault | None) -> Answer:
    """Answer a question; the same one always in the same way.

    Parameters
    ----------
    content: what identifies the question, from `content_key`.
    quality: of models that have none of their own, in [0, 1].
    fault: how to spoil the answer if it is a judge's.
    """
    persona = persona_of(question.model) or ANY
    step = Step.TARGET
    value: dict[str, Any] | None = None
    wanted = _verdict_wanted(question, persona)
    if wanted is not None:
        step = Step.JUDGE
        value = verdict(wanted, question, content, persona.preference, USUAL_QUALITY if quality is None else quality)
        text, value = spoil(value, wanted, fault, uniforms(content, b"spoil")[0])
    elif persona.role is Role.ECHO:
        text = question.last
    else:
        text = _sentence(question, content, seed, _quality_of(persona, quality))
        if question.form is not None:
            value = fill(question.form.schema, question.form.schema, text)
            text = orjson.dumps(value).decode()
    return _measured(question, text, value, step)


def _verdict_wanted(question: Question, persona: Persona) -> VerdictForm | None:
    if persona.role is Role.ECHO:
        return None
    if question.form is not None and question.form.verdict is not None:
        return question.form.verdict
    if question.form is None or not question.form.schema:
        if persona.role is Role.JUDGE:
            return _verdict_told(question) or VerdictForm(score=USUAL_LEVELS)
        if persona.role is Role.ANY:
            return _verdict_told(question)
    return None


def _verdict_told(question: Question) -> VerdictForm | None:
    """The verdict that the rules describe; what is judged may hold JSON too and is looked at last."""
    return verdict_of_text(question.rules) or verdict_of_text(question.last)


def _quality_of(persona: Persona, quality: float | None) -> float:
    if persona.quality is not None:
        return persona.quality
    return USUAL_QUALITY if quality is None else quality


def _sentence(question: Question, content: bytes, seed: int, quality: float) -> str:
    own = uniforms(content, _ANSWER)
    last = question.last
    words = list(dict.fromkeys(_WORD.findall(last[:_READ]))) or ["nothing"]
    first = int(own[0] * len(words))
    chosen = [words[(first + place) % len(words)].lower() for place in (0, 1, 2)]
    sentence = _SENTENCES[int(own[1] * len(_SENTENCES))].format(*chosen)
    # Half of the questions are as hard for one model as for another, so that answers of two models to one
    # question are correlated, as those of real ones are.
    shared = uniforms(f"{seed}\x1f{last}".encode("utf-8", "surrogatepass"), _HARDNESS)
    luck = shared[0] if shared[1] < 0.5 else own[2]
    return f"{sentence} (simulated answer, quality {skewed(luck, quality):.3f})"


def _measured(question: Question, text: str, value: dict[str, Any] | None, step: Step) -> Answer:
    asked = sum(len(message.content) + 3 * CHARACTERS_PER_TOKEN for message in question.messages)
    length, limit = len(text), question.max_tokens
    cut_short = limit is not None and length > limit * CHARACTERS_PER_TOKEN
    if cut_short and limit is not None:
        length = limit * CHARACTERS_PER_TOKEN
        text, value = text[:length], None
    usage = Usage(
        input_tokens=-(-asked // CHARACTERS_PER_TOKEN),
        output_tokens=max(1, -(-length // CHARACTERS_PER_TOKEN)),
    )
    return Answer(text=text, value=value, step=step, usage=usage, cut_short=cut_short)
