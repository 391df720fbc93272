"""When a schedule falls due, over daylight saving and back."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.cron import Cron, check_cron, check_zone

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "UTC")


def year(fields: str, zone: str, of: int = 2025) -> list[datetime]:
    """All times of a year, on the wall clock."""
    start, end = (datetime(each, 1, 1, tzinfo=ZoneInfo(zone)) for each in (of, of + 1))
    found: list[datetime] = []
    for at in Cron(fields=fields, zone=zone).times(start - timedelta(seconds=1)):
        if at >= end:
            return found
        found.append(at.astimezone(ZoneInfo(zone)))
    return found


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("fields", ["0 2 * * *", "30 2 * * *", "15 2 * * *", "30 1 * * *", "0 0 * * *", "0 3 * * *"])
def test_a_nightly_time_falls_due_once_every_night_of_the_year(fields: str, zone: str) -> None:
    found = year(fields, zone)
    assert len(found) == 365
    assert len({at.date() for at in found}) == 365
    minute, hour = fields.split()[:2]
    assert sum((at.hour, at.minute) == (int(hour), int(minute)) for at in found) >= 364


def test_a_time_that_spring_leaves_out_is_the_first_moment_behind_the_gap() -> None:
    [gap] = [at for at in year("30 2 * * *", "Europe/Berlin") if (at.hour, at.minute) != (2, 30)]
    assert gap.isoformat() == "2025-03-30T03:00:00+02:00"


def test_a_time_that_autumn_shows_twice_is_the_first_one() -> None:
    [twice] = [at for at in year("30 2 * * *", "Europe/Berlin") if (at.month, at.day) == (10, 26)]
    assert twice.isoformat() == "2025-10-26T02:30:00+02:00"


def test_asked_within_the_hour_that_comes_twice_nothing_falls_due_again() -> None:
    berlin = Cron(fields="30 2 * * *", zone="Europe/Berlin")
    for minute in range(0, 120, 7):
        moment = datetime(2025, 10, 26, 0, 31, tzinfo=UTC) + timedelta(minutes=minute)
        assert berlin.after(moment) == datetime(2025, 10, 27, 1, 30, tzinfo=UTC)


def test_every_hour_follows_the_hours_as_they_pass() -> None:
    assert len(year("0 * * * *", "Europe/Berlin")) == 365 * 24


@given(
    start=st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 31)),
    fields=st.sampled_from(["30 2 * * *", "*/15 * * * *", "0,30 1-3 * * *", "5 4 * * 1-5", "0 0 1 * *"]),
    zone=st.sampled_from(ZONES),
)
def test_times_only_grow_and_going_on_from_one_leads_to_the_next(start: datetime, fields: str, zone: str) -> None:
    cron = Cron(fields=fields, zone=zone)
    times = cron.times(start.replace(tzinfo=UTC))
    found = [next(times) for _ in range(4)]
    assert start.replace(tzinfo=UTC) < found[0] < found[1] < found[2] < found[3]
    assert cron.after(found[0]) == found[1]
    assert cron.after(found[1] + timedelta(seconds=1)) == found[2]
    assert cron.latest(start.replace(tzinfo=UTC), found[3]) == found[3]
    assert cron.count(start.replace(tzinfo=UTC), found[3], at_most=100) == 3


def test_the_latest_time_of_a_long_absence_is_found() -> None:
    cron = Cron(fields="*/5 * * * *", zone="UTC")
    start, end = datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
    assert cron.latest(start, end) == datetime(2025, 12, 31, 23, 55, tzinfo=UTC)
    assert cron.count(start, end, at_most=1000) == 1000
    assert cron.latest(end, end + timedelta(seconds=30)) is None


def test_a_schedule_is_told_in_words() -> None:
    assert Cron(fields="0 2 * * *", zone="Europe/Berlin").words() == "At 02:00 every day, Europe/Berlin"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("0 2 * *", "expected five fields"),
        ("0 0 2 * * *", "expected five fields"),
        ("", "expected five fields"),
        ("61 2 * * *", "the minute of '61 2 * * *' is none: expected 0 to 59"),
        ("0 25 * * *", "the hour of"),
        ("0 2 * * XYZ", "the weekday of"),
        ("0 2 31 2 *", "31"),
        ("every night", "expected five fields"),
    ],
)
def test_what_is_no_schedule_says_why(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        check_cron(text)


def test_names_stand_for_fields() -> None:
    assert check_cron("@daily") == "0 0 * * *"
    assert check_cron("  0   2 * * * ") == "0 2 * * *"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Berlin", "did you mean Europe/Berlin"),
        ("Europe/Berln", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("../etc/passwd", "expected a name"),
        ("", "expected a name"),
    ],
)
def test_an_unknown_zone_names_those_that_are_close(name: str, said: str) -> None:
    with pytest.raises(ValueError, match="no time zone is called") as raised:
        check_zone(name)
    assert said in str(raised.value)
