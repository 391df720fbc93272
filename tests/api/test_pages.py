"""A run as a notebook shows it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from tests.api.evaluations import evaluation

import lattice
from lattice.api.pages import progress_page
from lattice.service.following import Followed
from lattice.store import open_store

HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(2)>&amp;\u202e"


class Page(HTMLParser):
    """The elements, the attributes' names, and the text of a page; every element must be closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes.update(name for name, _ in attrs)
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


def page_of(run: lattice.Run) -> Page:
    return Page(run._repr_html_())


def test_a_page_has_status_numbers_distribution_and_gates() -> None:
    run = lattice.run(evaluation(count=30, gates=["mean > 0.99", "ci_lower > 0.01"]))
    text = page_of(run).text
    score = run.metric("score")
    assert score.mean is not None
    assert score.native_mean is not None
    for part in (
        "✔ Completed",
        "From code",
        "from-code#1",
        "Progress: 30 / 30 (100%)",
        f"{score.mean:.2f}",
        f"{score.native_mean:.2f}".rstrip("0"),
        "30 of 30",
        "adjusted_t",
        "Score Distribution",
        "✖ fail",
        "✔ pass",
    ):
        assert part in text
    for level in score.distribution:
        assert f"{level.value} ({level.score:.2f})" in text


def test_whatever_somebody_else_wrote_is_escaped() -> None:
    run = lattice.run(
        evaluation(
            lattice.Function(lambda question: HOSTILE, name=HOSTILE),
            lattice.Function(lambda question: HOSTILE, name="other"),
            name=HOSTILE,
            checks=[lattice.Check("<b>check<|b>", regex="x")],
            gates=["<b>check<|b>.mean > 0.99"],
        )
    )
    page = page_of(run)
    assert page.names <= {"div", "span", "b", "code", "table", "thead", "tbody", "tr", "th", "td"}
    assert page.attributes <= {"style"}
    assert "<script>alert(1)</script>" in page.text
    assert "\u202e" not in page.text


def test_a_failed_run_says_why_and_one_without_results_has_no_numbers() -> None:
    run = lattice.run(evaluation(lattice.Model("sim/assistant", params={"faults": {"auth": 1.0}})))
    text = page_of(run).text
    assert "✖ Failed" in text
    assert "Reason: " in text
    assert "Score Distribution" not in text


def test_many_failures_are_warned_of() -> None:
    run = lattice.run(evaluation(lattice.Model("sim/assistant", params={"faults": {"invalid": 0.3}})))
    assert "(5% or more)" in page_of(run).text


def test_several_targets_are_told_apart() -> None:
    run = lattice.run(evaluation(lattice.Model("sim/assistant", name="A"), lattice.Model("sim/assistant", name="B")))
    text = page_of(run).text
    assert "Score Distribution, A" in text
    assert "Score Distribution, B" in text


@pytest.mark.parametrize("faults", [{}, {"invalid": 0.5}])
def test_progress_is_a_page_of_its_own(faults: dict[str, float]) -> None:
    run = lattice.run(evaluation(lattice.Model("sim/assistant", name=HOSTILE, params={"faults": faults})))
    with open_store(run._url) as store:
        view = Followed(store, store.run(run._record.key)).look().view
    page = Page(progress_page(view))
    assert page.names <= {"div", "span", "b", "code", "progress"}
    assert page.attributes <= {"style", "value", "max"}
    assert "Progress: 20 / 20 (100%)" in page.text
    assert ("Input #" in page.text) is bool(faults)


def test_a_run_shows_itself_as_text_too() -> None:
    run = lattice.run(evaluation(count=2))
    assert repr(run) == "<Run from-code#1: completed, 2 of 2>"
