"""Regular expressions that a file brings: found, refused with a reason, or given up in time."""

from __future__ import annotations

import pytest

from lattice.scoring.patterns import Pattern


def test_a_pattern_is_found_anywhere_or_as_the_whole_text() -> None:
    assert Pattern(r"\[\d+\]").is_found("as shown in [3]")
    assert not Pattern(r"\[\d+\]", whole=True).is_found("as shown in [3]")
    assert Pattern("YES", ignore_case=True).is_found("yes")


@pytest.mark.parametrize("text", ["(", "[" * 5_000, "a{2,1}", "*"])
def test_what_is_no_pattern_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match="is no regular expression"):
        Pattern(text)


def test_a_pattern_that_is_nested_too_deeply_is_refused_like_any_other() -> None:
    with pytest.raises(ValueError, match=r"'\(\(\(.*'… is nested too deeply"):
        Pattern("(" * 5_000 + ")" * 5_000)
