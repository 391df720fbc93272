"""What Python code asks for: evaluations to be run, runs to be opened, finished, repeated and compared."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from pathlib import Path

from lattice.api.carrying import Order, Start, carried_out, carried_out_to_the_end, streamed
from lattice.api.handles import Event, Run
from lattice.config import LoadedFile, load
from lattice.config.places import SourceMap
from lattice.config.slug import slug
from lattice.core.errors import UsageError
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord
from lattice.service.execution import ResumeSettings, check_resumable
from lattice.service.preparation import create_run, prepare_evaluation, stage, surroundings_for
from lattice.service.provenance import tagged
from lattice.service.rerunning import create_rerun
from lattice.service.rescoring import create_rescored, prepare_rescoring_by
from lattice.service.workspace import DATABASE, FOLDER, folder_to_keep, kept_folder, store_url
from lattice.store import Store, open_store

TRIGGER = "python"
Tags = Mapping[str, str]
Given = Evaluation | str | os.PathLike[str]
"""An evaluation, or the path of its file."""


def run(evaluation: Given, *, db: str | None = None, tags: Tags | None = None, progress: bool | None = None) -> Run:
    """Run an evaluation to its end, in this process.

    Ctrl-C cancels it and keeps what is there; the run that is returned says so. In a notebook, or wherever else an
    event loop runs already, the run gets a thread and a loop of its own.

    Parameters
    ----------
    evaluation: itself, or the path of its file.
    db: another store than the workspace around the working directory (made if there is none).
    tags: ``key=value`` on the run, beside ``git.commit`` and ``git.dirty``.
    progress: by default it is shown in a notebook and on a terminal; true shows it everywhere, false nowhere.

    Raises
    ------
    InvalidEvaluation: before anything is spent.
    StoreError: the store refused; what was committed before is there.
    """
    return carried_out_to_the_end(_order(evaluation, db, tags, progress))


async def run_async(
    evaluation: Given, *, db: str | None = None, tags: Tags | None = None, progress: bool | None = None
) -> Run:
    """The same on the running event loop; cancelling the task stops the run at once and keeps what is there."""
    return await carried_out(_order(evaluation, db, tags, progress))


def stream(evaluation: Given, *, db: str | None = None, tags: Tags | None = None) -> AsyncGenerator[Event]:
    """Run an evaluation on the running event loop and tell what happens, as it happens.

    The events are `RunStarted`, then `CallFailed`, `TrialEnded` and `Progressed`, then `RunEnded`. Only what has been
    committed is told of, nothing is left out, and a slow reader neither holds up the run nor makes it take memory.

    Leaving the loop cancels the run: nothing new starts, the calls in flight finish, everything is kept. That
    goes on in the background; ``async with contextlib.aclosing(lattice.stream(...)) as events`` waits for it.
    To stop and still see the end, call ``event.run.cancel()`` on `RunStarted`. Cancelling the task stops at once.

    Parameters and errors are those of `run`; it starts with the first step of the loop.
    """
    return streamed(_order(evaluation, db, tags, False))


def open_run(reference: str = "latest", *, db: str | None = None) -> Run:
    """A run that is stored already.

    Parameters
    ----------
    reference: an id, a unique prefix of one, ``SLUG#3`` or ``latest``.

    Raises
    ------
    UsageError: there is no such run.
    """
    url = _stored(db)
    with open_store(url) as store:
        return Run(url, store.find_run(reference))


def runs(evaluation: Evaluation | str | None = None, *, limit: int | None = None, db: str | None = None) -> list[Run]:
    """Stored runs, newest first.

    Parameters
    ----------
    evaluation: only those of this one: itself, its name or its slug; all runs if absent.
    limit: at most so many.

    Raises
    ------
    UsageError: there is no such evaluation, or no workspace.
    """
    url = _stored(db)
    with open_store(url) as store:
        of = None if evaluation is None else _evaluation_id(store, evaluation)
        return [Run(url, record) for record in store.runs(of, limit)]


def resume(
    run: Run | str,
    *,
    failed: bool = False,
    timeout: float | None = None,
    max_concurrent: int | None = None,
    budget_usd: float | None = None,
    db: str | None = None,
    progress: bool | None = None,
) -> Run:
    """Finish what is missing of a run that was interrupted, cancelled or stopped; nothing stored is paid for again.

    Parameters
    ----------
    run: itself, or its name as `open_run` takes it.
    failed: run its failed and unscored trials again as well.
    timeout: seconds per attempt, from now on. budget_usd: what the whole run may cost.
    db, progress: see `lattice.run`.

    Raises
    ------
    UsageError: nothing is left to do, or another process carries it out.
    InvalidEvaluation: a key, a variable or a function that it needs is not here.
    """
    settings = ResumeSettings(failed=failed, timeout=timeout, max_concurrent=max_concurrent, budget_usd=budget_usd)
    url = _url_of(run, db)

    def prepare(store: Store) -> Start:
        record = _record(store, run)
        check_resumable(record, settings)
        surroundings = surroundings_for(record, _base_of(record, url), os.environ)
        return Start(record=record, surroundings=surroundings, settings=settings)

    return carried_out_to_the_end(Order(url=url, prepare=prepare, progress=progress))


def rerun(run: Run | str, *, tags: Tags | None = None, db: str | None = None, progress: bool | None = None) -> Run:
    """Run the stored configuration and inputs of a run afresh, as a new run; the earlier one stays.

    Parameters
    ----------
    run: itself, or its name as `open_run` takes it.
    tags, db, progress: see `lattice.run`.

    Raises
    ------
    InvalidEvaluation: a key, a variable or a function that it needs is not here.
    """
    url = _url_of(run, db)

    def prepare(store: Store) -> Start:
        record = _record(store, run)
        base = _base_of(record, url)
        surroundings = surroundings_for(replace(record, origin=None), base, os.environ)
        created = create_rerun(store, record, tags=tagged(tags, base), trigger=TRIGGER)
        return Start(record=created, surroundings=surroundings)

    return carried_out_to_the_end(Order(url=url, prepare=prepare, progress=progress))


def rescore(
    run: Run | str,
    scoring: Given,
    *,
    tags: Tags | None = None,
    db: str | None = None,
    progress: bool | None = None,
) -> Run:
    """Score the stored responses of a run again, as a new run; no target is called.

    Parameters
    ----------
    run: itself, or its name as `open_run` takes it.
    scoring: the evaluation, or its file, whose scoring, checks and gates are used.
    tags, db, progress: see `lattice.run`.

    Raises
    ------
    UsageError: the run goes on, or has no stored response.
    InvalidEvaluation: what is asked for cannot be done with these responses.
    """
    url = _url_of(run, db)

    def prepare(store: Store) -> Start:
        loaded = _loaded(scoring)
        rescoring = prepare_rescoring_by(store, _record(store, run), loaded, os.environ)
        folder = folder_to_keep(loaded.base, db, os.environ, Path.cwd())
        labels = tagged(tags, loaded.base)
        created = create_rescored(store, rescoring, tags=labels, trigger=TRIGGER, folder=folder)
        return Start(record=created, surroundings=rescoring.surroundings)

    return carried_out_to_the_end(Order(url=url, prepare=prepare, progress=progress))


def _order(given: Given, db: str | None, tags: Tags | None, progress: bool | None) -> Order:
    cwd, evaluation = Path.cwd(), _evaluation(given)

    def prepare(store: Store) -> Start:
        prepared = prepare_evaluation(evaluation, os.environ, Path(evaluation.folder or cwd))
        base = prepared.surroundings.base
        folder = folder_to_keep(base, db, os.environ, cwd)
        version = stage(store, prepared, folder=folder)
        record = create_run(store, version, tags=tagged(tags, base), trigger=TRIGGER, folder=folder)
        return Start(record=record, surroundings=prepared.surroundings)

    return Order(url=store_url(db, os.environ, cwd, create=True), prepare=prepare, progress=progress)


def _evaluation(given: Given) -> Evaluation:
    if isinstance(given, Evaluation):
        return given
    if isinstance(given, (str, os.PathLike)):
        return load(Path(given)).evaluation
    kind = type(given).__name__
    raise TypeError(
        f"expected an Evaluation or the path of its file, not {kind}; see lattice.Evaluation.model_validate"
    )


def _stored(db: str | None) -> str:
    return store_url(db, os.environ, Path.cwd(), create=False)


def _url_of(run: Run | str, db: str | None) -> str:
    return run._url if isinstance(run, Run) else _stored(db)


def _record(store: Store, run: Run | str) -> RunRecord:
    return store.run(run._record.key) if isinstance(run, Run) else store.find_run(run)


def _base_of(record: RunRecord, url: str) -> Path:
    """The folder of a run's evaluation, where it is here; else the working directory."""
    database = Path(url.removeprefix("sqlite:///"))
    is_workspace = (database.parent.name, database.name) == (FOLDER, DATABASE)
    found = kept_folder(record.folder, None if is_workspace else url, {}, database.parent.parent)
    return found or Path.cwd()


def _loaded(scoring: Given) -> LoadedFile:
    if not isinstance(scoring, Evaluation):
        return load(Path(scoring))
    base = Path(scoring.folder or Path.cwd())
    return LoadedFile(evaluation=scoring, base=base, file="the evaluation", source=SourceMap())


def _evaluation_id(store: Store, evaluation: Evaluation | str) -> str:
    name = evaluation.name if isinstance(evaluation, Evaluation) else evaluation
    wanted = slug(name)
    known = store.evaluations()
    for row in known:
        if wanted == row.slug or name == row.id:
            return row.id
    names = ", ".join(row.name for row in known) or "none"
    raise UsageError(f"there is no evaluation {name!r} in this store; there are: {names}")
