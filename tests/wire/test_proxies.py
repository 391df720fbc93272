from __future__ import annotations

import pytest
from aiohttp import encode_basic_auth
from yarl import URL

from lattice.core.errors import CallError
from lattice.wire.proxies import Proxies

API = URL("https://api.example.com/v1/chat/completions")


def proxy(url: str, **environ: str) -> str | None:
    route = Proxies(environ).route(URL(url))
    return None if route is None else str(route[0])


def test_without_variables_there_is_no_proxy() -> None:
    assert not Proxies({"PATH": "/bin"})
    assert Proxies({}).route(API) is None


def test_the_scheme_decides_and_all_proxy_stands_in() -> None:
    assert proxy("https://a.example/x", HTTPS_PROXY="http://one:1", HTTP_PROXY="http://two:2") == "http://one:1"
    assert proxy("http://a.example/x", HTTPS_PROXY="http://one:1", HTTP_PROXY="http://two:2") == "http://two:2"
    assert proxy("http://a.example/x", HTTPS_PROXY="http://one:1", all_proxy="http://three:3") == "http://three:3"


def test_lower_case_wins_and_an_empty_one_switches_off() -> None:
    assert proxy("http://a.example", http_proxy="http://low:1", HTTP_PROXY="http://up:1") == "http://low:1"
    assert proxy("http://a.example", http_proxy="", HTTP_PROXY="http://up:1") is None


def test_a_client_of_a_cgi_script_cannot_set_the_proxy() -> None:
    assert proxy("http://a.example", HTTP_PROXY="http://evil:1", REQUEST_METHOD="POST") is None


def test_a_scheme_may_be_left_out_and_credentials_are_taken_apart() -> None:
    assert proxy("http://a.example", HTTP_PROXY="proxy:3128") == "http://proxy:3128"
    assert Proxies({"HTTP_PROXY": "http://me:pass@proxy:3128"}).route(URL("http://a.example")) == (
        URL("http://proxy:3128"),
        encode_basic_auth("me", "pass"),
    )


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("*", "http://anything.example"),
        ("a.example", "http://a.example"),
        ("example", "http://a.example"),
        (".a.example", "http://b.a.example"),
        ("*.a.example", "http://b.a.example"),
        ("localhost,127.0.0.1", "http://127.0.0.1:8000"),
        ("A.Example", "http://a.example"),
        ("a.example:8080", "http://a.example:8080"),
        ("10.0.0.0/8", "http://10.1.2.3:9"),
        ("::1", "http://[::1]:80"),
        ("other b.example", "http://b.example"),
    ],
)
def test_no_proxy_covers(entry: str, url: str) -> None:
    assert proxy(url, HTTP_PROXY="http://p:1", NO_PROXY=entry) is None


@pytest.mark.parametrize(
    ("entry", "url"),
    [
        ("", "http://a.example"),
        ("a.example", "http://ba.example"),
        ("b.a.example", "http://a.example"),
        ("a.example:8080", "http://a.example:80"),
        ("10.0.0.0/8", "http://11.1.2.3"),
    ],
)
def test_no_proxy_does_not_cover(entry: str, url: str) -> None:
    assert proxy(url, HTTP_PROXY="http://p:1", NO_PROXY=entry) == "http://p:1"


def test_a_socks_proxy_is_refused_where_it_would_be_used() -> None:
    proxies = Proxies({"ALL_PROXY": "socks5://p:1", "NO_PROXY": "localhost"})
    assert proxies.route(URL("http://localhost:8000")) is None
    with pytest.raises(CallError, match="'socks5'"):
        proxies.route(API)
