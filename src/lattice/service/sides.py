"""What is compared, by what people call it: ``SLUG#3``, or ``SLUG#3/TARGET`` for one of its targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.engine.plan import Schedule
from lattice.reporting.figures import Summary
from lattice.reporting.sides import Side, read_scores
from lattice.reporting.standing_in import with_stand_ins
from lattice.service.conclusion import conclusion_of
from lattice.service.reading import reference_of
from lattice.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A run, and where one of its targets is meant, its name."""

    run: RunRecord
    target: str | None = None


def choose(store: Store, text: str) -> Chosen:
    """Find ``RUN`` or ``RUN/TARGET``.

    Raises
    ------
    UsageError: there is no such run, or it has no such target.
    """
    try:
        return Chosen(run=store.find_run(text))
    except UsageError as error:
        unknown = error
    for place in (place for place, letter in enumerate(text) if letter == "/"):
        try:
            run = store.find_run(text[:place])
        except UsageError:
            # The slash may belong to the evaluation's name.
            continue
        return chosen_target(run, text[place + 1 :])
    raise unknown


def chosen_target(run: RunRecord, target: str) -> Chosen:
    """One target of a run.

    Raises
    ------
    UsageError: it has none of that name.
    """
    names = [each.name for each in Evaluation.model_validate(run.config).contenders]
    if target not in names:
        known = ", ".join(repr(name) for name in names)
        raise UsageError(f"{reference_of(run)} has no target {target!r}; there are {known}")
    return Chosen(run=run, target=target)


def sides_of(store: Store, chosen: Chosen) -> list[Side]:
    """The targets that are meant, with their scores; all of the run's unless one is named."""
    return sides_with(store, chosen, conclusion_of(store, chosen.run).summary)


def sides_with(store: Store, chosen: Chosen, summary: Summary) -> list[Side]:
    """The same with numbers that are known already."""
    run = chosen.run
    evaluation = Evaluation.model_validate(run.config)
    targets, contenders = evaluation.targets, evaluation.contenders
    metrics = [[each.name for each in summary.metrics if each.target == target.name] for target in targets]
    scores = read_scores(with_stand_ins(store.iterate_scores(run.key), evaluation), metrics)
    served = store.served_models(run.key)
    sides = [
        Side(
            name=f"{reference_of(run)}/{target.name}" if len(contenders) > 1 else reference_of(run),
            run=run,
            evaluation=evaluation,
            target=target.name,
            summary=summary,
            scores=found,
            served=served.get(index, {}),
        )
        for index, (target, found) in enumerate(zip(targets, scores, strict=True))
        if target in contenders
    ]
    order = () if sides[0].is_whole else Schedule(store.positions(run.input_set), seed=run.seed).order
    return [replace(side, order=order) for side in sides if chosen.target in (None, side.target)]


def matched(baseline: Sequence[Side], candidate: Sequence[Side]) -> list[tuple[Side, Side]]:
    """Pairs of targets of the same name, else the one baseline with every candidate.

    Raises
    ------
    UsageError: it is not clear what belongs together, or it would be one and the same.
    """
    same = [(old, new) for new in candidate for old in baseline if old.target == new.target]
    pairs = same or ([(baseline[0], new) for new in candidate] if len(baseline) == 1 else [])
    if not pairs:
        names = ", ".join(each.name for each in (*baseline, *candidate))
        raise UsageError(f"no targets of the same name to compare; pick one of each run: {names}")
    for old, new in pairs:
        if (old.run.id, old.target) == (new.run.id, new.target):
            raise UsageError(f"{old.name} cannot be compared with itself")
    return [(old, _told_apart(old, new)) for old, new in pairs]


def _told_apart(old: Side, new: Side) -> Side:
    """Runs of two stores may have the same name."""
    return replace(new, name=f"{new.name} ({new.run.id[:8]})") if old.name == new.name else new
