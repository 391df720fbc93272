"""What is made ready before the first page is asked for."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from starlette.testclient import TestClient

from lattice.studio.app import create_app
from lattice.studio.state import Studio
from lattice.studio.templating import environment
from lattice.studio.warming import warm


@pytest.fixture
def warmed(studio: Studio) -> Iterator[TestClient]:
    app = create_app(studio)
    environment.cache_clear()
    # The suite leaves things out of collections, too: nothing may be left out before.
    gc.unfreeze()
    warm(app, studio.settings.root)
    with TestClient(app, base_url="http://127.0.0.1:8484") as client:
        yield client
    gc.unfreeze()


def test_templates_are_there_before_anybody_asks(studio: Studio, warmed: TestClient) -> None:
    templates = environment(studio.settings.root)
    assert templates.cache is not None
    assert len(templates.cache) == len(templates.list_templates())
    assert gc.get_freeze_count() > 0
    assert warmed.get("/").status_code == HTTPStatus.OK


def test_what_no_address_matches_is_still_not_found(warmed: TestClient) -> None:
    assert warmed.get("/nowhere").status_code == HTTPStatus.NOT_FOUND
