"""What each chart of a run says and shows."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator
from typing import Any

import pytest
from tests.reporting.charts.subjects import example, live_totals, record_of, renamed, running, scored
from tests.reporting.run_records import evaluation, score_row

from lattice.core.evaluation import Evaluation
from lattice.reporting.charts import Chart
from lattice.reporting.charts.cost_quality import cost_quality_chart, priced
from lattice.reporting.charts.criteria import criteria_chart
from lattice.reporting.charts.distribution import distribution_chart
from lattice.reporting.charts.latency import latency_chart, seconds_words
from lattice.reporting.charts.means import MOST_ROWS, means_chart
from lattice.reporting.charts.parts import scores_in_sight
from lattice.reporting.charts.running import running_chart
from lattice.reporting.charts.subjects import Subject, Threshold, subject_of
from lattice.reporting.charts.trails import Look, Trail

LEVELS = ("5 (1.00)", "4 (0.75)", "3 (0.50)", "2 (0.25)", "1 (0.00)")


def rows_of(chart: Chart) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = chart.spec["data"]["values"]
    return rows


def encodings(chart: Chart) -> Iterator[dict[str, Any]]:
    for layer in chart.spec["layer"]:
        yield from (each for each in layer["encoding"].values() if isinstance(each, dict))


def criteria() -> Subject:
    of = evaluation(
        criteria=[{"name": "accuracy", "weight": 3}, {"name": "tone", "weight": 1}, {"name": "brevity", "weight": 1}]
    )
    names = ("score", "accuracy", "tone", "brevity")
    return subject_of(record_of([score_row(place, 4, 5, 2, 4, names=names) for place in (1, 2, 3)], of))


# Means


def test_the_mean_is_told_with_its_interval_count_and_method() -> None:
    chart = means_chart(example())
    assert chart.title == "The mean score is 0.74 [0.70, 0.77]."
    assert "95% interval (adjusted_t)" in chart.caption
    assert chart.table.rows == (("Production RAG Stack", "score", "0.74", "[0.70, 0.77]", "3.95", "197 of 200"),)
    [row] = rows_of(chart)
    assert (row["mean"], row["said"]) == (pytest.approx(0.738579, abs=1e-6), "0.74 (n = 197 of 200)")
    assert (row["lower"], row["upper"]) == (pytest.approx(0.698976, abs=1e-6), pytest.approx(0.773385, abs=1e-6))


def test_of_several_targets_the_best_and_the_last_are_named() -> None:
    chart = means_chart(scored({0: [1, 2, 3], 1: [4, 5, 5], 2: [3, 3, 3]}))
    assert chart.title.startswith("Target 2 has the highest mean, 0.92 ")
    assert chart.title.endswith("; Production RAG Stack the lowest, 0.25.")
    assert "no test of a difference" in chart.caption


def test_one_score_has_no_interval_and_no_width() -> None:
    chart = means_chart(scored({0: [4]}))
    assert chart.title == "The mean score is 0.75."
    assert chart.table.rows[0][3] == "-"
    assert "no interval" in chart.caption


def test_gates_on_the_mean_are_dashed_lines() -> None:
    chart = means_chart(example(gates=("mean > 0.8", "ci_lower > 0.75")))
    drawn = [row for layer in chart.spec["layer"] for row in layer.get("data", {}).get("values", ())]
    assert {"at": 0.8, "text": "mean > 0.8"} in drawn
    assert chart.caption.endswith("Dashed: mean > 0.8, ci_lower > 0.75.")


def test_the_judges_own_scale_stands_beside_the_scores() -> None:
    [axis] = {
        json.dumps(each["axis"]) for each in encodings(means_chart(example())) if each.get("axis", {}).get("values")
    }
    assert json.loads(axis)["values"] == [0, 0.25, 0.5, 0.75, 1]
    assert "Likert-5" in json.loads(axis)["title"]


def test_more_metrics_than_a_chart_can_hold_are_left_to_the_table() -> None:
    names = ("score", *(f"c{place}" for place in range(MOST_ROWS + 5)))
    of = evaluation(criteria=[{"name": name} for name in names[1:]])
    chart = means_chart(subject_of(record_of([score_row(1, *[4] * len(names), names=names)], of)))
    assert len(rows_of(chart)) == MOST_ROWS
    assert "6 more metrics" in chart.caption


# Distribution


def test_every_level_is_shown_with_count_and_share() -> None:
    chart = distribution_chart(example())
    assert [(row["level"], row["said"]) for row in rows_of(chart)] == list(
        zip(LEVELS, ("67 (34%)", "82 (42%)", "28 (14%)", "12 (6%)", "8 (4%)"), strict=True)
    )
    assert chart.title == "42% of the inputs scored a 4 (0.75), more than any other score."
    assert [row[0] for row in chart.table.rows] == list(LEVELS)


def test_two_targets_are_told_apart_by_shape() -> None:
    chart = distribution_chart(scored({0: [5, 5, 1], 1: [1, 5, 1]}))
    assert chart.title == (
        "Production RAG Stack reaches 5 (1.00) most often, in 67% of the inputs; Target 2 least, in 33%."
    )
    shapes = [each["scale"]["range"] for each in encodings(chart) if each.get("scale", {}).get("range")]
    assert ["circle", "square"] in shapes
    same = distribution_chart(example(targets=2))
    assert same.title == "All reach 5 (1.00) equally often, in 34% of the inputs."


def test_a_run_under_way_shows_what_it_has_so_far() -> None:
    chart = distribution_chart(running({"targets": [live_totals([4, 4, 5])]}))
    assert chart.title == "67% of the inputs scored a 4 (0.75) so far, more than any other score."


def test_scores_without_levels_are_shown_in_tenths() -> None:
    data = evaluation().model_dump(mode="json", by_alias=True)
    config = {**data, "scoring": {"similarity": {}}}
    of = Evaluation.model_validate(config)
    rows = [score_row(place, score, low=0, high=1) for place, score in enumerate((0.05, 0.97, 1.0), start=1)]
    counts = [[None, 0.05, 1], [None, 0.97, 1], [None, 1.0, 1]]
    live = {"targets": [{"metrics": {"score": {"n": 3, "sum": 2.02, "counts": counts}}}]}
    chart = distribution_chart(subject_of(record_of(rows, of, live=live)))
    assert [row["count"] for row in rows_of(chart)] == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert chart.title == "67% of the inputs lie between 0.9 and 1.0, more than any other score."


# Criteria


def test_criteria_are_ordered_by_their_means_with_their_weights() -> None:
    chart = criteria_chart(criteria())
    assert [row["criterion"] for row in rows_of(chart)] == [
        "accuracy (weight 60%)",
        "brevity (weight 20%)",
        "tone (weight 20%)",
    ]
    assert chart.title == "“tone” is the weakest, 0.25; “accuracy” the strongest, 1.00."


# Running means


def test_the_running_mean_says_where_it_stands_and_what_it_waits_for() -> None:
    trail = Trail(looks=(Look(n=1, mean=1.0), Look(n=2, mean=0.5, lower=0.1, upper=0.9)), waiting_for=156)
    subject = running({"targets": [live_totals([1, 5])]})
    chart = running_chart(subject, {"Production RAG Stack": trail})
    assert chart.title == "The mean stands at 0.50 [0.10, 0.90] after 2 inputs."
    assert "valid at every look" in chart.caption
    assert "It waits for #156." in chart.caption
    assert [(row["n"], row["lower"]) for row in rows_of(chart)] == [(1, None), (2, 0.1)]


def test_a_finished_run_says_that_its_interval_is_another_one() -> None:
    chart = running_chart(example(), {"Production RAG Stack": Trail(looks=(Look(n=1, mean=1.0),))})
    assert chart.title == "The mean stands at 1.00 after 1 input."
    assert "The interval of the finished run is another one" in chart.caption


def test_the_table_of_many_looks_is_short_and_ends_with_the_last() -> None:
    looks = tuple(Look(n=n, mean=0.5, lower=0.4, upper=0.6) for n in range(1, 201))
    chart = running_chart(example(), {"Production RAG Stack": Trail(looks=looks)})
    assert len(chart.table.rows) == 20
    assert chart.table.rows[-1][1] == "200"


# Latency


def test_one_target_has_a_histogram_with_percentiles() -> None:
    seconds = array("f", [0.5] * 95 + [2.0] * 5)
    chart = latency_chart(example(), {"Production RAG Stack": seconds})
    assert chart.title.startswith("Half of the calls took 0.50s or less, 95% ")
    assert sum(row["count"] for row in rows_of(chart)) == 100
    assert chart.table.rows[0][1] == "100"


@pytest.mark.parametrize("seconds", [[0.0], [1.0, 1.0], [0.0, 0.0, 5.0], [0.001, 300.0], [1e-7, 1e-7]])
def test_no_latency_falls_out_of_the_histogram(seconds: list[float]) -> None:
    chart = latency_chart(example(), {"Production RAG Stack": array("f", seconds)})
    assert sum(row["count"] for row in rows_of(chart)) == len(seconds)


def test_a_long_tail_has_a_logarithmic_axis() -> None:
    seconds = array("f", [0.5] * 99 + [60.0])
    chart = latency_chart(example(), {"Production RAG Stack": seconds})
    assert "logarithmic" in chart.caption


def test_several_targets_are_compared_by_the_share_of_calls() -> None:
    subject = example(targets=2)
    chart = latency_chart(
        subject, {"Production RAG Stack": array("f", [1.0, 2.0]), "Target 2": array("f", [0.01, 0.02])}
    )
    assert chart.title == "Target 2 is the quickest, 15 ms at the median; Production RAG Stack takes 1.50s."
    assert {row["series"] for row in rows_of(chart)} == {"Production RAG Stack", "Target 2"}
    assert len(rows_of(chart)) <= 2 * 101


def test_short_times_are_told_in_milliseconds() -> None:
    assert [seconds_words(each) for each in (0.0039, 0.0994, 0.35, 12.4)] == ["3.9 ms", "99 ms", "0.35s", "12.4s"]


# Cost against quality


def test_cost_is_weighed_against_the_mean() -> None:
    subject = scored({0: [4, 4, 3], 1: [5, 5, 4]})
    chart = cost_quality_chart(priced(subject), subject.scales["score"])
    assert chart.title == (
        "Target 2 has the highest mean, 0.92, at 2.0 times the cost of Production RAG Stack with 0.67."
    )
    assert [row["cost"] for row in rows_of(chart)] == pytest.approx([1.0, 2.0])
    assert chart.table.rows[0][1] == "$1.00"


def test_a_target_that_is_best_and_cheapest_is_said_to_be_both() -> None:
    subject = scored({0: [5, 5], 1: [1, 2]})
    assert cost_quality_chart(priced(subject), None).title == (
        "Production RAG Stack has the highest mean, 1.00, and costs least, $1.00."
    )


def test_a_target_whose_cost_is_unknown_is_left_out() -> None:
    of = evaluation(targets=2)
    rows = [score_row(1, 4, cost=0.001), score_row(1, 4, target=1, cost=None)]
    assert [each.series.name for each in priced(subject_of(record_of(rows, of)))] == ["Production RAG Stack"]


# Of all of them


@pytest.mark.parametrize(
    ("values", "thresholds", "expected"),
    [
        ([(0.66, 0.87)], [], [0.5, 1.0]),
        ([(0.6, 0.7)], [], [0.5, 0.75]),
        ([(0.6, 0.7)], [0.8], [0.5, 1.0]),
        ([(0.25, 0.25)], [], [0.0, 0.5]),
        ([(1.0, 1.0)], [], [0.75, 1.0]),
        ([(0.0, 0.0)], [], [0.0, 0.25]),
        ([], [], [0.0, 1.0]),
    ],
)
def test_an_axis_of_points_shows_whole_quarters(
    values: list[tuple[float, float]], thresholds: list[float], expected: list[float]
) -> None:
    rows = [{"lower": low, "upper": high, "mean": (low + high) / 2} for low, high in values]
    lines = [Threshold(metric="score", target=None, value=value, text="") for value in thresholds]
    assert scores_in_sight(rows, lines) == expected


def everything() -> Iterator[Chart]:
    names = ["a.b[0]", "x\ny", "</svg><script>alert(1)</script>", "{{ 7 * 7 }} ${7*7} \\u0022 '\"", "\x00\u202e"]
    subject = renamed(names)
    seconds = array("f", [0.1, 0.2])
    yield means_chart(subject)
    yield distribution_chart(subject)
    yield running_chart(subject, {name: Trail(looks=(Look(n=1, mean=0.5, lower=0.1, upper=0.9),)) for name in names})
    yield latency_chart(subject, dict.fromkeys(names, seconds))
    yield cost_quality_chart(priced(scored({0: [4], 1: [5]})), None)
    yield criteria_chart(criteria())


def test_a_name_is_data_and_never_an_expression_or_a_field() -> None:
    for chart in everything():
        for part in _parts(chart.spec):
            for key in ("labelExpr", "expr", "field", "calculate", "filter", "test", "signal"):
                assert "svg" not in json.dumps(part.get(key, "")), (chart.name, key)
                assert "7*7" not in json.dumps(part.get(key, "")), (chart.name, key)


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for each in part.values():
            yield from _parts(each)
    elif isinstance(part, (list, tuple)):
        for each in part:
            yield from _parts(each)


def test_a_chart_brings_all_it_shows_and_tells_it_in_words() -> None:
    for chart in everything():
        assert not any("url" in part for part in _parts(chart.spec))
        assert chart.spec["width"] == "container"
        assert chart.spec["description"] == chart.title
        assert chart.title.endswith(".")
        assert chart.description.startswith(chart.title)
        assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)
        assert json.loads(json.dumps(chart.spec)) == chart.spec
