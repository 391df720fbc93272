"""What a deployment is told: the verdict on a commit or a version, held against the baseline."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
from starlette.testclient import TestClient
from tests.studio.api_requests import API
from tests.studio.studios import added, carried_out, url_of

import lattice
from lattice.service.control import cancel_run
from lattice.service.preparation import create_run
from lattice.studio.state import Studio

AT = f"{API}/evaluations/answers"
GATES = ["mean > 0.80", "ci_lower > 0.75"]


def answered(folder: Path, share: float, *, inputs: int = 200, gates: list[str] | None = None, **tags: str) -> Any:
    """A run of whose inputs so many are answered right."""
    module = f"answers_{uuid4().hex}"
    right = round(share * inputs)
    (folder / f"{module}.py").write_text(f"def answer(input):\n    return 'yes' if int(input) <= {right} else 'no'\n")
    evaluation = {
        "name": "Answers",
        "targets": [{"name": "Bot", "python": f"{module}:answer"}],
        "inputs": {"items": [{"input": f"{n}", "reference": "yes"} for n in range(1, inputs + 1)]},
        "scoring": {"exact_match": True},
        "gates": GATES if gates is None else gates,
    }
    path = folder / "answers.json"
    path.write_bytes(orjson.dumps(evaluation))
    return lattice.run(path, db=url_of(folder), tags=tags)


def verdict(client: TestClient, **asked: Any) -> dict[str, Any]:
    response = client.get(f"{AT}/verdict", params=asked)
    assert response.status_code == 200, response.text
    document: dict[str, Any] = response.json()
    return document


def test_a_commit_is_told_from_another(client: TestClient, tmp_path: Path) -> None:
    good = answered(tmp_path, 0.87, commit="3f2a1c9d0e", version="2.4.1", region="eu")
    answered(tmp_path, 0.79, commit="4b5c6d7e8f", version="2.4.2", region="eu")
    found = verdict(client, commit="3f2a1c9")
    assert (found["verdict"], found["reason"]) == ("pass", "2 of 2 gates hold")
    assert (found["run"]["id"], found["run"]["status"]) == (good.id, "completed")
    assert found["url"] == f"http://127.0.0.1/runs/{good.id}"
    assert [gate["verdict"] for gate in found["gates"]] == ["pass", "pass"]
    [metric] = found["metrics"]
    assert (metric["mean"], metric["n"]) == (0.87, 200)
    assert metric["interval"]["lower"] < 0.87 < metric["interval"]["upper"]
    assert (found["baseline"], found["difference"]) == (None, [])
    assert verdict(client)["verdict"] == "fail"
    assert verdict(client, version="2.4.2")["verdict"] == "fail"
    assert verdict(client, tag=["region=eu", "version=2.4.1"])["verdict"] == "pass"


@pytest.mark.parametrize(
    "asked", [{"commit": "ffffffff"}, {"commit": "3f2a"}, {"version": "9"}, {"tag": "region=us"}, {"tag": "commit="}]
)
def test_what_was_never_run_is_not_found(client: TestClient, tmp_path: Path, asked: dict[str, str]) -> None:
    answered(tmp_path, 0.87, inputs=20, commit="3f2a1c9d0e")
    response = client.get(f"{AT}/verdict", params=asked)
    assert (response.status_code, response.json()["error"]) == (404, "not_found")
    assert "answers has no run with" in response.json()["message"]


def test_a_tag_of_another_form_is_refused(client: TestClient, tmp_path: Path) -> None:
    answered(tmp_path, 0.87, inputs=20)
    assert client.get(f"{AT}/verdict", params={"tag": "region"}).status_code == 422


def test_only_a_completed_run_with_gates_that_hold_passes(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    answered(tmp_path, 0.85, inputs=20)
    assert verdict(client)["verdict"] == "inconclusive"
    answered(tmp_path, 0.87, inputs=20, gates=[])
    assert verdict(client)["reason"] == "the evaluation has no gates; add some to its file"
    assert verdict(client)["verdict"] == "not_evaluated"
    (tmp_path / "broken_for_verdicts.py").write_text("def answer(input):\n    raise RuntimeError(input)\n")
    version = added(
        studio.store,
        tmp_path,
        name="Answers",
        targets=[{"name": "Bot", "model": "sim/assistant"}],
        gates=["cost_usd < 5"],
    )
    record = create_run(studio.store, version, tags={}, trigger="test")
    found = verdict(client)
    assert (found["verdict"], found["run"]["status"], found["gates"]) == ("pending", "pending", [])
    cancel_run(studio.store, record)
    assert verdict(client)["verdict"] == "not_evaluated"
    faulty = {"model": "sim/assistant", "params": {"faults": {"400": 1.0}}}
    carried_out(tmp_path, name="Answers", targets=[{"name": "Bot", **faulty}], gates=["cost_usd < 5"])
    found = verdict(client)
    assert found["verdict"] == "not_evaluated"


def test_a_run_is_held_against_the_baseline(client: TestClient, tmp_path: Path) -> None:
    before = answered(tmp_path, 0.90)
    assert client.get(f"{AT}/baseline").status_code == 404
    assert client.delete(f"{AT}/baseline").status_code == 404
    response = client.put(f"{AT}/baseline", json={"run": "answers#1"})
    assert (response.status_code, response.json()["id"]) == (200, before.id)
    assert client.get(f"{AT}/baseline").json()["reference"] == "answers#1"
    answered(tmp_path, 0.80, gates=["difference.ci_upper >= 0"])
    found = verdict(client)
    assert (found["verdict"], found["baseline"]) == ("fail", {"id": before.id, "reference": "answers#1"})
    [difference] = found["difference"]
    assert (round(difference["difference"], 9), difference["n"], difference["losses"]) == (-0.1, 200, 20)
    asked = {"require": "difference.ci_upper >= 0"}
    assert client.get(f"{API}/runs/latest/gate", params=asked).json()["verdict"] == "fail"
    compared = client.get(f"{API}/compare", params={"run": ["baseline", "latest"]}).json()
    assert compared["comparisons"][0]["baseline"] == "answers#1"
    assert client.delete(f"{API}/runs/{before.id}").status_code == 409
    assert client.delete(f"{AT}/baseline").status_code == 204
    assert client.delete(f"{API}/runs/{before.id}").status_code == 204


def test_a_baseline_is_a_run_of_its_evaluation_that_is_completed(
    client: TestClient, studio: Studio, tmp_path: Path
) -> None:
    answered(tmp_path, 0.90, inputs=20)
    other = carried_out(tmp_path)
    assert client.put(f"{AT}/baseline", json={"run": other.id}).status_code == 422
    create_run(studio.store, added(studio.store, tmp_path), tags={}, trigger="test")
    refused = client.put(f"{API}/evaluations/support/baseline", json={"run": "latest"})
    assert (refused.status_code, refused.json()["error"]) == (409, "not_possible")
    assert "support#2 is pending; a baseline is a run that is completed" in refused.json()["message"]


def test_no_file_of_the_machine_is_read_for_a_request(client: TestClient, tmp_path: Path) -> None:
    run = answered(tmp_path, 0.90, inputs=20)
    run.export(tmp_path / "baseline.lattice")
    path = str(tmp_path / "baseline.lattice")
    assert client.get(f"{API}/compare", params={"run": [path, "latest"]}).status_code == 409
    asked = {"require": "difference.mean > 0", "against": path}
    assert client.get(f"{API}/runs/latest/gate", params=asked).status_code in (404, 409, 422)
