"""Whether a ``.lattice`` file still says what was written: each hash, each count, and that its numbers follow."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from lattice.core.conditions import parse_condition
from lattice.core.errors import UsageError
from lattice.core.models import Usage
from lattice.core.runs import RunStatus
from lattice.core.trials import TrialKey
from lattice.reporting.document import errors_of
from lattice.reporting.figures import Summary, progress_json, usage_json
from lattice.reporting.gating import decide_gates
from lattice.reporting.rows import encode
from lattice.reporting.snapshots import manifest
from lattice.reporting.snapshots.encoding import decode_exactly
from lattice.reporting.snapshots.manifest import snapshot_hash
from lattice.reporting.snapshots.opening import LatticeFile, digest_of
from lattice.reporting.summary import Session, live_intervals_of, spending_of, summarise
from lattice.store.records import ResultRow, ResultStatus, ScoreRow

_NEAR = 1e-9
_SHOWN = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What was found.

    Parameters
    ----------
    problems: what is wrong, a sentence each; none where the file is as it was written.
    unknown: members that the manifest lists and this version of Lattice does not know.
    """

    problems: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def is_sound(self) -> bool:
        return not self.problems


def verify(file: LatticeFile) -> Verification:
    """Read all of a file and check it. What cannot be read at all is a problem like any other."""
    unknown = tuple(name for name in file.manifest.members if name not in manifest.KNOWN)
    try:
        # What follows from damaged members says nothing more.
        problems = damage(file) or [*_contents(file)]
    except UsageError as error:
        problems = [str(error)]
    return Verification(problems=tuple(problems), unknown=unknown)


def damage(file: LatticeFile) -> list[str]:
    """Members that are not what was written, a sentence each.

    Raises
    ------
    UsageError: one cannot be read at all.
    """
    return [*_hashes(file)]


def _hashes(file: LatticeFile) -> Iterator[str]:
    listed = file.manifest.members
    for name in file.members:
        if name not in listed:
            yield f"{name} is not listed in {manifest.MANIFEST}"
    for name, member in listed.items():
        if name not in file.members:
            yield f"{name} is missing"
        elif digest_of(file.content(name)) != member.sha256:
            yield f"{name} is not what was written: its SHA-256 is another one"
    if snapshot_hash(listed) != file.manifest.snapshot:
        yield f"the hash of the snapshot does not follow from those of its members in {manifest.MANIFEST}"


def _contents(file: LatticeFile) -> Iterator[str]:
    """What does not follow from what, in a file whose members are those that were written."""
    run, listed = file.run, file.manifest.run
    if (run.id, run.number, run.revision) != (listed.id, listed.number, listed.revision):
        yield f"{manifest.RUN} is of another run than {manifest.MANIFEST}"
    counted = _Counted()
    summary = _summary(file, counted)
    yield from _miscounts(file, counted)
    document = file.summary()
    expected = _expected(file, summary)
    for name, value in expected.items():
        if not (name == "gates" and run.stopped == "decided"):  # those are of the look that ended the run
            yield from _differences(value, document.get(name), name)
    yield from _errors(file)
    if not run.live:
        return
    spent = summary.spending
    for role, own, whole in (("target", counted.target, spent.target), ("judge", counted.judge, spent.judge)):
        if own.input_tokens > whole.usage.input_tokens or own.output_tokens > whole.usage.output_tokens:
            yield f"{manifest.RESULTS} has more tokens of the {role} than {manifest.RUN}"


@dataclass(slots=True)
class _Counted:
    """What is counted of results while their numbers are summed up."""

    results: int = 0
    in_order: bool = True
    target: Usage = field(default_factory=Usage)
    judge: Usage = field(default_factory=Usage)


def _scores(file: LatticeFile, counted: _Counted) -> Iterator[ScoreRow]:
    last: TrialKey | None = None
    for row in file.results():
        counted.results += 1
        counted.in_order = counted.in_order and (last is None or row.key > last)
        counted.target += row.target_usage
        counted.judge += row.judge_usage
        last = row.key
        yield _score(row)


def summed_up(file: LatticeFile) -> Summary:
    """The numbers that the results of a file come to."""
    return _summary(file, _Counted())


