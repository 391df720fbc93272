"""An export of many results takes no more memory than one of few."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest
from tests.reporting.exports.sources import source
from tests.reporting.run_records import result

from lattice.reporting.exports import FORMATS, Format
from lattice.store.records import ResultRow

MANY = 20_000
# Parquet holds a row group at a time; nothing else holds more than a result.
MOST = {"parquet": 24_000_000}
USUAL = 4_000_000


class Sink(io.RawIOBase):
    """Takes everything and keeps nothing."""

    def __init__(self) -> None:
        self.most_of_arrow = 0

    def writable(self) -> bool:
        return True

    def write(self, content: object, /) -> int:
        self.most_of_arrow = max(self.most_of_arrow, pa.total_allocated_bytes())
        return memoryview(content).nbytes  # type: ignore[arg-type]


def rows() -> Iterator[ResultRow]:
    scored, failed = result(1), result(1, None)
    for place in range(1, MANY + 1):
        yield replace(scored if place % 50 else failed, reasoning=f"{place} " + "mostly right " * 10)


@pytest.mark.parametrize("format", FORMATS, ids=lambda each: each.name)
def test_memory_does_not_grow_with_the_results(format: Format) -> None:
    of, sink = source(rows()), Sink()
    # What is imported on first use is not what is measured: pyarrow looks for pandas.
    format.write(source([result(1)]), sink)  # type: ignore[arg-type]
    tracemalloc.start()
    try:
        format.write(of, sink)  # type: ignore[arg-type]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak + sink.most_of_arrow < MOST.get(format.name, USUAL)
    if format.with_results is None:
        assert next(iter(of.rows), None) is None
