"""Schedules on pages and in the API: looked at, paused, run at once; only files of this machine are scheduled."""

from __future__ import annotations

from pathlib import Path

import yaml
from starlette.testclient import TestClient
from tests.studio.studios import READ_TOKEN, TOKEN, a_studio, configuration, visited

from lattice.service.schedules import Wish, add_schedule
from lattice.store import ScheduleRecord
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio


def write(studio: Studio, file: str = "evaluation.yaml", name: str = "Support") -> Path:
    path = studio.place.folder / file
    path.write_text(yaml.safe_dump(configuration(name=name)), encoding="utf-8")
    return path


def scheduled(studio: Studio, name: str = "Support") -> ScheduleRecord:
    wish = Wish(cron="0 2 * * *", timezone="Europe/Berlin")
    return add_schedule(studio.store, studio.place, write(studio, name=name), wish).schedule


def test_without_schedules_the_page_says_how_one_is_made(client: TestClient) -> None:
    assert "lattice schedule add FILE" in client.get("/schedules").text
    assert client.get("/api/v1/schedules").json() == {"total": 0, "offset": 0, "limit": 50, "schedules": []}


def test_next_and_last_times_are_on_every_page_of_it(studio: Studio, client: TestClient) -> None:
    schedule = scheduled(studio)
    for address in ("/schedules", f"/schedules/{schedule.evaluation_id}", f"/evaluations/{schedule.evaluation_id}"):
        text = client.get(address).text
        assert "At 02:00 every day, Europe/Berlin" in text
        assert " 02:00 CE" in text
    assert client.get("/evaluations/support").status_code == 200


def test_it_is_paused_and_goes_on(studio: Studio, client: TestClient) -> None:
    schedule = scheduled(studio)
    address = f"/schedules/{schedule.evaluation_id}"
    assert client.post(f"{address}/pause").headers["location"] == address
    assert "Paused" in client.get(address).text
    assert studio.store.schedules.by_key(schedule.key).next_at is None
    client.post(f"{address}/resume")
    assert studio.store.schedules.by_key(schedule.key).next_at is not None


def test_run_now_leads_to_the_run_and_while_that_goes_to_the_reason(studio: Studio, client: TestClient) -> None:
    schedule = scheduled(studio)
    address = f"/schedules/{schedule.evaluation_id}"
    assert client.post(f"{address}/run-now").headers["location"] == f"/runs/{studio.store.runs()[0].id}"
    assert client.post(f"{address}/run-now").headers["location"] == address
    assert "skipped: support#1 was still going" in client.get(address).text


def test_a_file_of_the_working_folder_is_scheduled_and_no_other(
    studio: Studio, client: TestClient, tmp_path: Path
) -> None:
    write(studio)
    assert "Support (evaluation.yaml)" in client.get("/schedules/files").text
    outside = tmp_path.parent / "outside.yaml"
    outside.write_text(yaml.safe_dump(configuration()), encoding="utf-8")
    for path in ("../outside.yaml", str(outside), "--help", "absent.yaml"):
        assert client.post("/schedules", data={"path": path, "cron": "0 2 * * *"}).status_code == 404
    wrong = client.post("/schedules", data={"path": "evaluation.yaml", "cron": "61 2 * * *"})
    assert wrong.status_code == 409
    assert "the minute of" in wrong.text
    assert studio.store.schedules.all() == []
    form = {"path": "evaluation.yaml", "cron": "0 2 * * *", "timezone": "Asia/Tokyo"}
    assert client.post("/schedules", data=form).headers["location"] == "/schedules"
    [schedule] = studio.store.schedules.all()
    assert (schedule.timezone, schedule.file) == ("Asia/Tokyo", "./evaluation.yaml")


def test_the_api_shows_and_changes_it(studio: Studio, client: TestClient) -> None:
    scheduled(studio)
    [listed] = client.get("/api/v1/schedules").json()["schedules"]
    assert listed["state"] == "active"
    assert listed["file"] == "evaluation.yaml"
    address = "/api/v1/evaluations/support/schedule"
    assert client.post(f"{address}/pause").json()["next_at"] is None
    assert client.post(f"{address}/resume").json()["state"] == "active"
    [made] = client.post(f"{address}/run").json()["firings"]
    assert made["state"] == "started"
    assert made["run"] == studio.store.runs()[0].id
    assert len(client.get(address).json()["firings"]) == 1


def test_an_evaluation_without_a_schedule_has_none(studio: Studio, client: TestClient) -> None:
    schedule = scheduled(studio)
    studio.store.schedules.remove(schedule.key)
    assert client.get("/api/v1/evaluations/support/schedule").status_code == 404
    assert client.get(f"/schedules/{schedule.evaluation_id}").status_code == 404


def test_names_and_reasons_are_text(studio: Studio, client: TestClient) -> None:
    hostile = "<script>alert(1)</script>"
    schedule = scheduled(studio, hostile)
    client.post(f"/schedules/{schedule.evaluation_id}/run-now")
    for address in ("/schedules", f"/schedules/{schedule.evaluation_id}", "/schedules/files"):
        assert hostile not in client.get(address).text


def test_who_may_only_look_changes_nothing(tmp_path: Path) -> None:
    settings = StudioSettings(token=TOKEN, read_token=READ_TOKEN)
    with a_studio(tmp_path, settings) as studio, visited(studio) as client:
        schedule = scheduled(studio)
        client.headers["authorization"] = f"Bearer {READ_TOKEN}"
        shown = client.get("/schedules").text
        assert "Run now" not in shown
        assert client.post(f"/schedules/{schedule.evaluation_id}/pause").status_code == 403
