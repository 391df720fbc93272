"""Which process this is, and whether another one still lives.

A process number alone is reused sooner or later. Together with the moment the process started, the boot it
started in and the name space its number counts in, it means one process only. Linux tells all of them under
``/proc``; elsewhere ``ps`` tells the start, and where there is neither, nobody can tell by the process.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_START_FIELD = 22
_FIELDS_BEFORE_STATE = 2
_ENDED = frozenset("ZXx")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """One process, beyond doubt on its own host.

    Parameters
    ----------
    host: name of the machine or container.
    boot: the boot it runs in, with the name space of its number; "" where the system does not tell.
    pid: its number.
    started: when it started, as the system puts it; "" where the system does not tell.
    """

    host: str
    boot: str
    pid: int
    started: str


def current_process() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(host=socket.gethostname(), boot=_boot(), pid=pid, started=_started(pid) or "")


def is_alive(process: Process, here: Process) -> bool | None:
    """Whether a process lives, asked from the process `here`; None where it cannot be told from here."""
    if process.host != here.host or not process.started:
        return None
    if process.boot != here.boot:
        return None if _same_boot(process.boot, here.boot) else False
    return _started(process.pid) == process.started


def _boot() -> str:
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return ""


def _same_boot(one: str, other: str) -> bool:
    """The same boot in two name spaces of process numbers: two containers that share a host name."""
    return one.partition(" ")[0] == other.partition(" ")[0]


def _started(pid: int) -> str | None:
    """When a living process started; None for one that has ended, even if nobody has collected it yet."""
    if sys.platform == "win32":
        return None
    if not (_PROC / "self/stat").exists():
        return _started_by_ps(pid)
    try:
        stat = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] in _ENDED else fields[_START_FIELD - _FIELDS_BEFORE_STATE - 1]


def _started_by_ps(pid: int) -> str | None:
    answer = subprocess.run(
        ["ps", "-o", "lstart=", "-p", str(pid)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C"},
    )
    return " ".join(answer.stdout.split()) or None
