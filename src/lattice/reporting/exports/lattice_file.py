"""The portable file of a run: a zip of documented members, written in one pass and in bounded memory.

A member's content depends on nothing but the run, so that two snapshots of the same state are equal but for the
moment that the manifest tells.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from importlib import resources
from typing import IO, Any, cast

import orjson

from lattice import __version__
from lattice.config.hashing import config_hash
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.reporting import snapshots
from lattice.reporting.exports.parts import document_parts, response_lines, write_parts
from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.rows import encode
from lattice.reporting.snapshots import manifest
from lattice.reporting.snapshots.encoding import encode_exactly
from lattice.reporting.snapshots.identity import run_line
from lattice.reporting.snapshots.lines import attempt_line, input_line, result_lines
from lattice.reporting.snapshots.manifest import Member, manifest_line
from lattice.scoring.prompts import prompt_digest, prompt_sources

_LONG_AGO = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o100644 << 16
_UNIX = 3
_BUFFER = 1 << 16


def lattice_format(report: Format | None) -> Format:
    """The format ``lattice``, with a report for people where there is a format for that."""
    return Format(name="lattice", suffixes=(".lattice",), write=partial(write_archive, report=report))


def write_archive(source: ExportSource, stream: IO[bytes], report: Format | None = None) -> None:
    """Write a run as a ``.lattice`` file; the stream may be a pipe.

    Parameters
    ----------
    source: its results are read a second time where there is a `report`.

    Raises
    ------
    UsageError: the results are a part of the run's.
    """
    if source.partial:
        raise UsageError("a .lattice file holds a whole run; --where is for other formats")
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        archive = _Archive(file)
        _write_records(archive, source)
        if report is not None and report.is_installed:
            with archive.member(manifest.REPORT) as member:
                report.write(source, cast("IO[bytes]", member))
        archive.write(manifest.README, resources.files(snapshots).joinpath(manifest.README).read_bytes())
        members, run = dict(archive.members), run_line(source.run)
        listed = manifest_line(run, source.document["metrics"], members, lattice=__version__, created=source.created)
        archive.write(manifest.MANIFEST, encode_exactly(listed) + b"\n")


def _write_records(archive: _Archive, source: ExportSource) -> None:
    run, details = source.run, source.details
    with archive.member(manifest.SUMMARY) as member:
        write_parts(document_parts(source), cast("IO[bytes]", member))
    archive.write(manifest.CONFIGURATION, encode(run.config) + b"\n")
    archive.write(manifest.PROMPTS, orjson.dumps(judge_prompts(run)) + b"\n")
    archive.write(manifest.RUN, encode_exactly(run_line(run)) + b"\n")
    archive.write_lines(manifest.INPUTS, map(input_line, details.inputs))
    archive.write_lines(manifest.RESULTS, result_lines(source.rows, details.attempts_by_trial))
    archive.write_lines(manifest.RESPONSES, response_lines(source))
    archive.write_lines(manifest.ATTEMPTS, map(attempt_line, details.attempts))


def judge_prompts(run: RunRecord) -> list[dict[str, str]]:
    """The templates that the run's judges were asked with; none where this version has other ones built in."""
    evaluation = Evaluation.model_validate(run.config)
    judges = evaluation.judges
    if config_hash(evaluation, [prompt_digest(judge) for judge in judges]) != run.config_hash:
        return []
    prompts = [(judge, *prompt_sources(judge)) for judge in judges]
    return [{"judge": judge.label, "system": system, "user": user} for judge, system, user in prompts]


class _Archive:
    """A zip that is being written, and what its manifest will say."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self._file = file
        self.members: dict[str, Member] = {}

    @contextmanager
    def member(self, name: str) -> Iterator[_Hashed]:
        info = zipfile.ZipInfo(name, _LONG_AGO)
        info.compress_type = zipfile.ZIP_DEFLATED
        info.external_attr, info.create_system = _REGULAR_FILE, _UNIX
        with self._file.open(info, "w", force_zip64=True) as stream:
            hashed = _Hashed(stream)
            yield hashed
            hashed.flush()
        self.members[name] = hashed.listed(name)

    def write(self, name: str, content: bytes) -> None:
        with self.member(name) as member:
            member.write(content)

    def write_lines(self, name: str, lines: Iterable[Any]) -> None:
        with self.member(name) as member:
            for line in lines:
                member.write(encode_exactly(line) + b"\n")
                member.lines += 1


class _Hashed:
    """A stream to write to that knows what went through it; small pieces go on together."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._digest = hashlib.sha256()
        self._held = bytearray()
        self._bytes = 0
        self.lines = 0

    def write(self, content: bytes | memoryview) -> int:
        self._held += content
        if len(self._held) >= _BUFFER:
            self.flush()
        return len(content)

    def flush(self) -> None:
        held = bytes(self._held)
        self._held.clear()
        self._digest.update(held)
        self._bytes += len(held)
        self._stream.write(held)

    def listed(self, name: str) -> Member:
        lines = self.lines if name.endswith(".jsonl") else None
        return Member(sha256=self._digest.hexdigest(), bytes=self._bytes, lines=lines)
