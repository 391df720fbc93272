"""The suite draws the same examples each time, so that a run says something about the code and not about luck.

``HYPOTHESIS_PROFILE=explore`` draws new ones, many of them.
"""

from __future__ import annotations

import gc
import os
from pathlib import Path

import pytest
from hypothesis import settings
from tests.postgresql import postgresql, postgresql_url

__all__ = ["postgresql", "postgresql_url"]

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))

LONG = tuple(Path(__file__).parent / name for name in ("browser", "crash", "studio", "store", "cli"))
"""Rooms whose tests take long: they begin first, so that no worker ends the suite alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long rooms first, each in the order of its files."""
    items.sort(key=lambda item: next((at for at, room in enumerate(LONG) if room in item.path.parents), len(LONG)))


def pytest_configure(config: pytest.Config) -> None:
    """Nothing that is imported or collected goes away again."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was collected stays: the garbage collector, which would walk over it again and again, leaves it out."""
    gc.enable()
    _keep_for_good()


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """So does what a file has imported and cached."""
    if nextitem is None or nextitem.path != item.path:
        _keep_for_good()


def _keep_for_good() -> None:
    gc.collect()
    gc.freeze()
