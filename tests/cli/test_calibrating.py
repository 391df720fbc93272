"""``lattice annotate`` and ``lattice calibrate``: from a random sample to a verdict on the judge."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from tests.cli.command_line import CommandLine, Outcome, judged_by

TWO_TARGETS = [{"name": "Large", "model": "sim/assistant"}, {"name": "Small", "model": "sim/assistant-weak"}]
N = 60


@pytest.fixture
def run(lattice: CommandLine) -> CommandLine:
    """A folder with a run of 60 inputs."""
    lattice.write_inputs(N)
    lattice.write_evaluation()
    assert lattice("run", "evaluation.yaml").code == 0
    return lattice


def several(lattice: CommandLine, **changes: Any) -> CommandLine:
    """A folder with a run of 12 inputs and whatever is changed."""
    lattice.write_inputs(12)
    lattice.write_evaluation(changes)
    assert lattice("run", "evaluation.yaml").code == 0
    return lattice


def judged(lattice: CommandLine) -> dict[tuple[str, str, int], int]:
    """What the judge gave, by id, target and repeat."""
    rows = orjson.loads(lattice("export", "latest", "-o", "-", "--format", "json").out)["results"]
    return {(row["id"], row["target"], row["repeat"]): round(row["native"]) for row in rows if row["score"] is not None}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def filled(lattice: CommandLine, rows: Iterable[Mapping[str, Any]], name: str = "scores.csv") -> Path:
    rows = list(rows)
    path = lattice.folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def sampled(lattice: CommandLine, size: int = 30, *options: str) -> list[dict[str, str]]:
    outcome = lattice("annotate", "latest", "--sample", str(size), "-o", "sample.csv", *options)
    assert outcome.code == 0, outcome.err
    return table(lattice.folder / "sample.csv")


def agreeing(lattice: CommandLine, rows: Iterable[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The rows scored as the judge did."""
    scores = judged(lattice)
    return [{**row, "score": scores[row["id"], "Assistant", 1], "reason": "so it is"} for row in rows]


def calibration(outcome: Outcome) -> Any:
    assert outcome.code == 0, outcome.err
    (found,) = outcome.document["calibrations"]
    return found


def check_refused(outcome: Outcome, *said: str) -> None:
    assert outcome.code == 2, outcome.err
    assert outcome.out == ""
    assert outcome.err.count("Error: ") == 1
    assert [text for text in said if text not in outcome.err] == []


def test_a_sample_is_drawn_by_its_seed_and_does_not_lead_the_person(run: CommandLine) -> None:
    rows = sampled(run)
    assert list(rows[0]) == ["id", "input", "reference", "response", "score", "reason"]
    assert len({row["id"] for row in rows}) == 30
    assert {(row["score"], row["reason"]) for row in rows} == {("", "")}
    assert run("annotate", "latest", "--sample", "30", "-o", "again.csv").code == 0
    assert table(run.folder / "again.csv") == rows
    (run.folder / "sample.csv").unlink()
    assert sampled(run, 30, "--seed", "1") != rows


def test_a_sample_says_what_to_do_with_it(run: CommandLine) -> None:
    outcome = run("annotate", "latest", "--sample", "8", "-o", "to score.csv")
    assert "Wrote 8 of 60 scored results to to score.csv, drawn with seed 0." in outcome.err
    assert "1, 2, 3, 4, 5" in outcome.err
    assert outcome.err.endswith("Next:\n  lattice calibrate latest --annotations 'to score.csv'\n")
    to_stdout = run("annotate", "latest", "--sample", "8", "-o", "-")
    assert to_stdout.out.startswith("id,input,")
    assert "Next" not in to_stdout.err


def test_a_sheet_that_may_hold_scores_is_not_overwritten(run: CommandLine) -> None:
    sampled(run)
    check_refused(
        run("annotate", "latest", "--sample", "3", "-o", "sample.csv"), "sample.csv exists already", "name another file"
    )
    assert len(table(run.folder / "sample.csv")) == 30


