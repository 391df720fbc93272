"""What two configurations say differently, key by key."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lattice.config.hashing import canonical
from lattice.config.places import KeyPath, dotted
from lattice.core.evaluation import Evaluation

_MISSING = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One key that differs.

    Parameters
    ----------
    key: dotted path.
    before, after: what stands there; None where nothing does.
    """

    key: str
    before: Any
    after: Any

    def lines(self) -> list[str]:
        """As a reader of differences expects it: what went with ``-``, what came with ``+``, a long text by lines."""
        if isinstance(self.before, str) and isinstance(self.after, str) and "\n" in self.before + self.after:
            compared = difflib.unified_diff(self.before.splitlines(), self.after.splitlines(), lineterm="", n=0)
            changed = [line for line in compared if not line.startswith(("---", "+++", "@@"))]
            return [f"{self.key}:", *(f"  {line[0]} {line[1:]}" for line in changed)]
        went = [] if self.before is None else [f"- {self.key}: {_shown(self.before)}"]
        came = [] if self.after is None else [f"+ {self.key}: {_shown(self.after)}"]
        return [*went, *came]


def differences(before: Evaluation, after: Evaluation) -> tuple[Difference, ...]:
    """Every key that two configurations have different values for, defaults spelled out, inputs in place left out."""
    found = _differing((), canonical(before), canonical(after))
    return tuple(Difference(key=dotted(path), before=old, after=new) for path, old, new in found)


def _differing(path: KeyPath, old: Any, new: Any) -> Iterator[tuple[KeyPath, Any, Any]]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _differing((*path, key), old.get(key, _MISSING), new.get(key, _MISSING))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differing((*path, index), one, other)
    elif old != new:
        yield path, None if old is _MISSING else old, None if new is _MISSING else new


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else str(value)
