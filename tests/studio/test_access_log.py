"""Requests in the log: where to, how answered, and not what was searched for."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.studio.studios import TOKEN, a_studio, visited

from lattice.studio.settings import StudioSettings


def test_a_request_is_logged_without_what_was_asked(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "lattice.studio.access"):
        client.get("/search?q=treasure&q=more")
    (record,) = [each for each in caplog.records if each.name == "lattice.studio.access"]
    fields = record.__dict__["lattice_fields"]
    assert (fields["method"], fields["path"], fields["query"], fields["status"]) == ("GET", "/search", ["q"], 200)
    assert "treasure" not in repr(fields)


def test_a_refusal_is_logged_without_the_token(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = StudioSettings(token=TOKEN)
    with (
        a_studio(tmp_path, settings) as studio,
        visited(studio) as client,
        caplog.at_level(logging.INFO, "lattice.studio.access"),
    ):
        client.get("/api/v1/runs", headers={"authorization": "Bearer wrong-token-of-somebody"})
    (record,) = [each for each in caplog.records if each.name == "lattice.studio.access"]
    assert record.__dict__["lattice_fields"]["status"] == 401
    assert "wrong-token" not in repr(record.__dict__)


def test_without_a_log_nothing_is_written(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    client.get("/healthz")
    assert [each for each in caplog.records if each.name == "lattice.studio.access"] == []
