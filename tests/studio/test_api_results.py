"""Results over the API: pages, single ones, annotations, files, comparisons, gates."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient
from tests.studio.api_requests import API, submitted
from tests.studio.studios import carried_out

from lattice.reporting.exports import FORMATS
from lattice.studio.state import Studio

RUN = f"{API}/runs/support%231"
RESULTS = f"{RUN}/results"
TWO = [{"name": name, "model": f"sim/assistant-{name}"} for name in ("weak", "strong")]


def natives(client: TestClient, **query: Any) -> list[float]:
    return [each["native"] for each in client.get(RESULTS, params=query).json()["results"]]


def test_results_are_filtered_sorted_and_paged(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    everything = natives(client)
    assert len(everything) == 12
    assert natives(client, sort="score") == sorted(everything)
    assert natives(client, sort="-score", limit=3) == sorted(everything, reverse=True)[:3]
    assert natives(client, where="score < 4") == [each for each in everything if each < 4]
    page = client.get(RESULTS, params={"where": "input > 2 and input <= 8", "offset": 4, "limit": 5}).json()
    assert (page["total"], [each["position"] for each in page["results"]]) == (6, [7, 8])
    found = client.get(RESULTS, params={"search": "QUESTION 7"}).json()
    assert [each["id"] for each in found["results"]] == ["7"]
    assert client.get(RESULTS, params={"search": "Question 7", "where": "input < 7"}).json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"where": "score <"}, "query.where"),
        ({"where": "nothing < 3"}, "query"),
        ({"where": "target = 'other'"}, "query"),
        ({"sort": "text"}, "query.sort"),
        ({"sort": "nothing"}, "query"),
        ({"limit": "0"}, "query.limit"),
        ({"limit": "many"}, "query.limit"),
        ({"offset": "-1"}, "query.offset"),
        ({"where": "x" * 3000}, "query.where"),
    ],
)
def test_a_question_that_cannot_be_read_says_what_is_wrong(
    client: TestClient, tmp_path: Path, query: dict[str, str], where: str
) -> None:
    carried_out(tmp_path)
    response = client.get(RESULTS, params=query)
    assert (response.status_code, response.json()["error"]) == (422, "invalid_request")
    assert response.json()["detail"][0]["where"] == where


def test_one_result_has_all_that_belongs_to_it(client: TestClient, tmp_path: Path) -> None:
    faulty = {"name": "Bot", "model": "sim/assistant", "params": {"faults": {"invalid": 0.3}, "seed": 3}}
    carried_out(tmp_path, targets=[faulty])
    page = client.get(RESULTS).json()["results"]
    tried = next(each for each in page if each["attempts"] > 2 or each["error"])
    whole = client.get(f"{RESULTS}/{tried['position']}").json()
    assert {name: whole[name] for name in tried} == tried
    assert whole["failed_attempts"][0]["attempt"] == 1
    assert whole["failed_attempts"][0]["position"] == tried["position"]
    attempts = client.get(f"{RUN}/attempts", params={"limit": 1}).json()
    assert len(attempts["attempts"]) == 1
    later = client.get(f"{RUN}/attempts", params={"after": attempts["after"]}).json()["attempts"]
    assert all(each["id"] > attempts["after"] for each in later)


def test_a_trial_is_named_by_input_target_and_repeat(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path, targets=TWO, run={"repeats": 2})
    first = client.get(f"{RESULTS}/3").json()
    other = client.get(f"{RESULTS}/3", params={"target": "strong", "repeat": 2}).json()
    assert (first["target"], first["repeat"], other["target"], other["repeat"]) == ("weak", 1, "strong", 2)
    for query in ({"target": "none"}, {"repeat": "3"}):
        assert client.get(f"{RESULTS}/3", params=query).status_code == 404
    assert client.get(f"{RESULTS}/99").status_code == 404
    assert client.get(f"{RESULTS}/{2**40}").status_code == 422


def test_a_person_s_score_is_kept_and_taken_away(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    path = f"{RESULTS}/2/annotation"
    kept = client.put(path, json={"score": 2, "note": "<b>cites nothing</b>"})
    assert (kept.status_code, kept.json()["score"]) == (200, 2.0)
    assert client.get(f"{RESULTS}/2").json()["annotation"]["note"] == "<b>cites nothing</b>"
    assert [each["position"] for each in client.get(f"{RUN}/annotations").json()["annotations"]] == [2]
    assert [client.delete(path).status_code for _ in range(2)] == [204, 204]
    assert client.get(f"{RUN}/annotations").json() == {"annotations": []}
    assert client.put(f"{RESULTS}/99/annotation", json={}).status_code == 404
    assert client.put(path, json={"score": "good"}).status_code == 422


@pytest.mark.parametrize("name", [each.name for each in FORMATS])
def test_a_run_leaves_in_every_format(client: TestClient, tmp_path: Path, name: str) -> None:
    carried_out(tmp_path, gates=["mean > 0"])
    response = client.get(f"{RUN}/export", params={"format": name})
    assert response.status_code == 200, response.text
    assert response.headers["content-disposition"].startswith('attachment; filename="support-1.')
    assert len(response.content) > 50


def test_a_part_of_a_run_leaves_alone(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    text = client.get(f"{RUN}/export", params={"where": "input < 4"}).text
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 3
    lines = client.get(f"{RUN}/export", params={"format": "jsonl", "where": "input = 5"}).content.splitlines()
    assert [orjson.loads(line)["position"] for line in lines] == [5]


@pytest.mark.parametrize("query", [{"format": "docx"}, {"where": "score <"}, {"where": "nothing < 3"}])
def test_what_cannot_leave_says_why(client: TestClient, tmp_path: Path, query: dict[str, str]) -> None:
    carried_out(tmp_path)
    response = client.get(f"{RUN}/export", params=query)
    assert (response.status_code, response.json()["error"]) == (422, "invalid_request")


def test_a_file_is_called_by_its_evaluation_in_any_script(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path, name="Qualität 评估")
    told = client.get(f"{API}/runs/latest/export").headers["content-disposition"]
    assert 'filename="run-1.csv"' in told
    assert "filename*=UTF-8''" in told


def test_runs_are_compared_as_on_the_command_line(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    carried_out(tmp_path, targets=[{"name": "Bot", "model": "sim/assistant-strong"}])
    report = client.get(f"{API}/compare", params={"run": ["support#1", "support#2"]}).json()
    assert [each["run"] for each in report["runs"]] == ["support#1", "support#2"]
    assert (report["comparisons"][0]["metric"], report["comparisons"][0]["n"]) == ("score", 12)
    alone = client.get(f"{API}/compare", params={"run": "support#1"})
    assert (alone.status_code, alone.json()["error"]) == (409, "not_possible")
    assert client.get(f"{API}/compare", params={"run": ["support#1", "support#9"]}).status_code == 404
    assert client.get(f"{API}/compare").status_code == 422
    assert client.get(f"{API}/compare", params={"run": ["latest"] * 11}).status_code == 422


def test_conditions_are_decided(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path, targets=TWO, gates=["mean > 0.99"])
    assert client.get(f"{RUN}/gate").json()["verdict"] == "fail"
    query = {"require": ["mean > 0", "failure_rate < 0.5"], "target": "strong"}
    decision = client.get(f"{RUN}/gate", params=query).json()
    assert (decision["verdict"], len(decision["gates"])) == ("pass", 2)
    wrong = client.get(f"{RUN}/gate", params={"require": "mean is fine"})
    assert (wrong.status_code, wrong.json()["detail"][0]["where"]) == (422, "query.require")


def test_a_run_without_gates_has_nothing_to_decide(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    assert client.get(f"{RUN}/gate").status_code == 409


def test_a_run_that_has_not_begun_has_no_results(client: TestClient, studio: Studio) -> None:
    submitted(client)
    assert client.get(RESULTS).status_code == 404
