"""What monitoring reads: in the official client's eyes, the same after a restart, and never less than before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import create_engine
from starlette.testclient import TestClient
from tests.studio.studios import READ_TOKEN, TOKEN, a_studio, added, carried_out, url_of, visited

from lattice.service import metrics
from lattice.service.metrics import metrics_registry, metrics_text
from lattice.service.workspace import create_folder
from lattice.store import Store, open_store
from lattice.studio.settings import StudioSettings

Series = Mapping[tuple[str, frozenset[tuple[str, str]]], float]

FLAKY = {"targets": [{"name": "Bot", "model": "sim/assistant", "params": {"faults": {"400": 0.5}}}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    create_folder(tmp_path)
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with open_store(url_of(folder)) as opened:
        yield opened


def families(text: str) -> list[Metric]:
    return list(text_string_to_metric_families(text))


def read(store: Store) -> Series:
    text = metrics_text(metrics_registry(store)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families(text)
        for sample in family.samples
    }


def value(series: Series, name: str, **labels: str) -> float:
    return series[name, frozenset(labels.items())]


def counters(series: Series) -> Series:
    return {key: number for key, number in series.items() if key[0].endswith("_total")}


def test_runs_trials_tokens_and_cost_are_those_of_the_store(folder: Path, store: Store) -> None:
    run = carried_out(folder)
    series = read(store)
    of = {"evaluation": "support"}
    assert value(series, "lattice_runs", **of, status="completed") == 1
    assert value(series, "lattice_trials", **of, outcome="successful") == 12
    assert value(series, "lattice_results_total", **of) == 12
    told = [number for (name, _), number in series.items() if name == "lattice_tokens_total"]
    assert sum(told) == run.document()["usage"]["total_tokens"] > 0
    assert value(series, "lattice_runs_started_total", **of) == 1


def test_every_family_has_a_help_text_and_a_name_by_the_conventions(folder: Path, store: Store) -> None:
    carried_out(folder)
    for family in families(metrics_text(metrics_registry(store)).decode()):
        assert family.documentation, family.name
        assert family.name.startswith("lattice_")
        if family.type == "counter":
            assert all(sample.name.endswith("_total") for sample in family.samples)
        else:
            assert not family.name.endswith("_total")


def test_a_second_look_finds_what_has_come_since(folder: Path, store: Store) -> None:
    carried_out(folder)
    before = read(store)
    carried_out(folder)
    after = read(store)
    assert value(after, "lattice_results_total", evaluation="support") == 24
    assert all(after[key] >= number for key, number in counters(before).items())


def test_a_restart_changes_no_number(folder: Path, store: Store) -> None:
    carried_out(folder)
    read(store)
    carried_out(folder)
    with open_store(url_of(folder)) as another:
        assert counters(read(another)) == counters(read(store))


def test_deleting_runs_takes_nothing_from_what_they_had_brought(folder: Path, store: Store) -> None:
    run = carried_out(folder)
    before = counters(read(store))
    store.delete_run(store.find_run(run.id).key)
    after = read(store)
    assert counters(after) == before
    assert not any(name == "lattice_runs" for name, _ in after)
    with open_store(url_of(folder)) as another:
        assert counters(read(another)) == before


def test_an_interrupted_run_is_told_from_one_that_runs(folder: Path, store: Store) -> None:
    run = store.create_run(added(store, folder).key, seed=1, total=12, tags={}, trigger="cli")
    store.claim(run.key)
    assert value(read(store), "lattice_runs", evaluation="support", status="running") == 1
    engine = create_engine(url_of(folder))
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE runs SET claim_released = 1")
    engine.dispose()
    series = read(store)
    assert [dict(labels)["status"] for name, labels in series if name == "lattice_runs"] == ["interrupted"]


def test_failed_calls_are_counted_by_step_and_kind(folder: Path, store: Store) -> None:
    carried_out(folder)
    read(store)
    carried_out(folder, **FLAKY)
    series = read(store)
    failed = {labels: number for (name, labels), number in series.items() if name == "lattice_failed_attempts_total"}
    with open_store(url_of(folder)) as another:
        assert counters(read(another)) == counters(series)
    run = store.runs()[0]
    assert sum(failed.values()) == len(store.attempts(run.key)) > 0
    assert {dict(labels)["step"] for labels in failed} == {"target"}


def test_evaluations_beyond_the_most_share_a_series(
    folder: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MOST_EVALUATIONS", 1)
    for name in ("Support", "Search", "Sales"):
        carried_out(folder, name=name)
    series = read(store)
    assert value(series, "lattice_results_total", evaluation="support") == 12
    assert value(series, "lattice_results_total", evaluation="(others)") == 24


def test_a_slug_in_any_letters_is_escaped(folder: Path, store: Store) -> None:
    carried_out(folder, name='Größe "x" \\ 7')
    slug = store.evaluations()[0].slug
    assert value(read(store), "lattice_results_total", evaluation=slug) == 12


def test_the_studio_serves_them(folder: Path) -> None:
    with a_studio(folder) as studio, visited(studio) as client:
        answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert {"lattice_build_info", "lattice_store_bytes"} <= {family.name for family in families(answer.text)}


def test_whoever_may_look_may_read_them(folder: Path) -> None:
    settings = StudioSettings(token=TOKEN, read_token=READ_TOKEN)
    with a_studio(folder, settings) as studio, visited(studio) as client:
        assert asked(client, None) == 401
        assert asked(client, READ_TOKEN) == 200
        assert asked(client, TOKEN) == 200


def asked(client: TestClient, token: str | None) -> int:
    headers = {"accept": "text/plain", "sec-fetch-dest": "empty"}
    return client.get("/metrics", headers=headers | ({"authorization": f"Bearer {token}"} if token else {})).status_code
