"""Evaluations over the API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from starlette.testclient import TestClient
from tests.studio.api_requests import API, sent, submitted
from tests.studio.studios import carried_out

EVALUATIONS = f"{API}/evaluations"


def test_an_evaluation_that_is_sent_is_pending(client: TestClient) -> None:
    document = submitted(client)
    assert document["evaluation"]["slug"] == "support"
    assert document["evaluation"]["status"] == "pending"
    assert document["version"]["inputs"] == 5
    assert document["warnings"] == []
    listed = client.get(EVALUATIONS).json()
    assert (listed["total"], listed["evaluations"][0]["id"]) == (1, document["evaluation"]["id"])


def test_the_answer_says_where_the_evaluation_is(client: TestClient) -> None:
    response = client.post(EVALUATIONS, json=sent())
    assert client.get(response.headers["location"]).json()["name"] == "Support"


def test_sending_the_same_again_makes_no_version_and_a_change_makes_one(client: TestClient) -> None:
    assert [submitted(client)["version"]["number"] for _ in range(2)] == [1, 1]
    assert submitted(client, gates=["mean > 0.5"])["version"]["number"] == 2
    versions = client.get(f"{EVALUATIONS}/support/versions").json()["versions"]
    assert [version["number"] for version in versions] == [2, 1]
    whole = client.get(f"{EVALUATIONS}/support/versions/2").json()
    assert whole["configuration"]["gates"] == ["mean > 0.5"]
    assert client.get(f"{EVALUATIONS}/support/versions/3").status_code == 404


def test_files_are_taken_as_on_the_command_line(client: TestClient) -> None:
    configuration = sent(inputs={"path": "elsewhere/questions.csv", "fields": {"input": "q"}})
    files = {
        "evaluation": ("evaluation.yaml", yaml.safe_dump(configuration).encode()),
        "inputs": ("questions.csv", b"q,reference\nOne?,1\nTwo?,2\n"),
    }
    response = client.post(EVALUATIONS, files=files)
    assert response.status_code == 201, response.text
    version = client.get(f"{EVALUATIONS}/support/versions/1").json()
    assert version["configuration"]["inputs"]["path"] == "questions.csv"
    page = client.get(f"{EVALUATIONS}/support/versions/1/inputs", params={"offset": 1}).json()
    assert [(each["position"], each["input"], each["reference"]) for each in page["inputs"]] == [(2, "Two?", "2")]
    assert page["total"] == 2


def test_a_file_with_its_inputs_in_it_needs_no_other(client: TestClient) -> None:
    files = {"evaluation": ("evaluation.json", json.dumps(sent()).encode())}
    assert client.post(EVALUATIONS, files=files).status_code == 201


def test_every_problem_is_told_at_once_with_its_line(client: TestClient) -> None:
    text = yaml.safe_dump(
        {"name": "X", "targets": [{"python": "os:getcwd"}, {"http": {"url": "http://localhost/x"}}]}
    ).encode()
    response = client.post(EVALUATIONS, files={"evaluation": ("mine.yaml", text)})
    assert response.status_code == 422
    document = response.json()
    assert document["error"] == "invalid_evaluation"
    found = {problem["key"]: problem for problem in document["detail"]}
    assert {"targets.0.python", "targets.1.http", "inputs", "scoring"} <= found.keys()
    assert found["targets.0.python"]["file"] == "mine.yaml"
    assert found["targets.0.python"]["line"] == 3


@pytest.mark.parametrize(
    ("content", "kind", "status", "error"),
    [
        (b'{"name": ', "application/json", 400, "invalid_json"),
        (b'{"name": "\xff"}', "application/json", 400, "invalid_json"),
        (b"[" * 100_000, "application/json", 400, "invalid_json"),
        (b'{"a":' * 200 + b"1" + b"}" * 200, "application/json", 400, "invalid_json"),
        (b"[]", "application/json", 422, "invalid_evaluation"),
        (b"{}", "application/json", 422, "invalid_evaluation"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", "application/json; charset=utf-16", 415, "unsupported_media_type"),
        (b"name=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        (b"x", "multipart/form-data", 400, "bad_request"),
        (b"x", "multipart/form-data; boundary=y", 400, "bad_request"),
    ],
)
def test_what_is_no_evaluation_is_refused(
    client: TestClient, content: bytes, kind: str, status: int, error: str
) -> None:
    response = client.post(EVALUATIONS, content=content, headers={"content-type": kind})
    assert (response.status_code, response.json()["error"]) == (status, error)


def test_a_body_without_a_type_is_refused(client: TestClient) -> None:
    assert client.post(EVALUATIONS, content=b"{}").status_code == 415


def test_a_compressed_body_is_refused(client: TestClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    assert client.post(EVALUATIONS, content=b"\x1f\x8b", headers=headers).status_code == 415


def test_a_body_that_is_too_large_is_refused(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(40):
            yield b" " * 1024 * 1024

    response = client.post(EVALUATIONS, content=pieces(), headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"inputs": ("a.csv", b"input\n1\n")}, "lacks the part 'evaluation'"),
        ({"evaluation": ("a.yaml", b"x"), "more": ("b.csv", b"y")}, "has no part 'more'"),
    ],
)
def test_a_form_with_other_parts_is_refused(client: TestClient, files: Any, said: str) -> None:
    response = client.post(EVALUATIONS, files=files)
    assert response.status_code == 422
    assert said in response.json()["message"]


def test_a_form_with_the_same_part_twice_is_refused(client: TestClient) -> None:
    files = [("evaluation", ("a.yaml", b"x")), ("evaluation", ("b.yaml", b"x"))]
    response = client.post(EVALUATIONS, files=files)
    assert (response.status_code, "twice" in response.json()["message"]) == (422, True)


def test_an_archived_evaluation_is_listed_apart(client: TestClient) -> None:
    submitted(client)
    assert client.patch(f"{EVALUATIONS}/support", json={"archived": True}).json()["archived"] is True
    assert client.get(EVALUATIONS).json()["total"] == 0
    assert client.get(EVALUATIONS, params={"archived": True}).json()["total"] == 1
    assert client.patch(f"{EVALUATIONS}/support", json={}).status_code == 422
    assert client.patch(f"{EVALUATIONS}/nobody", json={"archived": True}).status_code == 404


def test_lists_are_searched_and_paged(client: TestClient) -> None:
    for name in ("Alpha", "Beta", "Gamma"):
        submitted(client, name=name)
    found = client.get(EVALUATIONS, params={"search": "A", "limit": 1, "offset": 1}).json()
    assert (found["total"], [each["name"] for each in found["evaluations"]]) == (3, ["Beta"])
    assert client.get(EVALUATIONS, params={"type": "safety"}).json()["total"] == 0
    assert client.get(EVALUATIONS, params={"type": "no such"}).status_code == 422


def test_an_evaluation_from_a_file_is_there_as_well(client: TestClient, tmp_path: Path) -> None:
    carried_out(tmp_path)
    document = client.get(f"{EVALUATIONS}/support").json()
    assert (document["status"], document["runs"]) == ("completed", 1)
    assert document["last_run"]["metrics"][0]["n"] == 12


def test_a_field_is_no_file(client: TestClient) -> None:
    content = b'--x\r\nContent-Disposition: form-data; name="evaluation"\r\n\r\nname: x\r\n--x--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = client.post(EVALUATIONS, content=content, headers=headers)
    assert (response.status_code, "has to be a file" in response.json()["message"]) == (422, True)
