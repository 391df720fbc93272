"""Studios over real stores, and what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

import lattice
from lattice.core.evaluation import Evaluation
from lattice.service.launching import Launcher, Place
from lattice.service.preparation import prepare_evaluation, stage
from lattice.service.workspace import create_folder
from lattice.store import Store, VersionRecord, open_store
from lattice.studio.app import create_app
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio

TOKEN = "a-token-of-enough-letters"
READ_TOKEN = "another-that-may-only-look"
HOST = "127.0.0.1"


@contextmanager
def a_studio(folder: Path, settings: StudioSettings | None = None, db: str | None = None) -> Iterator[Studio]:
    """A Studio over the workspace in `folder`, or over another store."""
    folder.mkdir(exist_ok=True)
    create_folder(folder)
    environ = {name: value for name, value in os.environ.items() if name != "LATTICE_DB"}
    place = Place(folder=folder, db=db, environ=environ)
    with open_store(db or url_of(folder)) as store:
        yield Studio(settings=settings or StudioSettings(), store=store, place=place, launcher=Launcher(place, store))


@contextmanager
def visited(studio: Studio, host: str = HOST) -> Iterator[TestClient]:
    """Somebody who asks a Studio, as a program that is no browser."""
    with TestClient(create_app(studio), base_url=f"http://{host}", follow_redirects=False) as client:
        yield client


def url_of(folder: Path) -> str:
    return f"sqlite:///{folder}/.lattice/lattice.db"


def configuration(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Support",
        "targets": [{"name": "Bot", "model": "sim/assistant"}],
        "inputs": {"items": [f"Question {number}?" for number in range(1, 13)]},
        "scoring": {"judge": {"model": "sim/judge", "rubric": "5: right. 1: wrong."}},
        **changes,
    }


def carried_out(folder: Path, **changes: Any) -> lattice.Run:
    """A run that has ended, in the workspace of `folder`."""
    return lattice.run(Evaluation.model_validate(configuration(**changes)), db=url_of(folder))


def added(store: Store, folder: Path, **changes: Any) -> VersionRecord:
    """A version that has not been run."""
    evaluation = Evaluation.model_validate(configuration(**changes))
    return stage(store, prepare_evaluation(evaluation, {}, folder))
