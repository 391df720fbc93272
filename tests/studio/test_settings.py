"""A Studio that others can reach needs a token; tokens and cookies are worth what they were given for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.studio.studios import READ_TOKEN, TOKEN

from lattice.core.errors import UsageError
from lattice.studio.security.sessions import LASTS, Access, access_of_cookie, access_of_token, issue
from lattice.studio.settings import StudioSettings, is_loopback

SETTINGS = StudioSettings(token=TOKEN, read_token=READ_TOKEN)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "studio.example"])
def test_on_an_address_that_others_reach_a_token_is_needed(host: str) -> None:
    with pytest.raises(UsageError, match="LATTICE_STUDIO_TOKEN"):
        StudioSettings(host=host)
    assert StudioSettings(host=host, token=TOKEN).token == TOKEN


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"token": "short"}, "too short"),
        ({"read_token": READ_TOKEN}, "read-only token alone"),
        ({"token": TOKEN, "read_token": TOKEN}, "the same"),
        ({"public_url": "team.example"}, "expected a URL"),
        ({"public_url": "https://team.example/?a=1"}, "expected a URL"),
        ({"public_url": "https://team.example:port/"}, "expected a URL"),
        ({"public_url": "https://["}, "expected a URL"),
        ({"public_url": "https://team.example//other.example"}, "expected a URL"),
        ({"public_url": "https://team.example/a b;c"}, "expected a URL"),
        ({"public_url": "https://me:secret@team.example"}, "expected a URL"),
        ({"allowed_hosts": ("*",)}, "expected one name"),
        ({"allowed_hosts": ("https://team.example",)}, "expected one name"),
    ],
)
def test_settings_that_would_not_do_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        StudioSettings(**settings)


def test_tokens_are_not_in_what_is_printed() -> None:
    assert TOKEN not in repr(SETTINGS)
    assert READ_TOKEN not in repr(SETTINGS)


def test_the_prefix_of_addresses_is_the_public_url_s_path() -> None:
    assert StudioSettings(public_url="https://team.example/tools/lattice/").root == "/tools/lattice"
    assert StudioSettings(public_url="https://team.example").root == ""
    assert StudioSettings().root == ""


def test_an_allowed_host_may_be_given_with_a_port_or_as_an_address() -> None:
    named = StudioSettings(allowed_hosts=("Inner:8080", "[fe80::1]:8484", "fe80::2")).hosts
    assert {"inner", "fe80::1", "fe80::2"} <= named


@pytest.mark.parametrize(
    ("host", "is_one"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("a", False)],
)
def test_which_addresses_are_this_machine_alone(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one


def test_each_token_gives_its_own_access() -> None:
    assert access_of_token(SETTINGS, TOKEN) is Access.FULL
    assert access_of_token(SETTINGS, READ_TOKEN) is Access.READ
    assert access_of_token(SETTINGS, "") is None
    assert access_of_token(StudioSettings(), "") is None


def test_a_cookie_gives_what_it_was_issued_for_until_it_runs_out() -> None:
    for access in Access:
        value = issue(SETTINGS, access, now=1000.0)
        assert access_of_cookie(SETTINGS, value, now=1000.0 + LASTS - 1) is access
        assert access_of_cookie(SETTINGS, value, now=1000.0 + LASTS + 1) is None


def test_a_cookie_ends_with_its_token() -> None:
    value = issue(SETTINGS, Access.FULL)
    assert access_of_cookie(StudioSettings(token="another-token-by-now"), value) is None
    read = issue(SETTINGS, Access.READ)
    assert access_of_cookie(StudioSettings(token=TOKEN), read) is None
    assert access_of_cookie(SETTINGS, read.replace("read", "full", 1)) is None


@given(st.text(max_size=80))
def test_no_other_text_is_a_cookie(value: str) -> None:
    assert access_of_cookie(SETTINGS, value) is None
