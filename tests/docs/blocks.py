"""The fenced blocks of a Markdown page, with what the page says about running them.

A comment right before a block speaks to the suite, and to whoever reads the source::

    <!-- not run: REASON -->      the block is only shown
    <!-- exit 4 -->               its last command ends with this code
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

_OPENING = re.compile(r"^```(?P<language>\w*)$")
_CLOSING = "```"
_NOT_RUN = re.compile(r"^<!-- not run: (?P<reason>.+) -->$")
_EXIT = re.compile(r"^<!-- exit (?P<code>\d+) -->$")
_FILE_NAME = re.compile(r"^# (?P<name>[\w-]+\.(?:yaml|jsonl|md|py))$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One fenced block.

    Parameters
    ----------
    page: as the repository names it.
    line: of its opening fence, 1-based.
    not_run: the reason, None where it is run.
    exit: the code with which its last command is to end.
    """

    page: str
    line: int
    language: str
    text: str
    not_run: str | None = None
    exit: int = 0

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file_name(self) -> str | None:
        """The file it shows, where its first line is a comment with nothing but a name."""
        found = _FILE_NAME.match(self.text.partition("\n")[0])
        return found["name"] if found else None


def name_of(page: Path) -> str:
    """A page as the repository names it."""
    return str(page.relative_to(ROOT))


def blocks_of(page: Path) -> Iterator[Block]:
    """Every fenced block of a page, in order."""
    lines = page.read_text(encoding="utf-8").splitlines()
    number = 0
    while number < len(lines):
        opening = _OPENING.match(lines[number])
        if opening is None:
            number += 1
            continue
        end = lines.index(_CLOSING, number + 1)
        not_run, exit_ = _told(lines[:number])
        yield Block(
            page=name_of(page),
            line=number + 1,
            language=opening["language"],
            text="\n".join(lines[number + 1 : end]) + "\n",
            not_run=not_run,
            exit=exit_,
        )
        number = end + 1


def _told(before: Sequence[str]) -> tuple[str | None, int]:
    """What a comment on the line before a block says."""
    said = before[-1] if before else ""
    not_run, exit_ = _NOT_RUN.match(said), _EXIT.match(said)
    return not_run["reason"] if not_run else None, int(exit_["code"]) if exit_ else 0
