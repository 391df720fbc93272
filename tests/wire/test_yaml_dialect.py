from __future__ import annotations

import math
from typing import Any

import pytest
import yaml

from lattice.wire.yaml_dialect import YamlLoader, is_too_deep


def read(text: str) -> Any:
    return yaml.load(text, YamlLoader)


@pytest.mark.parametrize("text", ["yes", "no", "on", "off", "12:30", "2024-01-01", "1_000", "0b1", "=", "y"])
def test_what_only_version_1_1_reads_as_something_else_is_a_text(text: str) -> None:
    assert read(f"a: {text}") == {"a": text}


@pytest.mark.parametrize(
    ("text", "value"),
    [("010", 10), ("0o10", 8), ("0x1F", 31), ("+3", 3), ("-0", 0), ("1e3", 1000.0), (".5", 0.5), ("1.", 1.0)],
)
def test_numbers_are_those_of_version_1_2(text: str, value: float) -> None:
    assert read(f"a: {text}") == {"a": value}


def test_true_false_and_nothing() -> None:
    assert read("[true, FALSE, ~, null]") == [True, False, None, None]
    assert read("a:") == {"a": None}


def test_infinity_and_not_a_number() -> None:
    low, nan = read("[-.INF, .NaN]")
    assert low == -math.inf
    assert math.isnan(nan)


def test_keys_are_texts_as_they_were_written() -> None:
    assert read("{1: a, true: b, 007: c}") == {"1": "a", "true": "b", "007": "c"}


def test_merging_works_and_own_keys_win() -> None:
    assert read("a: &a {x: 1, y: 2}\nb: {<<: *a, y: 3}") == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}}


@pytest.mark.parametrize(
    "text",
    [
        "{a: 1, a: 2}",
        "{{ input }}",
        "!!python/object:os.system {}",
        "!!binary aGk=",
        "!!int abc",
        "!!float x",
    ],
)
def test_what_is_no_plain_data_is_refused(text: str) -> None:
    with pytest.raises(yaml.constructor.ConstructorError):
        read(text)


def test_a_number_of_a_million_digits_is_refused() -> None:
    with pytest.raises(yaml.constructor.ConstructorError):
        read("9" * 1_000_000)


def test_texts_that_would_end_the_process_are_seen_before() -> None:
    assert is_too_deep("[" * 50_000)
    assert is_too_deep("- " * 50_000 + "x")
    assert is_too_deep("{a: " * 1_000 + "x" + "}" * 1_000)
    assert not is_too_deep("a: [1, [2, 3]]\n" * 1_000)
    assert not is_too_deep("a: " + "long " * 1_000)
    assert not is_too_deep("a: ]" + "x" * 1_000)
