"""``lattice compare`` and ``lattice gate``, on runs of simulated models, and runs that stop once they are decided."""

from __future__ import annotations

import re
from typing import Any

import orjson
import pytest
from tests.cli.command_line import CommandLine, Outcome, judged_by

import lattice as python
from lattice.core.errors import UsageError

INPUTS = 200


def target(quality: float | str, **more: Any) -> dict[str, Any]:
    return {"name": "Assistant", "model": f"sim/assistant-{quality}", **more}


def carried_out(
    lattice: CommandLine, *targets: dict[str, Any], options: tuple[str, ...] = (), **changes: Any
) -> Outcome:
    lattice.write_evaluation({"targets": list(targets), **changes})
    return lattice("run", "evaluation.yaml", "--no-progress", *options)


@pytest.fixture
def compared(lattice: CommandLine) -> CommandLine:
    """Runs #1 and #2 of models that differ by 0.2, #3 of one that is as good as #1."""
    lattice.write_inputs(INPUTS)
    carried_out(lattice, target(0.8))
    carried_out(lattice, target(0.6))
    carried_out(lattice, target(0.8, prompt="Please answer: {{ input }}"))
    return lattice


def test_a_model_that_is_worse_is_said_to_be_worse(compared: CommandLine) -> None:
    said = compared("compare", "support-answers#1", "support-answers#2")
    assert said.code == 0
    text = " ".join(said.out.split())
    assert text.startswith("Comparison: support-answers#2 with support-answers#1 (baseline), input by input")
    assert re.search(r"support-answers#1 0\.\d\d \[0\.\d\d, 0\.\d\d\] 200 of 200", text)
    assert re.search(r"support-answers#2 is worse than support-answers#1 in score: by 0\.\d{3} over the same 200", text)
    assert re.search(r"\d+ wins, \d+ ties, \d+ losses", text)
    assert "Latency and cost" in text
    assert re.search(r"inputs that got worse most \(score\) #\d+ \d\.\d\d → \d\.\d\d Question \d+\?", text)
    assert "Warning" not in text
    assert "lattice gate support-answers#2 --against support-answers#1 --require" in said.err


def test_models_that_do_not_differ_are_said_to_be_told_apart_by_noise_alone(compared: CommandLine) -> None:
    said = compared("compare", "support-answers#1", "support-answers#3", "--fail-on-regression")
    text = " ".join(said.out.split())
    assert "cannot be told from noise" in text
    assert "inputs would show it" in text
    assert said.code == 0
    assert "Regression: none" in said.err


def test_lines_keep_to_the_width_of_the_terminal(compared: CommandLine) -> None:
    for width in (60, 80):
        compared.set(COLUMNS=str(width))
        said = compared("compare", "support-answers#1", "support-answers#2", "support-answers#3")
        assert max(len(line) for line in said.out.splitlines()) <= width


def test_a_regression_ends_with_3(compared: CommandLine) -> None:
    said = compared("compare", "support-answers#1", "support-answers#2", "--fail-on-regression", "--json")
    assert said.code == 3
    assert said.document["comparisons"][0]["finding"] == "worse"
    assert "support-answers#2: difference.ci_upper >= 0: fail: neither end of the 95% interval" in said.err
    better = compared("compare", "support-answers#2", "support-answers#1", "--fail-on-regression")
    assert better.code == 0


def test_a_comparison_that_is_not_fair_is_no_clean_bill(compared: CommandLine) -> None:
    carried_out(compared, target(0.8), scoring=judged_by("sim/judge", rubric="Be strict."))
    said = compared("compare", "support-answers#1", "support-answers#4", "--fail-on-regression")
    assert "Warning: different rubrics" in said.out
    assert "The comparison is not fair" in " ".join(said.out.split())
    assert said.code == 4
    assert "not evaluated: not a fair comparison with support-answers#1: different rubrics" in said.err


def test_the_document_of_several_runs(compared: CommandLine) -> None:
    said = compared("compare", "support-answers#1", "support-answers#2", "support-answers#3", "--json")
    assert [each["run"] for each in said.document["runs"]] == [f"support-answers#{n}" for n in (1, 2, 3)]
    second, third = said.document["comparisons"]
    assert (second["baseline"], second["candidate"]) == ("support-answers#1", "support-answers#2")
    assert second["n"] == INPUTS
    assert second["difference"] == pytest.approx(-0.2, abs=0.06)
    assert second["adjusted_p_value"] <= 0.05 < third["adjusted_p_value"]
    assert len(second["worse"]) == 10
    assert second["worse"][0]["id"] == str(second["worse"][0]["input"])
    assert said.err == ""


