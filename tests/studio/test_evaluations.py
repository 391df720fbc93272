"""The list of evaluations, and the page of one."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from starlette.testclient import TestClient
from tests.studio.studios import added, carried_out, configuration

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord, RunStatus
from lattice.service.launching import Launcher, Place
from lattice.service.review import start_run
from lattice.studio.pages.evaluations import _Watched
from lattice.studio.state import Studio

HOSTILE = "<script>alert(1)</script> \u202e {{ 7 * 7 }}"


def ended(studio: Studio, record: RunRecord) -> RunRecord:
    """The run once its process has gone; a process of its own takes as long as it takes."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        now = studio.store.run(record.key)
        if not studio.launcher.is_starting(record.key):
            return now
        time.sleep(0.05)
    raise AssertionError("the run's process did not end")


def test_an_empty_studio_shows_one_action_and_the_command_for_it(client: TestClient) -> None:
    text = client.get("/").text
    assert "No evaluations yet" in text
    assert "<code>lattice init</code>" in text
    assert "/evaluations/new" in text


def test_a_line_has_mean_interval_count_gate_and_cost(studio: Studio, client: TestClient) -> None:
    run = carried_out(studio.place.folder, gates=["mean > 0.1"])
    metric = run.metric("score")
    text = client.get("/").text
    assert metric.interval is not None
    assert metric.mean is not None
    assert f"{metric.mean:.2f}</strong>" in text
    assert f"[{metric.interval.lower:.2f}, {metric.interval.upper:.2f}]" in text
    assert "n = 12 of 12" in text
    assert "verdict-pass" in text
    assert "Completed" in text
    assert "Task-Specific · Bot" in text


def test_a_list_is_filtered_sorted_and_counted_by_its_address(studio: Studio, client: TestClient) -> None:
    folder = studio.place.folder
    carried_out(folder, name="Alpha")
    added(studio.store, folder, name="Beta")
    text = client.get("/").text
    assert "Completed 1" in text
    assert "Pending 1" in text
    assert "Beta" not in client.get("/?status=completed").text
    assert "Alpha" not in client.get("/?q=bet").text
    nothing = client.get("/?q=nowhere").text
    assert "No evaluation matches" in nothing
    assert "2 are filtered out" in nothing
    by_name = client.get("/?sort=name").text
    assert by_name.index("Alpha") < by_name.index("Beta")
    assert 'aria-sort="ascending"' in by_name
    assert client.get("/?sort=nonsense&status=nonsense&archived=nonsense").status_code == 200


def test_what_is_archived_leaves_the_list_and_keeps_its_runs(studio: Studio, client: TestClient) -> None:
    carried_out(studio.place.folder)
    evaluation = studio.store.evaluations()[0]
    assert client.post(f"/evaluations/{evaluation.id}/archive", data={"archived": "1"}).status_code == 303
    assert "No evaluations yet" in client.get("/").text
    assert "Support" in client.get("/?archived=1").text
    client.post(f"/evaluations/{evaluation.id}/archive", data={"archived": "0"})
    assert "Support" in client.get("/").text
    assert len(studio.store.runs()) == 1


def test_a_row_is_sent_again_only_when_its_evaluation_has_changed(studio: Studio) -> None:
    folder = studio.place.folder
    carried_out(folder, name="Alpha")
    added(studio.store, folder, name="Beta")
    watched = _Watched(studio)
    first = watched.look().parts
    assert "Completed" in first[f"row-{studio.store.evaluation('alpha').id}"]
    assert watched.look().parts == first
    carried_out(folder, name="Beta")
    changed = [name for name, text in watched.look().parts.items() if text != first[name]]
    assert changed == [f"row-{studio.store.evaluation('beta').id}"]


