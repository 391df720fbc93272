"""What `deploy/` holds agrees with the command line: no option there that a Studio would refuse."""

from __future__ import annotations

import configparser
import json
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import click
import pytest
import yaml

from lattice.cli.app import lattice
from lattice.service.launching import HANDED_OVER_WITHIN

DEPLOY = Path(__file__).parents[2] / "deploy"
ROOT = DEPLOY.parent
UNIT = DEPLOY / "lattice-studio.service"
CONTAINER = DEPLOY / "Containerfile"


class Unit(configparser.RawConfigParser):
    """A systemd unit: names keep their case."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


@pytest.fixture
def unit() -> Unit:
    parser = Unit(strict=False, interpolation=None)
    parser.read(UNIT)
    return parser


@pytest.fixture
def steps() -> list[tuple[str, str]]:
    """The Containerfile's instructions with what stands behind them."""
    lines = [line for line in CONTAINER.read_text().splitlines() if line.strip() and not line.startswith("#")]
    steps = []
    for line in lines:
        found = re.fullmatch(r"([A-Z]+) (.+)", line)
        assert found is not None, line
        steps.append((found[1], found[2]))
    return steps


def check_command(words: list[str]) -> click.Context:
    """Parse a command line of Lattice as it would be run."""
    name, *arguments = words
    assert Path(name).name == "lattice"
    with click.Context(lattice) as group:
        subcommand, command, rest = lattice.resolve_command(group, arguments)
        assert command is not None
        return command.make_context(subcommand, rest, parent=group)


def instruction(steps: list[tuple[str, str]], name: str) -> str:
    (found,) = [text for each, text in steps if each == name]
    return found


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


def test_the_service_s_command_is_one_that_lattice_takes(unit: Unit) -> None:
    words = [word for word in shlex.split(unit["Service"]["ExecStart"]) if not word.startswith("$")]
    given = check_command([*words, "--allowed-host", "lattice.example.com"]).params
    assert given["hand_over"]
    assert not given["opens"]
    assert given["host"] == "0.0.0.0"


def test_the_service_gives_runs_the_time_that_they_have_to_be_handed_over(unit: Unit) -> None:
    service = unit["Service"]
    assert service["KillMode"] == "mixed"
    assert service["KillSignal"] == "SIGTERM"
    assert float(service["TimeoutStopSec"]) > HANDED_OVER_WITHIN


def test_the_service_may_do_little_and_has_no_secrets(unit: Unit) -> None:
    service = unit["Service"]
    assert service["User"] == "lattice"
    assert (service["NoNewPrivileges"], service["ProtectSystem"]) == ("yes", "strict")
    assert service["EnvironmentFile"] == "/etc/lattice/studio.env"
    assert "TOKEN=" not in UNIT.read_text()
    example = (DEPLOY / "studio.env.example").read_text()
    assert re.search(r"^LATTICE_STUDIO_TOKEN=$", example, re.MULTILINE)


def test_systemd_takes_the_service(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        warnings.warn("systemd-analyze is not here: what the service says was checked by its words alone", stacklevel=1)
        pytest.skip("systemd-analyze is not here")
    # Whether its program is where it will be is not for this machine to say.
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/opt/lattice/bin/lattice", sys.executable))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(here)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_container_s_command_is_one_that_lattice_takes(steps: list[tuple[str, str]]) -> None:
    words = json.loads(instruction(steps, "ENTRYPOINT")) + json.loads(instruction(steps, "CMD"))
    given = check_command(words).params
    assert given["hand_over"]
    assert (given["host"], str(given["port"])) == ("0.0.0.0", instruction(steps, "EXPOSE"))


def test_the_container_runs_without_rights_and_ends_by_the_signal_that_hands_over(steps: list[tuple[str, str]]) -> None:
    assert {text.partition(" ")[0] for name, text in steps if name == "FROM"} == {"python:3.11-slim"}
    order = [name for name, _ in steps]
    assert instruction(steps, "USER") not in ("root", "0")
    assert order.index("USER") < order.index("ENTRYPOINT")
    assert instruction(steps, "STOPSIGNAL") == "SIGTERM"
    assert instruction(steps, "VOLUME") == f'["{[text for name, text in steps if name == "WORKDIR"][-1]}"]'


def test_what_the_container_is_made_of_is_there(steps: list[tuple[str, str]]) -> None:
    known = {"RUN", "FROM", "COPY", "ENV", "USER", "WORKDIR", "VOLUME", "EXPOSE", "STOPSIGNAL", "HEALTHCHECK"}
    assert {name for name, _ in steps} == known | {"ENTRYPOINT", "CMD"}
    for name, text in steps:
        if name == "COPY" and not text.startswith("--from="):
            for each in text.split()[:-1]:
                assert (ROOT / each).exists(), each


def test_the_container_s_health_check_is_python_that_asks_for_the_studio_s_health(steps: list[tuple[str, str]]) -> None:
    check = json.loads(instruction(steps, "HEALTHCHECK").partition(" CMD ")[2])
    assert check[:2] == ["python", "-c"]
    compile(check[2], "healthcheck", "exec")
    assert f"127.0.0.1:{instruction(steps, 'EXPOSE')}/healthz" in check[2]


def test_the_composition_s_command_is_one_that_lattice_takes(steps: list[tuple[str, str]]) -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    studio, database = services["studio"], services["database"]
    command = [re.sub(r"\$\{\w+:-(\w+)\}", r"\1", word) for word in studio["command"]]
    check_command([*json.loads(instruction(steps, "ENTRYPOINT")), *command])
    assert (DEPLOY / studio["build"]["context"] / studio["build"]["dockerfile"]).resolve() == CONTAINER
    assert seconds(studio["stop_grace_period"]) > HANDED_OVER_WITHIN
    for service in (studio, database):
        for name, value in service["environment"].items():
            if any(word in name for word in ("TOKEN", "PASSWORD", "KEY")):
                assert value.startswith("${"), name
