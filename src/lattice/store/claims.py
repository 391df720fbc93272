"""Which process works on a run, and taking that over when it is gone."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select, update

from lattice.core.errors import ClaimLost, UsageError
from lattice.core.runs import Claim, RunStatus, StopRequest
from lattice.store.database import Database
from lattice.store.processes import Process, current_process, is_alive
from lattice.store.schema import evaluations, runs
from lattice.store.text import encode_json
from lattice.store.times import WallClock, read_time
from lattice.store.turns import begin_turn

SILENT_AFTER = 30.0

FREE: Mapping[str, Any] = {
    "claim_token": None,
    "claim_host": None,
    "claim_boot": None,
    "claim_pid": None,
    "claim_started": None,
    "heartbeat": None,
}
"""The columns of a row that nobody has."""

RELEASED: Mapping[str, Any] = {**FREE, "claim_released": False}
"""The same of a run."""

CLAIM_COLUMNS = tuple(runs.c[name] for name in RELEASED)
"""What tells whether a run is held; see `is_held`."""


def new_claim(now: datetime) -> Claim:
    """A claim of this process, under a token that nobody else has."""
    process = current_process()
    return Claim(
        token=secrets.token_hex(16),
        host=process.host,
        boot=process.boot,
        pid=process.pid,
        process_started=process.started,
        heartbeat=now,
    )


def claim_values(claim: Claim) -> dict[str, Any]:
    """A claim as the columns of the row that it is about; `read_claim` reads them."""
    return {
        "claim_token": claim.token,
        "claim_host": claim.host,
        "claim_boot": claim.boot,
        "claim_pid": claim.pid,
        "claim_started": claim.process_started,
        "heartbeat": claim.heartbeat.timestamp(),
    }


def read_claim(row: Row[Any]) -> Claim | None:
    """The claim out of a row's columns."""
    if row.claim_token is None:
        return None
    return Claim(
        token=row.claim_token,
        host=row.claim_host,
        boot=row.claim_boot,
        pid=row.claim_pid,
        process_started=row.claim_started,
        heartbeat=read_time(row.heartbeat),
    )


def claim_lost() -> ClaimLost:
    """What to raise when the run's claim is another one."""
    return ClaimLost("another process has taken this run over; this one writes nothing more")


def is_held(claim: Claim | None, *, released: bool, here: Process, now: datetime) -> bool:
    """Whether the claiming process lives: by the process itself on the same host, else by its last sign of life."""
    if claim is None or released:
        return False
    claimant = Process(host=claim.host, boot=claim.boot, pid=claim.pid, started=claim.process_started)
    alive = is_alive(claimant, here)
    return (now - claim.heartbeat).total_seconds() <= SILENT_AFTER if alive is None else alive


class Claims:
    """The columns of ``runs`` that say who works on one."""

    def __init__(self, database: Database, clock: WallClock) -> None:
        self._database = database
        self._clock = clock

    def claim(self, run_key: int, *, settings: Mapping[str, Any] | None, again: bool, turn: str | None) -> Claim:
        now = self._clock()
        claim = new_claim(now)
        values = _claimed(claim)
        if settings is not None:
            values["settings"] = encode_json(settings)
        if again:
            values["revision"] = runs.c.revision + 1
        with self._database.write() as connection:
            owner = connection.execute(_owner(run_key)).one()
            self._refuse_held(owner, current_process(), now)
            begin_turn(connection, owner.id, turn, now)
            connection.execute(update(runs).where(runs.c.key == run_key).values(values))
        return claim

    def release(self, run_key: int, claim: Claim, *, status: RunStatus, failure: Mapping[str, Any] | None) -> None:
        end = {
            "status": status.value,
            "stop_request": StopRequest.NONE.value,
            "failure": None if failure is None else encode_json(failure),
            "finished_at": self._clock().timestamp(),
        }
        self._change(run_key, claim, {**RELEASED, **end})

    def request_stop(self, run_key: int, request: StopRequest) -> None:
        stronger = [each.value for each in StopRequest if _STRENGTH[each] < _STRENGTH[request]]
        where = (runs.c.key == run_key, runs.c.status == RunStatus.RUNNING.value)
        with self._database.write() as connection:
            asked = update(runs).where(*where, runs.c.stop_request.in_(stronger))
            connection.execute(asked.values(stop_request=request.value))

    def _change(self, run_key: int, claim: Claim, values: Mapping[str, Any]) -> None:
        mine = (runs.c.key == run_key, runs.c.claim_token == claim.token)
        with self._database.write() as connection:
            if not connection.execute(update(runs).where(*mine).values(values)).rowcount:
                raise claim_lost()

    def _refuse_held(self, row: Row[Any], process: Process, now: datetime) -> None:
        claim = read_claim(row)
        if claim is None or row.status != RunStatus.RUNNING.value:
            return
        if is_held(claim, released=row.claim_released, here=process, now=now):
            name = f"{row.slug}#{row.number}"
            raise UsageError(
                f"{name} is running in process {claim.pid} on {claim.host}; "
                f"watch it with 'lattice watch {name}' or stop it with 'lattice cancel {name}'"
            )


_STRENGTH = {StopRequest.NONE: 0, StopRequest.DRAIN: 1, StopRequest.ABORT: 2}


def _owner(run_key: int) -> Any:
    return (
        select(runs, evaluations.c.slug)
        .join(evaluations, evaluations.c.key == runs.c.evaluation_key)
        .where(runs.c.key == run_key)
        # A commit of the run that is under way is waited for; see `lattice.store.transactions.Access.OWN`.
        .with_for_update(key_share=True, of=runs)
    )


def _claimed(claim: Claim) -> dict[str, Any]:
    """A claimed run is running, and nothing of its last end is left."""
    now = claim.heartbeat.timestamp()
    return {
        "status": RunStatus.RUNNING.value,
        "stop_request": StopRequest.NONE.value,
        "started_at": func.coalesce(runs.c.started_at, now),
        "finished_at": None,
        "stopped": None,
        "failure": None,
        "summary": None,
        "activity": None,
        **claim_values(claim),
        "claim_released": False,
    }
