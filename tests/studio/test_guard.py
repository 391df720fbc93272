"""Who is answered, and with which headers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from tests.studio.studios import HOST, READ_TOKEN, TOKEN, a_studio, visited

from lattice.studio.app import create_app
from lattice.studio.security.guard import LARGEST_BODY, BodyTooLarge, Guard, origin_of
from lattice.studio.security.sessions import Access, cookie_name, issue
from lattice.studio.settings import StudioSettings, host_name

GUARDED = StudioSettings(token=TOKEN, read_token=READ_TOKEN)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[TestClient]:
    with a_studio(tmp_path, GUARDED) as studio, visited(studio) as client:
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8484", "localhost:1", "[::1]:8484", "LOCALHOST"])
def test_a_studio_of_this_machine_is_known_by_its_names(client: TestClient, host: str) -> None:
    assert client.get("/settings", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "localhost.", "[::1", "[::1]evil.example", "a:b:c"]
)
def test_a_name_that_was_made_to_point_here_is_refused(client: TestClient, host: str) -> None:
    response = client.get("/settings", headers={"host": host})
    assert response.status_code == 421
    assert "--allowed-host" in response.json()["message"]


def test_a_proxy_s_names_are_taken_where_they_are_given(tmp_path: Path) -> None:
    settings = StudioSettings(public_url="https://team.example/lattice/", allowed_hosts=("Inner",))
    with a_studio(tmp_path, settings) as studio, visited(studio) as client:
        for host in ("team.example", "inner:8080", HOST):
            assert client.get("/settings", headers={"host": host}).status_code == 200
        assert client.get("/settings", headers={"host": "other.example"}).status_code == 421


def test_addresses_have_the_prefix_whether_a_proxy_takes_it_away_or_not(tmp_path: Path) -> None:
    settings = StudioSettings(public_url="https://team.example/lattice")
    with a_studio(tmp_path, settings) as studio, visited(studio, "team.example") as client:
        for path in ("/settings", "/lattice/settings"):
            assert 'href="/lattice/compare"' in client.get(path).text
        assert client.get("/lattice/static/studio.css").status_code == 200
        own = {"origin": "https://team.example"}
        sent = client.post("/lattice/settings/theme", data={"theme": "dark", "next": "/settings"}, headers=own)
        assert sent.headers["location"] == "/lattice/settings"
        assert "path=/lattice" in sent.headers["set-cookie"].lower()


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"origin": "http://["},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_site_s_page_changes_nothing(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/settings/theme", data={"theme": "dark"}, headers=headers)
    assert (response.status_code, response.json()["error"]) == (403, "foreign_origin")


@pytest.mark.parametrize("headers", [{}, {"origin": f"http://{HOST}"}, {"sec-fetch-site": "same-origin"}])
def test_our_own_page_and_a_program_change_things(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post("/settings/theme", data={"theme": "dark", "next": "/settings"}, headers=headers)
    assert (response.status_code, response.headers["location"]) == (303, "/settings")


def test_every_answer_forbids_what_pages_do_not_need(client: TestClient) -> None:
    for path in ("/settings", "/nothing", "/static/studio.css"):
        headers = client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
    assert client.get("/settings").headers["cache-control"] == "no-store"


def test_what_is_too_large_is_refused_before_it_is_read(client: TestClient) -> None:
    response = client.post("/settings/theme", headers={"content-length": str(LARGEST_BODY + 1)})
    assert response.status_code == 413
    assert client.post("/settings/theme", headers={"content-length": "many"}).status_code == 400
    assert client.get("/search?q=" + "x" * 20_000).status_code == 414


def test_a_body_of_unstated_length_is_counted_as_it_comes() -> None:
    async def reader(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass

    pieces = [{"type": "http.request", "body": b"x" * 600, "more_body": True} for _ in range(3)]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": [(b"host", b"localhost")]}

    async def receive() -> Message:
        return pieces.pop()

    async def send(message: Message) -> None:
        raise AssertionError(message)

    with pytest.raises(BodyTooLarge):
        asyncio.run(Guard(reader, StudioSettings(), largest=1000)(scope, receive, send))
    assert len(pieces) == 1


def test_without_a_token_nothing_answers_but_the_login_page(guarded: TestClient) -> None:
    for path in ("/", "/settings", "/evaluations/new", "/live", "/search?q=x", "/anything"):
        response = guarded.get(path)
        assert response.status_code == 303
        assert response.headers["location"].startswith("/login?next=%2F")
    assert guarded.get("/api/v1/runs").status_code == 401
    assert guarded.post("/settings/theme", data={"theme": "dark"}).status_code == 401
    assert guarded.get("/login").status_code == 200
    assert guarded.get("/healthz").text == "ok\n"


def test_a_token_opens_everything_for_programs(guarded: TestClient) -> None:
    assert guarded.get("/settings", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.get("/settings", headers={"authorization": f"bearer  {READ_TOKEN} "}).status_code == 200
    wrong = guarded.get("/api/v1/runs", headers={"authorization": "Bearer wrong"})
    assert wrong.status_code == 401
    assert TOKEN not in wrong.text


def test_the_read_only_token_looks_and_changes_nothing(guarded: TestClient) -> None:
    reading = {"authorization": f"Bearer {READ_TOKEN}"}
    assert "You may look at everything here" in guarded.get("/settings", headers=reading).text
    for path in ("/evaluations/files", "/artifacts", "/api/v1/evaluations", "/settings/themes", "/logged"):
        response = guarded.post(path, headers=reading)
        assert (response.status_code, response.json()["error"]) == (403, "read_only")
    assert guarded.post("/settings/theme", data={"theme": "dark"}, headers=reading).status_code == 303


def test_a_login_lasts_in_a_cookie_that_scripts_cannot_read(guarded: TestClient) -> None:
    wrong = guarded.post("/login", data={"token": "guess", "next": "/settings"})
    assert wrong.status_code == 401
    assert "This is not the token." in wrong.text
    right = guarded.post("/login", data={"token": TOKEN, "next": "/settings"})
    assert (right.status_code, right.headers["location"]) == (303, "/settings")
    cookie = right.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/settings").status_code == 200
    guarded.post("/logout")
    assert guarded.get("/settings").status_code == 303


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\\[", "//[", "", "/a\nb"],
)
def test_a_login_leads_nowhere_else(guarded: TestClient, address: str) -> None:
    assert guarded.post("/login", data={"token": TOKEN, "next": address}).headers["location"] == "/"


@pytest.mark.parametrize(
    ("host", "name"),
    [("Example.com:80", "example.com"), ("[::1]:80", "::1"), ("[::1]", "::1"), ("::1", "::1"), ("a", "a"), ("", "")],
)
def test_the_name_in_a_host_header(host: str, name: str) -> None:
    assert host_name(host) == name


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://Team.example:443/lattice", "https://team.example"),
        ("http://team.example:80", "http://team.example"),
        ("https://team.example:8443/", "https://team.example:8443"),
        ("http://[::1]:8484/x", "http://[::1]:8484"),
    ],
)
def test_an_origin_leaves_out_the_port_that_goes_without_saying(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_a_public_url_may_name_the_port_that_goes_without_saying(tmp_path: Path) -> None:
    settings = StudioSettings(public_url="https://team.example:443")
    with a_studio(tmp_path, settings) as studio, visited(studio, "inner") as client:
        headers = {"host": "127.0.0.1:8484", "origin": "https://team.example"}
        assert client.post("/settings/theme", data={"theme": "dark"}, headers=headers).status_code == 303


def test_an_address_of_this_machine_is_known_by_the_name_it_is_announced_with(tmp_path: Path) -> None:
    with a_studio(tmp_path, StudioSettings(host="127.0.0.2")) as studio, visited(studio) as client:
        assert client.get("/settings", headers={"host": "127.0.0.2:8484"}).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/login/",
        "/login/../settings",
        "/loginx",
        "/healthz/..",
        "/static/../settings",
        "//settings",
        "/login%2f..%2f",
        "/%2e",
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "DELETE", "TRACE", "login"])
def test_no_odd_path_or_method_gets_by_the_token(guarded: TestClient, path: str, method: str) -> None:
    response = guarded.request(method, f"http://{HOST}{path}")
    assert response.status_code in (303, 401, 403, 404, 405)
    assert "Working folder" not in response.text


def test_a_web_socket_is_closed_before_anything_sees_it() -> None:
    sent = []

    async def reader(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError(scope)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    async def send(message: Message) -> None:
        sent.append(message["type"])

    asyncio.run(Guard(reader, StudioSettings())({"type": "websocket", "path": "/live"}, receive, send))
    assert sent == ["websocket.close"]


def test_cookies_of_other_servers_on_this_host_do_no_harm(guarded: TestClient) -> None:
    value = issue(GUARDED, Access.READ)
    for others in ('seen={"a": [1, 2]}; ', "a b; =; ", 'quoted="; '):
        headers = {"cookie": f"{others}{cookie_name(GUARDED)}={value}"}
        assert guarded.get("/settings", headers=headers).status_code == 200


def test_two_studios_of_one_host_have_cookies_of_their_own() -> None:
    other = StudioSettings(token=TOKEN[::-1])
    assert cookie_name(other) != cookie_name(GUARDED)
    assert TOKEN not in cookie_name(GUARDED)


def test_a_part_asked_for_after_the_login_ran_out_loads_its_page_again(guarded: TestClient) -> None:
    response = guarded.get("/search?q=x&part=1", headers={"hx-request": "true", "sec-fetch-dest": "empty"})
    assert (response.status_code, response.headers["hx-refresh"], response.text) == (401, "true", "")


def test_what_breaks_is_answered_behind_the_guard_as_well(tmp_path: Path) -> None:
    settings = StudioSettings(public_url="https://team.example/lattice")
    with a_studio(tmp_path, settings) as studio:
        app = create_app(studio)

        @app.get("/api/v1/broken")
        @app.get("/broken")
        def broken() -> None:
            raise RuntimeError("a secret of the machine")

        with TestClient(app, base_url="http://team.example", raise_server_exceptions=False) as client:
            page, answer = client.get("/lattice/broken"), client.get("/lattice/api/v1/broken")
    assert (page.status_code, answer.status_code) == (500, 500)
    assert "Something is broken in Lattice itself" in page.text
    assert "secret of the machine" not in page.text + answer.text
    assert answer.json()["error"] == "defect"
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_a_form_of_unstated_length_that_is_too_large_is_said_to_be(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    client.get("/healthz")  # builds what the guard stands before
    guard = app.middleware_stack
    assert isinstance(guard, Guard)
    app.middleware_stack = Guard(guard._app, StudioSettings(), largest=1000)
    pieces = (b"theme=dark&next=" + b"x" * 400 for _ in range(4))
    response = client.post(
        "/settings/theme", content=pieces, headers={"content-type": "application/x-www-form-urlencoded"}
    )
    assert response.status_code == 413
