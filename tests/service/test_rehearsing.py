"""What a run will take, said before anything is spent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.reporting.run_records import run

from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.models import Usage
from lattice.core.runs import Progress, RunStatus
from lattice.reporting.figures import Latency, MetricSummary, RoleSpending, Spending, Summary, TargetSummary
from lattice.service.assembly import Surroundings, assembled
from lattice.service.preparation import trials_of
from lattice.service.rehearsing import SAMPLE, Experience, Rehearsal, Span, drawn, is_worth_learning_from, reckon

KEYS = {"OPENAI_API_KEY": "k", "ANTHROPIC_API_KEY": "k"}


def evaluation(**changes: object) -> Evaluation:
    data: dict[str, object] = {
        "name": "Rehearsed",
        "targets": [{"model": "openai/gpt-5-mini", "params": {"max_completion_tokens": 100}}],
        "inputs": {"items": []},
        "scoring": {"judge": {"model": "anthropic/claude-haiku-4-5"}},
    }
    return Evaluation.model_validate({**data, **changes})


def rehearsed(subject: Evaluation, *, inputs: int = 200, experience: Experience | None = None) -> Rehearsal:
    sample = [Input(position=n, id=str(n), input="How long is a piece of string? " * 4) for n in range(1, 21)]

    async def main() -> Rehearsal:
        async with assembled(subject, Surroundings(environ=KEYS, base=Path())) as assembly:
            return reckon(
                subject,
                assembly,
                sample,
                inputs=inputs,
                trials=trials_of(subject, inputs),
                unpriced=(),
                experience=experience or Experience(),
            )

    return asyncio.run(main())


def test_calls_are_counted_for_each_role() -> None:
    found = rehearsed(evaluation(run={"repeats": 3}))
    assert (found.trials, found.target_calls, found.judge_calls) == (600, 600, 600)


def test_each_range_has_its_low_end_below_its_high_end() -> None:
    found = rehearsed(evaluation())
    for span in (found.tokens, found.cost_usd, found.duration, found.detectable):
        assert span is not None
        assert 0 < span.low < span.high


def test_a_limit_on_answers_limits_the_tokens() -> None:
    free = evaluation(targets=[{"model": "openai/gpt-5-mini"}])
    assert rehearsed(evaluation()).tokens.high < rehearsed(free).tokens.high


def test_a_known_rate_limit_is_never_outrun() -> None:
    found = rehearsed(evaluation(run={"max_concurrent": 200, "limits": {"requests_per_minute": 60}}))
    assert found.duration.low >= 200


def test_what_an_earlier_run_took_narrows_the_ranges() -> None:
    spending = Spending(
        target=RoleSpending(usage=Usage(output_tokens=8_000)), judge=RoleSpending(usage=Usage(output_tokens=4_000))
    )
    summary = Summary(
        progress=Progress(total=200, done=200, successful=200),
        metrics=(MetricSummary(target="T", name="score", n=200, ended=200, std=0.25),),
        targets=(
            TargetSummary(
                target="T", done=200, successful=200, failed=0, inputs_ended=200, latency=Latency(p50=1, p95=2, p99=3)
            ),
        ),
        spending=spending,
    )
    experience = Experience.of(run(RunStatus.COMPLETED), summary)
    assert experience.answer_tokens == Span(low=32, high=50)
    blind, learned = rehearsed(evaluation()), rehearsed(evaluation(), experience=experience)
    assert learned.learned_from is not None
    assert learned.duration.high / learned.duration.low < blind.duration.high / blind.duration.low


def test_more_inputs_show_smaller_differences() -> None:
    few, many = rehearsed(evaluation(), inputs=50).detectable, rehearsed(evaluation(), inputs=500).detectable
    assert few is not None
    assert many is not None
    assert many.high < few.low * 2
    assert many.low < few.low


@pytest.mark.parametrize("status", [RunStatus.CANCELLED, RunStatus.FAILED, RunStatus.PENDING])
def test_only_completed_runs_are_learned_from(status: RunStatus) -> None:
    subject = evaluation()
    record = run(status, config=subject.model_dump(mode="json", by_alias=True, exclude_none=True))
    assert not is_worth_learning_from(record, subject)


def test_the_sample_is_small_and_the_same_each_time() -> None:
    positions = range(1, 10_001)
    assert drawn(positions) == drawn(positions)
    assert len(drawn(positions)) == SAMPLE
    assert drawn(range(1, 4)) == [1, 2, 3]
