"""Bad input: one clear message on stderr, exit 2, no call made and no run stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from tests.cli.command_line import CommandLine, Outcome, judged_by
from tests.cli.servers import simulator

from lattice.providers.simulated.server import SimulatorServer
from lattice.store import open_store

VALID = '{"id": "a", "input": "Why?", "reference": "Because."}\n'


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorServer]:
    with simulator() as server:
        yield server


@pytest.fixture
def ready(lattice: CommandLine, server: SimulatorServer) -> CommandLine:
    """A folder in which everything would run against the server, were it not for one thing."""
    lattice.set(OPENAI_BASE_URL=server.openai_url, OPENAI_API_KEY="sk-dummy")
    lattice.write("inputs.jsonl", VALID)
    write(lattice)
    return lattice


def write(lattice: CommandLine, **changes: Any) -> None:
    live = {"targets": [{"model": "openai/gpt-4o-mini"}], "scoring": judged_by("openai/gpt-4o")}
    lattice.write_evaluation({**live, **changes})


def refused(lattice: CommandLine, server: SimulatorServer, *options: str, file: str = "evaluation.yaml") -> str:
    """What ``run`` says when it refuses; nothing may have been spent or stored."""
    server.counters.clear()
    outcome = lattice("run", file, *options)
    check_clear(outcome)
    assert server.counters.requests == 0
    assert stored_runs(lattice) == 0
    return outcome.err


def check_clear(outcome: Outcome) -> None:
    assert outcome.code == 2, outcome.err
    assert outcome.out == ""
    assert outcome.err.count("Error: ") == 1
    assert "Traceback" not in outcome.err


def check_says(outcome: Outcome, said: str) -> None:
    check_clear(outcome)
    assert said in outcome.err


def stored_runs(lattice: CommandLine) -> int:
    database = lattice.folder / ".lattice" / "lattice.db"
    if not database.exists():
        return 0
    with open_store(f"sqlite:///{database}") as store:
        return len(store.runs())


def test_a_missing_file_is_named_with_the_nearest_one(ready: CommandLine, server: SimulatorServer) -> None:
    said = refused(ready, server, file="evaluations.yaml")
    assert said == "Error: evaluations.yaml: no such file (did you mean evaluation.yaml?)\n"
    assert not (ready.folder / ".lattice").exists()


def test_a_folder_is_no_file(ready: CommandLine, server: SimulatorServer) -> None:
    assert "is a directory" in refused(ready, server, file=".")


def test_a_yaml_error_has_its_line(ready: CommandLine, server: SimulatorServer) -> None:
    ready.write("broken.yaml", "name: [a\ntargets: b\n")
    assert "broken.yaml:2: not valid YAML: " in refused(ready, server, file="broken.yaml")


def test_unknown_keys_are_told_all_at_once_with_the_nearest_known_one(
    ready: CommandLine, server: SimulatorServer
) -> None:
    write(ready, targets=[{"model": "openai/gpt-4o-mini", "promt": "x"}], run={"max_concurent": 3})
    said = refused(ready, server)
    assert "Error: 2 problems\n" in said
    assert "  evaluation.yaml:4: targets.0.promt: unknown key (did you mean prompt?)\n" in said
    assert "run.max_concurent: unknown key (did you mean max_concurrent?)\n" in said


def test_a_template_that_names_an_unknown_variable_is_refused(ready: CommandLine, server: SimulatorServer) -> None:
    write(ready, targets=[{"model": "openai/gpt-4o-mini", "prompt": "Answer: {{ inputs }}"}])
    said = refused(ready, server)
    assert "evaluation.yaml:4: targets.0.prompt: " in said
    assert "unknown variable 'inputs' (did you mean 'input'?)" in said


def test_a_missing_key_is_named_by_its_variable(ready: CommandLine, server: SimulatorServer) -> None:
    ready.set(OPENAI_API_KEY="")
    write(ready, scoring=judged_by("anthropic/claude-3-haiku-20240307"))
    said = refused(ready, server)
    assert "targets.0.model: OPENAI_API_KEY is not set" in said
    assert "scoring.judge.model: ANTHROPIC_API_KEY is not set" in said


def test_a_missing_variable_of_a_named_provider_is_named(ready: CommandLine, server: SimulatorServer) -> None:
    gateway = {"base_url": server.openai_url, "headers": {"X-Team": "${GATEWAY_TEAM}"}}
    write(ready, targets=[{"model": "gateway/some-model"}], providers={"gateway": gateway})
    said = refused(ready, server)
    assert "providers.gateway.headers.X-Team: not set in the environment: GATEWAY_TEAM" in said


@pytest.mark.parametrize("content", ["", "\n\n"])
def test_an_empty_inputs_file_is_refused(ready: CommandLine, server: SimulatorServer, content: str) -> None:
    ready.write("inputs.jsonl", content)
    assert "evaluation.yaml:5: inputs.path: inputs.jsonl: there are no inputs in it" in refused(ready, server)


def test_a_missing_inputs_file_is_named(ready: CommandLine, server: SimulatorServer) -> None:
    write(ready, inputs={"path": "input.jsonl"})
    said = refused(ready, server)
    assert "evaluation.yaml:5: inputs.path: input.jsonl: no such file (did you mean inputs.jsonl?)" in said


def test_rows_without_an_input_are_told_with_their_lines(ready: CommandLine, server: SimulatorServer) -> None:
    ready.write("inputs.jsonl", VALID + '{"text": "no input"}\n{"input": " "}\nnot json\n')
    said = refused(ready, server)
    assert "inputs.jsonl:2: no input: expected one of input, question, query, prompt; this row has text" in said
    assert "inputs.jsonl:3: the input is empty" in said
    assert "inputs.jsonl:4: not valid JSON" in said


def test_duplicate_ids_are_told_with_both_places(ready: CommandLine, server: SimulatorServer) -> None:
    ready.write("inputs.jsonl", VALID + VALID.replace('"a"', '"b"') + VALID)
    assert "inputs.jsonl: inputs #1 and #3 have the same id 'a'" in refused(ready, server)


@pytest.mark.parametrize("inputs", [{"path": "inputs.jsonl"}, {"items": [{"input": "a", "reference": "b"}, "c"]}])
def test_reference_mode_needs_references(
    ready: CommandLine, server: SimulatorServer, inputs: Mapping[str, object]
) -> None:
    ready.write("inputs.jsonl", VALID + '{"id": "b", "input": "And?"}\n')
    write(ready, inputs=inputs)
    said = refused(ready, server)
    assert "scoring.judge.mode: reference mode needs a reference for each input; " in said
    assert "1 of 2 inputs have none, the first of them is #2" in said


def test_an_unknown_provider_is_told_with_the_nearest(ready: CommandLine, server: SimulatorServer) -> None:
    write(ready, targets=[{"model": "opneai/gpt-4o"}])
    said = refused(ready, server)
    assert "evaluation.yaml:3: targets.0.model: unknown provider 'opneai'" in said
    assert "did you mean 'openai'?" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--limit", "0"), "--limit"),
        (("--repeats", "0"), "--repeats"),
        (("--max-concurrent", "many"), "--max-concurrent"),
        (("--limit", "1", "--sample", "1"), "give either --limit or --sample, not both"),
        (("--set", "run.timeout"), "expected PATH=VALUE, such as run.max_concurrent=20"),
        (("--set", "run.timeot=5"), "--set: run.timeot: unknown key (did you mean timeout?)"),
        (("--set", "run.timeout=soon"), "--set: run.timeout: expected a number, got 'soon'"),
        (("--target", "Other"), "no target is called 'Other'; there are: gpt-4o-mini"),
        (("--tag", "nightly"), "--tag nightly: expected KEY=VALUE, such as commit="),
        (("-o", "results.pdf"), "results.pdf: the ending '.pdf' stands for no format"),
        (("-o", "nowhere/results.csv"), "nowhere/results.csv: its folder does not exist"),
        (("-o", "-"), "lattice export latest -o -"),
        (("--db", "mysql://host/name"), "stores of type mysql are not available"),
        (("--nonsense",), "No such option"),
    ],
)
def test_an_option_that_cannot_be_used_is_told(
    ready: CommandLine, server: SimulatorServer, options: tuple[str, ...], said: str
) -> None:
    assert said in refused(ready, server, *options)


def test_certificates_that_are_not_there_are_told(ready: CommandLine, server: SimulatorServer) -> None:
    ready.set(SSL_CERT_FILE="/nowhere/certificates.pem")
    assert "SSL_CERT_FILE names /nowhere/certificates.pem, and there is no such file" in refused(ready, server)


def test_a_gate_on_a_target_that_was_left_out_is_told(ready: CommandLine, server: SimulatorServer) -> None:
    targets = [{"name": name, "model": "openai/gpt-4o-mini"} for name in ("old", "new")]
    write(ready, targets=targets, gates=["new/mean > 0.5"])
    assert "gates.0: no target is called 'new'" in refused(ready, server, "--target", "old")


def test_a_budget_without_prices_is_refused(ready: CommandLine, server: SimulatorServer) -> None:
    write(ready, targets=[{"model": "openai/nobody-knows-its-price"}], run={"budget": {"cost_usd": 1.0}})
    said = refused(ready, server)
    assert "run.budget.cost_usd: a cost cannot be limited while prices are unknown" in said


def test_what_a_file_says_never_reaches_the_terminal_raw(ready: CommandLine, server: SimulatorServer) -> None:
    ready.write("evaluation.yaml", '"na\\e[31mme": x\n')
    assert "\x1b" not in refused(ready, server)


def test_unknown_commands_runs_and_filters_are_told(ready: CommandLine) -> None:
    without_workspace = {
        "rnu evaluation.yaml": "there is no command 'rnu'; did you mean 'run'?",
        "show latest": "there is no workspace here",
        "ls": "lattice run FILE",
        "run": "Missing argument 'FILE'",
    }
    with_workspace = {
        "show": "there is no run yet",
        "show support-answers": "it has no run yet",
        "show suport-answers": "close is support-answers",
        "export latest -o x.csv": "there is no run yet",
        "show --raw --json": "--json gives the whole run",
    }
    for command, said in without_workspace.items():
        check_says(ready(*command.split()), said)
    ready("add", "evaluation.yaml")
    for command, said in with_workspace.items():
        check_says(ready(*command.split()), said)


def test_a_filter_that_cannot_be_read_is_told(ready: CommandLine) -> None:
    assert ready("run", "evaluation.yaml").code == 0
    for where, said in (("score <", "expected a number"), ("scor < 3", "did you mean score?")):
        check_says(ready("show", "--where", where), said)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--port", "99999"), "--port"),
        (("--latency", "soon"), "latency must be seconds such as 0.2"),
        (("--fault", "500=2"), "the rate of fault '500' must lie between 0 and 1"),
        (("--fault", "5000=0.1"), "unknown fault '5000'"),
        (("--rpm", "0"), "requests per minute must be at least 1"),
    ],
)
def test_a_simulator_that_cannot_be_is_told(lattice: CommandLine, options: tuple[str, ...], said: str) -> None:
    check_says(lattice("simulate", *options), said)
