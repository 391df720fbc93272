"""Assesses runs that nobody watched, each at each of its ends exactly once over any number of processes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from lattice.core.alerting import AlertSettings
from lattice.core.conditions import Condition, parse_condition
from lattice.core.evaluation import SCORE, Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.gates import Alarm, AlarmResult, MetricNumbers, RunNumbers, alarms
from lattice.gates.names import metric_name
from lattice.reporting.alerting import Happening, Held, Occurrence, conditions_of
from lattice.reporting.figures import MetricSummary
from lattice.reporting.gating import numbers_of
from lattice.reporting.metrics import metric_forms
from lattice.reporting.sides import Side
from lattice.service.conclusion import conclusion_of
from lattice.service.levels import Against, held_against, references_of
from lattice.service.settling import settle
from lattice.service.sides import Chosen, sides_of
from lattice.stats.missing import Estimate, Measured
from lattice.store import Store
from lattice.store.alerting import Assessment, FailedFiring, Outcome, ended_subject

UNWATCHED = ("schedule", "api", "webhook", "studio")
"""What started a run that alerts look at. Who runs one in a terminal sees how it ends."""

PUBLIC_URL = "LATTICE_PUBLIC_URL"
BACK_TO = timedelta(days=7)
"""What happened before is no news any more."""

_ENDS = {
    RunStatus.COMPLETED: Happening.COMPLETED,
    RunStatus.FAILED: Happening.FAILED,
    RunStatus.CANCELLED: Happening.CANCELLED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessor:
    """Assesses what has happened in a store.

    Parameters
    ----------
    public_url: where the Studio is reached, for links in messages; None leaves them out.
    """

    store: Store
    public_url: str | None = None

    @classmethod
    def of(cls, store: Store, environ: Mapping[str, str]) -> Assessor:
        """One that takes the Studio's address from ``LATTICE_PUBLIC_URL``."""
        return cls(store=store, public_url=(environ.get(PUBLIC_URL) or "").rstrip("/") or None)

    def ended(self, record: RunRecord) -> bool:
        """Assess a run that has ended; whether it was this process that did.

        A run without ``alerts`` is assessed too, so that it is not looked at again; nothing follows.
        """
        alerts = self.store.alerts
        subject = ended_subject(record.id, record.revision, record.status.value)
        if alerts.is_assessed(record.evaluation_id, subject):
            return False
        evaluation = Evaluation.model_validate(record.config)
        settings = evaluation.alerts
        occurrence = _plain(record, settings or AlertSettings(on=()), _ENDS[record.status], self._address(record))
        outcome = Outcome.NONE
        if record.status is RunStatus.COMPLETED:
            occurrence, dropped = _with_numbers(self.store, record, evaluation, occurrence)
            outcome = Outcome.DROPPED if dropped else Outcome.USUAL
        assessment = _assessment(record, subject, outcome)
        return alerts.assess(assessment, partial(settle, occurrence))

    def interrupted(self, record: RunRecord) -> bool:
        """Assess a run whose process is gone; whether it was this process that did."""
        return self._stuck(record, Happening.INTERRUPTED, "its process is gone; it can be finished")

    def late(self, record: RunRecord, due_at: datetime) -> bool:
        """Assess a run that should have ended; whether it was this process that did."""
        progress = record.progress
        reason = (
            f"it was due at {due_at:%Y-%m-%d %H:%M} UTC and is {record.status.value}: "
            f"{progress.done:,} of {progress.total:,} trials have ended"
        )
        return self._stuck(record, Happening.LATE, reason)

    def unstarted(self, firing: FailedFiring) -> bool:
        """Assess a time at which a schedule could not start its run; whether it was this process that did."""
        row = self.store.evaluation(firing.evaluation_id)
        if row.last_version is None or self.store.alerts.is_assessed(row.id, firing.subject):
            return False
        settings = Evaluation.model_validate(row.last_version.config).alerts
        occurrence = Occurrence(
            evaluation=row.name,
            slug=row.slug,
            settings=settings or AlertSettings(on=()),
            happening=Happening.UNSTARTED,
            at=firing.due_at,
            reason=firing.reason,
            address=self._page(f"evaluations/{row.id}"),
        )
        assessment = Assessment(evaluation_id=row.id, subject=firing.subject)
        return self.store.alerts.assess(assessment, partial(settle, occurrence))

    def _stuck(self, record: RunRecord, happening: Happening, reason: str) -> bool:
        settings = Evaluation.model_validate(record.config).alerts
        # Each session of a run may be interrupted once more.
        session = record.claim.token if record.claim is not None else str(record.seq)
        mark = f":{record.revision}:{session}" if happening is Happening.INTERRUPTED else f":{record.revision}"
        subject = f"{happening.value}:{record.id}{mark}"
        if settings is None or self.store.alerts.is_assessed(record.evaluation_id, subject):
            return False
        occurrence = replace(_plain(record, settings, happening, self._address(record)), reason=reason)
        return self.store.alerts.assess(_assessment(record, subject), partial(settle, occurrence))

    def _address(self, record: RunRecord) -> str | None:
        return self._page(f"runs/{record.id}")

    def _page(self, path: str) -> str | None:
        return None if self.public_url is None else f"{self.public_url}/{path}"


