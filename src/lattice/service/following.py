"""One run followed through the store, wherever it is carried out: its row, and its attempt log as it grows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.reporting.budgets import budgets_of
from lattice.reporting.estimate import allowance_of
from lattice.reporting.view import SHOWN_ERRORS, Activity, ErrorLine, ErrorLog, Moment, RunView, Terms, view_of
from lattice.service.obstacles import judges_of, unpriced_for
from lattice.store import Store

MOST_ATTEMPTS = 500


def terms_of(record: RunRecord) -> Terms:
    """What a run's configuration, and the settings that it was resumed with, say about showing it."""
    evaluation = Evaluation.model_validate(record.config)
    unpriced = unpriced_for(record, evaluation)
    judges = {spec for _, spec, _ in judges_of(evaluation)}
    models = judges if record.origin else judges | {target.source for target in evaluation.targets}
    return Terms(
        targets=tuple(target.name for target in evaluation.targets),
        max_concurrent=record.settings.get("max_concurrent", evaluation.run.max_concurrent),
        repeats=evaluation.run.repeats,
        allowance=allowance_of(evaluation),
        budget_usd=next((each.limit for each in budgets_of(record) if each.key == "cost_usd"), None),
        unpriced=bool(unpriced),
        headline=next(iter(evaluation.metric_names), None),
        all_unpriced=models <= set(unpriced),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What was found at one look at a run.

    Parameters
    ----------
    lines: what became known about errors since the look before, in the order of the log.
    """

    record: RunRecord
    view: RunView
    lines: tuple[ErrorLine, ...] = ()


class Followed:
    """One run that is followed.

    Parameters
    ----------
    keep: how many of the last errors a view shows.
    """

    def __init__(self, store: Store, record: RunRecord, *, keep: int = SHOWN_ERRORS) -> None:
        self._store = store
        self._key = record.key
        self._settings = record.settings
        self._terms = terms_of(record)
        self._errors = ErrorLog(self._terms.targets, keep=keep)
        self._attempt = 0
        self._seq = record.seq

    def look(self) -> Look:
        """Read what is new."""
        record = self._store.run(self._key)
        if record.settings != self._settings:
            # It was resumed meanwhile, with another budget for example.
            self._settings, self._terms = record.settings, terms_of(record)
        attempts = self._store.attempts(self._key, after=self._attempt, limit=MOST_ATTEMPTS)
        lines = self._errors.add(attempts)
        if attempts:
            self._attempt = attempts[-1].id
        if self._errors.retrying and record.seq > self._seq:
            lines += self._errors.ended(self._store.scored_since(self._key, self._seq))
        self._seq = record.seq
        view = view_of(record, self._terms, self._errors, _moment(record))
        return Look(record=record, view=view, lines=tuple(lines))


def _moment(record: RunRecord) -> Moment:
    now = datetime.now(UTC)
    since = (now - record.claim.heartbeat).total_seconds() if record.claim else 0.0
    return Moment(now=now, since_commit=max(0.0, since), activity=Activity.of(record.activity))
