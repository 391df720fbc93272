"""A run: what it is, how far it is, who works on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunStatus(StrEnum):
    """What is stored. *Interrupted* is not: it is read from a running run's claim (`RunRecord.interrupted`)."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class StopRequest(StrEnum):
    """What somebody asked of a running run, through the store."""

    NONE = "none"
    DRAIN = "drain"
    ABORT = "abort"


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Counts of trials; ``done = successful + failed``."""

    total: int = 0
    done: int = 0
    successful: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Which process works on a run.

    Parameters
    ----------
    token: random; every commit of the run checks it.
    host, boot, pid, process_started: identify a process beyond doubt on its own host.
    heartbeat: last sign of life, UTC; decides on other hosts.
    """

    token: str
    host: str
    boot: str
    pid: int
    process_started: str
    heartbeat: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One row of the store, as every face reads it.

    Parameters
    ----------
    key: the store's own number for the run; children refer to it. Never shown.
    id: what users see; a random hex text.
    number: 1, 2, … within its evaluation.
    config: the exact configuration it was started with (``Evaluation`` as JSON data, without inputs in place).
    settings: execution settings given when it was resumed, beside the unchanged configuration.
    seed: of the schedule.
    stopped: why it ended before its last trial: ``budget``, ``decided``, or None.
    failure: ``{"kind", "message", "hint"}`` where the run itself failed.
    elapsed: seconds of work over all its sessions up to the last commit.
    seq: number of the last committed result; each result has the number of its commit order.
    revision: how often failed trials were run again after the end.
    live: running totals as the engine last saved them (see `lattice.engine.live`).
    interrupted: it was running and its process is gone.
    draining: it runs, but starts nothing new.
    origin: id of the run whose stored responses it scores, if any.
    folder: where its evaluation file stands (see `lattice.service.workspace`); None where there was no file.
    version_key, input_set: the store's own numbers of its version and of its inputs.
    contents_deleted_at: when what was asked, answered and reasoned in it was deleted; None while it is there.
    activity: what it is doing beside its results (calls in flight, waits), as the engine last saved it.
    """

    key: int
    id: str
    number: int
    evaluation_id: str
    evaluation_name: str
    evaluation_slug: str
    evaluation_type: str
    version: int
    config: Mapping[str, Any]
    config_hash: str
    inputs_hash: str
    input_count: int
    status: RunStatus
    seed: int
    trigger: str
    created_at: datetime
    settings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    stopped: str | None = None
    failure: Mapping[str, Any] | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    elapsed: float = 0.0
    progress: Progress = field(default_factory=Progress)
    seq: int = 0
    revision: int = 0
    live: Mapping[str, Any] = field(default_factory=dict)
    summary: Mapping[str, Any] | None = None
    stop_request: StopRequest = StopRequest.NONE
    claim: Claim | None = None
    interrupted: bool = False
    draining: bool = False
    origin: str | None = None
    folder: str | None = None
    version_key: int = 0
    input_set: int = 0
    contents_deleted_at: datetime | None = None
    activity: Mapping[str, Any] = field(default_factory=dict)
