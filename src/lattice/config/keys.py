"""Keys that an evaluation file may not have."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lattice.config.places import Findings, KeyPath
from lattice.config.shapes import Shape, walk


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedKeys:
    """A configuration that has known keys only.

    Parameters
    ----------
    data: without the keys that were noted as problems.
    excused: keys that are not missed, since what was noted stands in their place.
    """

    data: Any
    excused: frozenset[KeyPath] = field(default=frozenset())


def check_keys(data: Any, findings: Findings) -> CheckedKeys:
    """Note every key that is unknown, and take it out."""
    stray: set[KeyPath] = set()
    excused: set[KeyPath] = set()
    for path, value, shape in walk(data):
        if not isinstance(value, Mapping):
            continue
        for key in value:
            here = (*path, key)
            if shape.keys is not None and key not in shape.keys:
                excused.update(_note_unknown(here, value, shape, findings))
                stray.add(here)
    return CheckedKeys(data=_without(data, (), stray) if stray else data, excused=frozenset(excused))


def _note_unknown(path: KeyPath, beside: Mapping[str, Any], shape: Shape, findings: Findings) -> tuple[KeyPath, ...]:
    """Note one unknown key; the path of the key it was probably meant to be, if there is one."""
    known = shape.keys or ()
    near = difflib.get_close_matches(str(path[-1]), [key for key in known if key not in beside], n=1)
    if near:
        findings.add(path, "unknown key", f"did you mean {near[0]}?")
        return ((*path[:-1], near[0]),)
    findings.add(path, "unknown key", f"there are: {', '.join(known)}")
    return ()


def _without(data: Any, path: KeyPath, stray: set[KeyPath]) -> Any:
    if isinstance(data, Mapping):
        return {key: _without(value, (*path, key), stray) for key, value in data.items() if (*path, key) not in stray}
    if isinstance(data, list):
        return [_without(value, (*path, index), stray) for index, value in enumerate(data)]
    return data