def _summary(file: LatticeFile, counted: _Counted) -> Summary:
    run, evaluation = file.run, file.evaluation
    whole = run.status is RunStatus.COMPLETED and run.stopped is None
    session = Session(
        total=run.total,
        elapsed=run.elapsed_seconds,
        spending=spending_of(run.live, evaluation),
        live_intervals=None if whole else live_intervals_of(run.live, evaluation),
    )
    return summarise(_scores(file, counted), evaluation, session)


def _miscounts(file: LatticeFile, counted: _Counted) -> Iterator[str]:
    listed, inputs = file.manifest, sum(1 for _ in file.inputs())
    for name, found in ((manifest.INPUTS, inputs), (manifest.RESULTS, counted.results)):
        if found != listed.lines(name):
            yield f"{name} has {found} lines, and {manifest.MANIFEST} says {listed.lines(name)}"
    if counted.results != file.run.done:
        yield f"{manifest.RESULTS} has {counted.results} results, and {manifest.RUN} says {file.run.done}"
    if not counted.in_order:
        yield f"{manifest.RESULTS} has a trial twice, or is not in the order of inputs, targets and repeats"


def _expected(file: LatticeFile, summary: Summary) -> dict[str, Any]:
    """The parts of the document that follow from the results, and the run's identity in it."""
    run = file.run
    usage = usage_json(summary.spending)
    decided = decide_gates(file.evaluation, summary, run.status, run.stopped)
    told = {gate.get("condition"): gate for gate in file.summary().get("gates") or () if isinstance(gate, Mapping)}
    # What a gate on a difference was decided against is another run, of which the file holds nothing.
    gates = [
        told.get(gate.condition, gate.as_json()) if parse_condition(gate.condition).is_difference else gate.as_json()
        for gate in decided
    ]
    return {
        "id": run.id,
        "number": run.number,
        "config_hash": run.config_hash,
        "inputs_hash": run.inputs_hash,
        "progress": progress_json(summary.progress),
        "usage": {name: usage[name] for name in ("input_tokens", "output_tokens", "total_tokens")},
        "metrics": [metric.as_json() for metric in summary.metrics],
        "gates": gates,
    }


def _errors(file: LatticeFile) -> Iterator[str]:
    """The errors of the summary are those of the results, one by one."""
    failed = (row for row in file.results() if row.status is ResultStatus.FAILED)
    for number, (expected, found) in enumerate(zip_longest(errors_of(failed), file.errors())):
        if found != (None if expected is None else decode_exactly(encode(expected))):
            yield f"{manifest.SUMMARY}: errors.{number} is not the failure that {manifest.RESULTS} has there"
            return


def _differences(expected: Any, found: Any, path: str) -> Iterator[str]:
    """Where a summary says something else than its results; numbers may differ by their last digits."""
    if isinstance(expected, Mapping) and isinstance(found, Mapping):
        for name, value in expected.items():
            yield from _differences(value, found.get(name), f"{path}.{name}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for place, (one, other) in enumerate(zip(expected, found, strict=True)):
            yield from _differences(one, other, f"{path}.{place}")
    elif not _same(expected, found):
        yield f"{manifest.SUMMARY} does not follow from the results: {path} is {_shown(found)}, not {_shown(expected)}"


def _same(expected: Any, found: Any) -> bool:
    if isinstance(expected, (int, float)) and isinstance(found, (int, float)):
        return math.isclose(expected, found, rel_tol=_NEAR, abs_tol=_NEAR)
    return bool(expected == found)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _score(row: ResultRow) -> ScoreRow:
    """The numbers of a result."""
    failure = row.failure
    return ScoreRow(
        position=row.key.position,
        target=row.key.target,
        repeat=row.key.repeat,
        status=row.status,
        cluster=row.input.cluster,
        metrics={name: (metric.score, metric.native) for name, metric in row.metrics.items()},
        error_kind=None if failure is None else failure.kind.value,
        latency=row.latency,
        judge_latency=row.judge_latency,
        duration=row.duration,
        target_cost=row.target_cost,
        judge_cost=row.judge_cost,
        target_usage=row.target_usage,
        judge_usage=row.judge_usage,
        error_step=None if failure is None else failure.step,
    )
