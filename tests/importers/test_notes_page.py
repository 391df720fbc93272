"""The page of notes."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from lattice.importers import Imported, Notes, Source
from lattice.importers.notes_page import notes_page


def page(notes: Notes) -> str:
    found = Imported(name="x", source=Source.OPENAI, origin="x", drafts=(), inputs=[], notes=notes.entries)
    return notes_page(found, ["evaluation.yaml"], "2026-11-23")


def test_what_needs_somebody_stands_first() -> None:
    notes = Notes()
    notes.changed("a", "", "one")
    notes.left("b", "", "two")
    notes.needed("c", "", "three")
    notes.needed("c", "", "three")
    headings = re.findall(r"^## (.+)$", page(notes), re.MULTILINE)
    assert headings == ["Needs you", "Not carried over", "Carried over with a difference"]
    assert page(notes).count("three") == 1


def test_without_notes_it_says_so() -> None:
    assert page(Notes()).endswith("Everything was carried over.\n")


@given(st.text("`ab\n#[]()<>* ", min_size=1))
def test_whatever_a_name_is_it_stays_in_its_code_span(name: str) -> None:
    notes = Notes()
    notes.left("place", name, "reason")
    [line] = [line for line in page(notes).splitlines() if line.startswith("- ")]
    fence = re.match(r"- (`+)", line)
    assert fence is not None
    inner, _, rest = line[2:].removeprefix(fence[1]).rpartition(f"{fence[1]}: `reason`")
    assert rest == ""
    assert fence[1] not in re.findall("`+", inner)
