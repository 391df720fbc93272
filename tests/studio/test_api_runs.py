"""Runs over the API: started, read, stopped, finished, repeated, deleted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient
from tests.studio.api_requests import API, ended, submitted, until
from tests.studio.studios import added, carried_out

from lattice.service.preparation import create_run
from lattice.studio.state import Studio

RUNS = f"{API}/runs"
STARTS = f"{API}/evaluations/support/runs"
SLOW = {"model": "sim/assistant", "name": "Bot", "params": {"latency": 1.0}}


def shown(folder: Path, run: str) -> Any:
    """What ``lattice show --json`` prints."""
    command = [sys.executable, "-m", "lattice", "show", run, "--json"]
    return orjson.loads(subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout)


def test_a_run_is_started_and_goes_to_its_end(client: TestClient, tmp_path: Path) -> None:
    submitted(client, gates=["mean > 0"])
    response = client.post(STARTS, json={"tags": {"commit": "3f2a1c"}, "execution": {"max_concurrent": 2}})
    assert response.status_code == 202, response.text
    started = response.json()
    assert (started["reference"], started["trigger"], started["tags"]) == ("support#1", "api", {"commit": "3f2a1c"})
    document = ended(client, started["id"])
    assert document["status"] == "completed"
    assert document["progress"] == {"total": 5, "done": 5, "successful": 5, "failed": 0}
    assert document == shown(tmp_path, "support#1")
    assert client.get(response.headers["location"]).json() == document
    assert client.get(f"{RUNS}/latest/configuration").json()["settings"] == {"max_concurrent": 2}
    rerun = client.post(f"{RUNS}/support%231/rerun", json={"tags": {"again": "yes"}}).json()
    again = ended(client, rerun["id"])
    assert (again["number"], again["config_hash"]) == (2, document["config_hash"])


def test_a_run_that_its_process_refuses_says_why(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    code = tmp_path / "answers_of_a_run.py"
    code.write_text("def answer(input): return input\n")
    added(studio.store, tmp_path, targets=[{"name": "Mine", "python": "answers_of_a_run:answer"}])
    code.unlink()
    started = client.post(STARTS)
    assert started.status_code == 202
    document = ended(client, "latest")
    assert (document["status"], document["failure"]["kind"]) == ("pending", "not_started")
    assert "answers_of_a_run" in document["failure"]["message"]
    assert client.get(RUNS).json()["runs"][0]["failure"] == document["failure"]


@pytest.mark.parametrize(
    "order",
    [
        {"execution": {"timeout": 0}},
        {"execution": {"max_concurrent": 1.5}},
        {"execution": {"retries": 3}},
        {"tags": {"": "x"}},
        {"tags": {"a=b": "x"}},
        {"tags": {f"t{n}": "x" for n in range(51)}},
        {"version": 0},
        {"unknown": 1},
        [],
    ],
)
def test_an_order_that_is_none_starts_nothing(client: TestClient, order: Any) -> None:
    submitted(client)
    response = client.post(STARTS, json=order)
    assert (response.status_code, response.json()["error"]) == (422, "invalid_request")
    assert client.get(RUNS).json()["total"] == 0


def test_what_is_to_be_run_has_to_be_there(client: TestClient) -> None:
    submitted(client)
    assert client.post(STARTS, json={"version": 7}).status_code == 404
    assert client.post(f"{API}/evaluations/other/runs").status_code == 404
    assert client.get(RUNS).json()["total"] == 0


def test_a_long_order_is_refused(client: TestClient) -> None:
    submitted(client)
    response = client.post(STARTS, json={"tags": {"a": "x" * 70_000}})
    assert (response.status_code, response.json()["error"]) == (413, "too_large")


def test_a_pending_run_can_be_cancelled_before_it_begins(client: TestClient, studio: Studio) -> None:
    submitted(client, targets=[SLOW])
    started = client.post(STARTS).json()
    response = client.post(f"{RUNS}/{started['id']}/cancel")
    assert response.status_code == 202
    assert ended(client, started["id"])["status"] == "cancelled"
    assert client.post(f"{RUNS}/{started['id']}/cancel").status_code == 409


def test_a_run_that_was_stopped_is_finished(client: TestClient) -> None:
    inputs = {"items": [f"Question {number}?" for number in range(40)]}
    target = {"model": "sim/assistant", "name": "Bot", "params": {"latency": 0.15}}
    submitted(
        client, inputs=inputs, targets=[target], scoring={"judge": {"model": "sim/judge"}}, run={"max_concurrent": 1}
    )
    run = client.post(STARTS).json()["id"]
    until(lambda: client.get(f"{RUNS}/{run}").json()["progress"]["done"] > 0)
    cancelled = client.post(f"{RUNS}/{run}/cancel")
    assert (cancelled.status_code, "asked to stop" in cancelled.json()["message"]) == (202, True)
    document = ended(client, run)
    done = document["progress"]["done"]
    assert (document["status"], 0 < done < 40) == ("cancelled", True)
    assert client.post(f"{RUNS}/{run}/resume", json={"max_concurrent": 40}).status_code == 202
    until(lambda: client.get(f"{RUNS}/{run}").json()["status"] == "completed")
    whole = client.get(f"{RUNS}/{run}").json()
    assert whole["progress"] == {"total": 40, "done": 40, "successful": 40, "failed": 0}
    assert client.get(f"{RUNS}/{run}/configuration").json()["settings"] == {"max_concurrent": 40}


def test_runs_are_listed_by_status_tag_and_evaluation(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    carried_out(tmp_path)
    version = studio.store.versions(studio.store.evaluation("support").id)[0]
    create_run(studio.store, version, tags={"commit": "a", "branch": "main"}, trigger="api")
    submitted(client, name="Other")

    def numbers(**query: Any) -> list[int]:
        return [run["number"] for run in client.get(RUNS, params=query).json()["runs"]]

    assert numbers() == [2, 1]
    assert numbers(status="completed") == [1]
    assert numbers(status="pending", trigger="api") == [2]
    assert numbers(tag=["commit=a", "branch"]) == [2]
    assert numbers(tag="commit=b") == []
    assert numbers(evaluation="support", limit=1, offset=1) == [1]
    assert numbers(evaluation="other") == []
    assert [run["number"] for run in client.get(STARTS).json()["runs"]] == [2, 1]
    assert client.get(RUNS, params={"evaluation": "nobody"}).status_code == 404
    assert client.get(RUNS, params={"limit": 501}).status_code == 422


def test_a_run_is_found_by_what_people_call_it(client: TestClient, tmp_path: Path) -> None:
    run = carried_out(tmp_path)
    for name in (run.id, run.id[:6], "support%231", "Support%20%231", "latest"):
        assert client.get(f"{RUNS}/{name}").json()["id"] == run.id
    missing = client.get(f"{RUNS}/nobody")
    assert (missing.status_code, missing.json()["error"]) == (404, "not_found")


def test_stored_responses_are_scored_again(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    order = {"scoring": {"contains": "question", "failed_as": 0}, "gates": ["mean > 0"]}
    started = client.post(f"{RUNS}/latest/rescore", json=order)
    assert started.status_code == 202, started.text
    document = ended(client, started.json()["id"])
    assert (document["status"], document["number"]) == ("completed", 2)
    assert client.get(RUNS).json()["runs"][0]["origin"] == client.get(f"{RUNS}/support%231").json()["id"]


def test_what_is_sent_to_score_again_is_as_untrusted_as_an_evaluation(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    order = {"checks": [{"name": "own", "python": "os:system"}], "scoring": {"judge": {"model": "sim/${HOME}"}}}
    response = client.post(f"{RUNS}/latest/rescore", json=order)
    assert response.status_code == 422
    assert {"checks.0.python", "scoring.judge.model"} <= {each["key"] for each in response.json()["detail"]}
    assert client.get(RUNS).json()["total"] == 1


def test_a_finished_run_is_neither_resumed_nor_cancelled(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    for action in ("resume", "cancel"):
        response = client.post(f"{RUNS}/latest/{action}")
        assert (response.status_code, response.json()["error"]) == (409, "not_possible")


def test_orders_are_json_or_nothing(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        response = client.post(f"{RUNS}/latest/rerun", content=b"{}", headers={"content-type": kind})
        assert (response.status_code, response.json()["error"]) == (415, "unsupported_media_type")
    assert client.get(RUNS).json()["total"] == 1


def test_a_run_is_deleted_with_all_it_has(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    assert client.delete(f"{RUNS}/support%231").status_code == 204
    assert client.get(f"{RUNS}/support%231").status_code == 404
    assert client.get(RUNS).json()["total"] == 0


def test_a_run_that_goes_on_is_not_deleted(client: TestClient) -> None:
    submitted(client, targets=[SLOW])
    started = client.post(STARTS).json()
    for path in (f"{RUNS}/{started['id']}", f"{RUNS}/{started['id']}/contents"):
        assert client.delete(path).status_code == 409
    client.post(f"{RUNS}/{started['id']}/cancel", json={"at_once": True})
    ended(client, started["id"])


def test_contents_are_deleted_and_numbers_stay(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    carried_out(tmp_path)
    carried_out(tmp_path)
    before = client.get(f"{RUNS}/support%232").json()
    for number in (1, 2):
        assert client.delete(f"{RUNS}/support%23{number}/contents").status_code == 204
    after = client.get(f"{RUNS}/support%232").json()
    assert after.pop("contents_deleted_at") is not None
    assert after == before
    result = client.get(f"{RUNS}/support%232/results/3").json()
    assert (result["input"], result["response"], result["reasoning"], result["judge_answer"]) == ("", None, "", None)
    assert result["native"] is not None
    compared = client.get(f"{API}/compare", params={"run": ["support#1", "support#2"]}).json()
    assert compared["comparisons"][0]["n"] == 12
    exported = client.get(f"{RUNS}/support%232/export", params={"format": "json"}).json()
    assert exported["contents_deleted_at"] is not None
    for action in ("rerun", "rescore"):
        order = {"scoring": {"contains": "x"}} if action == "rescore" else {}
        assert client.post(f"{RUNS}/support%232/{action}", json=order).status_code == 409
    carried_out(tmp_path)
    assert client.get(f"{RUNS}/latest/results/3").json()["input"] == "Question 3?"
