"""Texts of a sample: contents in parts, and attachments that stand for long ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lattice.importers.inspect_logs.objects import ChatMessage, Sample

_ROLES = frozenset({"system", "user", "assistant"})
_SCHEMES = ("attachment://", "tc://")


def resolved(sample: Mapping[str, Any]) -> Mapping[str, Any]:
    """A sample as it stands in a log, with its long texts back in their places."""
    older = sample.get("transcript")
    attachments = sample.get("attachments") or (older.get("content") if isinstance(older, dict) else None)
    wanted = {name: value for name, value in sample.items() if name in Sample.model_fields}
    return _resolved(wanted, attachments) if isinstance(attachments, dict) and attachments else wanted


def _resolved(value: Any, attachments: Mapping[str, Any]) -> Any:
    if isinstance(value, str):
        scheme = next((each for each in _SCHEMES if value.startswith(each)), None)
        found = attachments.get(value.removeprefix(scheme)) if scheme else None
        return found if isinstance(found, str) else value
    if isinstance(value, dict):
        return {key: _resolved(inner, attachments) for key, inner in value.items()}
    if isinstance(value, list):
        return [_resolved(inner, attachments) for inner in value]
    return value


def text_in(content: Any) -> str:
    """The text of a content; what is no text, and what the model thought, is left out."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        texts = [text_in(part) for part in content]
        return "\n".join(text for text in texts if text)
    if isinstance(content, dict) and content.get("type", "text") == "text" and isinstance(content.get("text"), str):
        return str(content["text"])
    return ""


def has_media(messages: Sequence[ChatMessage]) -> bool:
    """Whether some content is an image, a sound or the like."""
    kinds = {
        part.get("type", "text")
        for message in messages
        if isinstance(message.content, list)
        for part in message.content
        if isinstance(part, dict)
    }
    return bool(kinds - {"text", "reasoning"})


def input_of(sample: Sample) -> str | list[dict[str, str]]:
    """What was asked: a text, a conversation, or the question with its choices as the solver put it."""
    if sample.choices and (asked := _first_user(sample.messages)):
        return asked
    if isinstance(sample.input, str):
        return sample.input if sample.input.strip() else "(empty)"
    messages = [{"role": message.role, "content": text_in(message.content)} for message in sample.input]
    if messages and all(message["role"] in _ROLES for message in messages):
        return messages
    return "\n\n".join(f"{message['role']}: {message['content']}" for message in messages) or "(empty)"


def _first_user(messages: Sequence[ChatMessage]) -> str | None:
    return next((text for message in messages if message.role == "user" and (text := text_in(message.content))), None)


def answer_of(sample: Sample) -> str | None:
    """What the model gave at last; None where it gave nothing."""
    if sample.output.choices:
        return text_in(sample.output.choices[0].message.content)
    said = [message for message in sample.messages if message.role == "assistant"]
    return text_in(said[-1].content) if said else None


def targets_of(sample: Sample) -> list[str]:
    """The answers that count as right."""
    targets = [sample.target] if isinstance(sample.target, str) else sample.target
    return [target for target in targets if target.strip()]
