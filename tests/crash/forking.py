"""Forks a process for each command of Lattice, from one that has imported everything: no second of imports each.

Orders are JSON lines on stdin and answers JSON lines on stdout: ``{"start": [...], "cwd", "environ", "out", "err"}``
gives the process's number, ``{"poll": number}`` its exit code, or null while it lives; -9 means killed by signal 9.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from typing import Any

import scipy.special

from lattice.cli import main
from lattice.cli.commands import control, execution, reading
from lattice.providers import is_priced

IMPORTED = (scipy.special, control, execution, reading)
"""Modules that commands import when they need them."""


def serve() -> None:
    is_priced("openai/sim-assistant", {})
    for line in sys.stdin:
        order = json.loads(line)
        answer = _start(order) if "start" in order else _poll(order["poll"])
        print(json.dumps(answer), flush=True)


def _start(order: dict[str, Any]) -> int:
    number = os.fork()
    if number == 0:
        _become(order)
    return number


def _become(order: dict[str, Any]) -> None:
    for descriptor, name in ((1, "out"), (2, "err")):
        file = os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
        os.close(file)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.environ.update(order["environ"])
    os.chdir(order["cwd"])
    code: Any = 1
    try:
        main(order["start"])
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - a process of its own would show it, too
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _poll(number: int) -> int | None:
    ended, status = os.waitpid(number, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if ended else None


if __name__ == "__main__":
    serve()
