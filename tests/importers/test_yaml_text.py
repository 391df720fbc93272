"""Evaluation files as text."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from lattice.config.yaml_documents import parse_yaml
from lattice.importers.yaml_text import yaml_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")) | st.sampled_from(
    [
        "1e3",
        "no",
        "010",
        "0o7",
        "~",
        "null",
        "12:30",
        "2024-01-01",
        ".5",
        "1_000",
        "<<",
        "- a",
        "a: b",
        "# c",
        " |",
        "\t",
    ]
)
VALUES = st.recursive(
    TEXTS | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


KEYS = st.sampled_from(["name", "targets", "inputs", "scoring", "checks", "run", "providers"])


@given(st.dictionaries(KEYS, VALUES, max_size=4), TEXTS)
def test_what_is_written_is_read_again(data: dict[str, Any], comment: str) -> None:
    comments: dict[tuple[str | int, ...], str] = {(key,): comment for key in data}
    assert (parse_yaml(yaml_text(data, comments, comment)).data or {}) == data


def test_comments_stand_above_what_they_are_about() -> None:
    data = {"name": "x", "checks": [{"name": "a", "contains": "b"}, {"name": "c", "regex": "d"}]}
    text = yaml_text(data, {("checks", 1): "from there\nname: hidden"}, "Imported.\nSee notes.")
    assert text == (
        "# Imported.\n# See notes.\nname: x\n\nchecks:\n  - name: a\n    contains: b\n"
        "  # from there name: hidden\n  - name: c\n    regex: d\n"
    )
