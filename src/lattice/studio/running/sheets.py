"""Everything that the top of a run's page shows at one moment: the same record for the page and for its stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting import formats
from lattice.reporting.budgets import budgets_of
from lattice.reporting.doubts import doubts_about_judges
from lattice.reporting.figures import Spending
from lattice.reporting.formats import count, terminal_text, whole_percent
from lattice.reporting.summary import spending_of
from lattice.reporting.view import Activity, Moment, RunView, Terms, view_of
from lattice.reporting.words.endings import cost_text, stop_words
from lattice.reporting.words.metrics import failures_words, throughput_text
from lattice.reporting.words.progress import notices, progress_text, remaining_text, times_text
from lattice.reporting.words.status import queued_word, status_word
from lattice.service.conclusion import Conclusion
from lattice.service.following import terms_of
from lattice.service.obstacles import unpriced_for
from lattice.store import QueuePlace, Store
from lattice.studio.running.actions import Actions, actions_for
from lattice.studio.running.boards import Board, board_of, throughput_of
from lattice.studio.running.errors import ErrorPanel, error_lines, error_panel


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What does not change while a run goes on; worked out once, not at every look.

    Parameters
    ----------
    settings: that `terms` were read with; a resume may bring others.
    unpriced: models whose price is unknown.
    """

    evaluation: Evaluation
    settings: Mapping[str, Any]
    terms: Terms
    unpriced: tuple[str, ...]
    doubts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number of the strip, by name; `beside` stands small behind it."""

    name: str
    value: str
    beside: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """What calls wait for, and until when if that is known."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """The top of a run's page.

    Parameters
    ----------
    figures: as many while it runs as afterwards.
    passing: what the run is about besides executing, and at its end what is to be known of that; has a line of its
        own, so that nothing moves when it comes. waits: what its calls wait for.
    said: why it failed, or was interrupted. warnings: why not to believe its numbers.
    refusal: why it could not be started. starting: a process is on its way. place: where it stands in the queue.
    is_baseline: later runs of its evaluation are held against it.
    """

    run: RunRecord
    view: RunView
    evaluation: Evaluation
    board: Board
    errors: ErrorPanel
    actions: Actions
    spending: Spending
    figures: tuple[Figure, ...]
    passing: tuple[str, ...]
    said: tuple[str, ...]
    waits: tuple[Waiting, ...]
    warnings: tuple[str, ...]
    refusal: str | None = None
    starting: bool = False
    place: QueuePlace | None = None
    is_baseline: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def is_live(self) -> bool:
        """Whether some process carries it out, is about to, or will in its turn."""
        return self.is_coming or (self.run.status is RunStatus.RUNNING and not self.run.interrupted)

    @property
    def is_coming(self) -> bool:
        """Whether it is being started, or waits for that."""
        return self.starting or self.place is not None

    @property
    def is_provisional(self) -> bool:
        """Whether the numbers are those so far, since nobody has summed the run up."""
        return self.board.summary is None

    @property
    def has_failed(self) -> bool:
        """Whether the run itself failed, which is told at once."""
        return self.run.status is RunStatus.FAILED and not self.is_coming

    @property
    def progress(self) -> str:
        """``Progress: 47 / 200 (24%)``."""
        return progress_text(self.run.progress)

    @property
    def times(self) -> str:
        """``Elapsed: 2m 15s | Estimated: 7m 30s remaining``, and at the end the duration."""
        if self.run.status is RunStatus.PENDING:
            return self.word if self.is_coming else "Not yet run"
        if self.run.status is RunStatus.COMPLETED:
            return f"Duration: {formats.duration(self.run.elapsed)}"
        return times_text(self.view)

    @property
    def percent(self) -> str:
        return whole_percent(self.run.progress.done, self.run.progress.total)

    @property
    def value_text(self) -> str:
        """The progress bar in words: ``47 of 200, 2 errors, about 7m 30s left``."""
        progress, errors = self.run.progress, self.view.unresolved
        said = [f"{progress.done} of {progress.total}"]
        if errors:
            said.append("1 error" if errors == 1 else f"{errors} errors")
        if self.is_live and self.view.remaining is not None:
            said.append(f"about {remaining_text(self.view.remaining)} left")
        return ", ".join(said)

    @property
    def title(self) -> str:
        """What the browser's tab says: ``24% · Name #3`` while it runs, ``Completed · Name #3`` afterwards."""
        state = self.percent if self.is_live and self.place is None else self.word
        return f"{state} · {terminal_text(self.run.evaluation_name, 60)} #{self.run.number}"

    @property
    def word(self) -> str:
        if self.starting:
            return "Starting"
        if self.place is not None:
            return queued_word(self.place)
        return status_word(self.run.status, interrupted=self.run.interrupted, draining=self.run.draining)

    @property
    def kept(self) -> str:
        """What a cancel will do: ``47 results stay; 10 calls in flight will finish.``"""
        done, flying = self.run.progress.done, self.view.in_flight
        stays = f"{count(done)} {'result stays' if done == 1 else 'results stay'}"
        if self.place is not None:
            return f"{stays}; it leaves the queue."
        if flying is None:
            return f"{stays}; calls in flight will finish."
        return f"{stays}; {flying} {'call' if flying == 1 else 'calls'} in flight will finish."


