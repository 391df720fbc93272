"""Charts of several runs over each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.service.test_comparing import GOOD, POOR, carried_out

from lattice.core.errors import UsageError
from lattice.core.runs import RunStatus
from lattice.reporting.charts import ChartKind
from lattice.service.parallel import chart_together
from lattice.service.sides import Chosen, choose
from lattice.store import Store, open_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/lattice.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as store:
        yield store


def chosen(store: Store, *names: str) -> list[Chosen]:
    return [choose(store, name) for name in names]


def test_the_means_of_runs_lie_over_each_other(url: str, store: Store) -> None:
    runs = [carried_out(url, ("Bot", model)) for model in (GOOD, POOR)]
    chart = chart_together(store, chosen(store, "support#1", "support#2"), ChartKind.RUNNING)
    last = {row["series"]: row for row in chart.spec["data"]["values"]}
    for name, run in zip(("support#1", "support#2"), runs, strict=True):
        assert last[name]["n"] == 30
        assert last[name]["mean"] == pytest.approx(run.metric("score").mean)


def test_runs_that_go_on_are_drawn_as_far_as_they_are(url: str, store: Store) -> None:
    carried_out(url, ("Bot", GOOD))
    carried_out(url, ("Bot", POOR))
    going = [
        replace(each, run=replace(each.run, status=RunStatus.RUNNING))
        for each in chosen(store, "support#1", "support#2")
    ]
    chart = chart_together(store, going, ChartKind.DISTRIBUTION)
    assert "so far" in chart.title
    assert {row["series"] for row in chart.spec["data"]["values"]} == {"support#1", "support#2"}


def test_one_target_is_drawn_where_one_is_meant(url: str, store: Store) -> None:
    carried_out(url, ("A", GOOD), ("B", POOR))
    one = chart_together(store, chosen(store, "support#1/B"), ChartKind.RUNNING)
    both = chart_together(store, chosen(store, "support#1"), ChartKind.RUNNING)
    assert {row["series"] for row in one.spec["data"]["values"]} == {"support#1/B"}
    assert {row["series"] for row in both.spec["data"]["values"]} == {"support#1/A", "support#1/B"}


def test_scales_that_differ_are_counted_in_tenths(url: str, store: Store) -> None:
    carried_out(url, ("Bot", GOOD))
    carried_out(url, ("Bot", GOOD), name="Other", scoring={"judge": {"model": "sim/judge", "scale": "likert-10"}})
    carried_out(url, ("Base", POOR), ("Bot", GOOD), name="Pairs", type="comparison", scoring=PAIRWISE)
    chart = chart_together(store, chosen(store, "support#1", "other#1", "pairs#1"), ChartKind.DISTRIBUTION)
    rows = chart.spec["data"]["values"]
    assert {row["level"] for row in rows} == {f"{n / 10:.1f} to {(n + 1) / 10:.1f}" for n in range(10)}
    for name in ("support#1", "other#1", "pairs#1"):
        assert sum(row["count"] for row in rows if row["series"] == name) == 30


def test_what_cannot_be_drawn_is_said(url: str, store: Store) -> None:
    carried_out(url, ("Bot", GOOD))
    with pytest.raises(UsageError, match="latency"):
        chart_together(store, chosen(store, "support#1"), ChartKind.LATENCY)
    carried_out(url, ("Bot", GOOD), type="operational", scoring=None)
    with pytest.raises(UsageError, match="nothing in these runs is scored"):
        chart_together(store, chosen(store, "support#2"), ChartKind.RUNNING)


PAIRWISE = {"judge": {"model": "sim/judge", "mode": "pairwise"}}
