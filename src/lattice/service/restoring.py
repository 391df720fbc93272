"""Lattice's own files back into a workspace: the run as it was, number for number."""

from __future__ import annotations

from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.reporting.snapshots.identity import KeptRun
from lattice.reporting.snapshots.records import KeptFile
from lattice.service.conclusion import Stand, conclude
from lattice.service.incoming import Trials
from lattice.store import Arrival, ArrivingEnd, ArrivingRun, InputSet, NewVersion, Store


def restore_run(store: Store, file: KeptFile) -> RunRecord:
    """Put the run of a file into a workspace.

    It keeps its id where that is free, and its number where the evaluation has none as high; what started it, its
    times, its tags and its summary are the original ones. Nobody sees it before it is whole.

    Raises
    ------
    UsageError: the file does not hold what it should, or was written while the run went on.
    StoreError: the store refused.
    """
    run, evaluation = file.run, file.evaluation
    if run.is_live:
        raise UsageError("the file was written while its run was going on; write it again now that it has ended")
    staged = store.stage_inputs(file.inputs())
    with store.arriving(_version(file, staged), _arriving(run)) as arrival:
        _write(arrival, file, Trials(evaluation, store.positions(staged.key)))
        if arrival.done != run.done:
            raise UsageError(f"the file has {arrival.done} results, and {run.done} trials of the run had ended")
        end = _end(run)
        arrival.show(end)
        arrival.finish(end, _summary(store, store.run(arrival.key), evaluation, run))
    return store.run(arrival.key)


def _version(file: KeptFile, staged: InputSet) -> NewVersion:
    run = file.run
    return NewVersion(
        name=run.evaluation.name,
        slug=run.evaluation.slug,
        type=run.evaluation.type.value,
        config=file.configuration,
        config_hash=run.config_hash,
        input_set=staged,
        evaluation_id=run.evaluation.id,
    )


def _arriving(run: KeptRun) -> ArrivingRun:
    return ArrivingRun(
        seed=run.seed,
        trigger=run.trigger,
        total=run.total,
        created_at=run.created_at,
        id=run.id,
        number=run.number,
        tags=run.tags,
        settings=run.settings,
        origin=run.origin,
    )


def _write(arrival: Arrival, file: KeptFile, trials: Trials) -> None:
    for row in file.results():
        trials.check(row.key, scored=True)
        arrival.add_row(row)
    for key, response in file.responses():
        trials.check(key)
        arrival.add_response(key, response)
    for attempt in file.attempts():
        trials.check(attempt.key)
        arrival.add_attempt(attempt)


def _end(run: KeptRun) -> ArrivingEnd:
    return ArrivingEnd(
        status=run.status,
        stopped=run.stopped,
        failure=run.failure,
        started_at=run.started_at,
        finished_at=run.finished_at,
        elapsed=run.elapsed_seconds,
        revision=run.revision,
        live=run.live,
    )


def _summary(store: Store, record: RunRecord, evaluation: Evaluation, run: KeptRun) -> dict[str, object] | None:
    """The numbers that were stored at its end; an ended run without any is summed up."""
    if run.conclusion is not None:
        return run.conclusion.model_dump()
    if run.status in (RunStatus.RUNNING, RunStatus.PENDING):
        return None
    stand = Stand(status=run.status, stopped=run.stopped, live=run.live, elapsed=run.elapsed_seconds)
    return conclude(store, record, evaluation, stand).as_json()
