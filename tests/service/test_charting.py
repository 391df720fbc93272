"""Charts of what the store holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import lattice
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunStatus
from lattice.reporting.charts import ChartKind
from lattice.service.charting import (
    chart_of,
    charts_for,
    charts_of,
    difference_chart,
    evaluation_named,
    history_chart,
)
from lattice.service.comparing import compare_runs
from lattice.store import Store, open_store

QUESTIONS = tuple(f"Question {n}?" for n in range(1, 31))


def carried_out(url: str, *models: str, **changes: Any) -> lattice.Run:
    data = {
        "name": "Support",
        "targets": [{"name": f"Target {place}", "model": model} for place, model in enumerate(models, start=1)],
        "inputs": {"items": QUESTIONS},
        "scoring": {"judge": {"model": "sim/judge"}},
        **changes,
    }
    return lattice.run(Evaluation.model_validate(data), db=url)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/lattice.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as store:
        yield store


GOOD, POOR = "sim/assistant-0.9", "sim/assistant-0.3"


def test_a_run_has_the_charts_that_make_sense_for_it(url: str, store: Store) -> None:
    carried_out(url, GOOD)
    record = store.find_run("latest")
    usual = (ChartKind.MEANS, ChartKind.DISTRIBUTION, ChartKind.RUNNING, ChartKind.LATENCY)
    assert charts_for(store, record) == usual
    assert [chart.name for chart in charts_of(store, record)] == [kind.value for kind in usual]


def test_criteria_have_a_profile(url: str, store: Store) -> None:
    judge = {"model": "sim/judge", "criteria": [{"name": "accuracy"}, {"name": "tone"}]}
    carried_out(url, GOOD, scoring={"judge": judge}, checks=[{"name": "short", "regex": "^.{0,9999}$"}])
    record = store.find_run("latest")
    chart = chart_of(store, record, ChartKind.CRITERIA)
    assert {row[0] for row in chart.table.rows} == {"accuracy", "tone", "short"}


def test_the_running_mean_ends_where_the_run_does(url: str, store: Store) -> None:
    run = carried_out(url, GOOD, POOR)
    chart = chart_of(store, store.find_run("latest"), ChartKind.RUNNING)
    last = {row["series"]: row for row in chart.spec["data"]["values"]}
    for target in ("Target 1", "Target 2"):
        assert last[target]["n"] == len(QUESTIONS)
        assert last[target]["mean"] == pytest.approx(run.metric("score", target).mean)


def test_a_run_under_way_is_drawn_from_its_totals(url: str, store: Store) -> None:
    carried_out(url, GOOD)
    record = replace(store.find_run("latest"), status=RunStatus.RUNNING)
    means = chart_of(store, record, ChartKind.MEANS)
    assert "so far" in means.title
    assert "betting" in means.caption
    assert len(chart_of(store, record, ChartKind.RUNNING).spec["data"]["values"]) == len(QUESTIONS)


def test_a_rescored_run_waits_for_no_input_that_nobody_answered(url: str, store: Store) -> None:
    carried_out(url, GOOD)
    first = store.find_run("latest")
    rescored = replace(first, status=RunStatus.RUNNING, origin=first.id)
    assert "waits for" not in chart_of(store, rescored, ChartKind.RUNNING).caption


def test_scores_of_which_no_two_are_alike_are_counted_in_tenths(url: str, store: Store) -> None:
    carried_out(
        url,
        GOOD,
        inputs={"items": [{"input": text, "reference": f"It is {n}."} for n, text in enumerate(QUESTIONS)]},
        scoring={"similarity": True},
    )
    record = store.find_run("latest")
    kept = chart_of(store, record, ChartKind.DISTRIBUTION)
    read = chart_of(store, replace(record, live={}), ChartKind.DISTRIBUTION)
    assert [row["count"] for row in kept.spec["data"]["values"]] == [
        row["count"] for row in read.spec["data"]["values"]
    ]
    assert sum(row["count"] for row in kept.spec["data"]["values"]) == len(QUESTIONS)


def test_checks_alone_have_charts_too(url: str, store: Store) -> None:
    carried_out(url, GOOD, scoring=None, checks=[{"name": "short", "regex": "^.{0,9999}$"}])
    record = store.find_run("latest")
    assert chart_of(store, record, ChartKind.MEANS).title.startswith("The mean of short is 1.00")
    assert chart_of(store, record, ChartKind.RUNNING).table.rows[-1][2] == "1.00"


def test_failures_that_count_as_a_score_are_part_of_the_running_mean(url: str, store: Store) -> None:
    broken = {"name": "Target 1", "model": GOOD, "params": {"faults": {"400": 0.5}, "seed": 3}}
    run = carried_out(url, targets=[broken], scoring={"judge": {"model": "sim/judge"}, "failed_as": 0})
    chart = chart_of(store, store.find_run("latest"), ChartKind.RUNNING)
    assert chart.spec["data"]["values"][-1]["mean"] == pytest.approx(run.metric("score").mean)


def test_pairs_have_a_chart_for_each_challenger(url: str, store: Store) -> None:
    carried_out(url, POOR, GOOD, scoring={"judge": {"model": "sim/judge", "mode": "pairwise"}})
    record = store.find_run("latest")
    for chart in charts_of(store, record):
        assert {row.get("series", "Target 2") for row in chart.spec["data"]["values"]} == {"Target 2"}
    ended = chart_of(store, record, ChartKind.DISTRIBUTION)
    live = chart_of(store, replace(record, status=RunStatus.RUNNING), ChartKind.DISTRIBUTION)
    assert [row["level"] for row in ended.spec["data"]["values"]] == ["won (1.00)", "tied (0.50)", "lost (0.00)"]
    assert [row["count"] for row in ended.spec["data"]["values"]] == [
        row["count"] for row in live.spec["data"]["values"]
    ]
    assert ended.title.startswith("Target 2 won against Target 1, in ")


def test_what_a_run_cannot_show_is_said(url: str, store: Store) -> None:
    carried_out(url, GOOD)
    record = store.find_run("latest")
    with pytest.raises(
        UsageError, match="support#1 has nothing to show in a chart of cost_quality: it takes two targets"
    ):
        chart_of(store, record, ChartKind.COST_QUALITY)
    with pytest.raises(UsageError, match="differences is a chart of two runs, not of one run"):
        chart_of(store, record, ChartKind.DIFFERENCES)
    with pytest.raises(UsageError, match="history is a chart of an evaluation, not of one run"):
        chart_of(store, record, ChartKind.HISTORY)


def test_the_history_has_every_run_oldest_first(url: str, store: Store) -> None:
    for model in (POOR, GOOD):
        carried_out(url, model, gates=["mean > 0.6"])
    chart = history_chart(store, store.find_run("latest").evaluation_id)
    assert [(row[0], row[3]) for row in chart.table.rows] == [("#2", "pass"), ("#1", "fail")]
    assert chart.title.startswith("Run #2 has a mean of ")
    assert "up from" in chart.title


def test_an_evaluation_without_a_score_has_no_history(url: str, store: Store) -> None:
    carried_out(url, GOOD, scoring=None, type="operational")
    record = store.find_run("latest")
    assert charts_for(store, record) == (ChartKind.LATENCY,)
    with pytest.raises(UsageError, match="no run of this evaluation has a score yet"):
        history_chart(store, record.evaluation_id)


def test_an_evaluation_is_found_by_its_name_or_by_a_run(url: str, store: Store) -> None:
    carried_out(url, GOOD, name="Support Assistant")
    wanted = store.find_run("latest").evaluation_id
    assert {evaluation_named(store, name) for name in ("support-assistant", "Support Assistant", "latest")} == {wanted}
    with pytest.raises(UsageError, match="there is no run 'nothing'"):
        evaluation_named(store, "nothing")


def test_two_runs_have_a_chart_of_differences(url: str, store: Store) -> None:
    carried_out(url, POOR)
    carried_out(url, GOOD)
    chart = difference_chart(compare_runs(store, ["support#1", "support#2"]))
    assert chart.title.startswith("support#2 is better than support#1 in score: +0.")
