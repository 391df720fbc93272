"""Files that a run can be written to. A new format is a module of its own and a line here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from lattice.core.errors import UsageError
from lattice.reporting.atomic import written_whole
from lattice.reporting.exports import (
    html_report,
    json_document,
    json_lines,
    junit,
    lattice_file,
    markdown,
    parquet,
    spreadsheet,
)
from lattice.reporting.exports.source import ExportSource, Format

__all__ = ["FORMATS", "STDOUT", "ExportSource", "Format", "export", "format_for", "formats_for"]

_OF_RESULTS: tuple[Format, ...] = (
    spreadsheet.FORMAT,
    json_document.FORMAT,
    json_lines.FORMAT,
    parquet.FORMAT,
    junit.FORMAT,
    junit.WITH_RESULTS,
    markdown.FORMAT,
    markdown.WITH_RESULTS,
    html_report.FORMAT,
)
# A snapshot has a report in it, where there is a format for reports.
_REPORT = next((each for each in _OF_RESULTS if each.name == "html"), None)
FORMATS: tuple[Format, ...] = (*_OF_RESULTS, lattice_file.lattice_format(_REPORT))
STDOUT = "-"


def format_for(destination: str, name: str | None = None) -> Format:
    """The format for a file, by its ending or by name.

    Parameters
    ----------
    destination: a path, or ``-``, which has no ending.
    name: what ``--format`` said: a format's name, or an ending that means it.

    Raises
    ------
    UsageError: there is no such format, or nothing says which is meant, and the message lists those there are; or it
        needs what is not installed.
    """
    if name is not None:
        return _installed(_named(name))
    if destination == STDOUT:
        raise UsageError(f"say in which format to write to standard output: --format with one of {_names()}")
    ending = Path(destination).suffix.lower()
    for each in FORMATS:
        if ending in each.suffixes:
            return _installed(each)
    endings = ", ".join(suffix for each in FORMATS for suffix in each.suffixes)
    what = f"the ending {ending!r} stands for no format" if ending else "the file has no ending to tell its format"
    raise UsageError(f"{destination}: {what}; use one of {endings}, or --format")


def formats_for(destinations: Sequence[str], name: str | None = None, *, with_results: bool = False) -> list[Format]:
    """A format for each of several files that are written together.

    Parameters
    ----------
    name: what ``--format`` said; of several files it is for those whose ending does not tell theirs.
    with_results: formats that sum a run up are to hold its results as well.

    Raises
    ------
    UsageError: as `format_for`.
    """
    alone = len(destinations) == 1
    chosen = [format_for(each, name if alone or not _tells(each) else None) for each in destinations]
    return [_named(each.with_results) if with_results and each.with_results else each for each in chosen]


def export(source: ExportSource, format: Format, destination: str, *, stdout: IO[bytes]) -> None:
    """Write a run to a file, which is there whole or not at all, or to standard output.

    Raises
    ------
    UsageError: the file cannot be written.
    """
    if destination == STDOUT:
        format.write(source, stdout)
        stdout.flush()
        return
    with written_whole(Path(destination)) as stream:
        format.write(source, stream)


def _named(name: str) -> Format:
    wanted = name.lower().lstrip(".")
    for each in FORMATS:
        if wanted == each.name or f".{wanted}" in each.suffixes:
            return each
    raise UsageError(f"{name!r} is no format; there are {_names()}")


def _names() -> str:
    return ", ".join(each.name for each in FORMATS)


def _tells(destination: str) -> bool:
    ending = Path(destination).suffix.lower()
    return any(ending in each.suffixes for each in FORMATS)


def _installed(format: Format) -> Format:
    needs = format.needs
    if needs is not None and not format.is_installed:
        raise UsageError(f"{format.name} needs {needs.module}: pip install 'lattice-evals[{needs.name}]'")
    return format
