"""What changes, told to everyone who has it open.

A `Feed` looks at something in the store while anybody follows it, a few times a second and once for all of them. It
keeps the latest state only: a slow reader skips what came between, and nothing gathers.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

from lattice.core.errors import LatticeError

LOOK_EVERY = 0.25
CALM_EVERY = 2.0
KEEP_ALIVE = 15.0

Parts = Mapping[str, str]
"""Names of parts of a page, and the text each shows now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """The state of something at one look.

    Parameters
    ----------
    calm: it changes no more by itself, so that looking now and then is enough.
    """

    parts: Parts
    calm: bool = False


@dataclass(slots=True)
class _Part:
    text: str
    version: int


class Feed:
    """The latest state of one thing.

    Parameters
    ----------
    look: reads the state; called in a thread, never twice at once.
    every: seconds from one look to the next.
    """

    def __init__(self, look: Callable[[], Glance], *, every: float = LOOK_EVERY) -> None:
        self._look = look
        self._every = every
        self._parts: dict[str, _Part] = {}
        self._version = 0
        self._bells: set[asyncio.Event] = set()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def followed(self, bell: asyncio.Event) -> Iterator[None]:
        """While this lasts, `bell` is set at each change."""
        self._bells.add(bell)
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="lattice-feed")
        elif self._version:
            bell.set()
        try:
            yield
        finally:
            self._bells.discard(bell)
            if not self._bells and self._task is not None:
                self._task.cancel()
                self._task = None

    @property
    def is_followed(self) -> bool:
        return bool(self._bells)

    @property
    def version(self) -> int:
        """Grows with every change."""
        return self._version

    def since(self, version: int) -> Parts:
        """The parts that have changed since a version; all of them for 0."""
        return {name: part.text for name, part in self._parts.items() if part.version > version}

    def ring(self) -> None:
        """Have everyone who follows look up."""
        for bell in self._bells:
            bell.set()

    async def _run(self) -> None:
        calm = False
        while True:
            with suppress(LatticeError):  # the store may be busy for a moment; the next look tells
                glance = await asyncio.to_thread(self._look)
                self._take(glance.parts)
                calm = glance.calm
            await asyncio.sleep(CALM_EVERY if calm else self._every)

    def _take(self, parts: Parts) -> None:
        changed = {
            name: text for name, text in parts.items() if name not in self._parts or self._parts[name].text != text
        }
        if not changed:
            return
        self._version += 1
        for name, text in changed.items():
            self._parts[name] = _Part(text, self._version)
        self.ring()


@dataclass(slots=True)
class Feeds:
    """The feeds that are followed now, by what they look at.

    Parameters
    ----------
    is_closed: the server stops, and every stream is to end.
    """

    epoch: str = field(default_factory=lambda: secrets.token_hex(4))
    is_closed: bool = False
    _feeds: dict[Hashable, Feed] = field(default_factory=dict)

    def close(self) -> None:
        """End all streams: those who follow are told, and find that there is nothing more to wait for."""
        self.is_closed = True
        for feed in self._feeds.values():
            feed.ring()

    def feed(self, of: Hashable, make: Callable[[], Feed]) -> Feed:
        """The feed of one thing, shared while somebody follows it."""
        for key in [key for key, feed in self._feeds.items() if not feed.is_followed]:
            del self._feeds[key]
        return self._feeds.setdefault(of, make())

    async def events(self, feeds: list[Feed], last_event_id: str | None) -> AsyncIterator[bytes]:
        """Server-sent events with the parts of several feeds, as they change.

        Parameters
        ----------
        last_event_id: of the last event that the reader got; what it has seen of these feeds is not sent again.
        """
        bell = asyncio.Event()
        with ExitStack() as following:
            for feed in feeds:
                following.enter_context(feed.followed(bell))
            seen = _seen(last_event_id, self.epoch, feeds)
            while not self.is_closed:
                news = {
                    name: text for feed, at in zip(feeds, seen, strict=True) for name, text in feed.since(at).items()
                }
                seen = [feed.version for feed in feeds]
                mark = "-".join((self.epoch, *map(str, seen)))
                for name, text in news.items():
                    yield event(name, text, mark)
                try:
                    async with asyncio.timeout(KEEP_ALIVE):
                        await bell.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                bell.clear()


def event(name: str, text: str, mark: str) -> bytes:
    """One server-sent event."""
    data = "\n".join(f"data: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return f"id: {mark}\nevent: {name}\n{data}\n\n".encode("utf-8", "replace")


def _seen(mark: str | None, epoch: str, feeds: list[Feed]) -> list[int]:
    """The versions that a reader has, from the id of its last event; none where another server gave it."""
    given = (mark or "").split("-")
    if given[0] != epoch or len(given) != len(feeds) + 1 or not all(part.isdigit() for part in given[1:]):
        return [0] * len(feeds)
    versions = [int(part) for part in given[1:]]
    return [at if at <= feed.version else 0 for at, feed in zip(versions, feeds, strict=True)]
