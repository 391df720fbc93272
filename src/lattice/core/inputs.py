"""One test case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lattice.core.models import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One test case, as it stands in the file.

    Parameters
    ----------
    position: 1-based place in its file, shown as ``#1``; kept under `limit` and `sample`.
    id: unique within its set; the position's digits where the file gives none.
    input: a text, or a conversation.
    reference: the known answer; numbers and structures as JSON text.
    context: passages that belong to the input.
    metadata: further fields, for templates.
    cluster: inputs with the same cluster are not independent of each other.
    """

    position: int
    id: str
    input: str | tuple[Message, ...]
    reference: str | None = None
    context: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cluster: str | None = None

    @property
    def text(self) -> str:
        """The input as one text: itself, or a conversation as ``role: content`` paragraphs."""
        if isinstance(self.input, str):
            return self.input
        return "\n\n".join(f"{message.role}: {message.content}" for message in self.input)
