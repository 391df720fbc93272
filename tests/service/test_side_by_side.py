"""Comparisons input by input: which inputs there are, in which order, and what they say."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.service.test_comparing import GOOD, POOR, carried_out

from lattice.core.errors import UsageError
from lattice.service.side_by_side import (
    Choice,
    Column,
    Order,
    Pairs,
    Show,
    SideBySide,
    Span,
    gather,
    read_texts,
    with_text,
)
from lattice.store import Store, open_store

NAN = float("nan")
Scores = list[float | None]
scores = st.sampled_from([None, 0.0, 0.25, 0.5, 0.75, 1.0])


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/lattice.db"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with open_store(url) as store:
        yield store


def pairs_of(before: Scores, after: Scores) -> Pairs:
    return Pairs(
        positions=np.arange(1, len(before) + 1),
        baseline=np.array([NAN if each is None else each for each in before], dtype=np.float64),
        candidate=np.array([NAN if each is None else each for each in after], dtype=np.float64),
    )


BEFORE: Scores = [1.0, 0.5, 0.5, None, 0.25, 1.0]
AFTER: Scores = [0.0, 0.5, 0.75, 0.5, 0.0, None]
PAIRS = pairs_of(BEFORE, AFTER)


class TestWhichInputs:
    def test_all_are_counted_those_that_miss_a_score_among_them(self) -> None:
        assert PAIRS.counts() == {Show.ALL: 6, Show.BETTER: 1, Show.WORSE: 2, Show.SAME: 1, Show.MISSING: 2}

    @pytest.mark.parametrize(
        ("choice", "positions"),
        [
            (Choice(), [1, 5, 2, 3, 4, 6]),
            (Choice(order=Order.BEST), [3, 2, 5, 1, 4, 6]),
            (Choice(order=Order.MOVED), [1, 3, 5, 2, 4, 6]),
            (Choice(order=Order.INPUT), [1, 2, 3, 4, 5, 6]),
            (Choice(show=Show.WORSE), [1, 5]),
            (Choice(show=Show.BETTER), [3]),
            (Choice(show=Show.SAME), [2]),
            (Choice(show=Show.MISSING), [4, 6]),
            (Choice(baseline=Span(low=0.5, high=1.0)), [1, 2, 3, 6]),
            (Choice(baseline=Span(low=0.5, high=0.5), candidate=Span(low=0.7, high=0.8)), [3]),
            (Choice(among=frozenset({2, 6, 99})), [2, 6]),
            (Choice(among=frozenset()), []),
        ],
    )
    def test_the_choice_decides_and_what_cannot_be_compared_comes_last(
        self, choice: Choice, positions: list[int]
    ) -> None:
        assert PAIRS.chosen(choice).tolist() == positions

    @given(st.lists(st.tuples(scores, scores), max_size=40))
    def test_every_input_is_of_one_kind(self, both: list[tuple[float | None, float | None]]) -> None:
        pairs = pairs_of([each[0] for each in both], [each[1] for each in both])
        kinds = [Show.BETTER, Show.WORSE, Show.SAME, Show.MISSING]
        shown = [position for kind in kinds for position in pairs.chosen(Choice(show=kind)).tolist()]
        assert sorted(shown) == list(range(1, len(both) + 1))
        assert [len(pairs.chosen(Choice(show=kind))) for kind in kinds] == [pairs.counts()[kind] for kind in kinds]


class TestAColumn:
    def test_repeats_are_averaged_and_what_has_no_score_has_none(self) -> None:
        column = Column.of({7: [0.5, 1.0, None], 2: [None], 3: [0.25]})
        assert list(column) == [2, 3, 7]
        assert [column[each][0] for each in column] == [None, 0.25, 0.75]
        assert 4 not in column
        found = column.at(np.array([1, 3, 8]))
        assert [isnan(each) for each in found] == [True, False, True]

    def test_of_no_input_there_is_nothing(self) -> None:
        assert not Column.of({})
        assert isnan(Column.of({}).at(np.array([1]))[0])


def shown(found: SideBySide) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.baseline, each.candidates) for each in found.matchups]


class TestWhatIsGathered:
    def test_several_runs_stand_against_the_first(self, url: str, store: Store) -> None:
        for model in (GOOD, POOR, GOOD):
            carried_out(url, ("Bot", model))
        found = gather(store, ["support#2", "support#1", "support#3"])
        assert shown(found) == [("support#2", ("support#1", "support#3"))]
        pairs = found.pairs("support#2", "support#1", "score")
        compared = found.comparison("support#2", "support#1", "score")
        assert pairs is not None
        assert compared is not None
        counts = pairs.counts()
        assert (counts[Show.BETTER], counts[Show.SAME], counts[Show.WORSE]) == (
            compared.wins,
            compared.ties,
            compared.losses,
        )
        assert found.value("support#1", "score", compared.better[0].position) == compared.better[0].candidate

    def test_targets_that_runs_have_in_common_are_matchups_of_their_own(self, url: str, store: Store) -> None:
        for _ in range(2):
            carried_out(url, ("A", GOOD), ("B", POOR))
        assert shown(gather(store, ["support#1", "support#2"])) == [
            ("support#1/A", ("support#2/A",)),
            ("support#1/B", ("support#2/B",)),
        ]
        assert shown(gather(store, ["support#1"])) == [("support#1/A", ("support#1/B",))]
        with pytest.raises(UsageError, match="stands alone"):
            gather(store, ["support#1/A"])

    def test_other_inputs_have_no_pairs(self, url: str, store: Store) -> None:
        carried_out(url, ("Bot", GOOD))
        carried_out(url, ("Bot", GOOD), inputs={"items": ["Another?", "One?"]})
        found = gather(store, ["support#1", "support#2"])
        assert found.pairs("support#1", "support#2", "score") is None
        assert found.comparison("support#1", "support#2", "score") is not None

    def test_without_a_metric_in_common_the_sides_are_there_all_the_same(self, url: str, store: Store) -> None:
        for _ in range(2):
            carried_out(url, ("Bot", GOOD), type="operational", scoring=None)
        found = gather(store, ["support#1", "support#2"])
        assert found.report.comparisons == ()
        assert [side.totals.done for side in found.report.sides] == [30, 30]

    def test_texts_are_those_of_the_inputs_that_are_asked_for(self, url: str, store: Store) -> None:
        carried_out(url, ("A", GOOD), ("B", POOR), run={"repeats": 2})
        found = gather(store, ["support#1"])
        texts = read_texts(store, found.report.sides, [30, 2], letters=5)
        assert texts.inputs[30].text == "Question 30?"
        for side in found.report.sides:
            rows = texts.of(side, 2)
            assert [row.key.repeat for row in rows] == [0, 1]
            assert {row.target for row in rows} == {side.target}
            assert len(rows[0].response.text if rows[0].response else "") == 5
            assert texts.of(side, 3) == ()
        assert read_texts(store, found.report.sides, [], letters=5).inputs == {}

    def test_a_text_is_found_in_any_of_the_sides(self, url: str, store: Store) -> None:
        carried_out(url, ("A", GOOD), ("B", POOR))
        sides = gather(store, ["support#1"]).report.sides
        assert with_text(store, sides, "QUESTION 17?") == {17}
        assert with_text(store, sides, "nowhere to be found") == frozenset()
