"""Pages, streams and counts of what a run has brought."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from tests.store.conftest import Clock
from tests.store.making import answer, failed, first, make_run, scored, started, write

from lattice.core.errors import ErrorKind, UsageError
from lattice.core.filters import parse_filter, parse_sort
from lattice.core.models import ToolCall, Usage
from lattice.core.runs import RunRecord
from lattice.core.trials import Attempt, Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.store import ResultStatus, Store

NATIVE = {1: 5.0, 2: 1.0, 3: 4.0, 4: 1.0, 5: 3.0, 7: 2.0}


@pytest.fixture
def run(store: Store) -> RunRecord:
    """Inputs 1–5 and 7 scored, 6 failed by timeout, 8 unparsed; #9 with the second target; 10 not yet."""
    run = make_run(store)
    outcomes = [scored(first(position), native, attempts=position) for position, native in NATIVE.items()]
    failures = [failed(first(6)), failed(first(8), ErrorKind.JUDGE_PARSE)]
    asyncio.run(write(store, run, [*outcomes, *failures, scored(first(9, target=1), 4.0)]))
    return run


def found(store: Store, run: RunRecord, where: str) -> list[int]:
    condition = parse_filter(where)
    page = [row.key.position for row in store.results(run.key, where=condition, limit=None)]
    streamed = [row.key.position for row in store.iterate_results(run.key, condition)]
    assert page == streamed
    assert len(page) == store.count_results(run.key, condition)
    return page


