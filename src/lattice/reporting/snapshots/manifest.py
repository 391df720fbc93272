"""The table of contents of a snapshot, with a hash of each member."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from lattice.core.runs import RunStatus
from lattice.reporting.snapshots.identity import Hash, Identifier, KeptEvaluation
from lattice.reporting.snapshots.lines import Count, Line, Moment, Number, Place

FORMAT = "lattice-run"
VERSION = 1
MANIFEST = "manifest.json"
README = "README.txt"
REPORT = "report.html"
SUMMARY = "summary.json"
CONFIGURATION = "configuration.json"
PROMPTS = "prompts.json"
RUN = "run.json"
INPUTS = "inputs.jsonl"
RESULTS = "results.jsonl"
RESPONSES = "responses.jsonl"
ATTEMPTS = "attempts.jsonl"

NEEDED = (SUMMARY, CONFIGURATION, RUN, INPUTS, RESULTS, RESPONSES, ATTEMPTS)
"""Members without which a file says too little to be a run."""

KNOWN = frozenset({*NEEDED, PROMPTS, README, REPORT})

_FOR_PEOPLE = frozenset({README, REPORT})


class Member(Line):
    """One member: SHA-256 of its content, its size, and how many lines it has where it holds a record a line."""

    sha256: Hash
    bytes: Count
    lines: Count | None = None


class KeptIdentity(Line):
    """Which run it is."""

    id: Identifier
    number: Place
    revision: Count
    evaluation: KeptEvaluation
    status: Annotated[RunStatus, Field(strict=False)]
    started_at: Moment | None = None
    finished_at: Moment | None = None


class Ends(Line):
    """The ends of an interval."""

    lower: Number
    upper: Number


class Headline(Line):
    """The first metric of the first target, for lists of snapshots; n counts inputs with a score."""

    target: str
    name: str
    n: Count
    mean: Number | None = None
    interval: Ends | None = None


class Manifest(Line):
    """What stands in ``manifest.json``.

    Parameters
    ----------
    version: of the format; a higher one may mean something else by its members.
    lattice: the version that wrote it. created: when it did.
    snapshot: SHA-256 over the hashes of the members that hold data; equal snapshots have the same one.
    """

    format: Literal["lattice-run"]
    version: Annotated[int, Field(ge=1)]
    lattice: str
    created: Moment | None = None
    run: KeptIdentity
    snapshot: Hash
    headline: Headline | None = None
    members: dict[str, Member]

    def lines(self, name: str) -> int:
        """How many records a member has."""
        found = self.members.get(name)
        return 0 if found is None else found.lines or 0


def manifest_line(
    run: Mapping[str, Any],
    metrics: Sequence[Mapping[str, Any]],
    members: Mapping[str, Member],
    *,
    lattice: str,
    created: datetime | None,
) -> dict[str, Any]:
    """A manifest as `Manifest` reads it.

    Parameters
    ----------
    run: as `lattice.reporting.snapshots.identity.run_line` gives it.
    metrics: of its document.
    """
    identity = {name: run[name] for name in KeptIdentity.model_fields}
    return {
        "format": FORMAT,
        "version": VERSION,
        "lattice": lattice,
        "created": None if created is None else created.isoformat(timespec="seconds"),
        "run": identity,
        "headline": _headline(metrics),
        "snapshot": snapshot_hash(members),
        "members": {name: member.model_dump(exclude_none=True) for name, member in members.items()},
    }


def _headline(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    if not metrics:
        return None
    return {name: metrics[0].get(name) for name in Headline.model_fields}


def snapshot_hash(members: Mapping[str, Member]) -> str:
    """What tells two snapshots apart by what they say: neither when they were written nor how they are presented."""
    hashes = [[name, member.sha256] for name, member in sorted(members.items()) if name not in _FOR_PEOPLE]
    return hashlib.sha256(orjson.dumps(hashes)).hexdigest()