def test_the_targets_of_one_run_are_compared_with_the_first(lattice: CommandLine) -> None:
    lattice.write_inputs(60)
    strong, weak = {**target(0.9), "name": "Strong one"}, {**target(0.4), "name": "Weak"}
    criteria = [{"name": "accuracy"}, {"name": "tone"}]
    carried_out(lattice, strong, weak, scoring=judged_by("sim/judge", criteria=criteria), run={"repeats": 2})
    found = lattice("compare", "latest", "--json").document["comparisons"]
    assert [each["metric"] for each in found] == ["score", "accuracy", "tone"]
    assert {each["baseline"] for each in found} == {"support-answers#1/Strong one"}
    assert all(each["finding"] == "worse" and each["n"] == 60 for each in found)
    picked = lattice(
        "compare", "latest/Weak", "latest/Strong one", "--metric", "score", "--json", "--fail-on-regression"
    )
    assert picked.code == 0
    assert [each["finding"] for each in picked.document["comparisons"]] == ["better"]
    against = ("gate", "latest/Weak", "--against", "latest/Strong one", "--require")
    assert lattice(*against, "difference.ci_upper < 0").code == 0
    assert lattice(*against, "difference.accuracy.mean > -0.1").code == 3


def test_what_cannot_be_compared_is_said_in_one_line(compared: CommandLine) -> None:
    for arguments, said in (
        (("support-answers#1",), "support-answers#1 stands alone; name another run to compare it with"),
        (("support-answers#1", "support-answers#1"), "support-answers#1 cannot be compared with itself"),
        (("support-answers#1", "support-answers#9"), "has no run #9"),
        (("support-answers#1/Other", "support-answers#2"), "has no target 'Other'; there are 'Assistant'"),
        (("support-answers#1", "support-answers#2", "--metric", "tone"), "there is no metric 'tone' to compare"),
    ):
        refused = compared("compare", *arguments)
        assert refused.code == 2
        assert said in refused.err


def test_runs_over_different_inputs_are_two_samples(compared: CommandLine) -> None:
    carried_out(compared, target(0.8), options=("--limit", "100"))
    said = compared("compare", "support-answers#1", "support-answers#4")
    text = " ".join(said.out.split())
    assert "as two samples" in text
    assert "Warning: different inputs (200 and 100)" in text
    gate = compared(
        "gate", "support-answers#4", "--against", "support-answers#1", "--require", "difference.ci_lower > -0.5"
    )
    assert gate.code == 4
    assert "not evaluated" in gate.out


def test_python_compares_runs_and_names(compared: CommandLine) -> None:
    old, new = python.open_run("support-answers#1"), python.open_run("support-answers#2")
    found = python.compare(old, new)
    assert found.difference == pytest.approx(-0.2, abs=0.06)
    assert found.worse[0].text.startswith("Question ")
    assert python.compare("support-answers#1", new, metric="score", target="Assistant").difference == found.difference
    with pytest.raises(UsageError, match="no metric 'tone'"):
        python.compare(old, new, metric="tone")


def test_gates_of_the_file_are_reported_as_they_were_decided(lattice: CommandLine) -> None:
    lattice.write_inputs(20)
    ran = carried_out(lattice, target(0.85), gates=["mean > 0.80", "ci_lower > 0.75"])
    mean = orjson.loads(lattice("show", "--json").out)["metrics"][0]["mean"]
    assert mean > 0.80
    assert ran.code == 4
    said = lattice("gate", "latest")
    assert said.code == 4
    assert "ci_lower > 0.75: inconclusive" in said.out
    assert re.search(r"about [\d,]+ more inputs would likely decide it", " ".join(said.out.split()))
    assert said.out.rstrip().endswith("Verdict: inconclusive")
    document = lattice("gate", "latest", "--json").document
    assert document["verdict"] == "inconclusive"
    assert [each["verdict"] for each in document["gates"]] == ["pass", "inconclusive"]


def test_perfect_scores_of_ten_do_not_pass_a_lower_end(lattice: CommandLine) -> None:
    lattice.write_inputs(10)
    carried_out(lattice, target("1.0"))
    assert orjson.loads(lattice("show", "--json").out)["metrics"][0]["mean"] == 1.0
    assert lattice("gate", "latest", "--require", "ci_lower > 0.75").code == 4
    assert lattice("gate", "latest", "--require", "mean > 0.75").code == 0


def test_thresholds_may_be_on_the_native_scale(compared: CommandLine) -> None:
    assert compared("gate", "support-answers#1", "--require", "mean >= 3.8 on native scale").code == 0
    assert compared("gate", "support-answers#2", "--require", "mean >= 3.8 on native scale").code == 3
    against = ("gate", "support-answers#2", "--against", "support-answers#1", "--require")
    assert compared(*against, "difference.mean > -0.5 on native scale").code == 3
    assert compared(*against, "difference.mean > -1.2 on native scale").code == 0


