"""Inputs as an evaluation names them, in one pass."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from lattice.core.errors import InvalidEvaluation, Problem
from lattice.core.evaluation import InputSource, Sample
from lattice.core.inputs import Input
from lattice.inputs.building import InputBuilder
from lattice.inputs.csv_rows import csv_table
from lattice.inputs.json_rows import json_document, json_lines
from lattice.inputs.parquet_rows import parquet_table
from lattice.inputs.rows import Numbering, RowProblem, Rows
from lattice.inputs.yaml_rows import yaml_document
from lattice.wire.files import UnreadableFile, check_readable

MOST_PROBLEMS = 20

_FORMATS: Mapping[str, Callable[[Path], Rows]] = {
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".json": json_document,
    ".csv": csv_table,
    ".yaml": yaml_document,
    ".yml": yaml_document,
    ".parquet": parquet_table,
}


def read_inputs(source: InputSource, base: Path) -> Iterator[Input]:
    """The inputs of `source`, in the order of their places.

    JSON lines, CSV and Parquet are streamed in constant memory, with a sample in memory of the sample's size;
    JSON and YAML documents are read whole.

    Parameters
    ----------
    base: the folder that `source.path` starts from.

    Raises
    ------
    InvalidEvaluation: while they are read: there is no such file, it holds no inputs, or rows of it cannot be
    inputs, up to `MOST_PROBLEMS` of them with their lines. No input is given after the first such row.
    """
    inputs = _Reading(source, base).inputs()
    return inputs if source.sample is None else drawn(inputs, source.sample)


def drawn(inputs: Iterable[Input], sample: Sample) -> Iterator[Input]:
    """A uniform random sample by its seed, in the order of the inputs' places; all inputs if there are fewer.

    Algorithm R (Vitter, 1985, "Random sampling with a reservoir"): one pass, memory of the sample's size.
    """
    random_ = random.Random(sample.seed)
    kept: list[Input] = []
    for count, item in enumerate(inputs):
        if count < sample.size:
            kept.append(item)
        elif (place := int(random_.random() * (count + 1))) < sample.size:
            kept[place] = item
    yield from sorted(kept, key=lambda item: item.position)


class _Reading:
    """One pass over one source."""

    def __init__(self, source: InputSource, base: Path) -> None:
        self._source = source
        self._path = None if source.path is None else base / Path(source.path).expanduser()
        self._problems: list[Problem] = []
        self._bad_rows = 0
        self._told: set[str] = set()

    def inputs(self) -> Iterator[Input]:
        try:
            yield from self._inputs(self._open())
        except UnreadableFile as error:
            self._problems.append(self._about_file(error.message, error.hint, error.line))
            raise InvalidEvaluation(self._problems) from None
        except OSError as error:
            self._problems.append(self._about_file(f"cannot be read: {error.strerror}"))
            raise InvalidEvaluation(self._problems) from None

    @property
    def _file(self) -> str | None:
        return None if self._path is None else str(self._path)

    def _about_file(self, message: str, hint: str | None = None, line: int | None = None) -> Problem:
        """A problem with the source as a whole; without a line of its own it belongs to the configuration."""
        if line is not None:
            return Problem(message=message, hint=hint, file=self._file, line=line)
        if self._file is None:
            return Problem(message=message, hint=hint, key="inputs.items")
        return Problem(message=f"{self._file}: {message}", hint=hint, key="inputs.path")

    def _open(self) -> Rows:
        if self._path is None:
            items = self._source.items or ()
            return Rows(entries=((index, item, None) for index, item in enumerate(items)), numbered_by=Numbering.ITEM)
        check_readable(self._path)
        read = _FORMATS.get(self._path.suffix.lower())
        if read is None:
            known = ", ".join(_FORMATS)
            raise UnreadableFile(f"inputs cannot be read from {self._path.suffix or 'this'} files", hint=known)
        return read(self._path)

    def _inputs(self, rows: Rows) -> Iterator[Input]:
        builder = InputBuilder(self._source.fields, rows)
        limit = self._source.limit
        position = 0
        for position, (number, row, raw) in enumerate(rows.entries, start=1):
            try:
                item = builder.build(position, row, raw)
            except RowProblem as problem:
                self._note(problem, number, rows)
            else:
                if not self._bad_rows:
                    yield item
            if position == limit:
                break
        self._finish(position, builder)

    def _note(self, problem: RowProblem, number: int, rows: Rows) -> None:
        self._bad_rows += 1
        if self._bad_rows > MOST_PROBLEMS:
            self._problems.append(Problem(message="and more; reading stopped here", file=self._file))
            raise InvalidEvaluation(self._problems)
        if not (problem.shared and problem.message in self._told):
            self._told.add(problem.message)
            self._problems.append(self._placed(problem, number, rows))

    def _placed(self, problem: RowProblem, number: int, rows: Rows) -> Problem:
        line = number if rows.numbered_by is Numbering.LINE else None
        keys = {Numbering.ROW: f"row {number}", Numbering.ITEM: f"inputs.items.{number}"}
        key = keys.get(rows.numbered_by)
        return Problem(message=problem.message, hint=problem.hint, file=self._file, line=line, key=key)

    def _finish(self, count: int, builder: InputBuilder) -> None:
        if count == 0:
            self._problems.append(self._about_file("there are no inputs in it"))
        elif not self._bad_rows:
            fields = self._source.fields.model_dump()
            self._problems.extend(
                Problem(message=f"no row has a field {fields[role]!r}", key=f"inputs.fields.{role}")
                for role in sorted(builder.unseen)
            )
        if self._problems:
            raise InvalidEvaluation(self._problems)
