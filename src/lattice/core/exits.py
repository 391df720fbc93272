"""Exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What a command's end says to a script; of several that apply, the first in this order is given."""

    USAGE = 2
    FAILED = 1
    CANCELLED = 130
    TERMINATED = 143
    GATE_FAILED = 3
    INCONCLUSIVE = 4
    OK = 0
