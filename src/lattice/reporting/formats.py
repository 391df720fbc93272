"""How numbers, times and other people's text are written, on the terminal and in the Studio alike."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

UNKNOWN = "unknown"
NOTHING = "-"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_OLD = 30 * _DAY
_REPLACEMENT = "\ufffd"
_CONTROL_PICTURES = 0x2400
_DELETE = 0x7F

_BREAKS = re.compile("[ \t\n\v\f\r\x85\u2028\u2029]+")
# Everything a terminal may act upon, or that makes text read as something else than it is: C0 and C1
# controls, directional marks, embeddings, overrides and isolates, invisible characters (but not the joiners,
# which emoji and several scripts need), tag characters, and lone surrogates, which cannot be written at all.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e0fff]"
)
_UNENCODABLE = re.compile("[\x00\ud800-\udfff]")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def duration(seconds: float | None) -> str:
    """Whole seconds, minutes, hours and days, the two largest: ``0s``, ``2m 15s``, ``1h 04m``, ``3d 02h``.

    Parameters
    ----------
    seconds: fractions are dropped; None, which is not known, gives ``--``.
    """
    if seconds is None or not math.isfinite(seconds):
        return "--"
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m {whole % _MINUTE:02d}s"
    if whole < _DAY:
        return f"{whole // _HOUR}h {whole % _HOUR // _MINUTE:02d}m"
    return f"{whole // _DAY}d {whole % _DAY // _HOUR:02d}h"


def latency(seconds: float | None) -> str:
    """How long one call took: ``0.35s``, ``12.4s``, ``2m 15s``; ``-`` for None."""
    if seconds is None:
        return NOTHING
    if seconds < 9.995:
        return f"{seconds:.2f}s"
    return f"{seconds:.1f}s" if seconds < 99.95 else duration(round(seconds))


def whole_percent(part: int, total: int) -> str:
    """A share in whole percent, halves to the even one: 47 of 200 is ``24%``, 89 of 200 ``44%``."""
    return f"{round(Fraction(100 * part, total)) if total else 0}%"


def rate(part: int, total: int) -> str:
    """A share with one decimal: ``98.5%``; halves to the even digit."""
    return share(Fraction(part, total) if total else Fraction(0))


def share(value: float | Fraction) -> str:
    """A share between 0 and 1 with one decimal: 0.985 is ``98.5%``."""
    tenths = round(Fraction(value) * 1000)
    return f"{tenths // 10}.{tenths % 10}%"


def count(number: int) -> str:
    """A count with thousands separators: ``48,230``."""
    return f"{number:,}"


def money(usd: float | None) -> str:
    """US dollars: ``$0.72``, ``$1,204.50``, below a cent ``$0.0004``; ``unknown`` for None."""
    if usd is None:
        return UNKNOWN
    if usd == 0 or usd >= 0.00995:
        return f"${usd:,.2f}"
    return f"${usd:.4f}" if usd >= 0.00005 else "<$0.0001"


def score(value: float | None) -> str:
    """A score on 0–1 with two decimals; ``-`` for None."""
    return NOTHING if value is None else f"{value + 0.0:.2f}"


def native(value: float | None) -> str:
    """A value on the judge's own scale: ``4``, ``4.5``, ``3.95``; ``-`` for None."""
    if value is None:
        return NOTHING
    text = f"{value:.2f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def interval(lower: float, upper: float) -> str:
    """An interval of scores: ``[0.70, 0.77]``."""
    return f"[{score(lower)}, {score(upper)}]"


def ago(then: datetime | None, now: datetime) -> str:
    """How long ago: ``just now``, ``5m ago``, ``3h ago``, ``2d ago``, its date after 30 days."""
    if then is None:
        return NOTHING
    seconds = (now - then).total_seconds()
    if seconds < 5:
        return "just now"
    if seconds >= _OLD:
        return then.date().isoformat()
    for unit, letter in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= unit:
            return f"{int(seconds // unit)}{letter} ago"
    return f"{int(seconds)}s ago"


def cells(text: str) -> int:
    """How many columns a terminal gives a text: none for combining characters, two for wide ones."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def fit(text: str, limit: int) -> str:
    """Cut a text to `limit` columns, with ``…`` in the last one where something was cut."""
    if len(text) * 2 <= limit or cells(text) <= limit:
        return text
    if limit <= 0:
        return ""
    room = limit - 1
    for index, character in enumerate(text):
        room -= _cells(character)
        if room < 0:
            return f"{text[:index].rstrip()}…"
    return text


def wrapped(text: str, width: int, indent: str = "") -> list[str]:
    """Break a text into lines of at most `width` columns, at blanks where there are any.

    Parameters
    ----------
    indent: stands before each line, within its width.
    """
    room = max(width - cells(indent), 2)
    lines, line, used = [], "", 0
    for word in text.split():
        for piece in _pieces(word, room):
            wide = cells(piece)
            if line and used + 1 + wide > room:
                lines.append(indent + line)
                line, used = piece, wide
            else:
                line, used = (f"{line} {piece}", used + 1 + wide) if line else (piece, wide)
    return [*lines, indent + line] if line else lines


def terminal_text(text: str, limit: int | None = None) -> str:
    """Make text that somebody else wrote safe to print: one line on which nothing acts upon the terminal.

    Line breaks and runs of blanks become one space. Control characters show as their pictures (``␛``),
    overrides of direction, invisible characters and lone surrogates as ``�``, so that they are seen and not
    obeyed.

    Parameters
    ----------
    limit: columns, see `fit`; a long text is not looked at much beyond it.
    """
    if limit is not None:
        text = text[: 8 * max(limit, 0) + 256]
    line = _UNSAFE.sub(_picture, _BREAKS.sub(" ", text)).strip()
    return line if limit is None else fit(line, limit)


def spreadsheet_text(text: str) -> str:
    """Make text safe for a cell of a spreadsheet: what would start a formula gets an apostrophe before it.

    NUL and lone surrogates, which no reader of CSV expects, become ``�``.
    """
    text = _UNENCODABLE.sub(_REPLACEMENT, text)
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def plain_text(text: str) -> str:
    """Text that can be encoded: lone surrogates become ``�``."""
    return text if text.isascii() else _UNENCODABLE.sub(_only_surrogates, text)


def _only_surrogates(found: re.Match[str]) -> str:
    return "\x00" if found[0] == "\x00" else _REPLACEMENT


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    return "␡" if code == _DELETE else _REPLACEMENT


def _pieces(word: str, room: int) -> Iterator[str]:
    """A word, or the parts of one that is longer than a line."""
    while len(word) * 2 > room and cells(word) > room:
        used = cut = 0
        for character in word:
            used += _cells(character)
            if used > room:
                break
            cut += 1
        yield word[:cut]
        word = word[cut:]
    yield word


def _cells(character: str) -> int:
    if character < "\u0300":
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
