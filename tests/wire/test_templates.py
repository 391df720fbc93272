from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.wire.templates import Template, TemplateError

VARIABLES = frozenset({"input", "context", "metadata"})


def render(text: str, **values: object) -> str:
    return Template(text, variables=VARIABLES).render(values)


def error(text: str) -> TemplateError:
    with pytest.raises(TemplateError) as caught:
        Template(text, variables=VARIABLES)
    return caught.value


def test_values_are_filled_in_and_names_are_known() -> None:
    template = Template("Q: {{ input }} ({{ metadata.product }})", variables=VARIABLES)
    assert template.names == {"input", "metadata"}
    assert template.render({"input": "why?", "metadata": {"product": "kettle"}}) == "Q: why? (kettle)"


@given(st.text())
def test_a_value_is_never_parsed_or_escaped(value: str) -> None:
    assert render("<{{ input }}>", input=value) == f"<{value}>"


def test_what_a_value_says_in_template_language_stays_as_it_is() -> None:
    assert render("{{ input }}", input="{{ 1 + 1 }}{% if %}") == "{{ 1 + 1 }}{% if %}"


def test_an_unknown_variable_is_named_with_its_line_and_the_nearest_one() -> None:
    found = error("first\n{{ inptu }}")
    assert found.line == 2
    assert "'inptu'" in found.message
    assert "did you mean 'input'" in found.message
    assert "context, input, metadata" in found.message


def test_names_that_the_template_sets_itself_are_no_unknown_variables() -> None:
    text = "{% for passage in context %}{% set n = loop.index %}{{ n }}{{ passage }}{% endfor %}"
    assert render(text, context=["a", "b"]) == "1a2b"


@pytest.mark.parametrize(
    ("text", "line"), [("{{ input", 1), ("a\n{% if input %}", 2), ("{{ input | shout }}", 1), ("{% endif %}", 1)]
)
def test_a_syntax_error_says_its_line(text: str, line: int) -> None:
    assert error(text).line == line


@pytest.mark.parametrize("text", ["{% include 'x' %}", "{% import 'x' as x %}", "{% extends 'x' %}"])
def test_other_files_cannot_be_pulled_in(text: str) -> None:
    assert "another file" in error(text).message


@pytest.mark.parametrize(
    "text",
    [
        "{{ input.__class__.__mro__ }}",
        "{{ ''.format.__globals__ }}",
        "{{ 'a' * 1000000000 }}",
        "{{ [1] * 1000000000 }}",
        "{{ 10 ** 100000000 }}",
        "{{ range(1000000000) | list }}",
        "{{ metadata.update({'a': 1}) }}",
    ],
)
def test_a_template_cannot_leave_its_sandbox(text: str) -> None:
    with pytest.raises(TemplateError):
        render(text, input="x", metadata={})


def test_a_missing_field_is_named() -> None:
    with pytest.raises(TemplateError, match="no field 'product'"):
        render("{{ metadata.product }}", metadata={})


def test_a_failing_expression_says_what_failed() -> None:
    with pytest.raises(TemplateError, match="ZeroDivisionError"):
        render("{{ 1 / 0 }}")


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), (["a", "b"], "a\n\nb"), ({"a": 1}, '{"a":1}'), ([1, 2], "[1,2]"), (3, "3")],
)
def test_structures_are_rendered_readably(value: object, text: str) -> None:
    assert render("{{ input }}", input=value) == text
