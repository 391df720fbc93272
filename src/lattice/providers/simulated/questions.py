"""A request, whichever face it came in by."""

from __future__ import annotations

from dataclasses import dataclass

from lattice.core.models import Message
from lattice.providers.simulated.forms import Form


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a model is asked.

    Parameters
    ----------
    messages: the conversation, system messages where they stood; at least one.
    form: the JSON that is wanted, None for plain text.
    tool: name of the tool that has to be called with it, None where the answer itself is the JSON.
    max_tokens: longest answer, None for any.
    """

    model: str
    messages: tuple[Message, ...]
    form: Form | None = None
    tool: str | None = None
    max_tokens: int | None = None

    @property
    def last(self) -> str:
        """What the user said last ("" if nobody did)."""
        for message in reversed(self.messages):
            if message.role == "user":
                return message.content
        return ""

    @property
    def rules(self) -> str:
        """What the system messages say ("" if there are none)."""
        return "\n\n".join(message.content for message in self.messages if message.role == "system")
