"""A run written out as it is sent, in memory that does not grow with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress

from lattice.core.errors import LatticeError
from lattice.reporting.exports import ExportSource, Format

_CHUNK = 64 * 1024


def written_out(source: ExportSource, format: Format) -> Iterator[bytes]:
    """The bytes of an export, while a thread writes them.

    A reader who leaves ends the writing.

    Raises
    ------
    LatticeError: the store refused in the middle; what was sent until then is no whole file, and the connection breaks.
    """
    reading, writing = os.pipe()
    failure: list[BaseException] = []
    writer = threading.Thread(target=_write, args=(source, format, writing, failure), name="lattice-export")
    writer.start()
    try:
        while chunk := os.read(reading, _CHUNK):
            yield chunk
    finally:
        os.close(reading)
        writer.join()
    if failure:
        raise failure[0]


def _write(source: ExportSource, format: Format, writing: int, failure: list[BaseException]) -> None:
    # The pipe ends with the stream; whoever has stopped reading it breaks it.
    with suppress(BrokenPipeError), os.fdopen(writing, "wb", buffering=_CHUNK) as stream:
        try:
            format.write(source, stream)
        except (LatticeError, OSError, ValueError) as error:
            if not isinstance(error, BrokenPipeError):
                failure.append(error)
            raise BrokenPipeError from error
