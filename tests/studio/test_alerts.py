"""Alerts in the Studio: on the page of an evaluation and of a run, in the settings, over the API."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient
from tests.service.nights import levels, night

from lattice.core.runs import RunRecord
from lattice.service.assessing import PUBLIC_URL, Assessor
from lattice.service.launching import Place
from lattice.service.notifying import Postman
from lattice.studio.state import Studio

ADDRESS = "http://127.0.0.1"


@pytest.fixture
def fallen(studio: Studio) -> RunRecord:
    """The eighth night, on which the mean fell, and nobody could be told."""
    assessor = Assessor.of(studio.store, {PUBLIC_URL: ADDRESS})
    for _ in range(7):
        assessor.ended(night(studio.store, levels(4.2)))
    record = night(studio.store, levels(3.6))
    assessor.ended(record)
    Postman(store=studio.store, place=Place(folder=studio.place.folder, environ={})).perform()
    return record


def test_the_link_in_a_message_opens_the_run(studio: Studio, client: TestClient, fallen: RunRecord) -> None:
    [message] = studio.store.alerts.outbox.all()
    link = next(line for line in message.body.splitlines() if line.startswith("Open: ")).removeprefix("Open: ")
    assert link.startswith(ADDRESS)
    page = client.get(urlsplit(link).path)
    assert page.status_code == 200
    assert "Alerts of this run" in page.text
    assert "difference.ci_upper &lt; 0" in page.text


def test_the_page_of_an_evaluation_shows_what_stands(client: TestClient, fallen: RunRecord) -> None:
    page = client.get(f"/evaluations/{fallen.evaluation_id}").text
    assert "1 standing" in page
    assert "Alert: Nightly (nightly#8)" in page
    assert "not set in the environment: ALERTS_URL" in page


def test_the_settings_show_what_could_not_be_sent(client: TestClient, fallen: RunRecord) -> None:
    page = client.get("/settings").text
    assert "Messages that could not be sent" in page
    assert "not set in the environment: ALERTS_URL" in page


def test_without_alerts_nothing_is_shown(client: TestClient) -> None:
    page = client.get("/settings").text
    assert "lattice alerts test FILE" in page


def test_the_api_tells_states_and_messages(client: TestClient, fallen: RunRecord) -> None:
    found = client.get(f"/api/v1/evaluations/{fallen.evaluation_id}/alerts").json()
    assert found["configured"]
    assert found["conditions"] == ["difference.ci_upper < 0"]
    assert found["against"] == "the median of the last 7 runs"
    assert found["channels"] == ["${ALERTS_URL}"]
    assert (found["alerts"][0]["alert"], found["alerts"][0]["state"]) == ("difference.ci_upper < 0", "alert")
    assert found["alerts"][0]["run"] == fallen.id
    [message] = found["messages"]
    assert (message["state"], message["tries"], message["kind"]) == ("waiting", 1, "alert")
    assert client.get("/api/v1/evaluations/none/alerts").status_code == 404
