"""The store: whether it opens, is sound, can be written to and has room; and the runs in it that need somebody."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lattice.core.errors import UsageError
from lattice.core.runs import RunRecord
from lattice.service.doctor.findings import Finding, broken, doubtful, fine
from lattice.service.network_files import kind_under
from lattice.service.reading import reference_of
from lattice.service.workspace import store_url
from lattice.store import Store, open_store
from lattice.store.migrating import MIGRATIONS
from lattice.store.upkeep import StoreSize, schema_at

PATIENCE = 5
"""Seconds to wait for others that write, and for the check of the file."""
MANY_BYTES = 10 * 1000**3
LEAST_FREE = 200 * 1000**2
LONG_LOG = 256 * 1000**2
MOST_NAMED = 5

_MEGA = 1000**2


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePlace:
    """Where the store is looked for; see `lattice.service.workspace.store_url`."""

    db: str | None
    environ: Mapping[str, str]
    folder: Path


def store_check(place: StorePlace) -> Iterator[Finding]:
    """Everything about the store; only what can still be told once it does not open."""
    try:
        url = store_url(place.db, place.environ, place.folder, create=False)
    except UsageError:
        yield fine("store", "no workspace here yet; the first 'lattice run FILE' makes one")
        return
    schema = schema_at(url)
    if schema is None:
        yield fine("store", "there is none yet; the first 'lattice run FILE' makes it")
    elif schema != MIGRATIONS.head and schema in MIGRATIONS.revisions:
        advice = "make a copy first if older versions of Lattice use it as well"
        yield doubtful("store", f"schema {schema}; the next command changes it to {MIGRATIONS.head}", advice)
    else:
        with open_store(_impatient(url)) as store:
            yield from _opened(store, schema)


def _opened(store: Store, schema: str) -> Iterator[Finding]:
    size = store.upkeep.size()
    yield fine("store", f"{store.upkeep.place}, schema {schema}", schema=schema)
    yield from _soundness(store)
    yield _writing(store)
    yield from _size(store, size)
    if store.upkeep.file is not None:
        yield from _disk(store.upkeep.file, size)
    yield from _interrupted(store)


def _soundness(store: Store) -> Iterator[Finding]:
    found = store.upkeep.check(PATIENCE)
    if found is None:
        advice = "with sqlite3 FILE 'PRAGMA quick_check' for the whole of it"
        yield fine("integrity", f"nothing wrong as far as {PATIENCE} s reach; check it {advice}")
    elif found:
        advice = "restore it from a copy, or export what can be read with 'lattice export'"
        yield broken("integrity", f"the file is damaged: {'; '.join(found)}", advice)
    elif store.upkeep.file is not None:
        yield fine("integrity", "the file is sound")


def _writing(store: Store) -> Finding:
    store.upkeep.check_writable()
    return fine("writing", "the store can be written to")


def _size(store: Store, size: StoreSize) -> Iterator[Finding]:
    named = ", ".join(f"{name} ({done} results)" for name, done in store.upkeep.largest_runs(MOST_NAMED))
    text = f"{_mega(size.total)}, {_mega(size.unused)} of it free inside" if size.unused else _mega(size.total)
    detail = {"bytes": size.total, "log_bytes": size.log, "free_inside_bytes": size.unused}
    text += f"; largest: {named}" if named else ""
    if size.total > MANY_BYTES:
        yield doubtful("size", text, "lattice prune --older-than 90d --dry-run says what could go", **detail)
    else:
        yield fine("size", text, **detail)
    if size.log > LONG_LOG:
        advice = "somebody reads for long, or a process that wrote was killed; the next one that closes it shortens it"
        yield doubtful("log", f"the write-ahead log has {_mega(size.log)}", advice)


def _disk(file: Path, size: StoreSize) -> Iterator[Finding]:
    free = shutil.disk_usage(file.parent).free
    if free < LEAST_FREE:
        yield broken("disk", f"{_mega(free)} are free", "make room: a run ends where it cannot write", free_bytes=free)
    elif free < size.total:
        advice = "make room: to make the file smaller takes as much again"
        yield doubtful("disk", f"{_mega(free)} are free, less than the store has", advice, free_bytes=free)
    else:
        yield fine("disk", f"{_mega(free)} are free", free_bytes=free)
    if (kind := kind_under(file)) is not None:
        advice = "several machines need PostgreSQL: LATTICE_DB=postgresql://...; one machine needs a disk of its own"
        yield doubtful("file system", f"the store is on {kind}, a network file system that may damage it", advice)


def _interrupted(store: Store) -> Iterator[Finding]:
    found: list[RunRecord] = [run for run in store.running() if run.interrupted]
    for run in found[:MOST_NAMED]:
        progress = run.progress
        yield doubtful(
            "runs",
            f"{reference_of(run)} was interrupted at {progress.done} of {progress.total}",
            f"lattice resume {reference_of(run)}",
        )
    if len(found) > MOST_NAMED:
        yield doubtful("runs", f"{len(found) - MOST_NAMED} more were interrupted", "lattice ls shows them")
    if not found:
        yield fine("runs", "none is interrupted")


def _impatient(url: str) -> str:
    """A store that is locked for good is told soon."""
    if not url.startswith("sqlite") or "busy_timeout" in url:
        return url
    return f"{url}{'&' if '?' in url else '?'}busy_timeout={PATIENCE}"


def _mega(size: int) -> str:
    return f"{size / 1000**3:.1f} GB" if size >= 1000**3 else f"{size / _MEGA:.1f} MB"
