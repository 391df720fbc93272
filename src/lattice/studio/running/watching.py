"""A run as its open pages follow it: everything is read and written out once, however many look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.formats import count
from lattice.service.charting import charts_for
from lattice.service.execution import is_live
from lattice.store import Store
from lattice.studio.feeds import Feed, Glance
from lattice.studio.running.phrases import metric_phrases
from lattice.studio.running.sheets import Known, Launch, Sheet, known_of, sheet_of
from lattice.studio.state import Studio
from lattice.studio.templating import render

PARTS = ("status", "facts", "actions", "notices", "strip", "scores", "gates", "errors")
"""Templates in ``run/parts``, each a part of the page that is kept current under the name ``run-PART``."""


def feed_of(studio: Studio, run_key: int) -> Feed:
    """What the open pages of one run follow."""
    return studio.feeds.feed(("run", run_key), lambda: Feed(Watched(studio, run_key).look))


def launch_of(studio: Studio, record: RunRecord) -> Launch:
    """Whether a run waits or is being started, and why it could not be; nothing once it was carried out."""
    launcher = studio.launcher
    if not is_live(record) and (place := studio.store.queue.place_of(record.id)) is not None:
        return Launch(place=place)
    began = launcher.began(record.key)
    if began is None or is_live(record) or (record.finished_at is not None and record.finished_at >= began):
        return Launch()
    return Launch(starting=launcher.is_starting(record.key), refusal=launcher.refusal(record.key))


class Watched:
    """One run, looked at again and again."""

    def __init__(self, studio: Studio, run_key: int) -> None:
        self._studio = studio
        self._key = run_key
        self._known: Known | None = None
        self._spoken = Spoken()

    def look(self) -> Glance:
        """The parts of the page as they are now."""
        store: Store = self._studio.store
        record = store.run(self._key)
        if self._known is None or self._known.settings != record.settings:
            self._known = known_of(record)
        sheet = sheet_of(
            store,
            record,
            self._known,
            launch=launch_of(self._studio, record),
            conclusion=self._studio.conclusions.known(record),
        )
        root = self._studio.settings.root
        context = context_of(sheet)
        parts = {f"run-{name}": render(root, f"run/parts/{name}.html", context) for name in PARTS}
        parts |= {
            "run-times": sheet.times,
            "run-kept": sheet.kept,
            "run-title": sheet.title,
            "run-spoken": self._spoken.about(sheet),
            "run-charts": charts_mark(store, record),
            "run-done": str(record.progress.done),
        }
        return Glance(parts=parts, calm=not sheet.is_live or sheet.place is not None)


def charts_mark(store: Store, record: RunRecord) -> str:
    """What tells a page that its charts are out of date, and which there are by now."""
    return " ".join([str(record.seq), record.status.value, *(kind.value for kind in charts_for(store, record))])


def context_of(sheet: Sheet) -> Mapping[str, Any]:
    """What the templates of a run's parts know."""
    return {
        "sheet": sheet,
        "run": sheet.run,
        "board": sheet.board,
        "now": sheet.now,
        "metric_phrases": metric_phrases,
    }


class Spoken:
    """What is said aloud of a run: at every tenth of it, and when its state changes."""

    def __init__(self) -> None:
        self._told: tuple[str, int] | None = None
        self._text = ""

    def about(self, sheet: Sheet) -> str:
        """The last thing that was worth saying; nothing before there was news."""
        progress = sheet.run.progress
        state = (f"{sheet.word}{sheet.passing}{sheet.said}", 10 * progress.done // max(progress.total, 1))
        if self._told is not None and state != self._told:
            self._text = _news(sheet)
        self._told = state
        return self._text


def _news(sheet: Sheet) -> str:
    """``Running, 20%: 40 of 200, 2 errors, about 7m 30s left``."""
    if sheet.run.status is RunStatus.RUNNING:
        return " ".join([f"{sheet.word}, {sheet.percent}: {sheet.value_text}.", *sheet.passing])
    return " ".join(
        [f"{sheet.word}: {count(sheet.run.progress.done)} of {count(sheet.run.progress.total)}.", *sheet.said]
    )
