"""The page of a run: what it shows of a run in each state, and what can be done with one."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.studio.studios import READ_TOKEN, TOKEN, a_studio, added, carried_out, visited

from lattice.core.runs import RunRecord, RunStatus
from lattice.service.preparation import create_run
from lattice.service.reading import reference_of
from lattice.store import Store
from lattice.studio.running.actions import actions_for
from lattice.studio.running.boards import spread_of, throughput_of
from lattice.studio.running.watching import Watched
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio

HOSTILE = "<script>alert(1)</script>"


def ended(studio: Studio, **changes: Any) -> RunRecord:
    carried_out(studio.place.folder, **changes)
    return studio.store.runs()[0]


def pending(studio: Studio, **changes: Any) -> RunRecord:
    version = added(studio.store, studio.place.folder, **changes)
    return create_run(studio.store, version, tags={"commit": "abc"}, trigger="cli", folder=None)


def interrupted(studio: Studio, **changes: Any) -> RunRecord:
    """A run whose process is gone, with a few results."""
    record = pending(studio, **changes)
    studio.store.claim(record.key)
    with studio.store._database.write() as connection:
        connection.exec_driver_sql("UPDATE runs SET claim_pid = 0, claim_started = 'long ago'")
    return studio.store.run(record.key)


def text_of(page: str) -> str:
    """What is read of a page, on one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page))


