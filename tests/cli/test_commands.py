"""What the commands do beside running: start, check, add, list, show, export; and how they end."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

import pytest
import yaml
from tests.cli.command_line import CommandLine, judged_by
from tests.cli.servers import simulator

from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.server import SimulatorServer


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with simulator() as server:
        yield server


@pytest.fixture
def ready(lattice: CommandLine) -> CommandLine:
    """A folder with an evaluation of 8 inputs that needs no server."""
    lattice.write_inputs(8)
    lattice.write_evaluation()
    return lattice


def test_init_writes_an_evaluation_that_runs(lattice: CommandLine) -> None:
    written = lattice("init", "first")
    assert written.code == 0
    assert "Next:\n  cd first\n  lattice run evaluation.yaml" in written.err
    assert sorted(path.name for path in (lattice.folder / "first").iterdir()) == [
        "README.md",
        "evaluation.yaml",
        "inputs.jsonl",
    ]
    assert lattice("run", "first/evaluation.yaml", "--json").document["progress"]["successful"] == 12


def test_init_overwrites_nothing(lattice: CommandLine) -> None:
    lattice.write("evaluation.yaml", "mine")
    again = lattice("init")
    assert again.code == 2
    assert "evaluation.yaml exists already" in again.err
    assert (lattice.folder / "evaluation.yaml").read_text() == "mine"
    assert not (lattice.folder / "inputs.jsonl").exists()


def test_validate_shows_the_configuration_and_stores_nothing(ready: CommandLine) -> None:
    checked = ready("validate", "evaluation.yaml")
    assert checked.code == 0
    assert checked.err.startswith("Evaluation: Support Answers\nType: Task-Specific\nStatus: Pending\n")
    assert "Test Inputs: 8\n" in checked.err
    assert checked.err.endswith("evaluation.yaml is valid.\n\nNext:\n  lattice run evaluation.yaml\n")
    assert not (ready.folder / ".lattice").exists()


def test_validate_warns_of_a_model_that_judges_itself_and_of_unknown_prices(
    lattice: CommandLine, server: SimulatorServer
) -> None:
    lattice.set(OPENAI_BASE_URL=server.openai_url, OPENAI_API_KEY="sk-dummy")
    lattice.write_inputs(1)
    model = "openai/no-such-price"
    lattice.write_evaluation({"targets": [{"name": "Self", "model": model}], "scoring": judged_by(model)})
    checked = lattice("validate", "evaluation.yaml")
    assert checked.code == 0
    said = " ".join(checked.err.split())
    assert f"Warning: Self is judged by its own model, {model}: models favour their own answers" in said
    assert f"Warning: no price is known for {model}: the cost will be shown as unknown" in said


def test_a_model_that_judges_itself_is_warned_of_before_a_run_and_with_its_numbers(lattice: CommandLine) -> None:
    lattice.write_inputs(4)
    lattice.write_evaluation({"targets": [{"name": "Self", "model": "sim/judge"}]})
    warning = "Warning: Self is judged by its own model, sim/judge: models favour their own answers"
    for command in (["validate", "evaluation.yaml"], ["rehearse", "evaluation.yaml"]):
        assert warning in " ".join(lattice(*command).err.split())
    ran = lattice("run", "evaluation.yaml", "--no-progress", "-o", "run.md").err
    shown = lattice("show", "latest").out
    for ended in (ran, shown):
        assert warning in " ".join(ended[ended.index("Results Summary:") : ended.index("Mean Score")].split())
    page = (lattice.folder / "run.md").read_text(encoding="utf-8")
    assert "\n⚠️ Self is judged by its own model, sim/judge: models favour their own answers\n" in page


def test_validate_and_add_find_the_same_problems_as_a_run(ready: CommandLine) -> None:
    ready.write("inputs.jsonl", '{"input": "no reference"}\n')
    said = {ready(command, "evaluation.yaml").err for command in ("validate", "add", "run")}
    assert len(said) == 1
    assert "reference mode needs a reference" in said.pop()


def test_add_makes_a_pending_evaluation(ready: CommandLine) -> None:
    added = ready("add", "evaluation.yaml")
    assert added.code == 0
    assert "Added as support-answers, version 1." in added.err
    listed = ready("ls").out
    assert "Pending" in listed
    assert "Support Answers" in listed
    assert "version 1" in ready("add", "evaluation.yaml").err
    ready.write_evaluation({"description": "changed"})
    assert "version 2" in ready("add", "evaluation.yaml").err


def test_schema_describes_the_file_that_init_writes(lattice: CommandLine) -> None:
    schema = lattice("schema")
    assert schema.code == 0
    assert schema.err == ""
    lattice("init")
    written = yaml.safe_load((lattice.folder / "evaluation.yaml").read_text())
    assert set(written) <= set(schema.document["properties"])
    assert schema.document["additionalProperties"] is False


def test_ls_lists_evaluations_and_runs(ready: CommandLine) -> None:
    assert "lattice run FILE" in ready("ls").err
    ran = ready("run", "evaluation.yaml", "--json").document
    ready("run", "evaluation.yaml", "--limit", "4")
    lines = ready("ls").out.splitlines()
    bounds = ran["metrics"][0]["interval"]
    shown = f"{ran['metrics'][0]['mean']:.2f} [{bounds['lower']:.2f}, {bounds['upper']:.2f}]"
    assert [line.split()[:3] for line in lines if line.startswith("Completed")] == [
        ["Completed", "Support", "Answers"],
        ["Completed", "support-answers#2", "4/4"],
        ["Completed", "support-answers#1", "8/8"],
    ]
    assert shown in lines[-1]


def test_show_names_status_once_and_the_next_commands(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml")
    shown = ready("show")
    assert shown.out.startswith("Evaluation: Support Answers\nType: Task-Specific\nTargets: 1\n")
    assert shown.out.count("Status: Completed") == 1
    assert "\nRun: support-answers#1  (" in shown.out
    assert "Next:\n  lattice show support-answers#1 --raw\n" in shown.err


def test_a_run_says_how_it_ended_once_without_a_terminal(ready: CommandLine) -> None:
    assert ready("run", "evaluation.yaml").err.count("Status: Completed") == 1


def test_raw_results_show_input_answer_and_what_the_judge_said(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml", "--limit", "1")
    shown = ready("show", "--raw").out
    for part in ("#1  ", "  Input:\n    Question 1?", "  Reference:\n    Answer 1.", "  Response:\n", "  Judge:\n"):
        assert part in shown


def test_a_run_is_found_by_all_its_names(ready: CommandLine) -> None:
    first = ready("run", "evaluation.yaml", "--json").document
    ready("run", "evaluation.yaml")
    for name in (first["id"], first["id"][:6], "support-answers#1", "Support Answers#1", "SUPPORTANSWERS#1"):
        assert ready("show", name, "--json").document == first
    assert ready("show", "latest", "--json").document["number"] == 2


def test_what_a_run_used_is_shown_after_the_files_changed(ready: CommandLine) -> None:
    ran = ready("run", "evaluation.yaml", "--json").document
    ready.write("inputs.jsonl", '{"input": "Something else", "reference": "r"}\n')
    (ready.folder / "evaluation.yaml").unlink()
    assert ready("show", "--json").document == ran
    assert "Question 8?" in ready("show", "--raw").out


def test_set_and_its_like_change_the_run_and_not_the_file(ready: CommandLine) -> None:
    models = [{"name": name, "model": "sim/assistant"} for name in ("old", "new")]
    file = ready.write_evaluation({"targets": models})
    before = file.read_text()
    options = ("--set", "run.timeout=7", "--set", "description=Nightly", "--repeats", "2", "--limit", "3")
    ran = ready("run", "evaluation.yaml", "--target", "new", *options, "--max-concurrent", "1", "-o", "run.json")
    assert ran.code == 0
    assert "Test Inputs: 3 (each 2 times)" in ran.err
    exported = json.loads((ready.folder / "run.json").read_text())
    config = exported["configuration"]
    assert config["run"]["timeout"] == 7
    assert config["run"]["max_concurrent"] == 1
    assert config["description"] == "Nightly"
    assert [target["name"] for target in config["targets"]] == ["new"]
    assert exported["progress"]["total"] == 6
    assert file.read_text() == before


def test_a_sample_is_drawn_by_its_seed_and_keeps_the_places(ready: CommandLine) -> None:
    ready.write_inputs(100)
    drawn = []
    for _ in range(2):
        ready("run", "evaluation.yaml", "--sample", "5", "-o", "sample.csv")
        with (ready.folder / "sample.csv").open(newline="") as stream:
            drawn.append([(row["position"], row["input"]) for row in csv.DictReader(stream)])
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 5
    assert all(text == f"Question {position}?" for position, text in drawn[0])


def test_export_writes_files_and_standard_output(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml")
    written = ready("export", "latest", "-o", "a.csv", "-o", "b.json")
    assert written.err == "Wrote a.csv\nWrote b.json\n"
    streamed = ready("export", "latest", "-o", "-", "--format", "csv")
    assert streamed.out.encode() == (ready.folder / "a.csv").read_bytes()
    assert streamed.err == ""
    some = ready("export", "latest", "-o", "-", "--format", "csv", "--where", "score >= 4").out
    assert 1 < len(some.splitlines()) <= len(streamed.out.splitlines())


def test_progress_can_be_left_out(ready: CommandLine) -> None:
    quiet = ready("run", "evaluation.yaml", "--no-progress").err
    assert "Elapsed" not in quiet
    assert "Status: Completed" in quiet


def test_another_store_can_be_named(ready: CommandLine) -> None:
    ran = ready("run", "evaluation.yaml", "--db", "sqlite:///elsewhere.db")
    assert "  lattice show support-answers#1 --db sqlite:///elsewhere.db\n" in ran.err
    assert (ready.folder / "elsewhere.db").exists()
    assert not (ready.folder / ".lattice").exists()
    ready.set(LATTICE_DB="elsewhere.db")
    assert ready("show", "--json").document["number"] == 1
    assert "  lattice show support-answers#1 --raw\n" in ready("show").err


def test_the_workspace_is_found_from_below_and_ignores_itself_in_git(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml")
    assert (ready.folder / ".lattice" / ".gitignore").read_text() == "*\n"
    below = ready.folder / "deep" / "below"
    below.mkdir(parents=True)
    ready.change_to(below)
    assert "support-answers#1" in ready("ls").out


def test_keys_come_from_a_dotenv_beside_the_file(lattice: CommandLine, server: SimulatorServer) -> None:
    folder = lattice.folder / "evaluations"
    folder.mkdir()
    lattice.write_inputs(2, name="evaluations/inputs.jsonl")
    lattice.write("evaluations/.env", f"OPENAI_API_KEY=sk-from-dotenv\nOPENAI_BASE_URL={server.openai_url}\n")
    lattice.write_evaluation(
        {"targets": [{"model": "openai/gpt-4o-mini"}], "scoring": judged_by("openai/gpt-4o")},
        name="evaluations/evaluation.yaml",
    )
    ran = lattice("run", "evaluations/evaluation.yaml", "--json", "-o", "run.json")
    assert ran.document["progress"]["successful"] == 2
    assert (lattice.folder / ".lattice").exists()
    for path in (*lattice.folder.rglob("*.db"), *lattice.folder.rglob("*.db-wal"), lattice.folder / "run.json"):
        assert b"sk-from-dotenv" not in path.read_bytes()
    assert "sk-from-dotenv" not in ran.out + ran.err


@pytest.mark.parametrize("protocol", ["openai", "anthropic"])
def test_a_named_provider_needs_no_key(lattice: CommandLine, server: SimulatorServer, protocol: str) -> None:
    base = server.openai_url if protocol == "openai" else server.url
    price = {"input": 1.0, "output": 2.0}
    provider = {"protocol": protocol, "base_url": base, "prices": {"small": price, "large": price}}
    lattice.write_inputs(3)
    lattice.write_evaluation(
        {
            "targets": [{"model": "mine/small", "params": {"max_tokens": 50}}],
            "scoring": judged_by("mine/large"),
            "providers": {"mine": provider},
        }
    )
    document = lattice("run", "evaluation.yaml", "--json").document
    assert document["progress"]["successful"] == 3
    tokens = document["usage"]
    expected = (tokens["input_tokens"] * 1.0 + tokens["output_tokens"] * 2.0) / 1e6
    assert document["cost"] == {"usd": pytest.approx(expected), "unpriced_models": []}


def test_an_unknown_price_is_unknown_and_not_zero(lattice: CommandLine, server: SimulatorServer) -> None:
    lattice.write_inputs(2)
    lattice.write_evaluation(
        {
            "targets": [{"model": "mine/small"}],
            "scoring": judged_by("mine/large"),
            "providers": {"mine": {"base_url": server.openai_url}},
        }
    )
    ran = lattice("run", "evaluation.yaml", "--json")
    assert ran.document["cost"] == {"usd": None, "unpriced_models": ["mine/small", "mine/large"]}
    assert "Estimated Cost: unknown (no price for mine/small, mine/large)" in ran.err


def test_a_gate_decides_the_exit_code(ready: CommandLine) -> None:
    for gate, code in (("mean > 0.01", 0), ("mean > 0.99", 3), ("ci_lower > 0.60", 4)):
        ran = ready("run", "evaluation.yaml", "--set", f"gates=[{gate}]")
        assert ran.code == code, ran.err
        assert f"Gates:\n  {gate}: " in ran.err


def test_a_run_stopped_at_its_budget_ends_with_its_own_code(lattice: CommandLine, server: SimulatorServer) -> None:
    lattice.set(OPENAI_BASE_URL=server.openai_url, OPENAI_API_KEY="sk-dummy")
    lattice.write_inputs(50)
    lattice.write_evaluation(
        {
            "targets": [{"model": "openai/gpt-4o-mini"}],
            "scoring": judged_by("openai/gpt-4o"),
            "run": {"budget": {"tokens": 2000}, "max_concurrent": 2},
            "gates": ["mean > 0.01"],
        }
    )
    ran = lattice("run", "evaluation.yaml", "--json")
    assert ran.code == 4
    assert ran.document["status"] == "cancelled"
    assert ran.document["stopped"] == "budget"
    assert 0 < ran.document["progress"]["done"] < 50
    assert [gate["verdict"] for gate in ran.document["gates"]] == ["not_evaluated"]
    assert "Stopped: the budget is reached.\nPartial results are preserved.\n" in ran.err


def test_a_run_in_which_nothing_could_be_scored_has_failed(ready: CommandLine) -> None:
    ready.write_evaluation({"scoring": {"judge": {"model": "sim/judge", "params": {"faults": {"malformed": 1.0}}}}})
    ran = ready("run", "evaluation.yaml", "--json")
    assert ran.code == 1
    assert ran.document["progress"]["successful"] == 0
    assert ran.document["metrics"][0]["mean"] is None


def test_a_wrong_key_fails_the_run_and_names_the_variable(lattice: CommandLine) -> None:
    with simulator(Behaviour(faults={Fault.AUTH: 1.0})) as server:
        lattice.set(OPENAI_BASE_URL=server.openai_url, OPENAI_API_KEY="sk-wrong-key-0123456789")
        lattice.write_inputs(20)
        lattice.write_evaluation({"targets": [{"model": "openai/gpt-4o-mini"}], "scoring": judged_by("openai/gpt-4o")})
        ran = lattice("run", "evaluation.yaml", "--json")
        assert ran.code == 1
        assert ran.document["status"] == "failed"
        assert ran.document["failure"]["kind"] == "auth"
        assert "OPENAI_API_KEY" in ran.err
        assert "sk-wrong-key" not in ran.err + ran.out
        assert server.counters.requests <= 2
        assert "lattice resume support-answers#1" in ran.err


def test_a_finished_run_is_not_resumed(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml")
    again = ready("resume", "latest")
    assert again.code == 2
    assert "support-answers#1 is complete: 8 of 8" in again.err


def test_cancelling_what_has_ended_is_refused(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml")
    cancelled = ready("cancel", "latest")
    assert cancelled.code == 2
    assert "has ended already: completed" in cancelled.err


def test_watching_a_run_that_has_ended_shows_how(ready: CommandLine) -> None:
    ready("run", "evaluation.yaml")
    watched = ready("watch", "latest")
    assert watched.code == 0
    assert "Status: Completed\n" in watched.err
