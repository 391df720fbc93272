"""The difference from a baseline in Markdown: what may be concluded, the numbers, and what got worse, folded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lattice.reporting import formats
from lattice.reporting.comparison import Comparison, Moved, Report
from lattice.reporting.conclusions import Finding, level_text, p_text
from lattice.reporting.exports.markdown_text import code, table, words
from lattice.reporting.formats import NOTHING, count
from lattice.reporting.sides import Side

MOST_COMPARED = 20
MOST_CHANGED = 8
_NAME, _SENTENCE, _TEXT = 80, 600, 160

_SIGNS = {Finding.BETTER: "▲ better", Finding.WORSE: "▼ worse"}


def difference_lines(report: Report) -> Iterator[str]:
    """A section without its heading; nothing of it grows with the number of inputs."""
    shown = report.comparisons[:MOST_COMPARED]
    yield from _sentences(shown)
    yield ""
    yield from _numbers(report, shown)
    if (more := len(report.comparisons) - len(shown)) > 0:
        yield ""
        yield f"and {count(more)} more comparisons"
    for name, pair in _by_pair(shown).items():
        yield from _warnings(pair)
        yield from _changes(pair)
        yield from _worst(pair, named=name if len(_by_pair(shown)) > 1 else "")


def _sentences(comparisons: Sequence[Comparison]) -> Iterator[str]:
    """What may be concluded, for the headline of each pair."""
    for place, pair in enumerate(_by_pair(comparisons).values()):
        if place:
            yield ""
        yield words(pair.conclusion, _SENTENCE)


def _numbers(report: Report, comparisons: Sequence[Comparison]) -> list[str]:
    """Both means with their intervals and n, the difference with its own, and on how many inputs each is better."""
    several = len(_by_pair(comparisons)) > 1
    head = [
        *(["Target"] if several else []),
        "Metric", "", "Baseline", "n", "This run", "n", "Difference", "p", "▲", "▼", "=",
    ]  # fmt: skip
    rows = [_cells(report, each, several=several) for each in comparisons]
    return table(head, rows, numbers_from=3 if several else 2)


def _cells(report: Report, each: Comparison, *, several: bool) -> list[str]:
    before, after = report.side(each.baseline), report.side(each.candidate)
    return [
        *([words(each.target, _NAME)] if several else []),
        words(each.metric, _NAME),
        "not comparable" if each.unfair else _SIGNS.get(each.finding, "within noise"),
        *_standing(before, each.metric),
        *_standing(after, each.metric),
        _difference(each),
        NOTHING if (p := _p_value(each)) is None else p_text(p).removeprefix("p = ").removeprefix("p "),
        *(NOTHING if number is None else count(number) for number in (each.wins, each.losses, each.ties)),
    ]


def _standing(side: Side, metric: str) -> tuple[str, str]:
    found = next(each for each in side.metrics if each.name == metric)
    interval = "" if found.interval is None else f" {formats.interval(found.interval.lower, found.interval.upper)}"
    return f"{formats.score(found.mean)}{interval}", f"{count(found.n)} of {count(found.ended)}"


def _difference(each: Comparison) -> str:
    if each.difference is None:
        return NOTHING
    interval = each.interval
    ends = "" if interval is None else f" [{interval.lower:+.3f}, {interval.upper:+.3f}] {level_text(interval.level)}"
    return f"{each.difference:+.3f}{ends} (n = {count(each.n)})"


def _p_value(each: Comparison) -> float | None:
    return each.p_value if each.adjusted_p_value is None else each.adjusted_p_value


def _warnings(pair: Comparison) -> Iterator[str]:
    for warning in pair.warnings:
        yield ""
        yield f"⚠️ {words(warning, _SENTENCE)}"


def _changes(pair: Comparison) -> Iterator[str]:
    """What differs between the two runs beside their scores, in one line."""
    if not pair.changes:
        return
    keys = [code(each.key, _NAME) for each in pair.changes[:MOST_CHANGED]]
    more = len(pair.changes) - len(keys)
    yield ""
    yield f"Changed since: {', '.join(keys)}{f' and {more} more' if more > 0 else ''}"


def _worst(pair: Comparison, named: str) -> Iterator[str]:
    """The inputs that got worse most, behind a fold that opens on a click."""
    if not pair.worse:
        return
    number = "The input" if len(pair.worse) == 1 else f"The {len(pair.worse)} inputs"
    yield ""
    yield "<details>"
    yield f"<summary>{number} that got worse most</summary>"
    yield ""
    if named:
        yield words(pair.target, _NAME)
        yield ""
    yield from table(("#", "Before", "Now", "Input"), [_moved(each) for each in pair.worse], numbers_from=4)
    yield ""
    yield "</details>"


def _moved(moved: Moved) -> list[str]:
    return [
        str(moved.position),
        formats.score(moved.baseline),
        formats.score(moved.candidate),
        code(moved.text, _TEXT),
    ]


def _by_pair(comparisons: Sequence[Comparison]) -> dict[str, Comparison]:
    """The first comparison of each candidate: that of the score, where there is one."""
    first: dict[str, Comparison] = {}
    for each in comparisons:
        first.setdefault(each.candidate, each)
    return first
