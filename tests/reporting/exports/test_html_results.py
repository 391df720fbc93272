"""Which results a report shows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.reporting.run_records import NOW, result

from lattice.core.errors import ErrorKind
from lattice.core.inputs import Input
from lattice.core.trials import Failure, Metric, Step, TrialKey
from lattice.reporting.exports.html_results import (
    LONGEST,
    MOST_RESULTS,
    SAMPLED,
    WORST,
    ShownResults,
    shown_results,
    text_of,
)
from lattice.store.records import Annotation, ResultRow

MANY = 6_000


def shown(rows: Iterator[ResultRow] | list[ResultRow], seed: int = 7, repeats: int = 1) -> ShownResults:
    return shown_results(rows, ["score"], repeats=repeats, seed=seed)


def many() -> Iterator[ResultRow]:
    """The lowest scores are at the end."""
    for position in range(1, MANY + 1):
        native = 1 if position > MANY - 100 else 2 if position > MANY - 1_000 else 5
        yield result(position, native)


def test_few_results_are_all_shown() -> None:
    found = shown([result(position) for position in range(1, 13)])
    assert [each.position for each in found.results] == list(range(1, 13))
    assert (found.read, found.worst, found.sampled) == (12, 0, 0)
    assert len(shown(result(position) for position in range(1, MOST_RESULTS + 1)).results) == MOST_RESULTS


def test_of_many_the_worst_and_a_sample_are_shown_in_their_order() -> None:
    found = shown(many())
    places = [each.position for each in found.results]
    assert (found.read, found.worst, found.sampled) == (MANY, WORST, SAMPLED)
    assert places == sorted(set(places))
    assert set(range(MANY - 99, MANY + 1)) <= set(places)
    twos = [each.position for each in found.results if each.score == 0.25]
    # Of equal scores the first in the file.
    assert set(range(MANY - 999, MANY - 999 + WORST - 100)) <= set(twos)
    assert len(places) <= WORST + SAMPLED


def test_a_sample_is_drawn_from_everywhere_and_the_same_again() -> None:
    first, again, other = (shown((result(n, 5) for n in range(1, MANY + 1)), seed) for seed in (7, 7, 8))
    places = [each.position for each in first.results]
    assert places == [each.position for each in again.results] != [each.position for each in other.results]
    assert sum(place > MANY / 2 for place in places) > SAMPLED / 4


def test_failed_results_are_no_lowest_scores() -> None:
    rows = (result(n, None if n % 2 else 3) for n in range(1, MANY + 1))
    found = shown(rows)
    assert sum(each.failure is None for each in found.results) >= WORST


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    assert text_of("short\ntext") == replace(text_of("x"), whole="short\ntext")
    long = text_of("word " * 1_000)
    assert (len(long.whole), long.more) == (LONGEST, 5_000 - LONGEST)
    assert long.start is not None
    assert long.start.endswith("…")


def test_a_result_is_told_with_its_parts_its_failure_and_a_persons_note() -> None:
    metrics = {
        "score": Metric(score=0.75, native=4.0),
        "tone": Metric(score=0.5, native=3.0),
        "cites": Metric(score=1.0),
    }
    note = Annotation(key=TrialKey(1, 0, 0), score=2.0, note="too kind", at=NOW)
    [first, second] = shown([result(1, metrics=metrics, annotation=note), result(2, None)]).results
    assert (first.scored, first.parts, first.note) == ("4 (0.75)", "tone 3, cites 1.00", "2: too kind")
    assert (second.scored, second.failure, second.score) == ("failed", "Timeout after 60s (timeout)", None)


def test_an_id_is_shown_where_it_is_more_than_the_place() -> None:
    own = result(1, input=Input(position=1, id="1", input="x"))
    assert [each.id for each in shown([own, result(2)]).results] == ["", "q2"]


def test_repeats_are_numbered_where_there_are_several() -> None:
    row = result(1, key=TrialKey(1, 0, 2))
    assert shown([row], repeats=3).results[0].repeat == 3
    assert shown([row]).results[0].repeat == 0


def test_errors_are_grouped_by_kind_with_their_messages() -> None:
    broken = Failure(step=Step.JUDGE, kind=ErrorKind.JUDGE_PARSE, message="no JSON")
    rows = [result(n, None) for n in range(1, 21)] + [result(21, None, failure=broken)]
    timeout, parse = shown(rows).errors
    assert (timeout.kind, timeout.count, timeout.messages) == ("timeout", 20, (("Timeout after 60s", 20),))
    assert (timeout.inputs, timeout.more) == (tuple(range(1, 13)), 8)
    assert (parse.kind, parse.inputs, parse.more) == ("judge_parse", (21,), 0)