def test_a_judge_that_agrees_with_the_person_is_trusted(run: CommandLine) -> None:
    scores = filled(run, agreeing(run, sampled(run)))
    outcome = run("calibrate", "latest", "--annotations", scores)
    assert outcome.code == 0
    assert "This judge is to be trusted on inputs like these" in " ".join(outcome.out.split())
    found = calibration(run("calibrate", "latest", "--annotations", scores, "--json"))
    assert (found["n"], found["judged"], found["trust"]) == (30, 60, "trusted")
    assert found["corrected_mean"]["method"] == "ppi++"
    assert found["corrected_mean"]["mean"] == pytest.approx(found["run_mean"], abs=0.02)
    assert found["most_different"] == []


def test_a_judge_that_contradicts_the_person_is_not(run: CommandLine) -> None:
    scores = filled(run, ({**row, "score": 6 - row["score"]} for row in agreeing(run, sampled(run))))
    outcome = run("calibrate", "latest", "--annotations", scores)
    said = " ".join(outcome.out.split())
    assert "This judge is not to be trusted: its agreement with the person is kappa = -" in said
    assert "Where judge and person differ most" in said
    assert "so it is" in said
    assert "lattice show support-answers#1 --raw --where 'input = " in outcome.err
    found = calibration(run("calibrate", "latest", "--annotations", scores, "--json"))
    assert found["trust"] == "not_trusted"
    assert len(found["most_different"]) == 10
    assert sum(sum(row) for row in found["confusion"]) == 30


def test_a_sheet_may_be_filled_in_halfway(run: CommandLine) -> None:
    rows = agreeing(run, sampled(run))
    scores = filled(run, [row if place < 12 else {**row, "score": ""} for place, row in enumerate(rows)])
    found = calibration(run("calibrate", "latest", "--annotations", scores, "--json"))
    assert (found["n"], found["trust"]) == (12, "not_yet")
    assert "at least 30 results" in found["conclusion"]


def test_scores_can_be_kept_in_the_workspace(run: CommandLine) -> None:
    rows = agreeing(run, sampled(run))
    stored = run("annotate", "latest", "--import", filled(run, rows))
    assert "Scores stored: 30.\n" in stored.err
    assert "lattice calibrate latest" in stored.err
    found = calibration(run("calibrate", "latest", "--json"))
    assert (found["n"], found["trust"]) == (30, "trusted")
    again = run("annotate", "latest", "--import", filled(run, rows[:3]))
    assert "Scores stored: 3, 3 of them in the place of earlier ones." in again.err
    shown = run("export", "latest", "-o", "-", "--format", "csv").out
    assert shown.count("so it is") == 30


def test_scores_from_a_file_and_from_the_workspace_count_together(run: CommandLine) -> None:
    rows = agreeing(run, sampled(run, 20))
    run("annotate", "latest", "--import", filled(run, rows[:10]))
    changed = {**rows[9], "score": 1 if rows[9]["score"] != 1 else 2}
    found = calibration(
        run("calibrate", "latest", "--annotations", filled(run, [changed, *rows[10:], rows[0]]), "--json")
    )
    assert found["n"] == 20
    assert f"file and workspace have other scores of {changed['id']}; the file's count" in found["warnings"][0]
    assert [each["id"] for each in found["most_different"]] == [changed["id"]]


def test_scores_of_another_response_are_left_out_and_said(run: CommandLine) -> None:
    rows = agreeing(run, sampled(run))
    scores = filled(
        run, [{**row, "response": "It was another."} if place < 2 else row for place, row in enumerate(rows)]
    )
    found = calibration(run("calibrate", "latest", "--annotations", scores, "--json"))
    assert found["n"] == 28
    assert "2 of 30 results that a person scored are left out: the run's response is another" in found["warnings"][0]
    assert "Warning: 2 not stored" in run("annotate", "latest", "--import", scores).err


