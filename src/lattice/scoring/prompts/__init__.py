"""The built-in judge prompts: one folder per mode with a ``system.jinja`` and a ``user.jinja``.

A system template is rendered once per judge and sees what the evaluation's author wrote; a user template is
rendered per response, and everything it is given has been fenced already (`lattice.scoring.fences`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any

from lattice.core.errors import CallError, ErrorKind
from lattice.core.judging import JudgeMode, JudgeSettings, PromptSettings
from lattice.core.prompting import PROMPT_FORMS
from lattice.wire.templates import Template, TemplateError


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgePrompt:
    """A judge's two templates, compiled.

    Parameters
    ----------
    system: of the trusted part. user: of the data. Their variables are those of `lattice.core.prompting`.
    """

    system: Template
    user: Template


def builtin_prompt(mode: JudgeMode) -> JudgePrompt:
    """The prompt that comes with Lattice for a mode."""
    return _compiled(mode, prompt_text(mode, "system"), prompt_text(mode, "user"))


def prompt_of(settings: JudgeSettings) -> JudgePrompt:
    """The prompt that is in force for a judge: the built-in one, or its own in place of one part or both.

    Raises
    ------
    TemplateError: a template of its own cannot be compiled.
    """
    return _compiled(settings.mode, *prompt_sources(settings))


def prompt_sources(settings: JudgeSettings) -> tuple[str, str]:
    """The sources of the system and the user template that are in force for a judge."""
    own = settings.prompt or PromptSettings.model_construct()
    system, user = own.system, own.user
    mode = settings.mode
    return (
        prompt_text(mode, "system") if system is None else system,
        prompt_text(mode, "user") if user is None else user,
    )


def prompt_digest(settings: JudgeSettings) -> str:
    """SHA-256 over the templates that are in force, as hex: another built-in prompt makes another configuration."""
    digest = hashlib.sha256()
    for source in prompt_sources(settings):
        content = source.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "big"))
        digest.update(content)
    return digest.hexdigest()


def _compiled(mode: JudgeMode, system: str, user: str) -> JudgePrompt:
    form = PROMPT_FORMS[mode]
    return JudgePrompt(
        system=Template(system, variables=form.system),
        user=Template(user, variables=form.user),
    )


def filled(template: Template, values: Mapping[str, Any]) -> str:
    """A user template with one trial's data.

    Raises
    ------
    CallError: of kind ``invalid_input``; a template of one's own asks for what this input does not have.
    """
    try:
        return template.render(values)
    except TemplateError as error:
        raise CallError(ErrorKind.INVALID_INPUT, f"The judge's prompt cannot be filled in: {error}") from None


def prompt_text(mode: JudgeMode, part: str) -> str:
    """The source of one part (``system`` or ``user``) of a built-in prompt, for people to read."""
    return resources.files(__package__).joinpath(mode.value, f"{part}.jinja").read_text("utf-8")
