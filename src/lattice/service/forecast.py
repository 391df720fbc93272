"""What a run of an evaluation will take, reckoned for its inputs in a store; nothing is called."""

from __future__ import annotations

from collections.abc import Iterator

from lattice.config.slug import slug
from lattice.core.evaluation import Evaluation
from lattice.reporting.formats import count, duration, money
from lattice.service.assembly import Surroundings, assembled
from lattice.service.conclusion import conclusion_of
from lattice.service.obstacles import unpriced_models
from lattice.service.preparation import trials_of
from lattice.service.rehearsing import Experience, Rehearsal, Span, drawn, is_worth_learning_from, reckon
from lattice.store import InputSet, Store
from lattice.targets import StoredTarget

RECENT = 20


async def forecast(
    store: Store, evaluation: Evaluation, surroundings: Surroundings, inputs: InputSet, experience: Experience
) -> Rehearsal:
    """Reckon what a run over staged inputs will take.

    Functions and endpoints are not looked at: they say what they take as they answer, and importing a function would
    run its module.
    """
    sample = store.read_inputs(inputs.key, drawn(store.positions(inputs.key)))
    unasked = {each.name: StoredTarget(each.name) for each in evaluation.targets if each.model is None}
    async with assembled(_without_functions(evaluation), surroundings, stand_ins=unasked) as assembly:
        return reckon(
            evaluation,
            assembly,
            list(sample.values()),
            inputs=inputs.count,
            trials=trials_of(evaluation, inputs.count),
            unpriced=unpriced_models(evaluation),
            experience=experience,
        )


def experience_of(store: Store, evaluation: Evaluation) -> Experience:
    """What the last run that asked the same models tells, if the store has one."""
    wanted = slug(evaluation.name)
    rows = [row for row in store.evaluations() if row.slug == wanted]
    for record in store.runs(evaluation=rows[0].id, limit=RECENT) if rows else []:
        if is_worth_learning_from(record, evaluation):
            return Experience.of(record, conclusion_of(store, record).summary)
    return Experience()


def forecast_words(found: Rehearsal) -> Iterator[tuple[str, str]]:
    """What a run will take: pairs of a heading and what stands under it."""
    yield "Trials", f"{count(found.trials)} over {count(found.inputs)} inputs"
    yield "Calls", f"{count(found.target_calls)} to targets, {count(found.judge_calls)} to judges; retries come on top"
    untold = f", without {', '.join(found.untold)}" if found.untold else ""
    yield "Tokens", f"{_counts(found.tokens)}{untold}"
    yield "Cost", _cost(found)
    yield "Duration", f"{duration(found.duration.low)} to {duration(found.duration.high)}"
    if found.detectable is not None:
        low, high = found.detectable.low, found.detectable.high
        yield (
            "Smallest difference to another run that will likely show",
            f"{low:.2f} to {high:.2f} of the scale (found in 4 of 5 cases)",
        )


def grounds_words(found: Rehearsal) -> str:
    """What a forecast rests on."""
    if found.learned_from is not None:
        return f"Reckoned from what {found.learned_from} took."
    return "Reckoned from assumptions: no earlier run asked these models. After a first run the ranges are narrow."


def _counts(span: Span) -> str:
    return f"{count(round(span.low))} to {count(round(span.high))}"


def _cost(found: Rehearsal) -> str:
    known = f"{money(found.cost_usd.low)} to {money(found.cost_usd.high)}"
    if not found.unpriced:
        return known
    names = ", ".join(found.unpriced)
    return f"unknown for {names}" + (f"; the rest {known}" if found.cost_usd.high else "")


def _without_functions(evaluation: Evaluation) -> Evaluation:
    """The evaluation without what is a Python function, which takes nothing that is reckoned."""
    scoring = evaluation.scoring if evaluation.scoring is None or evaluation.scoring.python is None else None
    checks = tuple(check for check in evaluation.checks if check.python is None)
    return evaluation.model_copy(update={"scoring": scoring, "checks": checks})
