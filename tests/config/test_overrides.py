from __future__ import annotations

from typing import Any

import pytest

from lattice.config.overrides import apply, parse_override
from lattice.core.errors import UsageError

DATA: dict[str, Any] = {"targets": [{"name": "A", "model": "sim/a"}, {"name": "Beta"}], "run": None, "name": "x"}


def applied(text: str) -> Any:
    return apply(DATA, parse_override(text))[0]


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ("run.repeats=3", ("run", "repeats"), 3),
        ("name=a=b", ("name",), "a=b"),
        ("name=", ("name",), None),
        ("gates=[mean > 0.5]", ("gates",), ["mean > 0.5"]),
        ('providers.x.prices."gpt-4.1".input=2', ("providers", "x", "prices", "gpt-4.1", "input"), 2),
        ("targets.0.params={max_tokens: 5}", ("targets", "0", "params"), {"max_tokens": 5}),
        ("name='5'", ("name",), "5"),
    ],
)
def test_path_and_value_are_read(text: str, path: tuple[str, ...], value: Any) -> None:
    override = parse_override(text)
    assert (override.path, override.value) == (path, value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("run.repeats", "expected PATH=VALUE"),
        ("=3", "a part between dots is empty"),
        ("run..x=3", "a part between dots is empty"),
        ('run."x=3', "a quotation mark is not closed"),
        ('run."x"y=3', "expected a dot"),
        ("run=[1", "the value is not valid YAML"),
        ("run={a: 1, a: 2}", "this key stands here twice"),
    ],
)
def test_another_form_is_refused_with_what_was_expected(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_override(text)


def test_only_what_is_named_changes() -> None:
    assert applied("targets.1.model=sim/b") == {
        **DATA,
        "targets": [{"name": "A", "model": "sim/a"}, {"name": "Beta", "model": "sim/b"}],
    }
    assert DATA["targets"][1] == {"name": "Beta"}


def test_blocks_on_the_way_are_made() -> None:
    assert applied("run.limits.requests_per_minute=60")["run"] == {"limits": {"requests_per_minute": 60}}


def test_an_entry_may_be_added_behind_the_last() -> None:
    assert applied("targets.2={model: sim/c}")["targets"][2] == {"model": "sim/c"}


def test_the_path_tells_what_is_a_place_in_a_list() -> None:
    assert apply(DATA, parse_override("targets.0.model=x"))[1] == ("targets", 0, "model")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("targets.2.model=x", "targets is a list of 2 entries, counted from 0: there is no 2"),
        ("targets.Beta.model=x", "write a place from 0, not 'Beta'; 'Beta' stands at 1"),
        ("targets.-1.model=x", "not '-1'"),
        ("name.first=x", "name is a single value and has no part 'first'"),
    ],
)
def test_a_path_that_leads_nowhere_is_told_where_it_ends(text: str, words: str) -> None:
    with pytest.raises(ValueError) as caught:
        applied(text)
    assert words in str(caught.value)
