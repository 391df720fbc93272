"""Messages about runs that nobody watched: plain text, in which what others wrote is harmless."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lattice.core.evaluation import SCORE
from lattice.gates import Alarm
from lattice.reporting.alerting import Happening, Held, Occurrence
from lattice.reporting.formats import count, interval, native, score, terminal_text

MOST_FALLEN = 5
_LONGEST_TEXT = 120
_LONGEST_REASON = 300
_LONGEST_TITLE = 150

# What calls somebody: Slack's <!channel> and <@U1>, Discord's @everyone.
_CALLS = str.maketrans({"@": "＠", "<": "‹", ">": "›"})


def harmless(text: str, limit: int) -> str:
    """What somebody else wrote, on one line in which nobody is called and nothing is a link."""
    line = terminal_text(text, limit).translate(_CALLS)
    return line.replace("://", ":⁄⁄").replace("www.", "www․").replace("](", "] (")


def title_of(occurrence: Occurrence, begun: Sequence[str], recovered: Sequence[str], kind: str) -> str:
    """One line that says what happened."""
    return harmless(f"{_headline(occurrence, begun, recovered, kind)}", _LONGEST_TITLE)


def body_of(occurrence: Occurrence, begun: Sequence[str], recovered: Sequence[str]) -> str:
    """All that is known, with where to look."""
    lines = [*_events(occurrence, begun, recovered), *_numbers(occurrence), *_next(occurrence)]
    return "\n".join(lines)


def _headline(occurrence: Occurrence, begun: Sequence[str], recovered: Sequence[str], kind: str) -> str:
    name = f"{occurrence.evaluation} ({occurrence.name})"
    if kind == "recovered":
        return f"Recovered: {name}{_means(occurrence)}"
    if kind == "inconclusive":
        return f"Undecided: {name}: its alert conditions could not be decided {occurrence.settings.inconclusive} times"
    match occurrence.happening:
        case Happening.FAILED:
            return f"Failed: {name}: the run failed, so there is nothing to say about its score"
        case Happening.UNSTARTED:
            return f"Failed: {name}: its scheduled run could not be started"
        case Happening.INTERRUPTED:
            return f"Interrupted: {name}: the process of the run is gone"
        case Happening.LATE:
            return f"Late: {name}: the run has not ended in {occurrence.settings.late_after:g} minutes"
        case _:
            return f"Alert: {name}{_means(occurrence)}"


def _means(occurrence: Occurrence) -> str:
    """`` : 3.6, was 4.2``: of the first target."""
    held = next(iter(occurrence.held), None)
    if held is None or held.mean is None:
        return ""
    before = "" if held.level is None else f", before {_on_scale(held.level, held)}"
    return f": {_named(held, alone=True)} {_on_scale(held.mean, held)}{before}"


def _events(occurrence: Occurrence, begun: Sequence[str], recovered: Sequence[str]) -> Iterator[str]:
    """What happened, in a sentence each."""
    if occurrence.reason:
        yield f"Reason: {harmless(occurrence.reason, _LONGEST_REASON)}"
    reasons = {each.condition: each for each in occurrence.findings}
    for alert in begun:
        if alert in reasons:
            yield f"Alert: {alert}: {harmless(reasons[alert].reason, _LONGEST_REASON)}"
    for found in occurrence.findings:
        if found.alarm in (Alarm.UNDECIDED, Alarm.NOT_EVALUATED):
            word = found.alarm.value.replace("_", " ")
            yield f"{word.capitalize()}: {found.condition}: {harmless(found.reason, _LONGEST_REASON)}"
    for alert in recovered:
        yield f"No longer: {alert}"


def _numbers(occurrence: Occurrence) -> Iterator[str]:
    alone = len({each.target for each in occurrence.held}) < 2
    for held in occurrence.held:
        yield ""
        name = _named(held, alone=alone)
        if held.mean is None:
            yield f"{name}: no score"
            continue
        bounds = "" if held.interval is None else f" {_ends(held.interval.lower, held.interval.upper, held)}"
        level = "" if held.interval is None else f" ({held.interval.level * 100:g}%)"
        yield f"{name}: {_on_scale(held.mean, held)}{bounds}{level}, n = {count(held.n)}"
        yield from _held_against(held)
        yield from _fallen(held)
    progress = None if occurrence.run is None else occurrence.run.progress
    if progress is not None and progress.failed:
        yield f"Failed trials: {count(progress.failed)} of {count(progress.done)}"


def _held_against(held: Held) -> Iterator[str]:
    if held.refused is not None:
        yield f"Not compared: {harmless(held.refused, _LONGEST_REASON)}"
    if held.level is not None:
        yield f"Before: {_on_scale(held.level, held)}, {harmless(held.against, _LONGEST_REASON)}"
    found = held.difference
    if found is not None and found.mean is not None:
        span = 1.0 if held.native is None else held.native[1] - held.native[0]
        ends = (
            ""
            if found.lower is None or found.upper is None
            else f" [{found.lower * span:+.2f}, {found.upper * span:+.2f}] ({found.level * 100:g}%)"
        )
        yield f"Difference: {found.mean * span:+.2f}{ends}, n = {count(found.n)}"


def _fallen(held: Held) -> Iterator[str]:
    if held.fallen:
        yield "Worst inputs, before and now:"
    for each in held.fallen[:MOST_FALLEN]:
        moved = f"{_on_scale(each.before, held)} to {_on_scale(each.after, held)}"
        yield f"- {harmless(each.id, _LONGEST_TEXT)}: {moved}: {harmless(each.text, _LONGEST_TEXT)}"


def _next(occurrence: Occurrence) -> Iterator[str]:
    yield ""
    if occurrence.address is not None:
        yield f"Open: {occurrence.address}"
    yield f"Next: lattice {'show' if occurrence.run is not None else 'alerts'} {occurrence.name}"


def _named(held: Held, *, alone: bool) -> str:
    metric = "score" if held.metric == SCORE else harmless(held.metric, _LONGEST_TEXT)
    return metric if alone else f"{harmless(held.target, _LONGEST_TEXT)}: {metric}"


def _on_scale(value: float, held: Held) -> str:
    if held.native is None:
        return score(value)
    low, high = held.native
    return native(low + value * (high - low))


def _ends(lower: float, upper: float, held: Held) -> str:
    if held.native is None:
        return interval(lower, upper)
    return f"[{_on_scale(lower, held)}, {_on_scale(upper, held)}]"
