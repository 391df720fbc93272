"""Rows from Parquet files, with the extra ``parquet``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lattice.inputs.rows import Entry, Numbering, Rows
from lattice.wire.files import UnreadableFile

_BATCH = 1024


def parquet_table(path: Path) -> Rows:
    """A Parquet file, read in batches.

    Raises
    ------
    UnreadableFile: the extra is not installed, or it is no Parquet file.
    """
    try:
        # An optional dependency, and a heavy one.
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise UnreadableFile(
            "Parquet files need the extra 'parquet'", hint="pip install 'lattice-evals[parquet]'"
        ) from None
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise UnreadableFile(f"not a Parquet file: {error}") from None
    return Rows(entries=_entries(file), numbered_by=Numbering.ROW)


def _entries(file: Any) -> Iterator[Entry]:
    number = 0
    with file:
        columns = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
        for batch in file.iter_batches(batch_size=_BATCH, columns=columns):
            for row in batch.to_pylist():
                number += 1
                yield number, {name: _plain(value) for name, value in row.items()}, None


def _plain(value: Any) -> Any:
    """A value as JSON has it: dates and decimals as texts, missing numbers (NaN) as nothing."""
    match value:
        case None | str() | bool() | int():
            return value
        case float():
            return value if value == value else None
        case dict():
            return {str(name): _plain(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case bytes():
            return value.decode("utf-8", "replace")
        case _:
            return value.isoformat() if hasattr(value, "isoformat") else str(value)
