"""``IMPORT-NOTES.md``: what was written, and what is not as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lattice.importers.records import Imported, Note, Outcome
from lattice.wire.messages import one_line

_HEADINGS = {
    Outcome.NEEDED: "Needs you",
    Outcome.LEFT: "Not carried over",
    Outcome.CHANGED: "Carried over with a difference",
}
_MOST_LISTED = 1000
_TICKS = re.compile("`+")


def notes_page(imported: Imported, files: Sequence[str], when: str) -> str:
    """The page, in Markdown; nothing in it is read as anything but text."""
    lines = [
        "# Import notes",
        "",
        f"From {_code(imported.origin)} ({imported.source.label}), {when}.",
        "",
        "Written: " + ", ".join(f"`{name}`" for name in files) + ".",
    ]
    if imported.runs:
        lines += ["", f"Finished runs in the workspace: {', '.join(_code(run.label) for run in imported.runs)}."]
    for outcome, heading in _HEADINGS.items():
        lines += _section(heading, [note for note in imported.notes if note.outcome is outcome])
    if not imported.notes:
        lines += ["", "Everything was carried over."]
    return "\n".join(lines) + "\n"


def _section(heading: str, notes: Sequence[Note]) -> Iterator[str]:
    if not notes:
        return
    yield from ("", f"## {heading}", "")
    for note in notes[:_MOST_LISTED]:
        subject = " ".join(part for part in (note.place, note.what) if part)
        yield f"- {_code(subject)}: {_code(note.reason)}"
    if len(notes) > _MOST_LISTED:
        yield f"- and {len(notes) - _MOST_LISTED} more of the kind"


def _code(text: str) -> str:
    """A text as a code span, in which no link, image or heading comes to life."""
    plain = one_line(text)
    longest = max((len(run) for run in _TICKS.findall(plain)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {plain} {fence}" if longest else f"{fence}{plain}{fence}"
