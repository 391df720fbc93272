"""Evaluations as tests."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

import lattice
from lattice.api.asserting import finding_of

pytest_plugins = "pytester"

ROOT = Path(__file__).parents[1]
INPUTS = [{"id": f"q{n}", "input": f"Question {n}?", "reference": f"Answer {n}."} for n in range(1, 13)]


def write(pytester: pytest.Pytester, test: str, **changes: Any) -> None:
    data: Mapping[str, Any] = {
        "name": "Support Bot",
        "targets": [{"name": "Assistant", "model": "sim/assistant"}],
        "inputs": {"items": INPUTS},
        "scoring": {"judge": {"model": "sim/judge", "mode": "reference"}},
        **changes,
    }
    (pytester.path / "evaluation.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    pytester.makepyfile(test_bot=test)


USUAL = """
def test_support_bot(evaluate):
    evaluate("evaluation.yaml")
"""


@pytest.fixture(scope="module", autouse=True)
def everything_imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pytester forgets what a session within this process has imported, and numpy cannot be imported twice."""
    evaluation = lattice.Evaluation(
        name="Warm",
        targets=[lattice.Model("sim/assistant", params={"faults": {"invalid": 0.2}})],
        inputs=lattice.Inputs(INPUTS),
        scoring=lattice.Judge("sim/judge", mode="reference"),
        gates=["mean > 0.99"],
    )
    run = lattice.run(evaluation, db=str(tmp_path_factory.mktemp("warm") / "warm.db"))
    assert finding_of(run, ["ci_lower > 0.5"]).message


@pytest.fixture(autouse=True)
def own_workspace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LATTICE_DB", raising=False)


def run(pytester: pytest.Pytester, *options: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("-p", "no:cacheprovider", *options)


def test_gates_that_hold_pass_and_the_run_is_told_in_one_line(pytester: pytest.Pytester) -> None:
    write(pytester, USUAL, gates=["mean > 0.1", "failure_rate < 0.5"])
    result = run(pytester)
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines(
        [r"=+ lattice =+", r"support-bot#1: score 0\.\d\d \[.+\] \(n = 12 of 12\), 2 of 2 gates pass, "]
    )
    stored = lattice.open_run(db=str(pytester.path / ".lattice" / "lattice.db"))
    assert stored.tags["pytest"] == "test_bot.py::test_support_bot"


def test_a_gate_that_fails_says_what_one_needs_to_know(pytester: pytest.Pytester) -> None:
    target = {"name": "Assistant", "model": "sim/assistant", "params": {"faults": {"invalid": 0.2}}}
    write(pytester, USUAL, targets=[target], gates=["mean > 0.99", "ci_lower > 0.01"])
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [
            r"support-bot#1: gates failed",
            r"Gates:",
            r"  mean > 0.99 +fail",
            r"      0\.\d+ is not above 0.99",
            r"  ci_lower > 0.01 +",
            r"Assistant, score: mean 0\.\d\d \[0\.\d\d, .+\] \(n = \d+ of 12\), .+ on the judge's scale",
            r"Failed: \d of 12 trials \(\d+\.\d%\)",
            r"  #\d+ \(q\d+\): invalid_input: .+",
            r"Lowest score:",
            r"  #\d+ \(q\d+\): \d\.\d\d \(\d\)  Question \d+\?",
            r"Look at it: lattice show 'support-bot#1'",
            r"From Python: lattice.open_run\('\w+'\)",
        ],
        consecutive=False,
    )
    assert "evaluation.yaml" not in result.stdout.str().partition("gates failed")[2].partition("Look at it")[0]


