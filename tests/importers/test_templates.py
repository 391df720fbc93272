"""Templates of other tools."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.importers.templates import (
    UntranslatableTemplate,
    literal,
    metadata_expression,
    only_path,
    paths_in,
    renamed,
    translated,
)
from lattice.wire.templates import Template

VARIABLES = frozenset({"input", "metadata"})
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r")).map(lambda text: text + ".")


def words(path: tuple[str, ...]) -> str | None:
    return "input" if path == ("item", "question") else metadata_expression(path[1:]) if path[0] == "item" else None


def rendered(template: str, **values: object) -> str:
    return Template(template, variables=VARIABLES).render({"input": "?", "metadata": {}, **values})


@given(TEXTS)
def test_a_literal_text_renders_as_itself(text: str) -> None:
    assert rendered(literal(text)) == text


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_every_field_can_be_named(name: str) -> None:
    expression = metadata_expression((name,))
    assert rendered(f"{{{{ {expression} }}}}.", metadata={name: "found"}) == "found."


def test_plain_places_are_renamed_and_all_else_stands_for_itself() -> None:
    template = translated("{# {{ item.question }} {% if {{item.a.b}} {{ other }}", words)
    filled = rendered(template, input="why?", metadata={"a": {"b": "c"}})
    assert filled == "{# why? {% if c {{ other }}"


def test_paths_are_found() -> None:
    assert paths_in("{{ item.a }} {{sample.output_json.b}}") == [("item", "a"), ("sample", "output_json", "b")]
    assert only_path(" {{ item.a }} ") == ("item", "a")
    assert only_path("{{ item.a }}!") is None


def test_names_of_variables_are_renamed_and_those_of_attributes_filters_and_loops_are_not() -> None:
    text = "{% for word in words %}{{ word.text | upper }}{{ x.words }}{% endfor %}{{ x if y is defined else 'words' }}"
    found, unknown = renamed(text, lambda name: f"metadata.{name}" if name in ("words", "x", "y") else None)
    assert found == (
        "{% for word in metadata.words %}{{ word.text | upper }}{{ metadata.x.words }}{% endfor %}"
        "{{ metadata.x if metadata.y is defined else 'words' }}"
    )
    assert unknown == ()


def test_unknown_names_are_told() -> None:
    assert renamed("{{ a }} {{ b }}", lambda name: "input" if name == "a" else None) == ("{{ input }} {{ b }}", ("b",))


def test_what_is_no_template_is_refused() -> None:
    with pytest.raises(UntranslatableTemplate):
        renamed("{% for %}", lambda name: name)
