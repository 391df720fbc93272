"""``{file: prompt.md}``: texts that stand in files of their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lattice.config.places import Findings, KeyPath, Place
from lattice.config.shapes import walk
from lattice.wire.files import UnreadableFile, read_text

_REFUSED = "a text can only be read from a file where the evaluation itself is a file on this machine"


class TextFiles:
    """Reads the files that a configuration refers to.

    Parameters
    ----------
    base: the folder that paths start from; None means that no file may be read.
    findings: where a file that cannot be read is noted.
    """

    def __init__(self, base: Path | None, findings: Findings) -> None:
        self.starts: dict[KeyPath, Place] = {}
        self._base = base
        self._findings = findings

    def inlined(self, data: Any) -> Any:
        """`data` with each ``{file: PATH}`` replaced by the file's text; `starts` tells where each begins."""
        found: dict[KeyPath, str] = {}
        for path, value, shape in walk(data):
            if shape.takes_file and isinstance(value, Mapping) and "file" in value:
                found[path] = self._text(path, value)
        return _replaced(data, (), found) if found else data

    def _text(self, path: KeyPath, value: Mapping[str, Any]) -> str:
        for key in value.keys() - {"file"}:
            self._findings.add((*path, key), "unknown key beside 'file'", "give the file alone")
        name = value["file"]
        if self._base is None:
            self._findings.add(path, _REFUSED)
        elif not isinstance(name, str) or not name.strip():
            self._findings.add((*path, "file"), "expected a path from the evaluation file's folder")
        else:
            return self._read(path, self._base / Path(name).expanduser())
        return ""

    def _read(self, path: KeyPath, file: Path) -> str:
        try:
            text = read_text(file)
        except UnreadableFile as error:
            self._findings.add((*path, "file"), f"{file}: {error.message}", error.hint)
            return ""
        self.starts[path] = Place(file=str(file), line=1)
        return text


def _replaced(data: Any, path: KeyPath, texts: Mapping[KeyPath, str]) -> Any:
    if path in texts:
        return texts[path]
    if isinstance(data, Mapping):
        return {key: _replaced(value, (*path, key), texts) for key, value in data.items()}
    if isinstance(data, list):
        return [_replaced(value, (*path, index), texts) for index, value in enumerate(data)]
    return data