def test_results_without_a_judges_score_are_left_out_and_said(lattice: CommandLine) -> None:
    several(lattice, scoring=judged_by("sim/judge", params={"seed": 1, "faults": {"malformed": 0.4}}))
    scored = len(judged(lattice))
    assert 0 < scored < 12
    scores = filled(lattice, [{"id": str(place), "score": 3} for place in range(1, 13)])
    found = calibration(lattice("calibrate", "latest", "--annotations", scores, "--json"))
    assert found["n"] == scored
    assert (
        f"{12 - scored} of 12 results that a person scored are left out: the judge gave no score"
        in found["warnings"][0]
    )
    assert len(sampled(lattice)) == scored


def test_each_target_has_its_own_calibration(lattice: CommandLine) -> None:
    several(lattice, targets=TWO_TARGETS)
    rows = sampled(lattice, 10)
    assert list(rows[0])[:2] == ["id", "target"]
    assert sorted(row["target"] for row in rows) == ["1"] * 10 + ["2"] * 10
    scores = judged(lattice)
    names = {"1": "Large", "2": "Small"}
    path = filled(lattice, ({**row, "score": scores[row["id"], names[row["target"]], 1]} for row in rows))
    both = lattice("calibrate", "latest", "--annotations", path, "--json").document["calibrations"]
    assert [each["name"] for each in both] == ["support-answers#1/Large", "support-answers#1/Small"]
    for chosen in (("latest/Small",), ("latest", "--target", "Small")):
        found = calibration(lattice("calibrate", *chosen, "--annotations", path, "--json"))
        assert (found["target"], found["n"]) == ("Small", 10)
    alone = filled(lattice, [{"id": "1", "score": 3}, {"id": "2", "score": 4}], "alone.csv")
    check_refused(
        lattice("calibrate", "latest", "--annotations", alone), "add a column target with 1 (Large), 2 (Small)"
    )
    assert calibration(lattice("calibrate", "latest/Small", "--annotations", alone, "--json"))["n"] == 2
    named = filled(lattice, [{"id": "1", "target": "Large", "score": 3}, {"id": "1", "target": "Small", "score": 3}])
    assert len(lattice("calibrate", "latest", "--annotations", named, "--json").document["calibrations"]) == 2


def test_repeats_are_told_apart(lattice: CommandLine) -> None:
    several(lattice, run={"repeats": 2})
    rows = sampled(lattice)
    assert list(rows[0])[:2] == ["id", "repeat"]
    assert len(rows) == 12
    path = filled(lattice, ({**row, "score": 3} for row in rows))
    assert calibration(lattice("calibrate", "latest", "--annotations", path, "--json"))["inputs"] == 12
    alone = filled(lattice, [{"id": "1", "score": 3}], "alone.csv")
    check_refused(lattice("calibrate", "latest", "--annotations", alone), "nothing says which repeat", "1 to 2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "there are no rows in it"),
        ("id,score\n1,\n", "no row has a score yet"),
        ("id,points\n1,4\n", "no column 'score'; there are: id, points"),
        ("id,score\n1,6\n", "scores.csv:2: '6' is not on the scale Likert-5 (a score is one of 1, 2, 3, 4, 5)"),
        ("id,score\n1,4.5\n", "'4.5' is not on the scale"),
        ("id,score\n1,nan\n", "'nan' is not on the scale"),
        ("id,score\n1,good\n", "'good' is not on the scale"),
        ("id,score\n61,4\n", "scores.csv:2: no input of support-answers#1 has the id '61' (did you mean"),
        ("id,score\n,4\n", "a score without an id"),
        ("id,score\n1,4\n2,3\n1,4\n", "scores.csv:4: '1' has been scored in line 2 already"),
        ("id,score,target\n1,4,Medium\n", "there is no target 'Medium'"),
        ("id,score,repeat\n1,4,2\n", "'2' is no repeat"),
    ],
)
@pytest.mark.parametrize("command", [("calibrate", "--annotations"), ("annotate", "--import")])
def test_bad_scores_are_refused_with_file_and_line(
    run: CommandLine, command: tuple[str, str], text: str, said: str
) -> None:
    path = run.write("scores.csv", text)
    check_refused(run(command[0], "latest", command[1], path), said)


