"""Texts that models, files and people wrote, to be read on a page as they are and not as they would like to be."""

from __future__ import annotations

import re
from dataclasses import dataclass

SHOWN = 20_000
"""Letters of a text that a page shows at first."""

_CONTROL_PICTURES = 0x2400
_DELETE = 0x7F
# Controls, and what turns the direction of everything around it or is there to be invisible. Line breaks and tabs
# stay, and so do the marks and joiners that scripts and emoji need.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One text of a trial.

    Parameters
    ----------
    id: in addresses; unique within the trial.
    name: its heading.
    whole: as it was written.
    """

    id: str
    name: str
    whole: str

    @property
    def shown(self) -> str:
        """Its beginning, with nothing in it that acts upon the page."""
        return page_text(self.whole[:SHOWN])

    @property
    def readable(self) -> str:
        """All of it, likewise."""
        return page_text(self.whole)

    @property
    def is_cut(self) -> bool:
        return len(self.whole) > SHOWN

    @property
    def length(self) -> int:
        return len(self.whole)


def page_text(text: str) -> str:
    """A text as a page shows it: controls as their pictures (``␛``), overrides of direction as ``�``."""
    if text.isascii() and text.isprintable():
        return text
    return _UNSAFE.sub(_picture, text.replace("\r\n", "\n").replace("\r", "\n"))


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    return "␡" if code == _DELETE else "\ufffd"
