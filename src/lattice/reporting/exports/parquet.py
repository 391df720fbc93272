"""Parquet: one row per trial, typed, with the columns of `lattice.reporting.exports.columns` and a few more.

==================  ======================================================================================
messages            the input's messages where it is a conversation, else null
context             the input's passages
metadata            the input's further fields, as JSON text
model               what the provider says it served
finish_reason       why the answer ended
==================  ======================================================================================

The file's metadata hold under ``lattice`` the run's document without its errors, as JSON. Texts are as they were
stored, NUL included; halves of surrogate pairs, which UTF-8 cannot hold, become ``�``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from lattice.reporting.exports.columns import Kind, cells, columns
from lattice.reporting.exports.source import ExportSource, Extra, Format
from lattice.reporting.formats import plain_text
from lattice.reporting.rows import encode
from lattice.store.records import ResultRow

MOST_ROWS = 20_000
"""Rows of a row group, which is written as soon as it is full."""
MOST_BYTES = 16_000_000
"""Bytes of a row group in memory, for results that are long."""

_ROWS_AT_ONCE = 500
_TEXT_AT_ONCE = 1_000_000

Value = Any  # texts, numbers, lists and mappings, as pyarrow takes them


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write all results, a row group at a time."""
    import pyarrow as pa  # heavy, and only with the extra parquet
    import pyarrow.parquet as pq  # likewise

    schema = _schema(source)
    with pq.ParquetWriter(stream, schema, compression="zstd") as writer:
        group: list[Any] = []
        for values in _values(source):
            arrays = [pa.array(column, type=field.type) for column, field in zip(values, schema, strict=True)]
            group.append(pa.record_batch(arrays, schema=schema))
            if sum(len(each) for each in group) >= MOST_ROWS or sum(each.nbytes for each in group) >= MOST_BYTES:
                writer.write_table(pa.Table.from_batches(group))
                group = []
        if group:
            writer.write_table(pa.Table.from_batches(group))


def _schema(source: ExportSource) -> Any:
    import pyarrow as pa  # heavy, and only with the extra parquet

    types = {Kind.TEXT: pa.string(), Kind.WHOLE: pa.int64(), Kind.NUMBER: pa.float64()}
    fields = [pa.field(plain_text(column.name), types[column.kind]) for column in columns(source.metrics)]
    fields += [
        pa.field("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        pa.field("context", pa.list_(pa.string())),
        pa.field("metadata", pa.string()),
        pa.field("model", pa.string()),
        pa.field("finish_reason", pa.string()),
    ]
    document = {name: value for name, value in source.document.items() if name != "errors"}
    return pa.schema(fields, metadata={"lattice": encode({**document, "configuration": dict(source.run.config)})})


def _values(source: ExportSource) -> Iterator[Iterator[tuple[Value, ...]]]:
    """Some results at a time, each time the values of one column after the other."""
    metrics = source.metrics
    rows: list[list[Value]] = []
    size = 0
    for row in source.rows:
        values = [_encodable(cell) for cell in cells(row, metrics)] + _further(row)
        size += sum(len(value) for value in values if isinstance(value, str))
        rows.append(values)
        if len(rows) >= _ROWS_AT_ONCE or size >= _TEXT_AT_ONCE:
            yield zip(*rows, strict=True)
            rows, size = [], 0
    if rows:
        yield zip(*rows, strict=True)


def _further(row: ResultRow) -> list[Value]:
    given, response = row.input, row.response
    messages = None if isinstance(given.input, str) else given.input
    return [
        messages and [{"role": plain_text(each.role), "content": plain_text(each.content)} for each in messages],
        [plain_text(passage) for passage in given.context],
        encode(dict(given.metadata)).decode() if given.metadata else None,
        _encodable(response.model) if response else None,
        _encodable(response.finish_reason) if response else None,
    ]


def _encodable(value: Value) -> Value:
    return plain_text(value) if isinstance(value, str) else value


FORMAT = Format(
    name="parquet", suffixes=(".parquet", ".pq"), write=write, needs=Extra(module="pyarrow", name="parquet")
)