@pytest.mark.parametrize(
    ("where", "positions"),
    [
        ("score < 3", [2, 4, 7]),
        ("score <= 3 and score != 1", [5, 7]),
        ("score01 >= 0.75", [1, 3, 9]),
        ("scored", [1, 2, 3, 4, 5, 7, 9]),
        ("failed", [6, 8]),
        ("unscored", [6, 8]),
        ("not score < 3", [1, 3, 5, 6, 8, 9]),
        ("not (failed or score >= 2)", [2, 4]),
        ("kind = timeout", [6]),
        ("kind != timeout", [8]),
        ("not kind = timeout", [1, 2, 3, 4, 5, 7, 8, 9]),
        ("target = Production and score > 4", [1]),
        ('target = "Staging (v2)"', [9]),
        ("target != Production", [9]),
        ("target ~ STAG", [9]),
        ("target ~ nothing", []),
        ("latency > 0.35", [4, 5, 7, 9]),
        ("cost < 1", [1, 2, 3, 4, 5, 7, 9]),
        ("attempts >= 3 and scored", [3, 4, 5, 7]),
        ("input = #4 or input > 8", [4, 9]),
        ("id = q4", [4]),
        ("id != q4 and failed", [6, 8]),
        ("id ~ Q", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
        ("accuracy = 2 and input < 3", [1, 2]),
        (r'"the \"best\"" = 1 and input < 3', [1, 2]),
        ("text ~ 'QUESTION 5'", [5]),
        ("text ~ 'within 30'", [1, 2, 3, 4, 5, 7, 9]),
        ("text ~ 'deserves a 1'", [2, 4]),
        ("text ~ '%'", []),
        ("text ~ 'é'", []),
    ],
)
def test_a_filter_picks_what_it_says(store: Store, run: RunRecord, where: str, positions: list[int]) -> None:
    assert found(store, run, where) == positions


@pytest.mark.parametrize(
    ("sort", "positions"),
    [
        ("score", [2, 4, 7, 5, 3, 9, 1, 6, 8]),
        ("-score", [1, 9, 3, 5, 7, 4, 2, 8, 6]),
        ("-latency", [9, 7, 5, 4, 3, 2, 1, 8, 6]),
        ("-input", [9, 8, 7, 6, 5, 4, 3, 2, 1]),
        ("accuracy", [1, 2, 3, 4, 5, 7, 9, 6, 8]),
    ],
)
def test_results_are_put_in_order_with_what_has_no_value_last(
    store: Store, run: RunRecord, sort: str, positions: list[int]
) -> None:
    order = parse_sort(sort)
    assert [row.key.position for row in store.results(run.key, sort=order)] == positions
    pages = [store.results(run.key, sort=order, offset=offset, limit=2) for offset in range(0, 10, 2)]
    assert [row.key.position for page in pages for row in page] == positions


def test_later_results_come_in_the_order_of_their_commits(store: Store, run: RunRecord) -> None:
    tail = store.results(run.key, after_seq=6)
    assert [(row.seq, row.key.position) for row in tail] == [(7, 6), (8, 8), (9, 9)]
    assert store.scored_since(run.key, 5) == [first(7), first(9, target=1)]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("lateny > 2", "have no 'lateny', did you mean latency?"),
        ("target = Prod", r"no target 'Prod'; there are Production, Staging \(v2\)"),
        ("zebra > 2", "there are score, .*accuracy"),
    ],
)
def test_a_name_that_the_run_does_not_know_is_refused(store: Store, run: RunRecord, where: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        store.results(run.key, where=parse_filter(where))


def test_a_run_without_results_has_none_whatever_is_asked(store: Store) -> None:
    run = make_run(store)
    assert store.results(run.key, where=parse_filter("anything > 2"), sort=parse_sort("anything")) == []
    assert (store.count_results(run.key), list(store.iterate_scores(run.key))) == (0, [])


def test_a_row_has_everything_that_was_stored(store: Store, clock: Clock) -> None:
    run, key = make_run(store), first(3, target=1, repeat=2)
    response = Response(
        text="\x00\ud800</script>" + "x" * 1_000_000,
        latency=0.25,
        usage=Usage(input_tokens=20, output_tokens=10),
        cost_usd=0.5,
        model="m\x00",
        finish_reason="stop",
        tool_calls=(ToolCall(name="look", arguments='{"a": "\x00"}'), ToolCall(name="\ud800", arguments="")),
        context=("one", "\ud801"),
    )
    result = Result(
        key=key,
        verdict=Verdict(
            metrics={"score": Metric(score=0.75, native=4.0), "ok": Metric(score=1.0)},
            reasoning="\x1b[2J\x00",
            raw="\udfff",
        ),
        attempts=4,
        usage=Usage(input_tokens=7, output_tokens=2),
        cost_usd=0.25,
        judge_latency=0.125,
        duration=9.5,
        wasted_usage=Usage(input_tokens=1, output_tokens=1),
        wasted_cost_usd=0.125,
    )

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        await writer.put_response(key, response)
        assert await writer.put_result(result) == 1
        await writer.close()

    asyncio.run(carry_out())
    row = store.result(run.key, key)
    assert row is not None
    assert store.stored_response(run.key, key) == row.response == response
    assert result.verdict is not None
    assert (row.metrics, row.reasoning, row.raw) == (result.verdict.metrics, "\x1b[2J\x00", "\udfff")
    assert (row.seq, row.key, row.target, row.status) == (1, key, "Staging (v2)", ResultStatus.SCORED)
    assert (row.score, row.native, row.attempts, row.failure) == (0.75, 4.0, 4, None)
    assert row.target_usage == Usage(input_tokens=21, output_tokens=11)
    assert (row.judge_usage, row.target_cost, row.judge_cost, row.cost) == (result.usage, 0.625, 0.25, 0.875)
    assert (row.latency, row.judge_latency, row.duration) == (0.25, 0.125, 9.5)
    assert (row.input.id, row.annotation) == ("q3", None)


def test_a_failed_row_says_why(store: Store, run: RunRecord) -> None:
    row = store.result(run.key, first(6))
    assert row is not None
    assert row.failure == Failure(step=Step.TARGET, kind=ErrorKind.TIMEOUT, message="Timeout after 60s")
    assert (row.status, row.score, row.native, row.response, row.cost) == (ResultStatus.FAILED, None, None, None, None)
    assert store.result(run.key, first(10)) is None


UNPRICED = Usage(input_tokens=1, output_tokens=1)


@pytest.mark.parametrize(
    ("response_cost", "judge", "judge_cost", "total"),
    [
        (0.5, UNPRICED, 0.25, 0.75),
        (0.5, UNPRICED, None, None),
        (None, UNPRICED, 0.25, None),
        (0.5, Usage(), None, 0.5),
        (0.0, UNPRICED, 0.0, 0.0),
    ],
)
def test_an_unknown_price_makes_the_cost_unknown(
    store: Store, response_cost: float | None, judge: Usage, judge_cost: float | None, total: float | None
) -> None:
    run, key = make_run(store), first(1)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        await writer.put_response(key, Response(text="", latency=1.0, cost_usd=response_cost))
        await writer.put_result(Result(key=key, usage=judge, cost_usd=judge_cost))
        await writer.close()

    asyncio.run(carry_out())
    row = store.result(run.key, key)
    assert row is not None
    assert row.cost == total


def test_scores_are_streamed_for_summaries(store: Store, run: RunRecord) -> None:
    rows = list(store.iterate_scores(run.key))
    assert [row.position for row in rows] == [1, 2, 3, 4, 5, 6, 7, 8, 9]
    one, six = rows[0], rows[5]
    assert (one.status, one.cluster, one.metrics["score"]) == (ResultStatus.SCORED, "c1", (1.0, 5.0))
    assert (one.latency, one.judge_latency, one.target_cost, one.judge_cost) == (0.1, 0.2, 0.002, 0.001)
    assert (one.target_usage.total_tokens, one.judge_usage.total_tokens) == (30, 8)
    assert (six.status, six.error_kind, six.metrics, six.latency) == (ResultStatus.FAILED, "timeout", {}, None)
    assert (one.error_step, six.error_step) == (None, Step.TARGET)


def test_streams_go_on_where_a_chunk_ended(store: Store) -> None:
    run = make_run(store, inputs=1203)
    outcomes = [scored(first(position, repeat=repeat)) for position in range(1, 602) for repeat in (0, 1)]
    asyncio.run(write_at_once(store, run, outcomes))
    keys = [outcome.key for outcome in outcomes]
    assert [row.key for row in store.iterate_results(run.key)] == keys
    assert list(store.finished(run.key)) == keys


async def write_at_once(store: Store, run: RunRecord, outcomes: list[Result]) -> None:
    writer = started(store, run, store.claim(run.key))
    await asyncio.gather(*(writer.put_result(outcome) for outcome in outcomes))
    await writer.close()


def test_what_is_finished_and_what_only_waits_for_its_judge(store: Store) -> None:
    run = make_run(store)

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        for position in (1, 2, 3):
            await writer.put_response(first(position), answer())
        await writer.put_result(scored(first(1)))
        await writer.put_result(failed(first(4)))
        await writer.close()

    asyncio.run(carry_out())
    assert list(store.finished(run.key)) == [first(1), first(4)]
    assert list(store.finished(run.key, ResultStatus.FAILED)) == [first(4)]
    assert store.unjudged(run.key) == {first(2), first(3)}
    assert list(store.answered(run.key)) == [first(1), first(2), first(3)]
    assert store.stored_response(run.key, first(2)) == answer()
    assert store.stored_response(run.key, first(4)) is None


def attempt(key: TrialKey, number: int, wait: float | None) -> Attempt:
    return Attempt(
        key=key,
        step=Step.JUDGE,
        number=number,
        allowed=3,
        kind=ErrorKind.RATE_LIMIT,
        message="too \x00 many",
        wait=wait,
        at=datetime(2025, 3, 1, 12, 0, 0, 654321, UTC),
    )


def test_attempts_are_read_with_how_their_trial_ended(store: Store) -> None:
    run = make_run(store)
    made = [attempt(first(1), 1, 2.0), attempt(first(2, target=1), 1, 4.0), attempt(first(1), 2, None)]

    async def carry_out() -> None:
        writer = started(store, run, store.claim(run.key))
        for each in made:
            writer.put_attempt(each)
        await writer.put_result(scored(first(1)))
        await writer.close()

    asyncio.run(carry_out())
    rows = store.attempts(run.key)
    assert [row.attempt for row in rows] == made
    assert [(row.input_id, row.target, row.ended) for row in rows] == [
        ("q1", "Production", ResultStatus.SCORED),
        ("q2", "Staging (v2)", None),
        ("q1", "Production", ResultStatus.SCORED),
    ]
    assert store.attempts(run.key, after=rows[0].id, limit=1) == rows[1:2]
    assert store.latest_attempts(run.key, limit=2) == rows[:0:-1]
    assert store.trial_attempts(run.key, first(1)) == [rows[0], rows[2]]


def test_a_person_annotates_a_result(store: Store, run: RunRecord, clock: Clock) -> None:
    store.annotate(run.key, first(2), score=1.0)
    noted = store.annotate(run.key, first(2), score=2.0, note="too \x00 harsh")
    other = store.annotate(run.key, first(1), score=None, note="fine")
    assert (noted.at, store.annotations(run.key)) == (clock.now, [other, noted])
    row = store.result(run.key, first(2))
    assert row is not None
    assert row.annotation == noted
    store.remove_annotation(run.key, first(2))
    assert store.annotations(run.key) == [other]


def test_what_has_no_result_cannot_be_annotated(store: Store, run: RunRecord) -> None:
    with pytest.raises(UsageError, match="#10 has no result"):
        store.annotate(run.key, first(10), score=1.0)
