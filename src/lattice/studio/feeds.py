"""What changes, told to everyone who has it open.

A `Feed` looks at something in the store while anybody follows it, a few times a second and once for all of them. It
keeps the latest state only: a slow reader skips what came between, and nothing gathers.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import threading
import time
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

from lattice.core.errors import LatticeError

log = logging.getLogger("lattice.studio")

LOOK_EVERY = 0.25
CALM_EVERY = 2.0
REST = 9.0
"""Pause after a look, in times of what it took, so that a feed takes about a tenth of a core."""
LONGEST_REST = 2.0
"""The same in times of the usual pause: one slow look does not leave a page behind for long."""
KEEP_ALIVE = 15.0

Parts = Mapping[str, str]
"""Names of parts of a page, and the text each shows now."""

_MARK = re.compile(r"([0-9a-f]{8})\.(\d{1,15})", re.ASCII)


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
        self._looking = threading.Lock()
        self._name = secrets.token_hex(4)
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

    @property
    def mark(self) -> str:
        """Its version, as a reader names it who comes back; no other feed takes it for one of its own."""
        return f"{self._name}.{self._version}"

    def seen_by(self, mark: str) -> int:
        """The version that `mark` stands for; 0 where another feed gave it."""
        found = _MARK.fullmatch(mark)
        return int(found[2]) if found is not None and found[1] == self._name else 0

    def ring(self) -> None:
        """Have everyone who follows look up."""
        for bell in self._bells:
            bell.set()

    async def _run(self) -> None:
        calm, said = False, ""
        while True:
            began = time.monotonic()
            try:
                glance = await asyncio.to_thread(self._looked)
                self._take(glance.parts)
                calm, said = glance.calm, ""
            except Exception as error:  # neither a busy store nor a defect silences every open page for good
                if repr(error) != said:
                    said = repr(error)
                    level = logging.WARNING if isinstance(error, LatticeError) else logging.ERROR
                    log.log(level, "a page cannot be kept current", exc_info=error)
            await asyncio.sleep(self._pause(calm, time.monotonic() - began))

    def _pause(self, calm: bool, took: float) -> float:
        """Seconds until the next look, after one that took so many."""
        return CALM_EVERY if calm else max(self._every, min(REST * took, LONGEST_REST * self._every))

    def _looked(self) -> Glance:
        """A look; one whose followers have gone may still go on in its thread, and is waited for."""
        with self._looking:
            return self._look()

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
    """The feeds that somebody holds, by what they look at: streams hold theirs for as long as they last.

    Parameters
    ----------
    is_closed: the server stops, and every stream is to end.
    """

    is_closed: bool = False
    _feeds: WeakValueDictionary[Hashable, Feed] = field(default_factory=WeakValueDictionary)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def close(self) -> None:
        """End all streams: those who follow are told, and find that there is nothing more to wait for."""
        self.is_closed = True
        with self._lock:
            feeds = list(self._feeds.values())
        for feed in feeds:
            feed.ring()

    def feed(self, of: Hashable, make: Callable[[], Feed]) -> Feed:
        """The feed of one thing, shared by all who hold it. Any thread may ask."""
        with self._lock:
            found = self._feeds.get(of)
            if found is None:
                found = self._feeds[of] = make()
            return found

    async def events(self, feeds: Sequence[Feed], last_event_id: str | None) -> AsyncIterator[bytes]:
        """Server-sent events with the parts of several feeds, as they change.

        Parameters
        ----------
        last_event_id: of the last event that the reader got; what it has seen of these feeds is not sent again.
        """
        bell = asyncio.Event()
        with ExitStack() as following:
            for feed in feeds:
                following.enter_context(feed.followed(bell))
            marks = (last_event_id or "").split("-")
            seen = [max(feed.seen_by(mark) for mark in marks) for feed in feeds]
            while not self.is_closed:
                news = [part for feed, at in zip(feeds, seen, strict=True) for part in feed.since(at).items()]
                seen = [feed.version for feed in feeds]
                if news:
                    yield _events(news, "-".join(feed.mark for feed in feeds))
                try:
                    async with asyncio.timeout(KEEP_ALIVE):
                        await bell.wait()
                except TimeoutError:
                    yield b": still here\n\n"
                bell.clear()


def event(name: str, text: str, mark: str | None = None) -> bytes:
    """One server-sent event; without a mark, a reader's mark stays the one it had."""
    data = "\n".join(f"data: {line}" for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    head = "" if mark is None else f"id: {mark}\n"
    return f"{head}event: {name}\n{data}\n\n".encode("utf-8", "replace")


def _events(news: Sequence[tuple[str, str]], mark: str) -> bytes:
    """Parts that changed together; the last one has the mark, since a connection may break between two of them."""
    last = len(news) - 1
    return b"".join(event(name, text, mark if at == last else None) for at, (name, text) in enumerate(news))
