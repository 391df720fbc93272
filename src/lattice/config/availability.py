"""Keys of an evaluation file whose capability this version of Lattice does not have yet.

They are known, so they are never called unknown, and never passed over in silence. When a capability lands,
its entry goes and its settings come into `lattice.core.evaluation`; nothing else here changes.
"""

from __future__ import annotations

from dataclasses import dataclass

from lattice.config.places import KeyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """One key, or one value of a key.

    Parameters
    ----------
    path: with ``[]`` for any entry of a list.
    what: the capability in words.
    value: only this value of the key is not available; None means the key itself.
    """

    path: str
    what: str
    value: str | None = None


UNAVAILABLE = (Unavailable(path="alerts", what="alerts"),)


def unavailable(path: KeyPath, value: object) -> Unavailable | None:
    """The entry for `path` holding `value`, if its capability is not there yet."""
    form = "".join("[]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    for entry in UNAVAILABLE:
        if entry.path == form and entry.value in (None, value):
            return entry
    return None


def explanation(entry: Unavailable) -> str:
    """What the user is told."""
    return f"not available yet in this version of Lattice: {entry.what}"
