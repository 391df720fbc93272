"""What a run asked, as a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lattice.importers.naming import target_name
from lattice.importers.openai.fields import Fields
from lattice.importers.openai.grouping import RunParts
from lattice.importers.openai.objects import TemplateMessage, text_of
from lattice.importers.providers import STAND_IN
from lattice.importers.records import Notes, quoted
from lattice.importers.templates import translated

_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_CARRIED = ("max_completion_tokens", "temperature", "top_p", "seed", "reasoning_effort", "response_format", "tools")


def target_of(parts: RunParts, fields: Fields, notes: Notes) -> dict[str, Any]:
    """The target of one run, without a name."""
    source = parts.run.data_source
    place = f"run {quoted(parts.run.name or parts.run.id)}"
    model = source.model or parts.run.model or _sampled_model(parts)
    if not model:
        notes.needed(place, "model", f"the export names none; {STAND_IN} stands in its place, put your own there")
    target: dict[str, Any] = {"model": f"openai/{model}" if model else STAND_IN}
    if source.input_messages is not None and source.input_messages.template:
        target.update(_prompt(source.input_messages.template, fields, place, notes))
    if params := _params(source.sampling_params or {}, source.type, place, notes):
        target["params"] = params
    return target


def named(targets: Sequence[dict[str, Any]], labels: Sequence[str]) -> list[dict[str, Any]]:
    """Targets with names: the model's, and where several have the same model the run's as well."""
    models = [target["model"].partition("/")[2] for target in targets]
    taken: set[str] = set()
    return [
        {"name": target_name(model if models.count(model) == 1 else f"{model} ({label})", taken), **target}
        for target, model, label in zip(targets, models, labels, strict=True)
    ]


def _sampled_model(parts: RunParts) -> str | None:
    return next((item.sample.model for item in parts.items if item.sample and item.sample.model), None)


def _prompt(template: Sequence[TemplateMessage], fields: Fields, place: str, notes: Notes) -> dict[str, Any]:
    messages = []
    for index, message in enumerate(template):
        where = f"{place}: data_source.input_messages.template[{index}]"
        text = text_of(message.content)
        if text is None:
            notes.left(where, f"{message.role} message", "images and sounds cannot be sent; only texts are")
        elif message.role not in _ROLES:
            notes.left(where, f"{quoted(message.role)} message", "there are system, user and assistant messages")
        else:
            messages.append({"role": _ROLES[message.role], "content": translated(text, fields.expression)})
    roles = [message["role"] for message in messages]
    if roles in (["user"], ["system", "user"]):
        keys = {"system": "system", "user": "prompt"}
        return {keys[message["role"]]: message["content"] for message in messages}
    return {"messages": messages} if messages else {}


def _params(given: Mapping[str, Any], kind: str, place: str, notes: Notes) -> dict[str, Any]:
    params = {}
    for name, value in given.items():
        if value is None:
            continue
        if kind == "responses" and name in ("tools", "text"):
            notes.left(f"{place}: data_source.sampling_params.{name}", "", "belongs to the Responses API only")
        elif name in _CARRIED:
            params[name] = value
        else:
            notes.left(f"{place}: data_source.sampling_params.{name}", "", "not a known parameter")
    return params
