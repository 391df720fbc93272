"""The limiter that the runs of one event loop share without being told of each other.

A provider counts the calls of a process, not those of a run. So this is the one thing in Lattice that outlives a
call without being handed on: what was learned about limits belongs to the loop, and goes with it.
"""

from __future__ import annotations

import asyncio
from weakref import WeakKeyDictionary

from lattice.engine.clock import SystemClock
from lattice.engine.limits import Limiter

_OF_LOOPS: WeakKeyDictionary[asyncio.AbstractEventLoop, Limiter] = WeakKeyDictionary()


def shared_limiter() -> Limiter:
    """The running event loop's limiter; made for the first run on it."""
    loop = asyncio.get_running_loop()
    limiter = _OF_LOOPS.get(loop)
    if limiter is None:
        limiter = _OF_LOOPS[loop] = Limiter(SystemClock())
    return limiter
