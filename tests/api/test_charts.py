"""Charts of runs, from Python."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from tests.api.evaluations import evaluation

import lattice
from lattice.api.charts import VEGA_LITE


def test_a_notebook_gets_the_specification_a_picture_and_words() -> None:
    run = lattice.run(evaluation())
    chart = run.chart("distribution")
    shown = chart._repr_mimebundle_()
    assert set(shown) == {"text/plain", VEGA_LITE, "image/svg+xml"}
    assert shown["image/svg+xml"].startswith("<svg")
    assert shown["text/plain"] == f"<Chart distribution: {chart.title}>"
    json.dumps(shown[VEGA_LITE])
    assert run.chart().title == chart.title
    assert run.chart(theme="dark").spec["background"] != chart.spec["background"]


def test_without_the_converter_there_is_the_specification(monkeypatch: pytest.MonkeyPatch) -> None:
    chart = lattice.run(evaluation(count=3)).chart("means")
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    assert set(chart._repr_mimebundle_()) == {"text/plain", VEGA_LITE}


@pytest.mark.parametrize(("ending", "begins"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("json", b"{")])
def test_a_chart_is_saved_by_its_ending(ending: str, begins: bytes, folder: Path) -> None:
    lattice.run(evaluation(count=3)).chart("means").save(folder / f"chart.{ending}")
    assert (folder / f"chart.{ending}").read_bytes().startswith(begins)


def test_what_cannot_be_drawn_is_named(folder: Path) -> None:
    run = lattice.run(evaluation(count=2))
    with pytest.raises(lattice.UsageError, match=r"no chart 'pie'; of this run there are: means, distribution"):
        run.chart("pie")
    with pytest.raises(lattice.UsageError, match="not of one run"):
        run.chart("history")
    with pytest.raises(lattice.UsageError, match="theme is one of light, dark"):
        run.chart("means", theme="blue")
    with pytest.raises(lattice.UsageError, match="its ending is none of"):
        run.chart("means").save("chart.gif")
    with pytest.raises(lattice.UsageError, match="cannot be written"):
        run.chart("means").save(folder / "nowhere" / "chart.svg")
