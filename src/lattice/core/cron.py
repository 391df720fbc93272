"""When a schedule falls due: the five fields of cron, read on the wall clock of a time zone.

Over daylight saving it is as Debian's cron has it. A time of the day falls due once a day: one that the clock leaves
out in spring falls due at the first moment behind the gap, one that it shows twice in autumn falls due the first time.
Where minute or hour begin with ``*``, the schedule follows the hours as they pass: ``0 * * * *`` falls due 23 times on
the one day and 25 times on the other.
"""

from __future__ import annotations

import difflib
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError

FIELDS = 5
EXAMPLE = "'0 2 * * *' for 02:00 every day"
LATEST = datetime(9000, 1, 1, tzinfo=UTC)

_NAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_LOOK_BACK = (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=366))


def check_cron(text: str) -> str:
    """The five fields of a schedule, ``@daily`` and its like spelled out.

    Raises
    ------
    ValueError: it is no schedule, or one that never falls due; the message says what is wrong.
    """
    fields = " ".join(text.split())
    fields = _NAMES.get(fields.lower(), fields)
    given = len(fields.split())
    if given != FIELDS:
        raise ValueError(
            f"expected five fields (minute, hour, day of the month, month, day of the week), such as {EXAMPLE}, "
            f"got {given} in {text!r}"
        )
    try:
        if next(CronSim(fields, datetime(2025, 1, 1)), None) is None:
            raise ValueError(f"{text!r} never falls due: no month has such a day")
    except CronSimError as error:
        raise ValueError(_explained(str(error), text)) from None
    return fields


def check_zone(name: str) -> str:
    """The name of a time zone.

    Raises
    ------
    ValueError: this machine knows none of this name; the message names those that are close.
    """
    if name in _zones():
        return name
    near = _near(name)
    meant = f"did you mean {' or '.join(near)}?" if near else "expected a name such as Europe/Berlin, or UTC"
    raise ValueError(f"no time zone is called {name!r}; {meant}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """A schedule in a time zone; both have been checked.

    Parameters
    ----------
    fields: as `check_cron` gives them.
    zone: name of the time zone.
    """

    fields: str
    zone: str

    def after(self, moment: datetime) -> datetime | None:
        """The first time it falls due after `moment`, UTC; None where there is none within 50 years."""
        return next(self.times(moment), None)

    def times(self, moment: datetime) -> Iterator[datetime]:
        """All times after `moment`, UTC, each later than the one before."""
        last = moment.astimezone(UTC)
        if last > LATEST:
            return
        for due in CronSim(self.fields, moment.astimezone(ZoneInfo(self.zone))):
            at = due.astimezone(UTC)
            # Within an hour that the clock shows twice, the wall clock leads back to its first round.
            if at > last:
                yield at
                last = at

    def latest(self, after: datetime, until: datetime) -> datetime | None:
        """The last time after `after` and not behind `until`, UTC; quick over any span."""
        for span in (*_LOOK_BACK, until - after):
            if found := deque(self._until(max(after, until - span), until), maxlen=1):
                return found[0]
        return None

    def count(self, after: datetime, before: datetime, *, at_most: int) -> int:
        """How many times lie after `after` and before `before`; no more than `at_most` are counted."""
        counted = 0
        for at in self.times(after):
            if at >= before or counted >= at_most:
                break
            counted += 1
        return counted

    def words(self) -> str:
        """The same for people: ``At 02:00 every day, Europe/Berlin``."""
        try:
            said = CronSim(self.fields, datetime(2025, 1, 1)).explain()
        except (CronSimError, NotImplementedError, ValueError):
            said = self.fields
        return f"{said}, {self.zone}"

    def _until(self, after: datetime, until: datetime) -> Iterator[datetime]:
        for at in self.times(after):
            if at > until:
                return
            yield at


def _explained(problem: str, text: str) -> str:
    """What cronsim says is wrong, as one sentence."""
    field = problem.removeprefix("Bad ").replace("day-of-month", "day of the month").replace("day-of-week", "weekday")
    ranges = {
        "minute": "0 to 59",
        "hour": "0 to 23",
        "day of the month": "1 to 31",
        "month": "1 to 12, or JAN to DEC",
        "weekday": "0 to 7, or SUN to SAT",
    }
    return (
        f"the {field} of {text!r} is none: expected {ranges.get(field, 'a number')}, with * , - and / as in {EXAMPLE}"
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _near(name: str) -> list[str]:
    """Names that end like this one, or are written nearly like it."""
    wanted = name.strip().casefold().replace(" ", "_")
    known = {zone.casefold(): zone for zone in sorted(_zones())}
    ending = [
        zone for folded, zone in known.items() if wanted and folded.rpartition("/")[2] == wanted.rpartition("/")[2]
    ]
    close = [known[folded] for folded in difflib.get_close_matches(wanted, known, n=3, cutoff=0.7)]
    return list(dict.fromkeys([*ending, *close]))[:3]
