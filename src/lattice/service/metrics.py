"""What a store holds and does, in the text format of Prometheus.

All of it is read from the store, so that every process over it tells the same, and sums go on where they were after a
restart. They do not fall either when runs are deleted; see `lattice.store.figures`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from lattice import __version__
from lattice.store import Store
from lattice.store.measuring import EvaluationMeasure, Measured, Waiting

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MOST_EVALUATIONS = 1_000
OTHERS = "(others)"
"""Stands for all evaluations that were made after the first thousand: each name is some thirty series."""

_PRECISION = 6
"""Digits of money and seconds behind the point. Sums of floats in another order differ far behind them, and a sum that
falls by the smallest amount is taken for one that began anew."""


class StoreCollector(Collector):
    """Reads a store each time it is asked.

    Parameters
    ----------
    troubles: why the last rounds of duties failed, by the duty; see `lattice.service.duties.Keeper`.
    """

    def __init__(self, store: Store, troubles: Callable[[], Mapping[str, str]]) -> None:
        self._store = store
        self._troubles = troubles

    def collect(self) -> Iterator[Metric]:
        """One look."""
        measured = self._store.measures.take()
        yield _labelled("lattice_build_info", "The version that answers.", ("version",), {(__version__,): 1})
        yield from _of_evaluations(_bounded(measured.evaluations))
        yield from _of_calls(measured.activities)
        yield from _of_automation(measured)
        size = self._store.upkeep.size()
        parts = {("data",): size.data, ("log",): size.log}
        yield _labelled("lattice_store_bytes", "Room that the store takes.", ("part",), parts)
        yield _plain("lattice_store_free_bytes", "Room inside the store that is filled again.", size.unused)
        troubled = {(name,): 1 for name in self._troubles()}
        text = "Duties of this process whose last round failed."
        yield _labelled("lattice_duty_troubles", text, ("duty",), troubled)


def metrics_registry(store: Store, troubles: Callable[[], Mapping[str, str]] = dict) -> CollectorRegistry:
    """A registry of its own with everything about a store; parameters as for `StoreCollector`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StoreCollector(store, troubles))
    return registry


def metrics_text(registry: CollectorRegistry) -> bytes:
    """What a registry tells now, in the format that `CONTENT_TYPE` names."""
    return generate_latest(registry)


def _bounded(found: tuple[EvaluationMeasure, ...]) -> Mapping[str, EvaluationMeasure]:
    """The first evaluations by their slugs, and the others together: which belongs where never changes."""
    named = {each.slug: each for each in found[:MOST_EVALUATIONS]}
    rest = found[MOST_EVALUATIONS:]
    return {**named, OTHERS: _together(rest)} if rest else named


def _together(found: Iterable[EvaluationMeasure]) -> EvaluationMeasure:
    runs, figures, successful, failed = Counter[str](), Counter[str](), 0, 0
    for each in found:
        runs.update(each.runs)
        figures.update(each.figures)
        successful, failed = successful + each.successful, failed + each.failed
    return EvaluationMeasure(slug=OTHERS, runs=runs, successful=successful, failed=failed, figures=figures)


def _of_evaluations(found: Mapping[str, EvaluationMeasure]) -> Iterator[Metric]:
    runs = {(slug, status): number for slug, each in found.items() for status, number in each.runs.items() if number}
    yield _labelled("lattice_runs", "Runs that there are, by status.", ("evaluation", "status"), runs)
    trials = {(slug, "successful"): each.successful for slug, each in found.items()}
    trials |= {(slug, "failed"): each.failed for slug, each in found.items()}
    yield _labelled("lattice_trials", "Trials that have ended, as they stand.", ("evaluation", "outcome"), trials)
    sums = {
        "runs": _Sum("lattice_runs_started", "Runs that began.", ()),
        "results": _Sum("lattice_results", "Results of trials, those of trials that were run again too.", ()),
        "seconds": _Sum("lattice_run_seconds", "Time in which runs were worked on.", ()),
        "attempts": _Sum("lattice_failed_attempts", "Calls that failed.", ("step", "kind")),
        "tokens": _Sum("lattice_tokens", "Tokens that were paid for.", ("role", "direction")),
        "cost": _Sum("lattice_cost_usd", "US dollars, as far as prices are known.", ("role",)),
    }
    for slug, each in found.items():
        for name, amount in each.figures.items():
            kind, *labels = name.split(" ")
            if kind in sums:
                sums[kind].add((slug, *labels), amount)
    for each_sum in sums.values():
        yield each_sum.metric


class _Sum:
    """A counter with a series for each evaluation and whatever else tells them apart."""

    def __init__(self, name: str, text: str, labels: tuple[str, ...]) -> None:
        self.metric = CounterMetricFamily(name, text, labels=("evaluation", *labels))
        self._width = 1 + len(labels)

    def add(self, labels: tuple[str, ...], amount: float) -> None:
        if len(labels) == self._width:
            self.metric.add_metric(labels, round(amount, _PRECISION))


def _of_calls(activities: Iterable[Mapping[str, Any]]) -> Iterator[Metric]:
    """What running runs do right now."""
    calls, waiting, waits = Counter[tuple[str, ...]](), Counter[tuple[str, ...]](), dict[tuple[str, ...], float]()
    for activity in activities:
        for step, number in (activity.get("calls") or {}).items():
            calls[(step,)] += number
        for limit in activity.get("limits") or ():
            place = (str(limit.get("provider") or ""), str(limit.get("model") or ""))
            waiting[place] += limit.get("waiting") or 0
            waits[place] = max(waits.get(place, 0.0), limit.get("wait") or 0.0)
    yield _labelled("lattice_calls_in_flight", "Calls that are being made.", ("step",), calls)
    names = ("provider", "model")
    yield _labelled("lattice_limiter_waiting_calls", "Calls that wait for a rate limit.", names, waiting)
    yield _labelled("lattice_limiter_wait_seconds", "How long a rate limit still pauses all calls.", names, waits)


def _of_automation(measured: Measured) -> Iterator[Metric]:
    yield from _of_waiting("lattice_queue", "runs that wait for their turn", measured.queue)
    schedules = {(state,): measured.schedules.get(state, 0) for state in ("active", "paused")}
    yield _labelled("lattice_schedules", "Schedules.", ("state",), schedules)
    yield from _of_waiting("lattice_schedules_due", "schedules whose time has come", measured.due)
    yield from _of_waiting("lattice_schedules_late", "schedules due for more than a minute", measured.late)
    notifications = {(state,): measured.notifications.get(state, 0) for state in ("sent", "pending", "failed")}
    yield _labelled("lattice_notifications", "Notifications that there are.", ("state",), notifications)
    yield from _of_waiting("lattice_notifications_pending", "notifications that are to be sent", measured.pending)
    alerts = {(state,): number for state, number in measured.alerts.items()}
    yield _labelled("lattice_alerts", "Alerts by their state.", ("state",), alerts)


def _of_waiting(name: str, what: str, waiting: Waiting) -> Iterator[Metric]:
    yield _plain(f"{name}_length", f"Number of {what}.", waiting.count)
    yield _plain(f"{name}_oldest_seconds", f"How long the first has waited of the {what}.", round(waiting.seconds, 3))


def _plain(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _labelled(name: str, text: str, labels: tuple[str, ...], values: Mapping[Any, float]) -> Metric:
    metric = GaugeMetricFamily(name, text, labels=labels)
    for label_values, value in values.items():
        metric.add_metric(label_values, value)
    return metric
