"""Filters and orders as SQL over the narrow table of results."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import ColumnElement, Double, and_, false, func, literal, not_, or_, select

from lattice.core.errors import UsageError
from lattice.core.filters import (
    AllOf,
    AnyOf,
    Compared,
    Ended,
    Ending,
    Field,
    Filter,
    FilterOperator,
    MetricCompared,
    Negated,
    Sort,
)
from lattice.store.dialects import Dialect
from lattice.store.records import ResultStatus
from lattice.store.schema import input_ids, inputs, responses, result_texts, results
from lattice.store.text import encode_text

Condition = ColumnElement[bool]

_COMPARE: Mapping[FilterOperator, Callable[[Any, Any], Any]] = {
    FilterOperator.LESS: operator.lt,
    FilterOperator.AT_MOST: operator.le,
    FilterOperator.GREATER: operator.gt,
    FilterOperator.AT_LEAST: operator.ge,
    FilterOperator.EQUAL: operator.eq,
    FilterOperator.UNEQUAL: operator.ne,
}
_NUMBERS: Mapping[Field, ColumnElement[Any]] = {
    Field.SCORE: results.c.native,
    Field.SCORE01: results.c.score,
    Field.LATENCY: results.c.latency,
    Field.COST: results.c.cost,
    Field.ATTEMPTS: results.c.attempts,
    Field.INPUT: results.c.position,
}
_ENDINGS: Mapping[Ending, Condition] = {
    # By status, not by score: where checks alone measure, a trial is scored without having a score.
    Ending.SCORED: results.c.status == ResultStatus.SCORED.value,
    Ending.UNSCORED: results.c.status != ResultStatus.SCORED.value,
    Ending.FAILED: results.c.status == ResultStatus.FAILED.value,
}
_TRIAL = (results.c.position, results.c.target, results.c.repeat)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunScope:
    """The run whose results are picked.

    Parameters
    ----------
    run_key: whose results.
    responses_of: whose responses; another run's when this one scores them again.
    set_key: its inputs.
    targets: their names, in the order of the configuration.
    metrics: names of the metrics its results have, as far as there are results.
    """

    run_key: int
    responses_of: int
    set_key: int
    targets: tuple[str, ...]
    metrics: frozenset[str]


class Conditions:
    """Compiles filters and orders for one run."""

    def __init__(self, dialect: Dialect, scope: RunScope) -> None:
        self._dialect = dialect
        self._scope = scope

    def where(self, part: Filter) -> Condition:
        """The condition on ``results`` that a filter means.

        Raises
        ------
        UsageError: it names a target or a metric that the run does not have.
        """
        match part:
            case Ended(ending=ending):
                return _ENDINGS[ending]
            case AllOf(parts=parts):
                return and_(*(self.where(each) for each in parts))
            case AnyOf(parts=parts):
                return or_(*(self.where(each) for each in parts))
            case Negated(part=negated):
                return not_(func.coalesce(self.where(negated), false()))
            case MetricCompared(name=name, operator=meant, value=value):
                return _compared(meant, self._metric(name), value)
            case Compared():
                return self._compared(part)

    def order(self, sort: Sort) -> tuple[ColumnElement[Any], ...]:
        """What to order results by, and equal ones by their inputs; descending is the exact reverse."""
        by = _NUMBERS[sort.by] if isinstance(sort.by, Field) else self._metric(sort.by)
        equal = [column.desc() if sort.descending else column.asc() for column in _TRIAL]
        return (self._dialect.order(by, descending=sort.descending), *equal)

    def _compared(self, part: Compared) -> Condition:
        value = part.value
        if not isinstance(value, str):
            return _compared(part.operator, _NUMBERS[part.field], value)
        match part.field:
            case Field.KIND:
                return _compared(part.operator, results.c.error_kind, value)
            case Field.TARGET:
                return self._target(part.operator, value)
            case Field.ID:
                return self._id(part.operator, value)
            case _:
                return self._text(value)

    def _target(self, meant: FilterOperator, name: str) -> Condition:
        targets = self._scope.targets
        if meant is FilterOperator.CONTAINS:
            part = name.casefold()
            return results.c.target.in_([i for i, each in enumerate(targets) if part in each.casefold()])
        if name not in targets:
            raise UsageError(f"the run has no target {name!r}; there are {', '.join(targets)}")
        return _compared(meant, results.c.target, targets.index(name))

    def _id(self, meant: FilterOperator, id: str) -> Condition:
        of_set = select(input_ids.c.position).where(input_ids.c.set_key == self._scope.set_key)
        if meant is FilterOperator.CONTAINS:
            return results.c.position.in_(of_set.where(self._dialect.contains(input_ids.c.id, id)))
        same = results.c.position.in_(of_set.where(input_ids.c.id == encode_text(id)))
        return same if meant is FilterOperator.EQUAL else not_(same)

    def _text(self, part: str) -> Condition:
        scope, contains = self._scope, self._dialect.contains
        asked = select(inputs.c.position).where(
            inputs.c.set_key == scope.set_key,
            inputs.c.position == results.c.position,
            contains(inputs.c.input, part),
        )
        answered = select(responses.c.position).where(
            responses.c.run_key == scope.responses_of,
            *(responses.c[column.name] == column for column in _TRIAL),
            contains(responses.c.text, part),
        )
        judged = select(result_texts.c.position).where(
            result_texts.c.run_key == scope.run_key,
            *(result_texts.c[column.name] == column for column in _TRIAL),
            contains(result_texts.c.reasoning, part),
        )
        return or_(*(found.correlate(results).exists() for found in (asked, answered, judged)))

    def _metric(self, name: str) -> ColumnElement[float]:
        known = self._scope.metrics
        if known and name not in known:
            close = get_close_matches(name, [*known, *Field, *Ending], n=1)
            hint = f", did you mean {close[0]}?" if close else ""
            there = ", ".join([*Field, *sorted(known - set(Field))])
            raise UsageError(f"results of this run have no {name!r}{hint} (there are {there})")
        return self._dialect.metric(results.c.metrics, name)


def _compared(meant: FilterOperator, left: ColumnElement[Any], right: float | str) -> Condition:
    # Else a number is taken for one of the column's type, and 2.5 for no number of attempts.
    value = right if isinstance(right, str) else literal(float(right), Double)
    found: Condition = _COMPARE[meant](left, value)
    return found
