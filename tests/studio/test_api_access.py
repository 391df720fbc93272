"""Who may use the API, and what it says to everybody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.studio.api_requests import API, sent
from tests.studio.studios import READ_TOKEN, TOKEN, a_studio, carried_out, visited

from lattice.studio.settings import StudioSettings

EVALUATIONS = f"{API}/evaluations"
GUARDED = StudioSettings(token=TOKEN, read_token=READ_TOKEN)
ERROR = {"error", "message", "detail"}


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[TestClient]:
    with a_studio(tmp_path, GUARDED) as studio, visited(studio) as client:
        yield client


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_nothing_is_answered_without_a_token(guarded: TestClient) -> None:
    for path in ("health", "runs", "openapi.json", "docs", "no-such-thing"):
        response = guarded.get(f"{API}/{path}")
        assert (response.status_code, response.json()["error"]) == (401, "unauthorized")
        assert response.json().keys() == ERROR
    assert guarded.post(EVALUATIONS, json=sent()).status_code == 401


def test_a_wrong_token_is_none(guarded: TestClient) -> None:
    assert guarded.get(f"{API}/health", headers=bearer("a-wrong-token-of-letters")).status_code == 401


def test_one_token_may_do_everything(guarded: TestClient) -> None:
    assert guarded.post(EVALUATIONS, json=sent(), headers=bearer(TOKEN)).status_code == 201
    assert guarded.get(EVALUATIONS, headers=bearer(TOKEN)).json()["total"] == 1


def test_the_other_may_look_and_change_nothing(guarded: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    looking = bearer(READ_TOKEN)
    for path in ("health", "evaluations", "runs/latest", "runs/latest/results", "runs/latest/export", "openapi.json"):
        assert guarded.get(f"{API}/{path}", headers=looking).status_code == 200
    refused = [
        guarded.post(EVALUATIONS, json=sent(), headers=looking),
        guarded.patch(f"{EVALUATIONS}/support", json={"archived": True}, headers=looking),
        guarded.post(f"{EVALUATIONS}/support/runs", headers=looking),
        guarded.put(f"{API}/runs/latest/results/1/annotation", json={"score": 1}, headers=looking),
        guarded.delete(f"{API}/runs/latest", headers=looking),
        guarded.post(f"{API}/runs/latest/rerun", headers=looking),
    ]
    assert [(each.status_code, each.json()["error"]) for each in refused] == [(403, "read_only")] * len(refused)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_pages_of_other_sites_change_nothing(client: TestClient, headers: dict[str, str]) -> None:
    response = client.post(EVALUATIONS, json=sent(), headers=headers)
    assert (response.status_code, response.json()["error"]) == (403, "foreign_origin")
    assert client.get(EVALUATIONS).json()["total"] == 0


def test_a_foreign_name_is_refused(client: TestClient) -> None:
    response = client.get(f"{API}/health", headers={"host": "evil.example"})
    assert (response.status_code, response.json().keys()) == (421, ERROR)


def test_a_long_address_is_refused(client: TestClient) -> None:
    response = client.get(f"{API}/runs", params={"evaluation": "x" * 20_000})
    assert (response.status_code, response.json()["error"]) == (414, "uri_too_long")


@pytest.mark.parametrize(
    "path",
    [
        "runs/..%2f..%2fetc%2fpasswd",
        "runs/%00",
        "runs/%ff%fe",
        "runs/' OR 1=1 --",
        "evaluations/%2e%2e",
        "runs/latest/export%0d%0aset-cookie:x",
        "../settings/%2e%2e/nothing",
        "runs/" + "x" * 400,
        "no/such/thing",
    ],
)
def test_a_hostile_path_is_not_found(client: TestClient, path: str) -> None:
    response = client.get(f"{API}/{path}")
    assert response.status_code in (404, 422)
    assert response.json().keys() == ERROR


def test_a_method_that_an_address_does_not_take_is_refused(client: TestClient) -> None:
    response = client.put(f"{API}/runs")
    assert (response.status_code, response.json().keys()) == (405, ERROR)
    assert "GET" in response.headers["allow"]


def test_the_description_names_the_token_where_one_is_needed(guarded: TestClient, client: TestClient) -> None:
    described = guarded.get(f"{API}/openapi.json", headers=bearer(TOKEN)).json()
    assert described["security"] == [{"token": []}]
    assert described["components"]["securitySchemes"]["token"]["scheme"] == "bearer"
    assert client.get(f"{API}/openapi.json").json()["security"] == []


def test_the_page_about_the_api_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get(f"{API}/docs")
    assert page.status_code == 200
    assert "POST /api/v1/evaluations/{evaluation}/runs" in page.text
    assert 'src="http' not in page.text
    assert "//cdn" not in page.text
