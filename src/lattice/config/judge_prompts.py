"""Templates of one's own for a judge: whether they compile, use what there is, and leave nothing out that must be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lattice.config.places import Findings, KeyPath
from lattice.core.judging import JudgeMode
from lattice.core.prompting import ANSWER_FORM, PROMPT_FORMS, PromptForm
from lattice.wire.templates import Template, TemplateError

_PARTS = ("system", "user")
_AUTHORED = ("rubric", "criteria")


def check_judge_prompts(data: Mapping[str, Any], findings: Findings) -> None:
    """Note what is wrong with the templates of all judges."""
    for path, judge in _judges(data.get("scoring")):
        prompt = judge.get("prompt")
        if isinstance(prompt, Mapping):
            form = PROMPT_FORMS[_mode(judge.get("mode"))]
            names = {part: _names((*path, "prompt", part), prompt.get(part), form, findings) for part in _PARTS}
            for part, message, hint in _left_out(names, judge, form):
                findings.add((*path, "prompt", part), message, hint)


def _judges(scoring: Any) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    if not isinstance(scoring, Mapping):
        return
    if isinstance(scoring.get("judge"), Mapping):
        yield ("scoring", "judge"), scoring["judge"]
    judges = scoring.get("judges")
    for index, judge in enumerate(judges if isinstance(judges, (list, tuple)) else ()):
        if isinstance(judge, Mapping):
            yield ("scoring", "judges", index), judge


def _mode(given: Any) -> JudgeMode:
    return JudgeMode(given) if given in list(JudgeMode) else JudgeMode.SINGLE


def _names(path: KeyPath, text: Any, form: PromptForm, findings: Findings) -> frozenset[str] | None:
    """The variables that a template uses; None where it is the built-in one, or was noted as invalid."""
    if not isinstance(text, str):
        return None
    try:
        return Template(text, variables=form.system if path[-1] == "system" else form.user).names
    except TemplateError as error:
        place = findings.source.text_place(path, error.line)
        findings.add(path, f"not a valid template: {error.message}", at=place)
        return None


def _left_out(
    names: Mapping[str, frozenset[str] | None], judge: Mapping[str, Any], form: PromptForm
) -> Iterator[tuple[str, str, str]]:
    """What no verdict can do without: the data to judge, the form of the answer, and what the author wrote."""
    system, user = names["system"], names["user"]
    if user is not None:
        for name in form.needed:
            if name not in user:
                yield "user", f"does not show the {name.replace('_', ' ')}", f"put {{{{ {name} }}}} into it"
    if system is not None and user is not None and ANSWER_FORM not in system | user:
        yield "user", "neither template asks for the verdict", f"put {{{{ {ANSWER_FORM} }}}} at its end"
    if system is not None:
        for name in _AUTHORED:
            if judge.get(name) and name in form.system and name not in system:
                yield (
                    "system",
                    f"does not show the {name} of this judge",
                    f"put {{{{ {name} }}}} into it, or leave them out",
                )
