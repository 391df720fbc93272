from __future__ import annotations

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from lattice.core.limits import Allowance, LimitHints
from lattice.wire.headers import limit_hints, retry_after

NOW = 1_700_000_000.0
NAMES = [
    "Retry-After",
    "retry-after-ms",
    *(f"x-ratelimit-{part}-{unit}" for part in ("limit", "remaining", "reset") for unit in ("requests", "tokens")),
    *(f"anthropic-ratelimit-{unit}-{part}" for unit in ("requests", "tokens") for part in ("limit", "reset")),
]


def headers(**values: str) -> CIMultiDict[str]:
    return CIMultiDict({name.replace("_", "-"): value for name, value in values.items()})


@pytest.mark.parametrize(("text", "seconds"), [("5", 5.0), ("0.25", 0.25), ("0", 0.0), (" 7 ", 7.0)])
def test_retry_after_in_seconds(text: str, seconds: float) -> None:
    assert retry_after(headers(Retry_After=text), NOW) == seconds


def test_retry_after_as_a_date_counts_from_now() -> None:
    assert retry_after(headers(Retry_After=formatdate(NOW + 90, usegmt=True)), NOW) == 90.0


def test_a_date_in_the_past_means_now() -> None:
    assert retry_after(headers(Retry_After=formatdate(NOW - 90, usegmt=True)), NOW) == 0.0


def test_milliseconds_win_over_seconds() -> None:
    assert retry_after(headers(retry_after_ms="1500", Retry_After="9"), NOW) == 1.5


def test_milliseconds_that_are_none_fall_back_to_seconds() -> None:
    assert retry_after(headers(retry_after_ms="soon", Retry_After="9"), NOW) == 9.0


@pytest.mark.parametrize("text", ["", "soon", "-3", "nan", "inf", "Wed, 99 Foo 2020"])
def test_a_wrong_retry_after_is_as_good_as_none(text: str) -> None:
    assert retry_after(headers(Retry_After=text), NOW) is None


def test_without_headers_nothing_is_said() -> None:
    assert retry_after(headers(Content_Type="application/json"), NOW) is None
    assert limit_hints(headers(Content_Type="application/json"), NOW) is None


def test_openai_headers() -> None:
    found = limit_hints(
        headers(
            x_ratelimit_limit_requests="600",
            x_ratelimit_remaining_requests="599",
            x_ratelimit_reset_requests="120ms",
            x_ratelimit_limit_tokens="80000",
            x_ratelimit_remaining_tokens="0",
            x_ratelimit_reset_tokens="6m0s",
        ),
        NOW,
    )
    assert found == LimitHints(
        requests=Allowance(limit=600, remaining=599, reset=0.12),
        tokens=Allowance(limit=80000, remaining=0, reset=360.0),
    )


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1.0), ("6m0s", 360.0), ("1h2m3.5s", 3723.5), ("17", 17.0), (str(int(NOW) + 30), 30.0), ("1x", None)],
)
def test_forms_of_a_reset(text: str, seconds: float | None) -> None:
    found = limit_hints(headers(x_ratelimit_limit_requests="1", x_ratelimit_reset_requests=text), NOW)
    assert found is not None
    assert found.requests == Allowance(limit=1, reset=seconds)


def test_anthropic_headers() -> None:
    found = limit_hints(
        headers(
            anthropic_ratelimit_requests_limit="50",
            anthropic_ratelimit_requests_remaining="49",
            anthropic_ratelimit_requests_reset="2023-11-14T22:13:30Z",
            anthropic_ratelimit_tokens_limit="1000",
            anthropic_ratelimit_input_tokens_limit="2000",
        ),
        NOW,
    )
    assert found == LimitHints(requests=Allowance(limit=50, remaining=49, reset=10.0), tokens=Allowance(limit=1000))


def test_input_tokens_stand_in_where_no_budget_for_all_tokens_is_told() -> None:
    found = limit_hints(headers(anthropic_ratelimit_input_tokens_remaining="7"), NOW)
    assert found == LimitHints(tokens=Allowance(remaining=7))


@given(st.dictionaries(st.sampled_from(NAMES), st.text() | st.integers().map(str) | st.floats().map(str)))
def test_no_header_makes_a_call_fail(values: dict[str, str]) -> None:
    told = CIMultiDict(values)
    wait = retry_after(told, NOW)
    assert wait is None or 0 <= wait < float("inf")
    hints = limit_hints(told, NOW)
    for allowance in (hints.requests, hints.tokens) if hints else ():
        if allowance is not None:
            assert all(value is None or value >= 0 for value in (allowance.limit, allowance.remaining))
            assert allowance.reset is None or 0 <= allowance.reset < float("inf")
