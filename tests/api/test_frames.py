"""Results as data frames."""

from __future__ import annotations

import sys
from typing import Any

import polars as pl
import pytest
from tests.api.evaluations import evaluation, inputs

import lattice
from lattice.api.results import COLUMNS


def picky(**changes: Any) -> lattice.Evaluation:
    return evaluation(lattice.Model("sim/assistant", name="Picky", params={"faults": {"invalid": 0.3}}), **changes)


def test_a_polars_frame_has_a_row_for_each_trial_and_null_for_what_is_missing() -> None:
    run = lattice.run(picky())
    frame = run.to_polars()
    assert list(frame.columns) == list(COLUMNS)
    assert frame.schema["score"] == pl.Float64
    assert frame.schema["position"] == pl.Int64
    assert frame["score"].mean() == pytest.approx(run.metric("score").mean)
    assert frame["score"].null_count() == run.progress.failed > 0
    assert frame.filter(pl.col("error_kind") == "invalid_input").height == run.progress.failed


def test_a_pandas_frame_is_the_same() -> None:
    run = lattice.run(picky())
    frame = run.to_pandas()
    assert list(frame.columns) == list(COLUMNS)
    assert frame["score"].isna().sum() == run.progress.failed
    assert frame["error_kind"].isna().sum() == run.progress.successful
    assert frame.groupby("target")["score"].mean()["Picky"] == pytest.approx(run.metric("score").mean)


def test_an_empty_frame_has_its_columns_all_the_same() -> None:
    run = lattice.run(evaluation(checks=[lattice.Check("long", regex=".{10}")], count=3))
    nothing = run.to_polars(where="failed")
    assert nothing.height == 0
    assert nothing.schema == run.to_polars().schema
    assert list(run.to_pandas("failed").columns) == list(run.to_pandas().columns) == [*COLUMNS, "long"]


def test_a_metric_that_is_called_like_a_column_has_one_of_its_own() -> None:
    run = lattice.run(evaluation(checks=[lattice.Check("input", regex="."), lattice.Check("b", regex=".")], count=2))
    frame = run.to_polars()
    assert frame["input"].to_list() == ["Question 1?", "Question 2?"]
    assert frame["metric.input"].to_list() == [1.0, 1.0]
    assert frame["b"].to_list() == [1.0, 1.0]


def test_a_part_of_the_results_can_be_taken_in_any_order() -> None:
    run = lattice.run(picky())
    worst = list(run.results("scored", sort="score", limit=4))
    scores = [result.score for result in worst]
    everything = sorted(result.score for result in run.results("scored") if result.score is not None)
    assert scores == everything[:4]
    best = next(run.results(sort="-score"))
    assert best.score == everything[-1]
    assert [result.position for result in run.results(limit=3)] == [1, 2, 3]
    assert len(list(run.results(sort="score"))) == 20
    with pytest.raises(lattice.UsageError):
        list(run.results(sort="nonsense"))


def test_sorted_results_are_read_page_by_page(monkeypatch: pytest.MonkeyPatch) -> None:
    run = lattice.run(evaluation(count=20))
    from lattice.api import handles

    monkeypatch.setattr(handles, "AT_ONCE", 3)
    assert sorted(result.position for result in run.results(sort="latency")) == list(range(1, 21))


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_library_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run = lattice.run(evaluation(count=1))
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(lattice.UsageError, match=rf"pip install 'lattice-evals\[{library}\]'"):
        getattr(run, f"to_{library}")()


def test_texts_come_back_as_they_were() -> None:
    hostile = "=1+1\n\u202eevil\x00 \"quoted\", 'it'; 🦜"
    rows = [{**inputs(1)[0], "input": hostile}]
    made = lattice.Evaluation(
        name="Texts",
        targets=[lattice.Function(lambda text: text, name="Echo")],
        inputs=lattice.Inputs(rows),
        checks=[lattice.Check("any", regex="evil")],
    )
    run = lattice.run(made)
    assert run.to_polars()["response"].to_list() == [hostile]
    assert run.to_pandas()["input"].tolist() == [hostile]