@pytest.mark.parametrize(
    ("options", "outcome"),
    [
        ((), "failed"),
        (("--lattice-inconclusive", "skip"), "skipped"),
        (("--lattice-inconclusive", "xfail"), "xfailed"),
        (("-o", "lattice_inconclusive=skip"), "skipped"),
        (("-o", "lattice_inconclusive=skip", "--lattice-inconclusive", "fail"), "failed"),
    ],
)
def test_inconclusive_gates_fail_unless_told_otherwise(
    pytester: pytest.Pytester, options: tuple[str, ...], outcome: str
) -> None:
    write(pytester, USUAL, gates=["ci_lower > 0.65"])
    result = run(pytester, "-rsx", *options)
    result.assert_outcomes(**{outcome: 1})
    result.stdout.re_match_lines([r".*support-bot#1: gates inconclusive.*"])
    assert "more inputs would likely decide it" in " ".join(result.stdout.str().split())


def test_a_run_that_fails_itself_is_told_apart_from_gates(pytester: pytest.Pytester) -> None:
    target = {"name": "Assistant", "model": "sim/assistant", "params": {"faults": {"auth": 1.0}}}
    write(pytester, USUAL, targets=[target], gates=["mean > 0.1"])
    result = run(pytester, "--lattice-inconclusive", "skip")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines(
        [r"support-bot#1: the run itself failed", r"Reason: Authentication failed.*"], consecutive=False
    )
    assert "gates failed" not in result.stdout.str()


def test_a_run_without_one_score_never_passes(pytester: pytest.Pytester) -> None:
    target = {"name": "Assistant", "model": "sim/assistant", "params": {"faults": {"invalid": 1.0}}}
    write(pytester, USUAL, targets=[target])
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r"support-bot#1: the run itself failed"])


def test_conditions_can_be_given_by_the_test_and_the_run_is_at_hand(pytester: pytest.Pytester) -> None:
    test = """
        import lattice

        def test_holds(evaluate):
            run = evaluate("evaluation.yaml", require=["mean > 0.1"], tags={"commit": "3f2a1c"})
            assert run.metric().n == 12
            assert run.tags["commit"] == "3f2a1c"

        def test_does_not(evaluate):
            evaluate(lattice.load("evaluation.yaml"), require=["mean > 0.99"])

        async def answer(question):
            return question

        def test_in_code(evaluate):
            evaluate(
                lattice.Evaluation(
                    name="In code",
                    targets=[lattice.Function(answer)],
                    inputs=lattice.Inputs(["a", "b", "c"]),
                    scoring={"regex": "."},
                ),
                require=["mean == 1"],
            )
    """
    write(pytester, test)
    result = run(pytester)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.re_match_lines([r"support-bot#2: gates failed", r"  mean > 0.99 +fail"], consecutive=False)


def test_what_is_wrong_beforehand_is_said_without_a_traceback(pytester: pytest.Pytester) -> None:
    test = """
        def test_no_file(evaluate):
            evaluate("nothing.yaml")

        def test_no_condition(evaluate):
            evaluate("evaluation.yaml", require=["mean >"])

        def test_no_such_metric(evaluate):
            evaluate("evaluation.yaml", require=["tone.mean > 0.5"])
    """
    write(pytester, test)
    result = run(pytester)
    result.assert_outcomes(failed=3)
    said = result.stdout.str()
    assert f"there is no file nothing.yaml, neither in {pytester.path}" in said
    assert "'mean >' is not a condition" in said
    assert "tone" in said
    assert "During handling" not in said
    assert "Traceback" not in said
    assert not (pytester.path / ".lattice").exists()


def test_a_file_is_found_beside_the_test_and_from_the_working_directory(pytester: pytest.Pytester) -> None:
    write(pytester, USUAL)
    below = pytester.mkdir("below")
    (below / "test_below.py").write_text(USUAL, encoding="utf-8")
    result = run(pytester)
    result.assert_outcomes(passed=2)
    (pytester.path / "evaluation.yaml").rename(below / "evaluation.yaml")
    result = run(pytester, "below")
    result.assert_outcomes(passed=1)


