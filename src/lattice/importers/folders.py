"""Files that a configuration names: read from its own folder, and from nowhere else."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from lattice.wire.files import UnreadableFile, read_text

SCHEME = "file://"
_LARGEST = 64 * 1024 * 1024


class Outside(Exception):
    """A file is not read; the text says why."""


class Folder:
    """The folder of a configuration. Somebody else wrote what it refers to, so nothing leads out of it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def find(self, reference: str) -> Path:
        """The file that ``file://name`` or a path stands for.

        Raises
        ------
        Outside: it is absolute, leads out of the folder (by ``..`` or a link), or there is no such file.
        """
        name = unquote(reference.removeprefix(SCHEME)) if reference.startswith(SCHEME) else reference
        plain = PurePosixPath(name)
        if (
            plain.is_absolute()
            or Path(name).is_absolute()
            or ".." in plain.parts
            or name.startswith("~")
            or "\0" in name
        ):
            raise Outside("only files in the configuration's own folder are read")
        try:
            base = self._path.resolve()
            found = (base / name).resolve()
            if not found.is_relative_to(base):
                raise Outside("only files in the configuration's own folder are read")
            if not found.is_file():
                raise Outside("there is no such file beside the configuration")
            if found.stat().st_size > _LARGEST:
                raise Outside("the file is too large")
        except (OSError, RuntimeError) as error:
            raise Outside(f"cannot be read: {getattr(error, 'strerror', None) or error}") from None
        return found

    def text(self, reference: str) -> str:
        """What is in it.

        Raises
        ------
        Outside: it is not read, or is no text.
        """
        try:
            return read_text(self.find(reference))
        except UnreadableFile as error:
            raise Outside(error.message) from None
