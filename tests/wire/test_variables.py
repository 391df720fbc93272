from __future__ import annotations

import pytest

from lattice.core.errors import UsageError
from lattice.wire.variables import expand, names_in


def test_variables_are_filled_in() -> None:
    assert expand("Bearer ${TOKEN}-${B2}", {"TOKEN": "t", "B2": "u"}) == "Bearer t-u"


def test_a_value_is_not_expanded_again() -> None:
    assert expand("${A}", {"A": "${B}", "B": "x"}) == "${B}"


def test_each_name_is_told_once_in_order() -> None:
    assert names_in("${B} ${A} ${B} $C {D} ${1}") == ("B", "A")


def test_missing_and_empty_variables_are_named_without_any_value() -> None:
    with pytest.raises(UsageError) as caught:
        expand("${A}${GONE}${EMPTY}", {"A": "secret", "EMPTY": ""})
    assert str(caught.value) == "not set in the environment: GONE, EMPTY"
