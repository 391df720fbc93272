"""Files that are sent while they are written, in bounded memory.

A thread writes the file, as fast as its reader takes it and no faster. A reader that goes away ends the thread.
"""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from typing import IO, Any, cast

from anyio import to_thread
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

CHUNK = 128 * 1024
_WAITING = 4
_LOOK_EVERY = 0.2

Part = bytes | Exception | None
"""A piece of the file, why there is no more of it, or its end."""


class Pipe:
    """What a writer writes, to be read by another thread.

    Parameters
    ----------
    write: writes the whole file to a stream; begins at once.
    """

    def __init__(self, write: Callable[[IO[bytes]], None]) -> None:
        self._parts: queue.Queue[Part] = queue.Queue(maxsize=_WAITING)
        self._abandoned = threading.Event()
        self._write = write
        threading.Thread(target=self._work, name="lattice-download", daemon=True).start()

    def take(self) -> bytes | None:
        """The next piece, None at the end.

        Raises
        ------
        Exception: what writing it raised.
        """
        part = self._parts.get()
        if isinstance(part, Exception):
            raise part
        return part

    def abandon(self) -> None:
        """Nothing more will be taken."""
        self._abandoned.set()

    def put(self, part: Part) -> None:
        """Hand a piece over once there is room.

        Raises
        ------
        BrokenPipeError: nobody takes it.
        """
        while not self._abandoned.is_set():
            try:
                self._parts.put(part, timeout=_LOOK_EVERY)
            except queue.Full:
                continue
            return
        raise BrokenPipeError("the download was abandoned")

    def _work(self) -> None:
        try:
            self.put(self._written())
        except BrokenPipeError:
            # Its reader is gone: there is nobody left to tell.
            return

    def _written(self) -> Part:
        stream = io.BufferedWriter(cast(io.RawIOBase, _Stream(self)), CHUNK)
        try:
            self._write(cast(IO[bytes], stream))
            stream.flush()
        except BrokenPipeError:
            raise
        except Exception as error:  # noqa: BLE001 - raised again where the file is read
            return error
        finally:
            stream.detach()
        return None


class _Stream(io.RawIOBase):
    """A pipe as a stream to write to."""

    def __init__(self, pipe: Pipe) -> None:
        super().__init__()
        self._pipe = pipe

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        content = bytes(data)
        if content:
            self._pipe.put(content)
        return len(content)


class Download(StreamingResponse):
    """Sends what comes out of a pipe.

    Parameters
    ----------
    first: what was taken of it already, so that what fails at once gets a status of its own.
    """

    def __init__(self, pipe: Pipe, first: bytes | None, *, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(_pieces(pipe, first), headers=dict(headers), media_type=media_type)
        self._pipe = pipe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._pipe.abandon()


async def _pieces(pipe: Pipe, first: bytes | None) -> AsyncIterator[bytes]:
    piece = first
    while piece is not None:
        yield piece
        piece = await to_thread.run_sync(pipe.take, abandon_on_cancel=True)
