"""Baselines in the Studio: set and removed on the page of a run, shown wherever runs are."""

from __future__ import annotations

from pathlib import Path

from starlette.testclient import TestClient
from tests.studio.studios import READ_TOKEN, TOKEN, a_studio, added, carried_out, visited

from lattice.service.charting import history_chart
from lattice.service.preparation import create_run
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio


def test_a_run_is_made_the_baseline_and_shown_as_it(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    old, new = carried_out(tmp_path), carried_out(tmp_path)
    assert "Set as baseline" in client.get(f"/runs/{old.id}").text
    response = client.post(f"/runs/{old.id}/baseline")
    assert (response.status_code, response.headers["location"]) == (303, f"/runs/{old.id}")
    evaluation = studio.store.find_run(old.id).evaluation_id
    assert studio.store.baselines.get(evaluation) == old.id
    page = client.get(f"/runs/{old.id}").text
    assert "Remove as baseline" in page
    assert "Set as baseline" not in page
    assert 'title="Later runs are held against this one">baseline</dd>' in page
    other = client.get(f"/runs/{new.id}").text
    assert "Set as baseline" in other
    assert f'href="/compare?run={old.id}&amp;run={new.id}"' in other
    assert "Compare with the baseline, #1" in other
    whole = client.get(f"/evaluations/{evaluation}").text
    assert f'baseline <a href="/runs/{old.id}">#1</a>' in whole
    assert '<span class="tag">baseline</span>' in whole
    assert "Compare the last with the baseline" in whole
    chosen = client.get("/compare").text
    assert "#2 with #1, the baseline" in chosen
    assert '<span class="tag">baseline</span>' in chosen
    assert any("baseline" in str(row["run"]) for row in _rows(studio, evaluation))


def test_a_baseline_is_removed_and_the_run_stays(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    old, new = carried_out(tmp_path), carried_out(tmp_path)
    client.post(f"/runs/{old.id}/baseline")
    refused = client.post(f"/runs/{old.id}/delete")
    assert refused.status_code == 409
    assert "support#1 is the baseline of its evaluation and cannot be deleted" in refused.text
    client.post(f"/runs/{new.id}/baseline", data={"remove": "1"})
    assert studio.store.baselines.all() != {}
    client.post(f"/runs/{old.id}/baseline", data={"remove": "1"})
    assert studio.store.baselines.all() == {}
    assert client.post(f"/runs/{old.id}/delete").status_code == 303


def test_what_has_not_ended_is_no_baseline(client: TestClient, studio: Studio, tmp_path: Path) -> None:
    record = create_run(studio.store, added(studio.store, tmp_path), tags={}, trigger="test")
    assert "Set as baseline" not in client.get(f"/runs/{record.id}").text
    refused = client.post(f"/runs/{record.id}/baseline")
    assert refused.status_code == 409
    assert "support#1 is pending; a baseline is a run that is completed" in refused.text


def test_whoever_may_only_look_sets_no_baseline(tmp_path: Path) -> None:
    settings = StudioSettings(token=TOKEN, read_token=READ_TOKEN)
    with a_studio(tmp_path, settings) as studio, visited(studio) as client:
        run = carried_out(tmp_path)
        client.headers["authorization"] = f"Bearer {READ_TOKEN}"
        assert "Set as baseline" not in client.get(f"/runs/{run.id}").text
        assert client.post(f"/runs/{run.id}/baseline").status_code == 403
        assert studio.store.baselines.all() == {}


def _rows(studio: Studio, evaluation: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = history_chart(studio.store, evaluation).spec["data"]["values"]
    return found