def test_names_are_text_whatever_they_say(studio: Studio, client: TestClient) -> None:
    carried_out(studio.place.folder, name=HOSTILE, targets=[{"name": HOSTILE, "model": "sim/assistant"}])
    evaluation = studio.store.evaluations()[0]
    for path in ("/", f"/evaluations/{evaluation.id}", "/search?q=script", f"/evaluations/{evaluation.id}/duplicate"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "49" not in text.split("<main")[1].split("alert(1)")[1][:40]


def test_files_of_the_working_folder_become_pending_with_one_click(studio: Studio, client: TestClient) -> None:
    folder = studio.place.folder
    (folder / "good").mkdir()
    (folder / "good" / "evaluation.yaml").write_text(yaml.safe_dump(configuration(name="Found")))
    (folder / "broken.yaml").write_text("name: x\ntargets: []\ninputs: {}\n")
    (folder / "other.yaml").write_text("services: {web: {image: x}}\n")
    listed = client.get("/evaluations/files").text
    assert "good/evaluation.yaml" in listed
    assert "problem" in listed
    assert "other.yaml" not in listed
    response = client.post("/evaluations/files", data={"path": "good/evaluation.yaml"})
    assert response.status_code == 303
    row = studio.store.evaluations()[0]
    assert response.headers["location"] == f"/evaluations/{row.id}"
    assert (row.name, row.runs) == ("Found", 0)
    assert row.last_version is not None
    assert row.last_version.folder == "good"
    assert "in the workspace" in client.get("/evaluations/files").text


def test_a_file_that_is_called_like_an_option_is_a_file(studio: Studio, client: TestClient) -> None:
    (studio.place.folder / "--help.yaml").write_text(yaml.safe_dump(configuration(name="Odd")))
    assert client.post("/evaluations/files", data={"path": "--help.yaml"}).status_code == 303
    assert [row.name for row in studio.store.evaluations()] == ["Odd"]


def test_folders_that_lead_elsewhere_or_round_are_not_searched(
    studio: Studio, client: TestClient, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "evaluation.yaml").write_text(yaml.safe_dump(configuration(name="Outside")))
    (studio.place.folder / "link").symlink_to(elsewhere)
    (studio.place.folder / "round").symlink_to(studio.place.folder)
    (studio.place.folder / "broken.yaml").symlink_to(elsewhere / "absent.yaml")
    assert "Outside" not in client.get("/evaluations/files").text
    assert client.post("/evaluations/files", data={"path": "link/evaluation.yaml"}).status_code == 404


def test_parts_of_pages_are_pages_for_who_opens_them(studio: Studio, client: TestClient) -> None:
    version = added(studio.store, studio.place.folder)
    for path in (f"/evaluations/{version.evaluation_id}/forecast", "/evaluations/files"):
        assert "<main" in client.get(path).text
        assert "<main" not in client.get(path, headers={"hx-request": "true"}).text


@pytest.mark.parametrize("path", ["/etc/passwd", "../secret.yaml", "absent.yaml", ""])
def test_no_other_file_is_taken(client: TestClient, path: str) -> None:
    assert client.post("/evaluations/files", data={"path": path}).status_code in (404, 422)


def test_an_evaluation_shows_what_will_run(studio: Studio, client: TestClient) -> None:
    version = added(
        studio.store,
        studio.place.folder,
        targets=[{"name": "Bot", "model": "sim/assistant", "system": "Be brief.", "prompt": "Answer: {{ input }}"}],
        gates=["mean > 0.8"],
    )
    text = client.get(f"/evaluations/{version.evaluation_id}").text
    for said in ("Pending", "LLM-as-Judge (Likert-5, Single mode)", "Be brief.", "Answer: {{ input }}", "5: right."):
        assert said in text
    assert "Question 5?" in text
    assert "Question 6?" not in text
    assert "mean &gt; 0.8" in text
    assert "No runs yet" in text
    forecast = client.get(f"/evaluations/{version.evaluation_id}/forecast").text
    assert "12 to targets, 12 to judges" in forecast
    assert "Reckoned from assumptions" in forecast


def test_what_keeps_it_from_being_run_is_said_and_the_button_is_off(
    studio: Studio, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_key = {"OPENAI_API_KEY": "sk-x"}
    for name, value in with_key.items():
        monkeypatch.setenv(name, value)
    run = carried_out(studio.place.folder)
    assert run.status is RunStatus.COMPLETED
    config = configuration(targets=[{"name": "Bot", "model": "nowhere/model"}])
    version = studio.store.add_version(
        name="Support",
        slug="support",
        type="task_specific",
        config={**studio.store.runs()[0].config, "targets": config["targets"]},
        config_hash="other",
        input_set=studio.store.input_set(studio.store.runs()[0].input_set),
    )
    text = client.get(f"/evaluations/{version.evaluation_id}").text
    assert "Cannot run." in text
    assert "nowhere" in text
    assert re.search(r"data-runs\s+disabled", text)


def test_the_difference_to_the_version_before_is_shown(studio: Studio, client: TestClient) -> None:
    folder = studio.place.folder
    added(studio.store, folder)
    version = added(studio.store, folder, targets=[{"name": "Bot", "model": "sim/assistant-weak"}])
    text = client.get(f"/evaluations/{version.evaluation_id}").text
    assert "Against version 1" in text
    assert "<del>- targets.0.model: sim/assistant</del>" in text
    assert "<ins>+ targets.0.model: sim/assistant-weak</ins>" in text
    assert "Against version" not in client.get(f"/evaluations/{version.evaluation_id}?version=1").text
    assert client.get(f"/evaluations/{version.evaluation_id}?version=9").status_code == 404
    assert client.get("/evaluations/nowhere").status_code == 404


def test_running_starts_a_process_of_its_own(studio: Studio, client: TestClient) -> None:
    version = added(studio.store, studio.place.folder)
    sent = client.post(f"/evaluations/{version.evaluation_id}/runs", data={"tags": "commit=f00, by=me", "budget": ""})
    record = studio.store.runs()[0]
    assert sent.headers["location"] == f"/runs/{record.id}"
    assert record.tags == {"commit": "f00", "by": "me"}
    assert record.trigger == "studio"
    done = ended(studio, record)
    assert (done.status, done.progress.done) == (RunStatus.COMPLETED, 12)
    assert studio.launcher.refusal(record.key) is None


def test_a_button_that_is_hit_twice_starts_one_run(studio: Studio, client: TestClient) -> None:
    version = added(studio.store, studio.place.folder)
    address = f"/evaluations/{version.evaluation_id}"
    found = re.search(r'name="order" value="([^"]+)"', client.get(address).text)
    assert found is not None
    assert f'value="{found[1]}"' not in client.get(address).text
    with ThreadPoolExecutor(4) as hands:
        hits = list(hands.map(lambda _: client.post(f"{address}/runs", data={"order": found[1]}), range(4)))
    record = studio.store.runs()[0]
    assert {hit.headers["location"] for hit in hits} == {f"/runs/{record.id}"}
    assert len(studio.store.runs()) == 1
    ended(studio, record)


def test_a_run_whose_process_is_ended_before_it_begins_says_what_ended_it(studio: Studio, client: TestClient) -> None:
    version = added(studio.store, studio.place.folder)
    client.post(f"/evaluations/{version.evaluation_id}/runs")
    record = studio.store.runs()[0]
    studio.launcher._starting[record.key].kill()
    ended(studio, record)
    assert studio.launcher.refusal(record.key) == "its process was ended by SIGKILL"


def test_a_process_that_cannot_be_started_is_said_to_be(studio: Studio, tmp_path: Path) -> None:
    version = added(studio.store, studio.place.folder)
    launcher = Launcher(Place(folder=tmp_path / "gone", environ={}), studio.store)
    with pytest.raises(UsageError, match=r"cannot be started: .*gone"):
        start_run(studio.store, launcher, version, tags={}, trigger="studio")
    assert not launcher.is_starting(studio.store.runs()[0].key)


def test_a_run_that_its_process_refuses_says_why(studio: Studio, client: TestClient) -> None:
    folder = studio.place.folder / "bot"
    folder.mkdir()
    (folder / "code.py").write_text("def answer(input): return input\n")
    (folder / "evaluation.yaml").write_text(
        yaml.safe_dump(configuration(targets=[{"name": "Bot", "python": "code:answer"}]))
    )
    client.post("/evaluations/files", data={"path": "bot/evaluation.yaml"})
    shutil.rmtree(folder)
    row = studio.store.evaluations()[0]
    client.post(f"/evaluations/{row.id}/runs")
    record = studio.store.runs()[0]
    ended(studio, record)
    assert "code" in (studio.launcher.refusal(record.key) or "")


@pytest.mark.parametrize(
    "form",
    [
        {"tags": "nothing"},
        {"timeout": "soon"},
        {"budget": "-1"},
        {"max_concurrent": "nan"},
        {"max_concurrent": "0.5"},
        {"timeout": "1e99"},
    ],
)
def test_wrong_settings_of_a_run_start_nothing(studio: Studio, client: TestClient, form: dict[str, str]) -> None:
    version = added(studio.store, studio.place.folder)
    response = client.post(f"/evaluations/{version.evaluation_id}/runs", data=form)
    assert response.status_code == 409
    assert "expected" in html.unescape(response.text)
    assert studio.store.runs() == []


def test_a_history_names_what_changed_between_neighbours(studio: Studio, client: TestClient) -> None:
    folder = studio.place.folder
    carried_out(folder)
    carried_out(folder, scoring={"judge": {"model": "sim/judge", "rubric": "5: perfect. 1: not."}})
    carried_out(folder, scoring={"judge": {"model": "sim/judge", "rubric": "5: perfect. 1: not."}})
    text = client.get(f"/evaluations/{studio.store.evaluations()[0].id}").text
    assert text.count("v2: scoring.judge.rubric") == 1
    assert "Compare the last two" in text
    assert "Compare the chosen" in text


def test_search_finds_evaluations_runs_and_places(studio: Studio, client: TestClient) -> None:
    carried_out(studio.place.folder)
    run = studio.store.runs()[0]
    assert f"/runs/{run.id}" in client.get(f"/search?q={run.id[:6]}&part=1").text
    assert f"/runs/{run.id}" in client.get("/search?q=support%231&part=1").text
    assert "/evaluations/new" in client.get("/search?q=new&part=1").text
    assert "Nothing is called that" in client.get("/search?q=zzz").text
    assert "<html" not in client.get("/search?q=sup&part=1").text


def test_a_new_evaluation_is_dropped_in_and_becomes_pending(studio: Studio, client: TestClient) -> None:
    files = {
        "evaluation": ("mine.yaml", yaml.safe_dump({**configuration(name="Mine"), "inputs": {}})),
        "inputs": ("cases.csv", "id,input\na,What?\nb,Why?\n"),
    }
    response = client.post("/evaluations/new", files=files)
    assert response.status_code == 303, response.text
    row = studio.store.evaluations()[0]
    assert row.last_version is not None
    assert (row.name, row.runs, row.last_version.input_set.count) == ("Mine", 0, 2)


def test_a_new_evaluation_with_problems_names_them_all(studio: Studio, client: TestClient) -> None:
    wrong = {**configuration(), "targets": [{"name": "Code", "python": "os:system"}], "surprise": 1}
    response = client.post("/evaluations/new", files={"evaluation": ("e.yaml", yaml.safe_dump(wrong))})
    assert response.status_code == 422
    assert "targets.0.python" in response.text
    assert "surprise" in response.text
    assert studio.store.evaluations() == []


def edited(client: TestClient, address: str, change: tuple[str, str]) -> tuple[int, str]:
    found = re.search(r"<textarea[^>]*>(.*)</textarea>", client.get(address).text, re.DOTALL)
    assert found is not None
    text = html.unescape(found[1])
    assert change[0] in text
    response = client.post(address, data={"text": text.replace(*change)})
    return response.status_code, response.headers.get("location", response.text)


def test_a_duplicate_becomes_the_next_version_over_the_same_inputs(studio: Studio, client: TestClient) -> None:
    version = added(studio.store, studio.place.folder)
    address = f"/evaluations/{version.evaluation_id}/duplicate"
    status, location = edited(client, address, ("sim/assistant", "sim/assistant-strong"))
    assert (status, location) == (303, f"/evaluations/{version.evaluation_id}?version=2")
    newest = studio.store.versions(version.evaluation_id)[0]
    assert newest.input_set == version.input_set
    assert newest.config["targets"][0]["model"] == "sim/assistant-strong"
    same, back = edited(client, address + "?version=1", ("sim/assistant", "sim/assistant"))
    assert (same, back) == (303, f"/evaluations/{version.evaluation_id}?version=1")
    status, _ = edited(client, address, ("name: Support", "name: Another"))
    assert status == 303
    assert {row.name for row in studio.store.evaluations()} == {"Support", "Another"}


def test_a_duplicate_keeps_what_only_files_may_say_and_changes_none_of_it(
    studio: Studio, client: TestClient, tmp_path: Path
) -> None:
    folder = studio.place.folder
    (folder / "code.py").write_text("def answer(input): return input\n")
    targets = [{"name": "Bot", "python": "code:answer"}]
    (folder / "evaluation.yaml").write_text(yaml.safe_dump(configuration(targets=targets)))
    client.post("/evaluations/files", data={"path": "evaluation.yaml"})
    address = f"/evaluations/{studio.store.evaluations()[0].id}/duplicate"
    assert edited(client, address, ("5: right.", "5: perfect."))[0] == 303
    status, text = edited(client, address, ("code:answer", "os:system"))
    assert status == 422
    assert "targets.0.python" in text
    kept = studio.store.versions(studio.store.evaluations()[0].id)[0]
    assert kept.folder == "."


def test_a_run_carries_the_commit_of_its_evaluation_s_folder(studio: Studio, client: TestClient) -> None:
    folder = studio.place.folder
    (folder / "evaluation.yaml").write_text(yaml.safe_dump(configuration()))
    client.post("/evaluations/files", data={"path": "evaluation.yaml"})
    git = ("git", "-C", str(folder), "-c", "user.name=x", "-c", "user.email=x@example.com")
    for command in (("init", "-q"), ("add", "evaluation.yaml"), ("commit", "-qm", "First")):
        subprocess.run([*git, *command], check=True)
    client.post(f"/evaluations/{studio.store.evaluations()[0].id}/runs", data={"tags": "by=me"})
    tags = studio.store.runs()[0].tags
    assert (tags["by"], tags["git.dirty"], len(tags["git.commit"])) == ("me", "false", 40)
