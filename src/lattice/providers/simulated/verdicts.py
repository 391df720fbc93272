"""What a simulated judge says."""

from __future__ import annotations

import re
from typing import Any

import orjson

from lattice.providers.simulated.draws import skewed, uniforms
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.forms import Level, VerdictForm
from lattice.providers.simulated.personas import Preference
from lattice.providers.simulated.questions import Question

TOLD = re.compile(r"\(simulated answer, quality ([01]\.\d{3})\)")
"""How an assistant's answer tells its quality."""

CLOSE = 0.1
"""Answers whose qualities differ by less are a tie."""

_LABELLED = re.compile(
    r"^[^\w\n]{0,8}(?:(?:begin|start)(?: of)?\s+)?(?:answer|response|candidate|assistant|output)"
    r"[ _-]?([ab])\b[^\n]*$",
    re.IGNORECASE | re.MULTILINE,
)
_FENCED = re.compile(
    r"^<<<(?P<name>RESPONSE (?P<tag>\w+))>>>\n(?P<answer>.*?)\n<<<END (?P=name)>>>$", re.DOTALL | re.MULTILINE
)
_CLOSING = re.compile(
    r"^[^\w\n]{0,8}(?:/|end(?: of)?\s+)(?:answer|response|candidate|assistant|output)",
    re.IGNORECASE | re.MULTILINE,
)
_REASONS = (
    "The answer misses what was asked.",
    "The answer touches the question and leaves gaps.",
    "The answer is mostly right, with something missing.",
    "The answer is correct and complete.",
)


def verdict(
    form: VerdictForm, question: Question, content: bytes, preference: Preference, quality: float
) -> dict[str, Any]:
    """A valid verdict on what the question shows.

    A score is the level at ``quality · (levels − 1)``, rounded up or down by chance, so that its mean is the
    quality.

    Parameters
    ----------
    quality: mean quality of answers that do not tell theirs.
    """
    chance = uniforms(content, b"verdict")
    given: dict[str, Any] = {}
    if form.winner:
        given["winner"] = _winner(form, question.last, chance, preference)
    deserved = _told_quality(answer_shown(question.last), skewed(chance[0], quality))
    if form.criteria:
        luck = uniforms(content, b"criteria")
        given["criteria"] = {
            name: _level(levels, deserved, luck[place % 8])
            for place, (name, levels) in enumerate(form.criteria.items())
        }
    if form.score:
        given["score"] = _level(form.score, deserved, chance[1])
    if form.reasoning is None:
        return given
    return {form.reasoning: _reason(form, given, deserved), **given}


def _level(levels: tuple[Level, ...], deserved: float, luck: float) -> Level:
    return levels[min(int(deserved * (len(levels) - 1) + luck), len(levels) - 1)]


def _reason(form: VerdictForm, given: dict[str, Any], deserved: float) -> str:
    if form.winner:
        said = "Neither answer is better." if given["winner"] not in ("A", "B") else f"{given['winner']} is better."
    else:
        said = _REASONS[min(int(deserved * len(_REASONS)), len(_REASONS) - 1)]
    return f"{said} (simulated verdict)"


def _winner(form: VerdictForm, text: str, chance: tuple[float, ...], preference: Preference) -> str:
    first, second = form.winner[0], form.winner[min(1, len(form.winner) - 1)]
    tie = form.winner[2] if len(form.winner) > 2 else first
    if preference is Preference.FIRST:
        return first
    one, other = answers_shown(text)
    if preference is Preference.LONGER:
        difference = float(len(one) - len(other))
        return tie if difference == 0 else first if difference > 0 else second
    difference = _told_quality(one, chance[2]) - _told_quality(other, chance[3])
    if abs(difference) < CLOSE:
        return tie
    return first if difference > 0 else second


def _told_quality(text: str, otherwise: float) -> float:
    told = TOLD.findall(text)
    return float(told[-1]) if told else otherwise


def answer_shown(text: str) -> str:
    """The answer in a prompt that shows one: what stands between response markers, else the whole text."""
    fenced = _FENCED.search(text)
    return fenced["answer"] if fenced else text


def answers_shown(text: str) -> tuple[str, str]:
    """The two answers in a prompt, by headings such as ``Answer A`` or tags such as ``<answer_b>``.

    Two halves of the text where no headings are found.
    """
    starts: dict[str, re.Match[str]] = {}
    for found in _LABELLED.finditer(text):
        starts.setdefault(found[1].lower(), found)
    if "a" not in starts or "b" not in starts:
        return text[: len(text) // 2], text[len(text) // 2 :]
    return _section(text, starts["a"], starts["b"]), _section(text, starts["b"], starts["a"])


def _section(text: str, heading: re.Match[str], other: re.Match[str]) -> str:
    end = other.start() if other.start() > heading.end() else len(text)
    closing = _CLOSING.search(text, heading.end(), end)
    return text[heading.end() : closing.start() if closing else end].strip()


def spoil(
    value: dict[str, Any], form: VerdictForm, fault: Fault | None, luck: float
) -> tuple[str, dict[str, Any] | None]:
    """The verdict as text and as data, spoilt if that was ordered.

    Malformed is a verdict that breaks off, or one in prose; incomplete lacks its score, a criterion or its
    winner.
    """
    if fault is Fault.INCOMPLETE:
        value = _lacking(value, form)
    text = orjson.dumps(value).decode()
    if fault is not Fault.MALFORMED:
        return text, value
    if luck < 0.5:
        return text[: max(len(text) * 2 // 3, 1)], None
    return "I would call this a good answer, all in all.", None


def _lacking(value: dict[str, Any], form: VerdictForm) -> dict[str, Any]:
    if form.criteria:
        names = list(form.criteria)
        kept = {name: level for name, level in value["criteria"].items() if name != names[-1]}
        return {**{key: item for key, item in value.items() if key != "score"}, "criteria": kept}
    return {key: item for key, item in value.items() if key not in ("score", "winner")}
