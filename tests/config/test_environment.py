from __future__ import annotations

import os
from pathlib import Path

import pytest

from lattice.config.environment import check_variables, load_environment
from lattice.core.errors import InvalidEvaluation


def test_a_dotenv_file_lies_under_the_real_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=file\nB='from file'\n# C=3\nexport D=4\nEMPTY\n")
    assert load_environment(tmp_path, {"A": "real"}) == {"A": "real", "B": "from file", "D": "4"}


def test_nothing_is_written_into_the_process(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("LATTICE_TEST_ONLY=1\n")
    before = dict(os.environ)
    load_environment(tmp_path, os.environ)
    assert dict(os.environ) == before


def test_values_may_refer_to_what_is_given_and_to_what_stands_above(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nB=${A}-${HOST}-${NOWHERE}\n")
    assert load_environment(tmp_path, {"HOST": "h"})["B"] == "1-h-${NOWHERE}"


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    assert load_environment(tmp_path, {"A": "1"}) == {"A": "1"}


def test_a_file_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"A=1\nB=\xff\n")
    with pytest.raises(InvalidEvaluation) as caught:
        load_environment(tmp_path, {})
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == (str(tmp_path / ".env"), 2)


def test_missing_and_empty_variables_are_told_by_name_at_each_place() -> None:
    block = {"base_url": "https://${HOST}/v1", "headers": {"A": "${ONE} ${TWO}"}, "query": {"k": "${THREE}"}}
    found = check_variables({"providers": {"p": block}}, {"ONE": "1", "TWO": "", "HOST": "h"})
    assert [(problem.key, problem.message) for problem in found] == [
        ("providers.p.headers.A", "not set in the environment: TWO"),
        ("providers.p.query.k", "not set in the environment: THREE"),
    ]