def test_inputs_can_be_limited_and_the_store_named(pytester: pytest.Pytester) -> None:
    test = """
        import lattice

        def test_limited(evaluate):
            assert evaluate("evaluation.yaml").progress.total == 3

        def test_smaller_limits_stay(evaluate):
            assert evaluate(lattice.load("evaluation.yaml", limit=2)).progress.total == 2
    """
    write(pytester, test, gates=["mean > 0.999"])
    result = run(pytester, "--lattice-limit", "3", "--lattice-db", "other.db")
    said = result.stdout.str()
    assert "(n = 3 of 3)" in said
    assert "(n = 2 of 2)" in said
    assert "lattice show 'support-bot#1' --db other.db" in said
    assert (pytester.path / "other.db").exists()
    assert run(pytester, "--lattice-limit", "0").ret is pytest.ExitCode.USAGE_ERROR


def test_an_async_test_can_evaluate(pytester: pytest.Pytester) -> None:
    test = """
        import asyncio

        def test_within_a_loop(evaluate):
            async def main():
                return evaluate("evaluation.yaml")

            assert asyncio.run(main()).progress.done == 12
    """
    write(pytester, test)
    run(pytester).assert_outcomes(passed=1)


def test_a_cancelled_run_ends_the_session(pytester: pytest.Pytester) -> None:
    test = """
        import os, signal
        import lattice

        def answer(question):
            os.kill(os.getpid(), signal.SIGINT)
            return question

        def test_interrupted(evaluate):
            evaluate(
                lattice.Evaluation(
                    name="Interrupted",
                    targets=[lattice.Function(answer)],
                    inputs=lattice.Inputs([f"q{n}" for n in range(50)]),
                    scoring={"regex": "."},
                    run={"max_concurrent": 1},
                )
            )

        def test_never_reached(evaluate):
            raise AssertionError
    """
    write(pytester, test)
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    said = result.stdout.str()
    assert "interrupted#1: the run was cancelled" in said
    assert "AssertionError" not in said
    assert result.parseoutcomes() == {"failed": 1}


def test_workers_share_a_store(pytester: pytest.Pytester) -> None:
    test = """
        import pytest

        @pytest.mark.parametrize("number", range(3))
        def test_one_of_many(evaluate, number):
            evaluate("evaluation.yaml", tags={"number": str(number)})
    """
    write(pytester, test, gates=["mean > 0.1"])
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider", "-n", "2")
    result.assert_outcomes(passed=3)
    said = result.stdout.str()
    assert [f"support-bot#{number}: score" in said for number in range(1, 4)] == [True] * 3
    stored = lattice.runs(db=str(pytester.path / ".lattice" / "lattice.db"))
    assert sorted(each.tags["number"] for each in stored) == [str(number) for number in range(3)]


def test_a_run_is_a_property_of_its_test_in_junit(pytester: pytest.Pytester) -> None:
    write(pytester, USUAL, gates=["mean > 0.1"])
    run(pytester, "--junit-xml", "out.xml")
    assert '<property name="lattice" value="support-bot#1: score' in (pytester.path / "out.xml").read_text()


def test_a_session_without_evaluations_says_nothing_of_them(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_something():\n    pass\n")
    result = run(pytester)
    result.assert_outcomes(passed=1)
    assert "lattice" not in result.stdout.str().partition("collected")[2]


def test_the_plugin_is_registered_and_costs_next_to_nothing_until_it_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["entry-points"]["pytest11"] == {"lattice": "lattice.pytest_plugin"}
    program = (
        "import pytest, sys; before = set(sys.modules); import lattice.pytest_plugin; print(*set(sys.modules) - before)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert {name for name in loaded if name.startswith("lattice")} == {"lattice", "lattice.pytest_plugin"}
    assert {"pydantic", "numpy", "sqlalchemy", "aiohttp"}.isdisjoint(loaded)


def test_the_fixture_says_what_it_does(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--fixtures")
    result.stdout.re_match_lines([r"evaluate.*", r".*fail the test unless its gates pass.*"])
    assert "--lattice-inconclusive" in run(pytester, "--help").stdout.str()
