"""A real Studio in a process of its own, over a folder of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from tests.cli.command_line import SURROUNDING

PATIENCE = 30.0
"""Seconds after which a Studio that has not answered will not."""


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Workspace:
    """A folder that commands run in, each as a process of its own, without anyone's keys.

    Parameters
    ----------
    variables: added to the environment.
    """

    def __init__(self, folder: Path, variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.environ = {
            name: value
            for name, value in os.environ.items()
            if name not in SURROUNDING and not name.startswith("LATTICE_STUDIO_")
        }
        self.environ.update(PYTHONUNBUFFERED="1", NO_COLOR="1", **(variables or {}))

    def write(self, name: str, text: str) -> Path:
        """Write a file into the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def lattice(self, *arguments: str | Path, code: int = 0) -> str:
        """Run a command to its end, which must be with exit code `code`, and give what it wrote to stdout."""
        done = subprocess.run(
            _command(*arguments), cwd=self.folder, env=self.environ, capture_output=True, encoding="utf-8", check=False
        )
        assert done.returncode == code, f"exit code {done.returncode}, not {code}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def begin(self, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Start a command that goes on by itself; whoever starts it ends it."""
        log = self.folder / "command.log"
        with log.open("ab") as out:
            return subprocess.Popen(_command(*arguments), cwd=self.folder, env=self.environ, stdout=out, stderr=out)


class StudioProcess:
    """``lattice studio`` over a workspace, on a port it keeps when it is started again."""

    def __init__(self, workspace: Workspace, options: tuple[str, ...] = ()) -> None:
        self.workspace = workspace
        self.port = free_port()
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def said(self) -> str:
        """All that it has written so far."""
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""

    def start(self) -> None:
        """Start it, and wait until it answers."""
        arguments = ("studio", "--port", str(self.port), "--no-open", *self._options)
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                _command(*arguments),
                cwd=self.workspace.folder,
                env=self.workspace.environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
        deadline = time.monotonic() + PATIENCE
        while not self._answers():
            assert self._process.poll() is None, f"the Studio ended with {self._process.returncode}:\n{self.said}"
            assert time.monotonic() < deadline, f"the Studio has not answered for {PATIENCE:g} s:\n{self.said}"
            time.sleep(0.01)

    def stop(self) -> int:
        """Interrupt it as Ctrl-C does, wait, and give its exit code."""
        return self._end(signal.SIGINT)

    def terminate(self) -> int:
        """Tell it to end as a supervisor does, wait, and give its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a warning."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop it if it runs, and start it again on the same port."""
        self.stop()
        self.start()

    @property
    def _log(self) -> Path:
        return self.workspace.folder / "studio.log"

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the Studio did not end within {PATIENCE:g} s:\n{self.said}") from None

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("HEAD", "/static/favicon.svg")
            connection.getresponse().close()
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()
        return True


def _command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "lattice", *(str(argument) for argument in arguments)]
