"""Runs that other systems start: orders that may be sent twice, and deployments that are signed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient
from tests.studio.api_requests import API, submitted
from tests.studio.studios import READ_TOKEN, TOKEN, a_studio, added, visited

from lattice.core.runs import RunRecord
from lattice.service.launching import Launcher
from lattice.studio.security.signatures import signature_of
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio

SECRET = "a-secret-of-the-platform-team"
STARTS = f"{API}/evaluations/support/runs"
HOOK = f"{API}/hooks/deployments/support"
DEPLOYED = {"version": "2.4.1", "commit": "3f2a1c9", "deployment": "production-417", "tags": {"region": "eu"}}


class Idle(Launcher):
    """Starts nothing."""

    def dispatch(self) -> Mapping[int, str]:
        return {}


def waiting(studio: Studio) -> list[str]:
    """The runs that are to be started, by their ids."""
    return [entry.run_id for entry in studio.store.queue.waiting()]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    settings = StudioSettings(token=TOKEN, read_token=READ_TOKEN, webhook_secrets=(SECRET,))
    with a_studio(tmp_path, settings) as made:
        added(made.store, tmp_path)
        yield replace(made, launcher=Idle(made.place, made.store))


@pytest.fixture
def client(studio: Studio) -> Iterator[TestClient]:
    with visited(studio) as client:
        yield client


def ordered(client: TestClient, order: Any, key: str) -> Any:
    headers = {"idempotency-key": key, "authorization": f"Bearer {TOKEN}"}
    return client.post(STARTS, json=order, headers=headers)


def delivered(
    client: TestClient,
    body: Any = None,
    *,
    path: str = HOOK,
    name: str | None = None,
    ago: float = 0.0,
    secret: str = SECRET,
    content_type: str = "application/json",
    **headers: str,
) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(DEPLOYED if body is None else body).encode()
    name = name or f"msg_{uuid4().hex}"
    stamp = str(int((datetime.now(UTC) - timedelta(seconds=ago)).timestamp()))
    signed = {
        "content-type": content_type,
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": signature_of(secret, name, stamp, content),
    }
    return client.post(path, content=content, headers={**signed, **headers})


def runs_of(studio: Studio) -> list[RunRecord]:
    return studio.store.runs()


def test_labels_become_tags(client: TestClient) -> None:
    order = {"labels": {"version": "2.4.1", "commit": "3f2a1c9"}, "tags": {"region": "eu"}}
    run = ordered(client, order, "one").json()
    assert run["tags"] == {"region": "eu", "version": "2.4.1", "commit": "3f2a1c9"}
    assert ordered(client, {"labels": {"branch": "main"}}, "two").status_code == 422


def test_the_same_order_again_gives_the_same_run(client: TestClient, studio: Studio) -> None:
    order = {"labels": {"commit": "3f2a1c9"}, "execution": {"max_concurrent": 2}}
    first, again = ordered(client, order, "deploy-417"), ordered(client, order, "deploy-417")
    assert (first.status_code, again.status_code) == (202, 202)
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["location"] == first.headers["location"]
    assert [run.id for run in runs_of(studio)] == [first.json()["id"]]
    assert waiting(studio) == [first.json()["id"]]


def test_another_order_under_the_same_key_is_refused(client: TestClient, studio: Studio) -> None:
    ordered(client, {"labels": {"commit": "3f2a1c9"}}, "deploy-417")
    refused = ordered(client, {"labels": {"commit": "4b5c6d7"}}, "deploy-417")
    assert (refused.status_code, refused.json()["error"]) == (409, "not_possible")
    assert "another order" in refused.json()["message"]
    assert len(runs_of(studio)) == 1


@pytest.mark.parametrize("key", ["", "a b", "x" * 256])
def test_a_key_of_another_form_is_refused(client: TestClient, studio: Studio, key: str) -> None:
    assert ordered(client, {}, key).status_code == 422
    assert runs_of(studio) == []


def test_a_deployment_starts_a_run_without_a_token(client: TestClient, studio: Studio) -> None:
    response = delivered(client)
    assert response.status_code == 202, response.text
    run = response.json()
    assert run["trigger"] == "webhook"
    assert run["tags"] == {"region": "eu", "version": "2.4.1", "commit": "3f2a1c9", "deployment": "production-417"}
    assert waiting(studio) == [run["id"]]


def test_a_delivery_that_comes_again_starts_nothing(client: TestClient, studio: Studio) -> None:
    assert delivered(client, name="msg_1").status_code == 202
    again = delivered(client, name="msg_1", ago=5)
    assert (again.status_code, again.json()["error"]) == (409, "not_possible")
    assert "has come before" in again.json()["message"]
    assert len(runs_of(studio)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"secret": "another-secret-of-enough-letters"},
        {"ago": 3600.0},
        {"ago": -3600.0},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-id": "another"},
        {"webhook-timestamp": "0"},
    ],
)
def test_what_is_not_signed_starts_nothing(client: TestClient, studio: Studio, changes: dict[str, Any]) -> None:
    refused = delivered(client, **changes)
    assert (refused.status_code, refused.json()["error"]) == (401, "unsigned")
    assert SECRET not in refused.text
    assert runs_of(studio) == []
    assert client.post(HOOK, json=DEPLOYED).status_code == 401
    assert client.post(HOOK, json=DEPLOYED, headers={"authorization": f"Bearer {TOKEN}"}).status_code == 401


def test_a_page_of_another_site_cannot_deliver(client: TestClient) -> None:
    assert delivered(client, origin="https://evil.example").status_code == 403
    assert delivered(client, host="evil.example").status_code == 421


def test_a_signature_opens_nothing_else(client: TestClient, studio: Studio) -> None:
    run = delivered(client).json()["id"]
    for path in (STARTS, f"{API}/runs/{run}/cancel", f"{API}/evaluations", f"{API}/hooks", f"{API}/hooksdeployments/x"):
        assert delivered(client, path=path).status_code == 401, path
    for path in (f"{API}/hooks/../runs/{run}/cancel", f"{API}/hooks/%2e%2e/runs/{run}/rerun", f"{API}/hooks/other"):
        assert delivered(client, path=path).status_code in (401, 404), path
    assert client.get(HOOK).status_code == 401
    assert client.delete(HOOK).status_code == 401
    assert len(runs_of(studio)) == 1


def test_only_what_is_there_is_run(client: TestClient, studio: Studio) -> None:
    assert delivered(client, path=f"{API}/hooks/deployments/nothing").status_code == 404
    assert delivered(client, {**DEPLOYED, "evaluation": "another"}).status_code == 422
    assert delivered(client, {**DEPLOYED, "targets": []}).status_code == 422
    assert delivered(client, b"no json").status_code == 400
    assert delivered(client, b"x" * 70_000).status_code == 413
    assert delivered(client, b"{}", content_type="text/plain").status_code == 415
    assert runs_of(studio) == []
    assert delivered(client, {**DEPLOYED, "evaluation": "support"}).status_code == 202


def test_without_a_secret_no_deployment_is_taken(tmp_path: Path) -> None:
    with a_studio(tmp_path, StudioSettings(token=TOKEN)) as studio, visited(studio) as client:
        refused = delivered(client)
        assert (refused.status_code, refused.json()["error"]) == (404, "not_found")
        assert "LATTICE_WEBHOOK_SECRET is not set" in refused.json()["message"]


def test_a_sent_evaluation_can_be_deployed(client: TestClient, studio: Studio) -> None:
    client.headers["authorization"] = f"Bearer {TOKEN}"
    slug = submitted(client, name="Another one")["evaluation"]["slug"]
    assert delivered(client, path=f"{API}/hooks/deployments/{slug}").json()["reference"] == f"{slug}#1"
