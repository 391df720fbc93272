"""What runs have brought, as sums that only grow: of those that are there, and of those that were deleted.

Figures are named numbers that may be added up over runs::

    runs                           runs that began
    results                        results that were committed, those of trials that were run again too
    seconds                        time in which runs were worked on
    tokens ROLE DIRECTION          ROLE is target or judge, DIRECTION is input or output
    cost ROLE                      US dollars, as far as prices are known
    attempts STEP KIND             failed calls

Whoever watches them over months would take a sum that falls for a new beginning. So what a run has brought is added to
its evaluation's row in ``retired`` in the transaction that takes the run out of sight.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from lattice.store.schema import attempts, retired, runs
from lattice.store.text import decode_mapping, encode_json

Figures = Mapping[str, float]

BROUGHT = (runs.c.started_at, runs.c.seq, runs.c.elapsed, runs.c.live)
"""The columns that `figures_of` reads."""

_BROUGHT: Select[Any] = select(runs.c.evaluation_key, *BROUGHT)


def figures_of(row: Row[Any]) -> Counter[str]:
    """What the row of a run says it has brought; failed calls stand in a table of their own."""
    live = decode_mapping(row.live)
    found: Counter[str] = Counter()
    found.update({"runs": int(row.started_at is not None), "results": row.seq})
    _add(found, "seconds", row.elapsed)
    for role, directions in (live.get("usage") or {}).items():
        for direction, tokens in zip(("input", "output"), directions, strict=False):
            _add(found, f"tokens {role} {direction}", tokens)
    for role, usd in (live.get("cost_usd") or {}).items():
        _add(found, f"cost {role}", usd)
    return found


def attempts_name(step: str, kind: str) -> str:
    """The figure that failed calls of a kind count towards."""
    return f"attempts {step} {kind}"


def retire(connection: Connection, run_key: int) -> None:
    """Add what a run has brought to what deleted runs of its evaluation had, in the open transaction."""
    row: Row[Any] = connection.execute(_BROUGHT.where(runs.c.key == run_key)).one()
    figures = figures_of(row)
    failed = select(attempts.c.step, attempts.c.kind, func.count().label("n")).where(attempts.c.run_key == run_key)
    for each in connection.execute(failed.group_by(attempts.c.step, attempts.c.kind)):
        figures[attempts_name(each.step, each.kind)] += each.n
    mine = retired.c.evaluation_key == row.evaluation_key
    earlier = connection.execute(select(retired.c.figures).where(mine)).scalar_one_or_none()
    if earlier is None:
        connection.execute(insert(retired).values(evaluation_key=row.evaluation_key, figures=encode_json(figures)))
    else:
        added = figures + Counter(dict(decode_mapping(earlier)))
        connection.execute(update(retired).where(mine).values(figures=encode_json(added)))


def _add(figures: Counter[str], name: str, amount: Any) -> None:
    """Counts as far as it is a number that can be summed up; `live` of an imported run is somebody else's text."""
    if isinstance(amount, (int, float)) and amount > 0:
        figures[name] += amount  # type: ignore[assignment]
