"""The command line as tests use it: in this process, in a folder of its own."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from lattice.cli import main

SURROUNDING = (
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "COLUMNS",
    "FORCE_COLOR",
    "LATTICE_DB",
    "LATTICE_LOG_FILE",
    "LATTICE_LOG_FORMAT",
    "LATTICE_LOG_LEVEL",
    "LATTICE_TRACES",
    "NO_COLOR",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_SERVICE_NAME",
    "TERM",
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What is on stdout, which must be one JSON document and nothing else."""
        return orjson.loads(self.out)


class CommandLine:
    """Calls commands from `folder`, which is also the working directory."""

    def __init__(self, folder: Path, environ: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self._environ = environ
        environ.chdir(folder)
        for name in SURROUNDING:
            environ.delenv(name, raising=False)

    def change_to(self, folder: Path) -> None:
        """Change the working directory."""
        self._environ.chdir(folder)

    def set(self, **variables: str) -> None:
        """Set variables of the environment."""
        for name, value in variables.items():
            self._environ.setenv(name, value)

    def __call__(self, *arguments: str | Path) -> Outcome:
        out, err = _stream("strict"), _stream("backslashreplace")
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as exit_:
            main([str(argument) for argument in arguments])
        code = exit_.value.code
        assert isinstance(code, int)
        return Outcome(code=code, out=_text(out), err=_text(err))

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder."""
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def write_evaluation(self, changes: Mapping[str, Any] | None = None, *, name: str = "evaluation.yaml") -> Path:
        """An evaluation over ``inputs.jsonl`` with simulated models; `changes` take the place of whole parts."""
        return self.write(name, yaml.safe_dump({**EVALUATION, **(changes or {})}, sort_keys=False))

    def write_inputs(self, count: int, *, name: str = "inputs.jsonl", **fields: Any) -> Path:
        """`count` questions with references, one a line; `fields` are in each."""
        rows = ({"input": f"Question {n}?", "reference": f"Answer {n}.", **fields} for n in range(1, count + 1))
        return self.write(name, "".join(f"{json.dumps(row)}\n" for row in rows))


EVALUATION: Mapping[str, Any] = {
    "name": "Support Answers",
    "targets": [{"name": "Assistant", "model": "sim/assistant"}],
    "inputs": {"path": "inputs.jsonl"},
    "scoring": {"judge": {"model": "sim/judge", "mode": "reference"}},
}


def judged_by(model: str, **settings: Any) -> dict[str, Any]:
    """A ``scoring`` part."""
    return {"judge": {"model": model, "mode": "reference", **settings}}


def _stream(errors: str) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors=errors, newline="")


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    content = stream.buffer
    assert isinstance(content, io.BytesIO)
    return content.getvalue().decode()
