"""Artifacts on pages: saved, shown, verified, taken elsewhere and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient
from tests.studio.studios import a_studio, carried_out, visited

from lattice.studio.state import Studio


def saved(studio: Studio, client: TestClient) -> str:
    """The address of an artifact of a run that was just carried out."""
    carried_out(studio.place.folder)
    run = studio.store.runs()[0]
    location: str = client.post(f"/runs/{run.id}/artifact", data={"name": "first"}).headers["location"]
    return location


def test_without_artifacts_the_page_says_how_one_is_made(client: TestClient) -> None:
    assert "lattice artifact save latest" in client.get("/artifacts").text


def test_a_saved_run_is_listed_with_its_numbers(studio: Studio, client: TestClient) -> None:
    address = saved(studio, client)
    assert address == "/artifacts/first"
    listed = client.get("/artifacts").text
    assert 'href="/artifacts/first"' in listed
    assert "(n = 12)" in listed
    shown = client.get(address).text
    assert "results.jsonl" in shown
    assert "Its run" in shown


def test_an_artifact_is_verified_and_damage_is_named(studio: Studio, client: TestClient) -> None:
    address = saved(studio, client)
    assert "It is as it was written" in client.post(f"{address}/verify").text
    path = studio.place.folder / ".lattice" / "artifacts" / "first.lattice"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert client.get(address).status_code == 200
    assert 'role="alert"' in client.post(f"{address}/verify").text
    assert client.get("/artifacts").status_code == 200


def test_an_artifact_outlives_its_run_and_brings_it_back(studio: Studio, client: TestClient) -> None:
    address = saved(studio, client)
    run = studio.store.runs()[0]
    studio.store.delete_run(run.key)
    assert "Import as a run" in client.get(address).text
    assert client.post(f"{address}/import").headers["location"] == f"/runs/{run.id}"
    assert studio.store.find_run(run.id).progress.done == 12


def test_a_file_is_downloaded_and_imported_elsewhere(studio: Studio, client: TestClient, tmp_path: Path) -> None:
    content = client.get(f"{saved(studio, client)}/file").content
    other = tmp_path / "other"
    other.mkdir()
    with a_studio(other) as elsewhere, visited(elsewhere) as visitor:
        location = visitor.post("/artifacts", files={"file": ("x.lattice", content)}).headers["location"]
        assert location == f"/runs/{elsewhere.store.runs()[0].id}"
        for wrong in (b"", b"PK\x03\x04 nothing", b"{}"):
            refused = visitor.post("/artifacts", files={"file": ("x.lattice", wrong)})
            assert refused.status_code == 409
        assert len(elsewhere.store.runs()) == 1


def test_its_report_runs_no_script_and_goes_nowhere(studio: Studio, client: TestClient) -> None:
    address = saved(studio, client)
    response = client.get(f"{address}/report")
    if response.status_code == 404:
        assert "holds no report" in response.text
        return
    assert response.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "Support" in response.text


@pytest.mark.parametrize("name", ["absent", "..%2f..%2fsecret", ".hidden", "first%00"])
def test_what_is_not_there_is_not_found(studio: Studio, client: TestClient, name: str) -> None:
    saved(studio, client)
    assert client.get(f"/artifacts/{name}").status_code == 404
    assert client.post(f"/artifacts/{name}/delete").status_code in (404, 405)


def test_a_deleted_artifact_is_gone(studio: Studio, client: TestClient) -> None:
    address = saved(studio, client)
    assert client.post(f"{address}/delete").headers["location"] == "/artifacts"
    assert client.get(address).status_code == 404
