"""What differs between two runs beside their scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.reporting.run_records import evaluation
from tests.reporting.sides import side

from lattice.config.differences import Difference
from lattice.core.evaluation import Evaluation
from lattice.reporting.changes import changes_between
from lattice.reporting.comparison import compare
from lattice.reporting.sides import Side


def served(name: str, models: Mapping[str, int], **changes: Any) -> Side:
    return replace(side(name, [1, 2, 3, 4], **changes), served=models)


def with_target(**changes: Any) -> Evaluation:
    data = evaluation().model_dump(mode="json", by_alias=True, exclude_none=True)
    data["targets"][0].update(changes)
    return Evaluation.model_validate(data)


def test_two_runs_of_one_configuration_differ_in_nothing() -> None:
    assert changes_between(served("a", {"m-1": 4}), served("b", {"m-1": 4})) == ()


def test_keys_of_the_configuration_are_named_with_both_values() -> None:
    old, new = side("a", [1, 2]), side("b", [1, 2], configured=with_target(params={"temperature": 0.2}))
    assert changes_between(old, new) == (Difference(key="targets.0.params.temperature", before=None, after=0.2),)


def test_another_model_behind_the_same_name_is_named() -> None:
    old, new = served("a", {"gpt-5-mini-2026-08-07": 4}), served("b", {"gpt-5-mini-2026-11-01": 3, "other": 1})
    [change] = changes_between(old, new)
    assert (change.key, change.before) == ("served model", "gpt-5-mini-2026-08-07")
    assert change.after == "gpt-5-mini-2026-11-01 (3), other (1)"


def test_a_model_that_only_one_run_knows_is_no_change() -> None:
    assert changes_between(served("a", {}), served("b", {"m-1": 4})) == ()


def test_commits_are_named_and_whether_files_had_been_changed() -> None:
    old = side("a", [1], tags={"git.commit": "a" * 40, "git.dirty": "false"})
    new = side("b", [1], tags={"git.commit": "b" * 40, "git.dirty": "true"})
    [change] = changes_between(old, new)
    assert change == Difference(key="git commit", before="a" * 12, after="b" * 12 + " (with uncommitted changes)")
    given = side("c", [1], tags={"commit": "3f2a1c"})
    assert changes_between(old, given)[0].after == "3f2a1c"
    assert changes_between(old, side("d", [1])) == ()


def test_targets_of_one_run_are_not_two_runs() -> None:
    one = served("a", {"m-1": 4})
    assert changes_between(one, replace(one, target="another", served={"m-2": 4})) == ()


def test_a_comparison_carries_them_into_its_document() -> None:
    report = compare([(served("a", {"m-1": 4}), served("b", {"m-2": 4}))])
    [comparison] = report.as_json()["comparisons"]
    assert comparison["changes"] == [{"key": "served model", "before": "m-1", "after": "m-2"}]
