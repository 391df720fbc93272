"""Runs of one event loop share a limiter; those of another loop do not."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable

import pytest
import uvloop

from lattice.engine.limits import Limiter
from lattice.service.limiting import _OF_LOOPS, shared_limiter


async def two_runs() -> tuple[Limiter, Limiter]:
    async def one() -> Limiter:
        return shared_limiter()

    first, second = await asyncio.gather(one(), one())
    return first, second


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_two_runs_on_one_loop_share_their_limiter(make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner(loop_factory=make_loop) as runner:
        first, second = runner.run(two_runs())
    assert first is second
    with asyncio.Runner(loop_factory=make_loop) as runner:
        third, _ = runner.run(two_runs())
    assert third is not first


def test_a_limiter_goes_with_its_loop() -> None:
    gc.collect()
    before = len(_OF_LOOPS)
    with asyncio.Runner() as runner:
        runner.run(two_runs())
    del runner
    gc.collect()
    assert len(_OF_LOOPS) == before
