"""Which field of an eval's items is the input, which the reference."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.importers.openai.objects import Run, text_of
from lattice.importers.templates import FieldPath, metadata_expression, only_path, paths_in, value_at

ITEM, SAMPLE = "item", "sample"
OUTPUT_TEXT: FieldPath = (SAMPLE, "output_text")
OUTPUT_JSON: FieldPath = (SAMPLE, "output_json")

_INPUTS = ("input", "question", "query", "prompt", "input_trajectory", "messages", "user_input", "text")
_REFERENCES = (
    *("reference", "answer", "expected", "expected_output", "ideal", "ground_truth"),
    *("correct_label", "correct_answer", "expected_answer", "label", "target"),
)
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fields:
    """What is what in the items of one eval.

    Parameters
    ----------
    shown: fields that judges refer to and that are neither input nor reference; they become the context.
    response: the field that holds what was answered, where no model was asked.
    in_prompt: every field that a prompt names.
    """

    input: FieldPath
    reference: FieldPath | None = None
    shown: tuple[FieldPath, ...] = ()
    response: FieldPath | None = None
    in_prompt: frozenset[FieldPath] = frozenset()

    def expression(self, path: FieldPath) -> str | None:
        """How a prompt of ours names ``item.…``; None where it is no field of the item."""
        if path[0] != ITEM or len(path) < 2:
            return None
        return "input" if path[1:] == self.input else metadata_expression(path[1:])

    def words(self, path: FieldPath) -> str | None:
        """How a rubric of ours speaks of ``item.…`` and ``sample.…``."""
        if path[0] == SAMPLE or (path[0] == ITEM and path[1:] == self.response):
            return "(the RESPONSE)"
        if path[0] != ITEM or len(path) < 2:
            return None
        if path[1:] == self.input:
            return "(the INPUT)"
        if path[1:] == self.reference:
            return "(the REFERENCE)"
        return f"({'.'.join(path[1:])}, in the CONTEXT)"

    def row(self, item: Mapping[str, Any], position: int) -> dict[str, Any]:
        """One line of ``inputs.jsonl``."""
        row: dict[str, Any] = {"id": str(position), "input": _input(value_at(item, self.input))}
        reference = None if self.reference is None else value_at(item, self.reference)
        if reference is not None:
            row["reference"] = text_in(reference)
        context = [f"{'.'.join(path)}: {text_in(value)}" for path, value in self._shown(item)]
        if context:
            row["context"] = context
        if metadata := self._metadata(item):
            row["metadata"] = metadata
        return row

    def _shown(self, item: Mapping[str, Any]) -> Iterable[tuple[FieldPath, Any]]:
        return ((path, value) for path in self.shown if (value := value_at(item, path)) is not None)

    def _metadata(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """All other fields; the reference's stays where a prompt needs it."""
        apart = {path[0] for path in (self.input, self.reference) if path and path not in self.in_prompt - {self.input}}
        nested = {path[0] for path in self.in_prompt if len(path) > 1}
        return {name: value for name, value in item.items() if name not in apart - nested}


def text_in(value: Any) -> str:
    """A value as a template would fill it in."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _input(value: Any) -> str | list[dict[str, str]]:
    if isinstance(value, str) and value.strip():
        return value
    if isinstance(value, list) and (messages := _messages(value)):
        return messages
    return "(empty)" if value is None or value in ("", []) or isinstance(value, str) else text_in(value)


def _messages(value: Sequence[Any]) -> list[dict[str, str]] | None:
    messages = []
    for each in value:
        role = _ROLES.get(each.get("role", "")) if isinstance(each, dict) else None
        content = text_of(each.get("content")) if isinstance(each, dict) else None
        if role is None or content is None:
            return None
        messages.append({"role": role, "content": content})
    return messages


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """What the templates of an eval's graders say.

    Parameters
    ----------
    compared: the texts that graders compare, as (input, reference).
    judged: the texts that model graders are shown.
    """

    compared: Sequence[tuple[str, str]]
    judged: Sequence[str]


def fields_of(items: Sequence[Mapping[str, Any]], properties: Iterable[str], runs: Sequence[Run], uses: Uses) -> Fields:
    """What is what, from what prompts and graders do with it, else from usual names, else the longest text."""
    names = list(dict.fromkeys([*(name for item in items[:100] for name in item), *properties]))
    asked = any(run.data_source.type in ("completions", "responses") for run in runs)
    compared = [(_field(left), _field(right)) for left, right in uses.compared]
    reference = next((right for _, right in compared if right), None) or _usual(names, _REFERENCES)
    response = None if asked else next((left for left, _ in compared if left), None)
    prompts = [text for run in runs for text in _prompt_texts(run)]
    in_prompt = [path[1:] for text in prompts for path in paths_in(text) if path[0] == ITEM and len(path) > 1]
    apart = {reference, response}
    input_ = (
        next((found for run in runs if (found := _trajectory(run))), None)
        or next((found for text in prompts[::-1] if (found := _field(text))), None)
        or _usual([name for name in names if (name,) not in apart], _INPUTS)
        or _longest(items, [path for path in in_prompt if path not in apart])
        or _longest(items, [(name,) for name in names if (name,) not in apart])
        or ("input",)
    )
    judged = [path[1:] for text in uses.judged for path in paths_in(text) if path[0] == ITEM and len(path) > 1]
    shown = [path for path in dict.fromkeys(judged) if path not in (input_, reference, response)]
    return Fields(
        input=input_, reference=reference, shown=tuple(shown), response=response, in_prompt=frozenset(in_prompt)
    )


def _field(text: str) -> FieldPath | None:
    """The field of the item that a template is, if it is one alone."""
    path = only_path(text)
    return path[1:] if path and path[0] == ITEM and len(path) > 1 else None


def _usual(names: Sequence[str], usual: Sequence[str]) -> FieldPath | None:
    return next(((name,) for name in usual if name in names), None)


def _trajectory(run: Run) -> FieldPath | None:
    messages = run.data_source.input_messages
    if messages is None or not messages.item_reference:
        return None
    path = tuple(messages.item_reference.strip("{} ").split("."))
    return (path[1:] if path[0] == ITEM else path) or None


def _prompt_texts(run: Run) -> list[str]:
    messages = run.data_source.input_messages
    template = messages.template if messages is not None else None
    return [text for message in template or () if (text := text_of(message.content)) is not None]


def _longest(items: Sequence[Mapping[str, Any]], paths: Sequence[FieldPath]) -> FieldPath | None:
    def length(path: FieldPath) -> int:
        return sum(len(text_in(value)) for item in items[:100] if (value := value_at(item, path)) is not None)

    return max(dict.fromkeys(paths), key=length, default=None)
