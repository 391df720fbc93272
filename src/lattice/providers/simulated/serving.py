"""The simulator as a process of its own: what is behind ``lattice simulate``."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.server import SimulatorServer


def announcement(behaviour: Behaviour, url: str) -> str:
    """What a user needs to know to talk to a server that listens at `url`."""
    return (
        f"Simulator: {behaviour.describe()}\n"
        f"  OpenAI:     OPENAI_BASE_URL={url}/v1 OPENAI_API_KEY=any\n"
        f"  Anthropic:  ANTHROPIC_BASE_URL={url} ANTHROPIC_API_KEY=any\n"
        f"  Counters:   {url}/_simulator/counters"
    )


def _print(text: str) -> None:
    print(text, flush=True)


def serve(
    behaviour: Behaviour,
    host: str = "127.0.0.1",
    port: int = 0,
    announce: Callable[[str], None] = _print,
) -> None:
    """Run the server in this process until SIGINT or SIGTERM, on uvloop where it is installed.

    Parameters
    ----------
    port: 0 takes a free one.
    announce: is told once where the server listens.

    Raises
    ------
    UsageError: the address cannot be listened on.
    """
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_serve(behaviour, host, port, announce))


async def _serve(behaviour: Behaviour, host: str, port: int, announce: Callable[[str], None]) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with SimulatorServer(behaviour, host=host, port=port) as server:
        announce(announcement(behaviour, server.url))
        await stop.wait()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    try:
        import uvloop  # optional: not built for every platform
    except ImportError:
        return asyncio.new_event_loop
    return uvloop.new_event_loop
