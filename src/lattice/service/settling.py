"""From what happened to a run to the states of its evaluation's alerts, and to the one message about it, if any.

A run that failed or was cancelled says nothing about a condition on scores: it neither raises nor ends such an alert.
A run that completed ends what was said of runs that failed, stopped or were late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from lattice.core.alerting import Occasion
from lattice.gates import Alarm
from lattice.reporting.alerting import Happening, Occurrence
from lattice.reporting.words.alerts import body_of, title_of
from lattice.store.alerting import AlertState, Phase, Settled
from lattice.store.outbox import Notice

INCONCLUSIVE = "inconclusive"

_OCCASIONS = {
    Happening.FAILED: Occasion.FAILED,
    Happening.UNSTARTED: Occasion.FAILED,
    Happening.INTERRUPTED: Occasion.INTERRUPTED,
    Happening.LATE: Occasion.LATE,
}
_OVER = (Happening.COMPLETED, Happening.FAILED, Happening.CANCELLED)


def settle(occurrence: Occurrence, states: Mapping[str, AlertState], now: datetime) -> Settled:
    """What follows from an occurrence, given the states as they stand."""
    known = {each.condition for each in occurrence.findings} | {INCONCLUSIVE, *(each.value for each in Occasion)}
    kept = occurrence.happening is not Happening.COMPLETED
    change = _Change(occurrence, now, {name: each for name, each in states.items() if kept or name in known})
    change.happened()
    if occurrence.happening is Happening.COMPLETED:
        change.decided()
    return Settled(states=tuple(change.states.values()), notice=_notice(change))


@dataclass(slots=True)
class _Change:
    """The states while they are worked out."""

    occurrence: Occurrence
    now: datetime
    states: dict[str, AlertState]
    begun: list[str] = field(default_factory=list)
    recovered: list[str] = field(default_factory=list)

    def happened(self) -> None:
        """What befell the run beside its numbers."""
        happening = self.occurrence.happening
        occasion = _OCCASIONS.get(happening)
        if occasion is not None and occasion in self.occurrence.settings.on:
            self.turn(occasion.value, Phase.ALERT, self.occurrence.reason)
        if happening in _OVER:
            # That it failed or was cancelled is no good news about how it got there.
            told = happening is Happening.COMPLETED
            ends = [Occasion.INTERRUPTED, Occasion.LATE, *([Occasion.FAILED] if told else [])]
            for each in ends:
                self.turn(each.value, Phase.OK, told=told)

    def decided(self) -> None:
        """What its numbers say of the conditions."""
        for found in self.occurrence.findings:
            if found.alarm is Alarm.ALERT:
                self.turn(found.condition, Phase.ALERT, found.reason)
            elif found.alarm is Alarm.CLEAR:
                self.turn(found.condition, Phase.OK, found.reason)
            elif found.condition in self.states:
                self.states[found.condition] = replace(self.states[found.condition], detail=found.reason)
            else:
                self.turn(found.condition, Phase.OK, found.reason)
        self._count()

    def _count(self) -> None:
        """Runs in a row whose conditions could not be decided; one that is an alert leaves nothing open."""
        findings = self.occurrence.findings
        open_ = [each for each in findings if each.alarm in (Alarm.UNDECIDED, Alarm.NOT_EVALUATED)]
        if not open_ or any(each.alarm is Alarm.ALERT for each in findings):
            self.turn(INCONCLUSIVE, Phase.OK)
            self._streak(0)
            return
        earlier = self.states.get(INCONCLUSIVE)
        streak = (earlier.streak if earlier is not None else 0) + 1
        reached = streak >= self.occurrence.settings.inconclusive
        self.turn(INCONCLUSIVE, Phase.ALERT if reached else Phase.OK, open_[0].reason)
        self._streak(streak)

    def _streak(self, streak: int) -> None:
        self.states[INCONCLUSIVE] = replace(self.states[INCONCLUSIVE], streak=streak)

    def turn(self, alert: str, phase: Phase, detail: str = "", *, told: bool = True) -> None:
        """Bring an alert into a phase, and note where that is a change."""
        earlier = self.states.get(alert)
        if earlier is not None and earlier.phase is phase:
            self.states[alert] = replace(earlier, detail=detail)
            return
        run = self.occurrence.run
        self.states[alert] = AlertState(
            alert=alert, phase=phase, since=self.now, run_id=None if run is None else run.id, detail=detail
        )
        if phase is Phase.ALERT:
            self.begun.append(alert)
        elif earlier is not None and told:
            self.recovered.append(alert)


def _notice(change: _Change) -> Notice | None:
    """One message for all that changed; that an alert began comes first."""
    if not change.begun and not change.recovered:
        return None
    kind = "recovered" if not change.begun else "inconclusive" if change.begun == [INCONCLUSIVE] else "alert"
    return Notice(
        kind=kind,
        title=title_of(change.occurrence, change.begun, change.recovered, kind),
        body=body_of(change.occurrence, change.begun, change.recovered),
        channels=tuple(dict.fromkeys(change.occurrence.settings.notify)),
    )