class TestAFinishedRun:
    def test_its_summary_has_the_words_of_the_terminal(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio, gates=["mean > 0.1"])
        page = client.get(f"/runs/{record.id}")
        shown = text_of(page.text)
        assert page.status_code == 200
        assert "Progress: 12 / 12 (100%)" in shown
        assert "Duration: " in shown
        assert "Mean Score" in shown
        assert re.search(r"Mean 0\.\d\d \(n = 12 of 12\); interval: adjusted_t", shown)
        assert re.search(r"\(\d\.\d\d of 5\)", shown)
        assert re.search(r"4 \(0\.75\) +\d+ \(\d+%\)", shown)
        assert "mean &gt; 0.1 pass" in re.sub(" +", " ", shown)
        assert "Errors: 0 / 12 (0.0%)" in shown

    def test_it_is_found_by_whatever_commands_take(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        for name in ("latest", "support%231", record.id[:6]):
            answer = client.get(f"/runs/{name}?tab=errors")
            assert answer.headers["location"] == f"/runs/{record.id}?tab=errors"

    def test_a_run_that_is_not_there_is_said_not_to_be(self, client: TestClient) -> None:
        assert client.get("/runs/nowhere").status_code == 404
        assert client.get("/runs/nowhere/live").status_code == 404

    @pytest.mark.parametrize(
        ("tab", "shows"),
        [
            ("charts", 'data-chart-src="/charts/runs/'),
            ("errors", "No trial failed."),
            ("configuration", "Seed of the order"),
            ("attempts", "Every call has succeeded at once."),
            ("export", "CSV, a row for each result"),
            ("nonsense", 'aria-current="page">Results'),
        ],
    )
    def test_each_tab_has_an_address(self, studio: Studio, client: TestClient, tab: str, shows: str) -> None:
        record = ended(studio)
        assert shows in client.get(f"/runs/{record.id}?tab={tab}").text
        part = client.get(f"/runs/{record.id}?tab={tab}", headers={"hx-target": "tab", "hx-request": "true"}).text
        assert shows in part
        assert "<html" not in part

    def test_its_configuration_is_readable(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio, run={"max_concurrent": 3})
        shown = text_of(client.get(f"/runs/{record.id}?tab=configuration").text)
        assert "LLM-as-Judge (Likert-5, Single mode)" in shown
        assert "5: right. 1: wrong." in shown
        assert re.search(r"max_concurrent +3", shown)
        assert record.config_hash in shown

    def test_several_targets_stand_side_by_side(self, studio: Studio, client: TestClient) -> None:
        targets = [{"name": name, "model": f"sim/{name}"} for name in ("assistant-weak", "assistant-strong")]
        page = client.get(f"/runs/{ended(studio, targets=targets).id}").text
        assert page.count("Mean Score") == 2
        assert "<h2>assistant-weak</h2>" in page

    def test_pairs_are_counted(self, studio: Studio, client: TestClient) -> None:
        targets = [{"name": name, "model": f"sim/{name}"} for name in ("assistant-weak", "assistant-strong")]
        scoring = {"judge": {"model": "sim/judge", "mode": "pairwise"}}
        record = ended(studio, targets=targets, scoring=scoring, type="comparison")
        assert re.search(
            r"Against assistant-weak: \d+ won, \d+ tied, \d+ lost", text_of(client.get(f"/runs/{record.id}").text)
        )

    def test_an_operational_run_tells_how_quick_it_was(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio, type="operational", scoring=None)
        shown = text_of(client.get(f"/runs/{record.id}").text)
        assert "Time to Respond" in shown
        assert "Error Rate: 0 / 12 (0.0%)" in shown
        assert "Mean Score" not in shown

    def test_checks_alone_are_metrics(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio, scoring=None, checks=[{"name": "has a letter", "regex": "[a-z]"}])
        assert re.search(r"Check .* has a letter +1\.00", text_of(client.get(f"/runs/{record.id}").text))

    def test_what_models_and_people_wrote_is_text(self, studio: Studio, client: TestClient) -> None:
        named = {"name": f"Bot {HOSTILE}", "model": "sim/assistant", "system": HOSTILE}
        record = ended(studio, name=f"Name {HOSTILE}", targets=[named])
        for tab in ("results", "configuration", "errors", "attempts", "charts", "export"):
            assert HOSTILE not in client.get(f"/runs/{record.id}?tab={tab}").text
        parts = Watched(studio, record.key).look().parts
        assert not [name for name, part in parts.items() if HOSTILE in part and not name.endswith("title")]

    def test_deleted_contents_leave_the_numbers(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        client.post(f"/runs/{record.id}/delete", data={"what": "contents"})
        shown = text_of(client.get(f"/runs/{record.id}").text)
        assert "Its contents were deleted" in shown
        assert "Mean Score" in shown
        assert "Re-Run" not in client.get(f"/runs/{record.id}").text.split("<dialog")[0]

    def test_a_deleted_run_is_gone(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        answer = client.post(f"/runs/{record.id}/delete", data={"what": "run"})
        assert answer.headers["location"] == f"/evaluations/{record.evaluation_id}"
        assert client.get(f"/runs/{record.id}").status_code == 404


class TestExports:
    @pytest.mark.parametrize("format", ["csv", "json", "jsonl", "junit", "junit-inputs", "markdown", "html", "lattice"])
    def test_a_run_is_sent_as_a_file(self, studio: Studio, client: TestClient, format: str) -> None:
        record = ended(studio)
        answer = client.get(f"/runs/{record.id}/export?format={format}")
        assert answer.status_code == 200
        assert answer.content
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''support-1.")

    def test_an_unknown_format_is_refused(self, studio: Studio, client: TestClient) -> None:
        answer = client.get(f"/runs/{ended(studio).id}/export?format=docx")
        assert answer.status_code == 409
        assert "is no format" in answer.text


class TestARunThatHasNotEnded:
    def test_a_pending_one_can_be_run(self, studio: Studio, client: TestClient) -> None:
        page = client.get(f"/runs/{pending(studio).id}").text
        assert "Run Evaluation" in page
        assert "Not yet run" in page
        assert "commit=abc" in page
        assert "Cancel Evaluation</button></form>" not in page.split("<dialog")[0]

    def test_an_interrupted_one_says_how_to_go_on(self, studio: Studio, client: TestClient) -> None:
        record = interrupted(studio)
        page = client.get(f"/runs/{record.id}").text
        assert "Failed (interrupted)" in page
        assert f"lattice resume {reference_of(record)}" in page
        assert "Resume</button>" in page

    def test_one_that_could_not_be_started_says_why(self, studio: Studio, client: TestClient) -> None:
        module = studio.place.folder / "answering_nobody.py"
        module.write_text("def answer(text):\n    return text\n", encoding="utf-8")
        record = pending(studio, targets=[{"name": "Bot", "python": "answering_nobody:answer"}])
        module.unlink()
        client.post(f"/runs/{record.id}/resume")
        assert "Starting" in client.get(f"/runs/{record.id}").text
        for thread in threading.enumerate():
            if thread is not threading.current_thread() and thread.daemon and "_wait" in thread.name:
                thread.join()
        page = client.get(f"/runs/{record.id}").text
        assert "It could not be started." in page
        assert "answering_nobody" in page

    def test_what_can_be_done_depends_on_the_state(self, studio: Studio) -> None:
        record = pending(studio)
        assert actions_for(record, starting=False).start
        assert not actions_for(record, starting=True).start
        done = ended(studio)
        actions = actions_for(done, starting=False)
        assert actions.rerun
        assert actions.finished
        assert not actions.resume
        assert not actions.retry
        cancelled = replace(done, status=RunStatus.CANCELLED, progress=replace(done.progress, done=5, failed=2))
        actions = actions_for(cancelled, starting=False)
        assert actions.resume
        assert actions.retry

    def test_one_that_stopped_at_its_budget_asks_for_a_larger_one(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio, run={"budget": {"tokens": 400}, "max_concurrent": 1})
        assert record.stopped == "budget"
        page = client.get(f"/runs/{record.id}").text
        assert "Resume with a larger budget" in page
        assert "Stopped: the budget is reached." in page
        assert 'name="budget_tokens"' in page
        refused = client.post(f"/runs/{record.id}/resume", data={"budget_tokens": "-3"})
        assert refused.status_code == 409
        assert "has to be a number above 0" in refused.text

    def test_a_pending_run_is_cancelled_by_nobody_but_the_store(self, studio: Studio, client: TestClient) -> None:
        record = pending(studio)
        client.post(f"/runs/{record.id}/cancel")
        assert studio.store.run(record.key).status is RunStatus.CANCELLED

    def test_a_second_run_is_compared_with_the_first(self, studio: Studio, client: TestClient) -> None:
        first, second = ended(studio), ended(studio)
        page = client.get(f"/runs/{second.id}").text
        assert f"/compare?run={first.id}&amp;run={second.id}" in page


class TestTheStream:
    def test_it_brings_every_part_of_the_page(self, studio: Studio) -> None:
        record = ended(studio)
        glance = Watched(studio, record.key).look()
        assert glance.calm
        assert "Progress: 12 / 12 (100%)" in glance.parts["run-strip"]
        assert glance.parts["run-title"] == "Completed · Support #1"
        assert glance.parts["run-charts"].startswith("12 completed means")

    def test_a_look_at_a_run_that_stands_still_changes_nothing(self, studio: Studio) -> None:
        watched = Watched(studio, ended(studio).key)
        assert watched.look().parts == watched.look().parts

    def test_a_change_of_state_is_spoken_and_the_first_look_is_not(self, studio: Studio) -> None:
        record = pending(studio)
        watched = Watched(studio, record.key)
        assert watched.look().parts["run-spoken"] == ""
        studio.store.release(record.key, studio.store.claim(record.key), RunStatus.CANCELLED)
        assert watched.look().parts["run-spoken"] == "Cancelled: 0 of 12."

    def test_the_page_and_its_stream_say_the_same(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        page = client.get(f"/runs/{record.id}").text
        parts = Watched(studio, record.key).look().parts
        for name in ("run-strip", "run-scores", "run-gates", "run-errors"):
            assert parts[name] in page, name


class TestReaders:
    def test_who_may_only_look_is_offered_nothing_else(self, tmp_path: Path) -> None:
        settings = StudioSettings(token=TOKEN, read_token=READ_TOKEN)
        with a_studio(tmp_path, settings) as studio, visited(studio) as client:
            record = ended(studio)
            page = client.get(f"/runs/{record.id}", headers={"authorization": f"Bearer {READ_TOKEN}"}).text
        assert "Re-Run" not in page
        assert "Export" in page
        assert 'method="post" action="/runs/' not in page


class TestCharts:
    def test_a_chart_is_a_specification_with_its_table(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        chart = client.get(f"/charts/runs/{record.id}/distribution").json()
        assert chart["spec"]["$schema"].endswith("v6.json")
        assert chart["table"]["columns"][0] == "Score"
        dark = client.get(f"/charts/runs/{record.id}/distribution?theme=dark").json()
        assert dark["spec"] != chart["spec"]

    def test_its_numbers_are_a_page_for_whoever_has_no_script(self, studio: Studio, client: TestClient) -> None:
        page = client.get(f"/charts/runs/{ended(studio).id}/means?as=table")
        assert "<table" in page.text
        assert "<html" in page.text

    def test_nothing_to_draw_is_no_error(self, studio: Studio, client: TestClient) -> None:
        answer = client.get(f"/charts/runs/{pending(studio).id}/running")
        assert answer.status_code == 200
        assert "no trial has a score" in answer.json()["empty"]

    def test_an_unknown_chart_is_not_found(self, studio: Studio, client: TestClient) -> None:
        assert client.get(f"/charts/runs/{ended(studio).id}/pie").status_code == 404

    def test_one_in_the_same_state_is_made_once(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        first = client.get(f"/charts/runs/{record.id}/running").content
        reads = Reads(studio.store)
        object.__setattr__(studio, "store", reads)
        assert client.get(f"/charts/runs/{record.id}/running").content == first
        assert reads.passes == 0

    def test_what_differs_between_two_runs_is_drawn(self, studio: Studio, client: TestClient) -> None:
        first, second = ended(studio), ended(studio)
        chart = client.get(f"/charts/compare?run={first.id}&run={second.id}").json()
        assert chart["name"] == "differences"

    def test_the_history_of_an_evaluation_is_drawn(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        chart = client.get(f"/charts/evaluations/{record.evaluation_id}/history").json()
        assert chart["name"] == "history"


class TestBigRuns:
    @pytest.mark.parametrize("state", [RunStatus.COMPLETED, RunStatus.RUNNING])
    def test_no_page_reads_all_results(self, studio: Studio, client: TestClient, state: RunStatus) -> None:
        record = ended(studio)
        if state is RunStatus.RUNNING:
            with studio.store._database.write() as connection:
                connection.exec_driver_sql("UPDATE runs SET status = 'running', claim_pid = 0, summary = NULL")
        reads = Reads(studio.store)
        object.__setattr__(studio, "store", reads)
        assert client.get(f"/runs/{record.id}").status_code == 200
        Watched(studio, record.key).look()
        assert reads.passes == 0

    def test_an_interrupted_run_is_summed_up_once(self, studio: Studio, client: TestClient) -> None:
        record = ended(studio)
        with studio.store._database.write() as connection:
            connection.exec_driver_sql("UPDATE runs SET status = 'running', claim_pid = 0, summary = NULL")
        page = client.get(f"/runs/{record.id}").text
        assert f'hx-get="/runs/{record.id}/numbers"' in page
        reads = Reads(studio.store)
        object.__setattr__(studio, "store", reads)
        assert "Latency: p50" in text_of(client.get(f"/runs/{record.id}/numbers").text)
        assert "Latency: p50" in text_of(client.get(f"/runs/{record.id}").text)
        assert reads.passes == 1


class Reads:
    """A store that counts the passes over all results."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.passes = 0

    def __getattr__(self, name: str) -> Any:
        if name in ("iterate_scores", "iterate_results"):
            self.passes += 1
        return getattr(self._store, name)


@pytest.mark.parametrize(
    ("counts", "median", "std"),
    [
        ([], None, None),
        ([[4.0, 0.75, 1]], 0.75, None),
        ([[1.0, 0.0, 1], [5.0, 1.0, 1]], 0.5, 0.7071067811865476),
        ([[1.0, 0.0, 8], [2.0, 0.25, 12], [3.0, 0.5, 28], [4.0, 0.75, 82], [5.0, 1.0, 67]], 0.75, 0.26159),
    ],
)
def test_spread_so_far_is_that_of_all_scores(
    counts: Sequence[Sequence[float]], median: float | None, std: float | None
) -> None:
    spread = spread_of(counts)
    assert spread.median == median
    assert spread.std == (None if std is None else pytest.approx(std, abs=1e-4))


def test_throughput_is_that_of_the_last_moments() -> None:
    assert throughput_of({}) is None
    assert throughput_of({"pace": [[0, 0], [10, 10], [24, 110], [40, 270]]}) == pytest.approx(10)
