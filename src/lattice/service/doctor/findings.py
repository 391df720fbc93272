"""What a check finds, and how a check is kept from hanging."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from lattice.core.errors import LatticeError


class Standing(StrEnum):
    """How a thing is: fine, to be looked at, or in the way of work."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found.

    Parameters
    ----------
    check: what was looked at, such as ``store``.
    message: how it is; never a secret.
    advice: what to do, where something is to be done.
    detail: the same as data, for programs.
    """

    check: str
    standing: Standing
    message: str
    advice: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)


def fine(check: str, message: str, **detail: Any) -> Finding:
    """Nothing is to be done."""
    return Finding(check=check, standing=Standing.OK, message=message, detail=detail)


def doubtful(check: str, message: str, advice: str, **detail: Any) -> Finding:
    """It works, and should be looked at."""
    return Finding(check=check, standing=Standing.WARNING, message=message, advice=advice, detail=detail)


def broken(check: str, message: str, advice: str | None = None, **detail: Any) -> Finding:
    """Work will fail because of it."""
    return Finding(check=check, standing=Standing.BROKEN, message=message, advice=advice, detail=detail)


Check = Callable[[], Iterable[Finding]]


def bounded(name: str, check: Check, seconds: float) -> list[Finding]:
    """What a check finds within so many seconds; what has no end by then is a finding as well.

    Its thread is left behind then, and keeps no process from ending.
    """
    found: list[Finding] = []
    thread = threading.Thread(target=_carried_out, args=(name, check, found), name=f"lattice {name}", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        late = broken(name, f"no answer within {seconds:g} s", "a disk or a network hangs: look at what it stands on")
        return [*found, late]
    return found


def _carried_out(name: str, check: Check, found: list[Finding]) -> None:
    try:
        found.extend(check())
    except (LatticeError, OSError) as error:
        found.append(broken(name, str(error)))
    except Exception as error:  # noqa: BLE001 - a check that breaks says so, and the others go on
        found.append(broken(name, f"the check itself failed: {type(error).__name__}"))
