"""Runs taken out of a workspace: with all they have, or their texts alone."""

from __future__ import annotations

from lattice.core.runs import RunRecord
from lattice.store import Store


def delete_run(store: Store, record: RunRecord) -> None:
    """Delete a run with its results, responses, failed calls and annotations; its number is not given again.

    Raises
    ------
    UsageError: it is running, or another run scores its responses.
    """
    store.delete_run(record.key)


def delete_contents(store: Store, record: RunRecord) -> None:
    """Delete what was asked, answered and reasoned in a run and keep its numbers; see `Store.clear_contents`.

    Raises
    ------
    UsageError: it is running, or another run scores its responses.
    """
    store.clear_contents(record.key)