def _assessment(record: RunRecord, subject: str, outcome: Outcome = Outcome.NONE) -> Assessment:
    return Assessment(
        evaluation_id=record.evaluation_id, subject=subject, run_id=record.id, number=record.number, outcome=outcome
    )


def _plain(record: RunRecord, settings: AlertSettings, happening: Happening, address: str | None) -> Occurrence:
    return Occurrence(
        evaluation=record.evaluation_name,
        slug=record.evaluation_slug,
        settings=settings,
        happening=happening,
        run=record,
        reason=str(record.failure.get("message", "")) if record.failure else "",
        address=address,
    )


def _with_numbers(
    store: Store, record: RunRecord, evaluation: Evaluation, occurrence: Occurrence
) -> tuple[Occurrence, bool]:
    """The occurrence with its numbers and its conditions decided, and whether a difference is an alert."""
    if evaluation.alerts is None:
        return occurrence, False
    conditions = [parse_condition(text) for text in conditions_of(evaluation)]
    differing = [each for each in conditions if each.is_difference]
    sides = sides_of(store, Chosen(run=record))
    metrics = list(dict.fromkeys(metric_name(each) for each in differing)) or _first(sides)
    held = _held(store, record, sides, metrics, evaluation.alerts)
    numbers = numbers_of(evaluation, conclusion_of(store, record).summary, record.status)
    findings = alarms(conditions, _with_differences(numbers, evaluation, held))
    dropped = _dropped(differing, findings)
    return replace(occurrence, findings=findings, held=tuple(each for each, _ in held)), dropped


def _first(sides: Sequence[Side]) -> list[str]:
    """The score, where conditions name no metric to compare."""
    names = [each.name for each in sides[0].metrics]
    return [SCORE] if SCORE in names else names[:1]


def _held(
    store: Store, record: RunRecord, sides: Sequence[Side], metrics: Sequence[str], settings: AlertSettings
) -> list[tuple[Held, Against]]:
    """Every target's metrics against their levels, at a coverage that holds for all of them together."""
    references = references_of(store, record, sides, settings)
    level = 1 - (1 - settings.level) / max(1, len(sides) * len(metrics))
    found = []
    for side, reference in zip(sides, references, strict=True):
        summaries = {each.name: each for each in side.metrics}
        for metric in (name for name in metrics if name in summaries):
            against = held_against(store, side, metric, reference, level)
            found.append((_one_held(side, summaries[metric], against), against))
    return found


def _one_held(side: Side, summary: MetricSummary, against: Against) -> Held:
    natives = {form.name: form.native for form in metric_forms(side.evaluation)}
    level = against.level
    return Held(
        target=side.target,
        metric=summary.name,
        native=natives[summary.name],
        n=summary.n,
        mean=summary.mean,
        interval=summary.interval,
        level=None if level is None else level.mean,
        against=against.words,
        difference=None if level is None else level.measured.estimate,
        refused=against.refused,
        fallen=against.fallen,
    )


def _with_differences(numbers: RunNumbers, evaluation: Evaluation, held: Sequence[tuple[Held, Against]]) -> RunNumbers:
    differences = []
    for one, against in held:
        span = None if one.native is None else (0.0, one.native[1] - one.native[0])
        measured = Measured(estimate=Estimate(n=0), ended=0) if against.level is None else against.level.measured
        differences.append(
            MetricNumbers(target=one.target, name=one.metric, native=span, measured=measured, refused=against.refused)
        )
    return replace(numbers, differences=tuple(differences))


def _dropped(differing: Sequence[Condition], findings: Sequence[AlarmResult]) -> bool:
    """Whether the run differs from the level, so that it is no part of it."""
    about = {each.text for each in differing}
    return any(each.alarm is Alarm.ALERT and each.condition in about for each in findings)