def test_a_difference_within_the_margin_passes_and_one_beyond_fails(compared: CommandLine) -> None:
    against = ("--against", "support-answers#1", "--require", "difference.ci_lower > -0.1", "--json")
    passed = compared("gate", "support-answers#3", *against)
    assert (passed.code, passed.document["verdict"]) == (0, "pass")
    failed = compared("gate", "support-answers#2", *against)
    assert (failed.code, failed.document["verdict"]) == (3, "fail")
    open_ = compared(
        "gate", "support-answers#3", "--against", "support-answers#1", "--require", "difference.ci_lower > -0.02"
    )
    assert open_.code == 4
    assert "more inputs would likely decide it" in " ".join(open_.out.split())


def test_what_a_gate_cannot_be_about_is_refused(compared: CommandLine) -> None:
    for arguments, said in (
        ((), "support-answers#1 has no gates of its own; name conditions: --require 'mean > 0.80'"),
        (("--require", "mean is good"), "'mean is good' is not a condition"),
        (("--require", "tone.mean > 0.5"), "'tone.mean > 0.5' is about 'tone'"),
        (("--require", "difference.mean > 0"), "needs a baseline to differ from; set one with"),
        (("--against", "support-answers#2"), "has no gates of its own"),
    ):
        refused = compared("gate", "support-answers#1", *arguments)
        assert refused.code == 2
        assert said in refused.err


def test_gates_on_a_run_that_was_not_completed_are_not_evaluated(lattice: CommandLine) -> None:
    lattice.write_inputs(50)
    carried_out(lattice, target(0.8))
    stopped = carried_out(lattice, target(0.8), run={"budget": {"tokens": 2_000}, "max_concurrent": 2})
    assert stopped.code == 4
    said = lattice("gate", "support-answers#2", "--require", "mean > 0.1", "--json")
    assert (said.code, said.document["verdict"]) == (4, "not_evaluated")
    against = lattice(
        "gate", "support-answers#1", "--against", "support-answers#2", "--require", "difference.mean > -0.9"
    )
    assert against.code == 4
    assert "support-answers#2 is cancelled" in against.out
    shown = lattice("compare", "support-answers#1", "support-answers#2")
    text = " ".join(shown.out.split())
    assert "Warning: support-answers#2 is cancelled" in text
    assert "(betting)" in text


@pytest.mark.parametrize(("quality", "code", "verdict"), [(0.93, 0, "pass"), (0.6, 3, "fail")])
def test_a_run_of_1000_inputs_stops_once_every_gate_is_decided(
    lattice: CommandLine, quality: float, code: int, verdict: str
) -> None:
    lattice.write_inputs(1_000)
    gates = ["mean > 0.80", "ci_lower > 0.75"]
    ended = carried_out(lattice, target(quality), run={"stop_when": "decided"}, gates=gates, options=("--json",))
    document = ended.document
    assert ended.code == code
    assert (document["status"], document["stopped"]) == ("completed", "decided")
    done = document["progress"]["done"]
    assert done < 300
    assert [each["verdict"] for each in document["gates"]] == [verdict, verdict]
    assert "betting" in document["gates"][0]["reason"]
    assert document["metrics"][0]["interval"]["method"] == "betting"
    assert f"every gate was decided. That saved {1_000 - done} of 1,000 inputs." in " ".join(ended.err.split())
    assert "interval: betting (live: the run stopped early)" in ended.err
    again = lattice("gate", "latest", "--json")
    assert again.code == code
    assert again.document["gates"] == document["gates"]
    resumed = lattice("resume", "latest")
    assert resumed.code == 2
    assert f"every gate was decided after {done} of 1000" in resumed.err


def test_a_run_whose_gates_stay_open_goes_to_its_end(lattice: CommandLine) -> None:
    lattice.write_inputs(40)
    gates = ["mean > 0.75", "failure_rate < 0.5"]
    ended = carried_out(lattice, target(0.9), run={"stop_when": "decided"}, gates=gates, options=("--json",))
    assert ended.code == 0
    assert ended.document["stopped"] is None
    assert ended.document["metrics"][0]["interval"]["method"] == "adjusted_t"
    assert "'failure_rate < 0.5' is decided at the end of a run" in " ".join(ended.err.split())


def test_stopping_needs_gates_and_inputs_that_stand_alone(lattice: CommandLine) -> None:
    lattice.write_inputs(10, cluster="one document")
    none = carried_out(lattice, target(0.8), run={"stop_when": "decided"})
    assert none.code == 2
    assert "run.stop_when: there are no gates to decide" in none.err
    clustered = carried_out(lattice, target(0.8), run={"stop_when": "decided"}, gates=["mean > 0.5"])
    assert clustered.code == 2
    assert "run.stop_when: no live interval holds for inputs in clusters, and #1 is in one" in clustered.err
