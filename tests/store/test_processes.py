"""Telling whether a process lives."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lattice.store import processes
from lattice.store.processes import Process, current_process, is_alive

WAITING = "import sys; sys.stdin.read()"


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", WAITING], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


def of(pid: int) -> Process:
    return replace(current_process(), pid=pid, started=processes._started(pid) or "")


def test_this_process_lives() -> None:
    here = current_process()
    assert here.pid == os.getpid()
    assert is_alive(here, here)


def test_another_process_lives_until_it_is_killed(child: subprocess.Popen[bytes]) -> None:
    here, other = current_process(), of(child.pid)
    assert is_alive(other, here)
    child.kill()
    child.wait()
    assert is_alive(other, here) is False


def test_a_process_that_nobody_has_collected_yet_is_gone(child: subprocess.Popen[bytes]) -> None:
    other = of(child.pid)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_alive(other, current_process()) is False


def test_a_number_that_was_given_again_is_another_process() -> None:
    here = current_process()
    assert is_alive(replace(here, started="1"), here) is False


def test_nothing_survives_a_reboot() -> None:
    here = current_process()
    assert is_alive(replace(here, boot="earlier pid:[1]"), here) is False


def test_another_host_cannot_be_told_from_here() -> None:
    here = current_process()
    assert is_alive(replace(here, host="elsewhere"), here) is None


def test_a_container_with_the_same_host_name_cannot_be_told_from_here() -> None:
    here = current_process()
    boot = here.boot.partition(" ")[0]
    assert is_alive(replace(here, boot=f"{boot} pid:[1]"), here) is None


def test_what_tells_no_start_cannot_be_told() -> None:
    here = current_process()
    assert is_alive(replace(here, started=""), here) is None


def test_without_proc_ps_tells_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(processes, "_PROC", tmp_path)
    ps = tmp_path / "ps"
    ps.write_text("#!/bin/sh\n[ $4 = 4242 ] && echo '  Sat Mar  1 12:00:00 2025'\n")
    ps.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert (processes._started(4242), processes._started(4243)) == ("Sat Mar 1 12:00:00 2025", None)
    assert current_process().boot == ""
