"""``.lattice`` files of a small run, whole and tampered with."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from tests.service.carried_out import failures_as_a_score

from lattice.reporting.exports.lattice_file import lattice_format
from lattice.reporting.snapshots.manifest import MANIFEST, Member, snapshot_hash
from lattice.service.reading import source_of
from lattice.store import open_store


@cache
def archive() -> bytes:
    """A run of twenty inputs some of which failed, without a report."""
    with TemporaryDirectory() as folder, open_store(f"sqlite:///{folder}/lattice.db") as store:
        stream = io.BytesIO()
        lattice_format(None).write(source_of(store, failures_as_a_score(store, Path(folder))), stream)
    return stream.getvalue()


def members() -> dict[str, bytes]:
    """All members of it, the manifest last."""
    with zipfile.ZipFile(io.BytesIO(archive())) as file:
        return {name: file.read(name) for name in file.namelist()}


def packed(contents: Mapping[str, bytes]) -> bytes:
    """A zip."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in contents.items():
            file.writestr(name, content)
    return stream.getvalue()


def listed(contents: Mapping[str, bytes], **changes: Any) -> dict[str, bytes]:
    """The same with a manifest that agrees with them, as somebody would write it who tampers with care."""
    manifest = orjson.loads(contents[MANIFEST])
    others = {name: content for name, content in contents.items() if name != MANIFEST}
    manifest["members"] = {name: _member(name, content) for name, content in others.items()}
    manifest["snapshot"] = snapshot_hash({name: Member(**each) for name, each in manifest["members"].items()})
    return {**others, MANIFEST: orjson.dumps({**manifest, **changes})}


def lines_of(name: str) -> list[Any]:
    """The records of a member."""
    return [orjson.loads(line) for line in members()[name].splitlines()]


def as_lines(records: list[Any]) -> bytes:
    """Records as a member has them."""
    return b"".join(orjson.dumps(record) + b"\n" for record in records)


def _member(name: str, content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    return {**found, "lines": content.count(b"\n")} if name.endswith(".jsonl") else found