def test_every_bad_row_is_named_and_nothing_is_stored(run: CommandLine) -> None:
    path = run.write("scores.csv", "id,score\n1,4\n99,4\n2,0\n3,4.0\n")
    outcome = run("annotate", "latest", "--import", path)
    check_refused(outcome, "Error: 2 problems", "scores.csv:3: ", "scores.csv:4: ")
    check_refused(run("calibrate", "latest"), "nobody has scored results of support-answers#1 yet", "--sample 30")
    many = run.write("scores.csv", "id,score\n" + "".join(f"{n},9\n" for n in range(1, 51)))
    check_refused(run("calibrate", "latest", "--annotations", many), "and 30 more")


@pytest.mark.parametrize(
    "options", [(), ("--sample", "5"), ("-o", "x.csv"), ("--sample", "5", "-o", "x.csv", "--import", "y.csv")]
)
def test_annotate_takes_one_of_two_forms(run: CommandLine, options: tuple[str, ...]) -> None:
    check_refused(run("annotate", "latest", *options), "give either --sample N with -o FILE, or --import FILE")


def test_what_no_judge_scored_cannot_be_calibrated(lattice: CommandLine) -> None:
    several(lattice, scoring={"exact_match": True})
    check_refused(lattice("calibrate", "latest"), "was not scored by a judge")
    check_refused(lattice("annotate", "latest", "--sample", "3", "-o", "x.csv"), "was not scored by a judge")


def test_a_judge_that_only_prefers_cannot_be_calibrated(lattice: CommandLine) -> None:
    pairwise = {"judge": {"model": "sim/judge", "mode": "pairwise"}}
    several(lattice, type="comparison", targets=TWO_TARGETS, scoring=pairwise)
    check_refused(lattice("calibrate", "latest"), "prefers one of two answers and gives no score on a scale")


def test_the_score_of_a_panel_is_calibrated(lattice: CommandLine) -> None:
    judges = [{"name": name, "model": "sim/judge", "params": {"seed": seed}} for seed, name in enumerate("ab")]
    several(lattice, scoring={"judges": judges})
    scores = filled(lattice, [{"id": str(place), "score": 1 + place % 5} for place in range(1, 13)])
    assert calibration(lattice("calibrate", "latest", "--annotations", scores, "--json"))["n"] == 12


def test_a_file_that_cannot_be_written_is_named(run: CommandLine) -> None:
    check_refused(run("annotate", "latest", "--sample", "3", "-o", "missing/x.csv"), "missing/x.csv cannot be written")


def test_a_binary_judge_is_corrected_as_passes(lattice: CommandLine) -> None:
    lattice.write_inputs(N)
    lattice.write_evaluation({"scoring": judged_by("sim/judge", scale="binary")})
    assert lattice("run", "evaluation.yaml").code == 0
    scores = filled(lattice, agreeing(lattice, sampled(lattice)))
    found = calibration(lattice("calibrate", "latest", "--annotations", scores, "--json"))
    assert found["scale"]["levels"] == [0, 1]
    assert found["corrected_mean"]["method"] == "rogan_gladen"
    assert "Kappa" in lattice("calibrate", "latest", "--annotations", scores).out


def test_ids_that_begin_like_a_formula_come_back(lattice: CommandLine) -> None:
    items = [{"id": f"={place}", "input": f"Question {place}?", "reference": "A."} for place in range(1, 5)]
    lattice.write("evaluation.yaml", yaml.safe_dump({
        "name": "Formulas", "targets": [{"model": "sim/assistant"}], "inputs": {"items": items},
        "scoring": judged_by("sim/judge"),
    }))  # fmt: skip
    assert lattice("run", "evaluation.yaml").code == 0
    rows = sampled(lattice)
    assert {row["id"] for row in rows} == {"'=1", "'=2", "'=3", "'=4"}
    path = filled(lattice, ({**row, "score": 3} for row in rows))
    assert calibration(lattice("calibrate", "latest", "--annotations", path, "--json"))["n"] == 4
