"""Verification names what is wrong with a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.reporting.snapshots.archives import archive, as_lines, lines_of, listed, members, packed

from lattice.reporting.snapshots.manifest import MANIFEST, RESULTS, RUN, SUMMARY
from lattice.reporting.snapshots.opening import LatticeFile
from lattice.reporting.snapshots.verification import Verification, verify


def verified(tmp_path: Path, content: bytes) -> Verification:
    path = tmp_path / "run.lattice"
    path.write_bytes(content)
    with LatticeFile(path) as file:
        return verify(file)


def tampered(tmp_path: Path, name: str, change: Callable[[Any], Any]) -> tuple[str, ...]:
    """What is found when somebody changes a document and makes the manifest agree."""
    contents = members()
    contents[name] = orjson.dumps(change(orjson.loads(contents[name]))) + b"\n"
    return verified(tmp_path, packed(listed(contents))).problems


def test_a_file_that_is_as_it_was_written_is_sound(tmp_path: Path) -> None:
    found = verified(tmp_path, archive())
    assert found.is_sound
    assert found == Verification()


@pytest.mark.parametrize("name", [name for name in members() if name != MANIFEST])
def test_a_changed_member_is_named(tmp_path: Path, name: str) -> None:
    problems = verified(tmp_path, packed({**members(), name: members()[name] + b" "})).problems
    assert problems == (f"{name} is not what was written: its SHA-256 is another one",)


def test_a_member_that_came_or_went_is_named(tmp_path: Path) -> None:
    contents = members()
    contents["notes.txt"] = contents.pop("README.txt")
    problems = verified(tmp_path, packed(contents)).problems
    assert problems == ("notes.txt is not listed in manifest.json", "README.txt is missing")


def test_a_member_of_a_later_version_is_listed_and_no_problem(tmp_path: Path) -> None:
    found = verified(tmp_path, packed(listed({**members(), "new.json": b"{}"})))
    assert (found.problems, found.unknown) == ((), ("new.json",))


def test_a_changed_manifest_is_noticed(tmp_path: Path) -> None:
    manifest = orjson.loads(members()[MANIFEST])
    manifest["snapshot"] = "0" * 64
    problems = verified(tmp_path, packed({**members(), MANIFEST: orjson.dumps(manifest)})).problems
    assert len(problems) == 1
    assert "the hash of the snapshot" in problems[0]


def test_a_summary_that_does_not_follow_from_the_results_is_noticed(tmp_path: Path) -> None:
    contents = members()
    head, _, rest = contents[SUMMARY].partition(b'"mean":')
    _, comma, rest = rest.partition(b",")
    contents[SUMMARY] = head + b'"mean":0.99' + comma + rest
    (problem,) = verified(tmp_path, packed(listed(contents))).problems
    assert problem.startswith("summary.json does not follow from the results: metrics.0.mean is 0.99, not 0.")


def test_a_result_that_was_left_out_is_noticed(tmp_path: Path) -> None:
    contents = {**members(), RESULTS: as_lines(lines_of(RESULTS)[1:])}
    problems = verified(tmp_path, packed(listed(contents))).problems
    assert f"{RESULTS} has 19 results, and {RUN} says 20" in problems
    assert any("progress.done is 20, not 19" in problem for problem in problems)


def test_a_better_score_is_noticed(tmp_path: Path) -> None:
    results = lines_of(RESULTS)
    scored = next(line for line in results if line["status"] == "scored" and line["score"] < 1)
    scored["metrics"]["score"] = {"score": 1.0, "native": 5.0}
    problems = verified(tmp_path, packed(listed({**members(), RESULTS: as_lines(results)}))).problems
    assert any("metrics.0.mean" in problem for problem in problems)


def test_results_in_another_order_are_noticed(tmp_path: Path) -> None:
    contents = {**members(), RESULTS: as_lines(lines_of(RESULTS)[::-1])}
    problems = verified(tmp_path, packed(listed(contents))).problems
    assert any("not in the order" in problem for problem in problems)


def test_an_error_that_no_result_has_is_noticed(tmp_path: Path) -> None:
    contents = members()
    contents[SUMMARY] = contents[SUMMARY].replace(b'"step":"target"', b'"step":"judge"', 1)
    problems = verified(tmp_path, packed(listed(contents))).problems
    assert problems == (f"{SUMMARY}: errors.0 is not the failure that {RESULTS} has there",)


def test_a_run_of_another_name_is_noticed(tmp_path: Path) -> None:
    problems = tampered(tmp_path, RUN, lambda run: {**run, "number": 7})
    assert f"{RUN} is of another run than {MANIFEST}" in problems


def test_fewer_tokens_than_the_results_took_are_noticed(tmp_path: Path) -> None:
    def cheaper(run: dict[str, Any]) -> dict[str, Any]:
        run["live"]["usage"]["judge"] = [1, 1]
        return run

    problems = tampered(tmp_path, RUN, cheaper)
    assert f"{RESULTS} has more tokens of the judge than {RUN}" in problems


def test_what_cannot_be_read_is_a_problem_like_any_other(tmp_path: Path) -> None:
    contents = {**members(), RESULTS: b"{}\n"}
    (problem,) = verified(tmp_path, packed(listed(contents))).problems
    assert "results.jsonl, line 1: position: Field required" in problem