def known_of(record: RunRecord) -> Known:
    """What a run's configuration says of it."""
    evaluation = Evaluation.model_validate(record.config)
    return Known(
        evaluation=evaluation,
        settings=record.settings,
        terms=terms_of(record),
        unpriced=tuple(unpriced_for(record, evaluation)),
        doubts=tuple(doubts_about_judges(evaluation)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What launcher and queue know of a run."""

    starting: bool = False
    refusal: str | None = None
    place: QueuePlace | None = None


def sheet_of(store: Store, record: RunRecord, known: Known, *, launch: Launch, conclusion: Conclusion | None) -> Sheet:
    """The top of a run's page, from its row and the end of its attempt log.

    Parameters
    ----------
    conclusion: None while there is none; the numbers are those so far then.
    """
    now = datetime.now(UTC)
    log, lines = error_lines(store, record, known.terms.targets)
    since = (now - record.claim.heartbeat).total_seconds() if record.claim else 0.0
    moment = Moment(now=now, since_commit=max(0.0, since), activity=Activity.of(record.activity))
    view = view_of(record, known.terms, log, moment)
    board = board_of(record, known.evaluation, conclusion)
    summary = board.summary
    spending = summary.spending if summary else spending_of(record.live, known.evaluation, known.unpriced)
    is_baseline = store.baselines.get(record.evaluation_id) == record.id
    stands_out = record.interrupted or record.status is RunStatus.FAILED
    return Sheet(
        run=record,
        view=view,
        evaluation=known.evaluation,
        board=board,
        errors=error_panel(view, record, lines),
        actions=actions_for(record, starting=launch.starting, queued=launch.place is not None, is_baseline=is_baseline),
        spending=spending,
        figures=tuple(_figures(view, board, spending, record)),
        passing=tuple(_passing(view, record, spending)),
        said=tuple(_said(record, spending)) if stands_out and not (launch.starting or launch.place) else (),
        waits=tuple(
            Waiting(reason=wait.reason, until=None if wait.seconds is None else now + timedelta(seconds=wait.seconds))
            for wait in view.waits
        ),
        warnings=known.doubts,
        refusal=launch.refusal,
        starting=launch.starting,
        place=launch.place,
        is_baseline=is_baseline,
        now=now,
    )


def _figures(view: RunView, board: Board, spending: Spending, record: RunRecord) -> Iterator[Figure]:
    progress, summary = record.progress, board.summary
    done = progress.done
    beside = f"/ {count(done)} ({formats.rate(progress.successful, done)})" if done else ""
    yield Figure(name="Successful", value=count(progress.successful), beside=beside)
    beside = f"/ {count(done)} ({formats.rate(progress.failed, done)})" if done else ""
    yield Figure(name="Failed", value=count(progress.failed), beside=beside)
    budget = {each.key: each for each in budgets_of(record)}
    tokens = f"of {count(int(budget['tokens'].limit))}" if "tokens" in budget else ""
    yield Figure(name="Total Tokens", value=count(spending.usage.total_tokens), beside=tokens)
    yield _cost(view, spending)
    pace = summary.throughput if summary else throughput_of(record.live)
    number, _, unit = throughput_text(pace).partition(" ") if pace else (formats.NOTHING, "", "")
    yield Figure(name="Throughput", value=number, beside=unit)
    if view.is_over or record.status is RunStatus.PENDING:
        quick = [target.latency.p50 for target in summary.targets if target.latency] if summary else []
        yield Figure(name="Latency p50", value=formats.latency(max(quick) if quick else None))
    else:
        yield Figure(name="In flight", value=formats.NOTHING if view.in_flight is None else str(view.in_flight))


def _cost(view: RunView, spending: Spending) -> Figure:
    known = cost_text(spending)
    if spending.unpriced_models:
        known, _, why = known.partition(" (")
        return Figure(name="Estimated Cost", value=known, beside=f"({why}" if why else "")
    beside = f"of {formats.money(view.budget_usd)}" if view.budget_usd is not None else ""
    return Figure(name="Estimated Cost", value=known, beside=beside)


def _passing(view: RunView, record: RunRecord, spending: Spending) -> Iterator[str]:
    if not view.is_over:
        yield from notices(replace(view, waits=()))
        return
    if not record.interrupted and record.status is not RunStatus.FAILED:
        yield from _said(record, spending)
    if (failures := failures_words(record.progress)) is not None:
        yield f"Warning: {failures}"


def _said(record: RunRecord, spending: Spending) -> Iterator[str]:
    yield from stop_words(record, spending)
    ended = record.interrupted or record.status in (RunStatus.FAILED, RunStatus.CANCELLED)
    if ended and record.progress.done:
        yield "Partial results are preserved."
