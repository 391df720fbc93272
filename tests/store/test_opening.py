"""A store that several open at once, before there is one."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lattice.store import open_store

TOGETHER = 6


def test_a_new_file_can_be_opened_by_several_at_the_same_moment(tmp_path: Path) -> None:
    for attempt in range(5):
        url = f"sqlite:///{tmp_path / f'{attempt}.db'}"
        start = threading.Barrier(TOGETHER)

        def opened(url: str = url, start: threading.Barrier = start) -> int:
            start.wait()
            with open_store(url) as store:
                return len(store.runs())

        with ThreadPoolExecutor(TOGETHER) as pool:
            found = [pool.submit(opened) for _ in range(TOGETHER)]
            assert [each.result() for each in found] == [0] * TOGETHER
