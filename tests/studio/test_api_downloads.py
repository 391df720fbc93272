"""Files that are sent while they are written."""

from __future__ import annotations

import threading
from typing import IO

import pytest

from lattice.studio.api.downloads import CHUNK, Pipe


def everything(pipe: Pipe) -> bytes:
    return b"".join(iter(pipe.take, None))


def test_what_is_written_comes_out_as_it_went_in() -> None:
    written = bytes(range(256)) * 5_000

    def write(stream: IO[bytes]) -> None:
        for start in range(0, len(written), 1_000):
            stream.write(written[start : start + 1_000])

    assert everything(Pipe(write)) == written
    assert everything(Pipe(lambda stream: None)) == b""


def test_a_writer_is_no_further_ahead_than_some_pieces() -> None:
    ahead = 0
    waiting = threading.Event()

    def write(stream: IO[bytes]) -> None:
        nonlocal ahead
        for _ in range(100):
            stream.write(b"x" * CHUNK)
            ahead += 1
            if ahead >= 4:
                waiting.set()

    pipe = Pipe(write)
    assert waiting.wait(10)
    assert ahead < 10
    assert len(everything(pipe)) == 100 * CHUNK


def test_what_goes_wrong_is_raised_where_the_file_is_read() -> None:
    def write(stream: IO[bytes]) -> None:
        stream.write(b"x" * CHUNK)
        stream.flush()
        raise ValueError("no more")

    pipe = Pipe(write)
    assert pipe.take() == b"x" * CHUNK
    with pytest.raises(ValueError, match="no more"):
        pipe.take()


def test_a_file_that_nobody_takes_is_not_written_on() -> None:
    ended = threading.Event()

    def write(stream: IO[bytes]) -> None:
        try:
            while True:
                stream.write(b"x" * CHUNK)
        finally:
            ended.set()

    pipe = Pipe(write)
    pipe.take()
    pipe.abandon()
    assert ended.wait(10)
