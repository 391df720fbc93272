"""Does what a page says, block by block, as a reader would who starts in an empty folder."""

from __future__ import annotations

import ast
import asyncio
import inspect
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import yaml
from tests.cli.command_line import CommandLine, Outcome
from tests.cli.servers import simulator
from tests.docs.blocks import Block
from tests.docs.fetching import fetched
from tests.studio.api_requests import served
from tests.studio.studios import a_studio

from lattice.cli.commands.serving import simulate
from lattice.config import load
from lattice.providers.simulated.behaviour import Behaviour
from lattice.studio.settings import StudioSettings
from lattice.wire.yaml_dialect import YamlLoader

# What fragments of an evaluation file are fragments of.
WHOLE: Mapping[str, Any] = {
    "name": "Example",
    "targets": [{"name": "Assistant", "model": "sim/assistant"}],
    "inputs": {"items": ["What is the capital of Australia?"]},
    "scoring": {"judge": {"model": "sim/judge"}},
}

_PROMPT = "$ "
_OMITTED = "..."
_NUMBER = re.compile(r"\d[\d,]*")
_VARIABLE = re.compile(r"^[A-Z][A-Z0-9_]*=")
_SHELL = frozenset("|<>&;()")


class Reader:
    """One reader of one page.

    Parameters
    ----------
    lattice: the command line, in the page's folder.
    """

    def __init__(self, lattice: CommandLine) -> None:
        self._lattice = lattice
        self._namespace: dict[str, Any] = {"__name__": "__docs__"}
        self._servers = ExitStack()
        self._addresses: dict[str, str] = {}

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    def do(self, block: Block) -> None:
        """Run, check or keep one block, by its language."""
        match block.language:
            case "bash":
                self._commands(block, list(_joined(block.text)))
            case "console":
                self._console(block)
            case "python" if block.file_name:
                self._keep(block)
            case "python":
                self._python(block)
            case "yaml":
                self._yaml(block)
            case "json":
                orjson.loads(block.text)
            case "jsonl":
                for line in self._keep(block).read_text(encoding="utf-8").splitlines():
                    orjson.loads(line)
            case "jinja":
                self._keep(block)

    # -- commands

    def _commands(self, block: Block, lines: list[str]) -> list[Outcome]:
        outcomes = []
        for number, line in enumerate(lines, start=1):
            outcome = self._command(self._addressed(line))
            expected = block.exit if number == len(lines) else 0
            assert outcome.code == expected, f"{block.place}: {line}\nended with {outcome.code}\n{outcome.err}"
            outcomes.append(outcome)
        return outcomes

    def _command(self, line: str) -> Outcome:
        words = _words(line)
        if words is None or "$" in line:
            return self._in_shell(line)
        match words:
            case ["cd", folder]:
                os.chdir(folder)
                return Outcome(code=0, out="", err="")
            case ["export", *settings]:
                self._lattice.set(**dict(setting.split("=", 1) for setting in settings))
                return Outcome(code=0, out="", err="")
            case ["lattice", "simulate", *options]:
                return self._simulate(options)
            case ["lattice", "studio", *_]:
                return self._studio()
            case ["lattice", *arguments]:
                return self._lattice(*arguments)
            case ["curl", *options, url]:
                return fetched(url, options)
            case _:
                return self._in_shell(line)

    def _in_shell(self, line: str) -> Outcome:
        """What needs a shell, with the commands of this environment on its path."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-o", "pipefail", "-c", line],
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path},
            check=False,
        )
        return Outcome(code=done.returncode, out=done.stdout, err=done.stderr)

    def _simulate(self, options: list[str]) -> Outcome:
        """Serve in the background, on a free port that takes the place of the one the page names."""
        told = simulate.make_context("simulate", options).params
        host, port = told.pop("host"), told.pop("port")
        headers = not told.pop("no_limit_headers")
        server = self._servers.enter_context(simulator(Behaviour.from_options(limit_headers=headers, **told)))
        self._addresses[f"http://{host}:{port}"] = server.url
        return Outcome(code=0, out="", err="")

    def _studio(self) -> Outcome:
        """Serve the folder's workspace in the background, likewise."""
        secrets = tuple(os.environ.get("LATTICE_WEBHOOK_SECRET", "").split())
        studio = self._servers.enter_context(a_studio(Path.cwd(), StudioSettings(webhook_secrets=secrets)))
        self._addresses["http://127.0.0.1:8484"] = self._servers.enter_context(served(studio)).url
        return Outcome(code=0, out="", err="")

    def _addressed(self, line: str) -> str:
        for named, real in self._addresses.items():
            line = line.replace(named, real)
        return line

    def _console(self, block: Block) -> None:
        """Commands behind a prompt; each line shown below them is among what they wrote, up to its numbers."""
        commands: list[str] = []
        shown: list[str] = []
        for line in block.text.splitlines():
            if line.startswith(_PROMPT):
                commands.append(line.removeprefix(_PROMPT))
            elif line.strip() and line.strip() != _OMITTED:
                shown.append(line)
        outcomes = self._commands(block, commands)
        written = {shape(line) for outcome in outcomes for line in (outcome.out + outcome.err).splitlines()}
        stray = [line for line in shown if shape(line) not in written]
        assert not stray, f"{block.place} shows what is not written:\n" + "\n".join(stray) + f"\n{outcomes}"

    # -- other languages

    def _python(self, block: Block) -> None:
        code = compile(self._addressed(block.text), block.place, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        if code.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(code, self._namespace))
        else:
            exec(code, self._namespace)

    def _yaml(self, block: Block) -> None:
        """A whole evaluation is validated with its inputs, a part of one within a whole; other files are kept."""
        data = yaml.load(block.text, YamlLoader)
        if isinstance(data, list):
            self._keep(block)
            return
        if {"targets", "inputs", "scoring"} <= data.keys():
            path = self._keep(block, otherwise="example.yaml")
            outcome = self._lattice("validate", path)
            assert outcome.code == 0, f"{block.place}\n{outcome.err}"
            return
        path = Path("fragment.yaml")
        path.write_text(yaml.safe_dump({**WHOLE, **data}), encoding="utf-8")
        load(path)

    def _keep(self, block: Block, otherwise: str | None = None) -> Path:
        """Write the file that a block shows."""
        name = block.file_name or otherwise
        assert name is not None, f"{block.place} names no file; begin it with a comment such as # inputs.jsonl"
        text = block.text if block.language == "yaml" else block.text.partition("\n")[2]
        path = Path(name)
        path.write_text(text, encoding="utf-8")
        return path


def _joined(text: str) -> Iterator[str]:
    """The commands of a block: without comments and blank lines, broken ones in one."""
    for line in text.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            yield line


def _words(line: str) -> list[str] | None:
    """The words of a simple command, None where it takes a shell."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    words = []
    for word in lexer:
        if word.startswith("#"):
            break
        if set(word) <= _SHELL:
            return None
        words.append(word)
    return None if words and _VARIABLE.match(words[0]) else words


def shape(line: str) -> str:
    """A line without what differs from run to run: numbers, and the space that they take."""
    return " ".join(_NUMBER.sub("0", line).split())
