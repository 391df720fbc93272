"""Whether a store's file lies on a network file system, where SQLite's locks cannot be relied on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

MOUNTS = Path("/proc/mounts")

_NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "davfs",
        "gfs2",
        "glusterfs",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "smb2",
        "smb3",
        "smbfs",
    }
)
_FUSE = frozenset({"ceph", "curlftpfs", "davfs2", "gcsfuse", "glusterfs", "rclone", "s3fs", "sshfs"})
_ESCAPED = re.compile(r"\\([0-7]{3})")
_FIELDS = 3


def network_kind(path: PurePosixPath, mounts: str) -> str | None:
    """The kind of network file system that holds a file; None where it lies on this machine's own disk.

    Parameters
    ----------
    path: absolute, links followed.
    mounts: the table of mounts as Linux tells it under ``/proc/mounts``; of two on one place the later one counts.
    """
    found, depth = None, -1
    for place, kind in _mounted(mounts):
        if path.is_relative_to(place) and len(place.parts) >= depth:
            found, depth = kind, len(place.parts)
    return found if found is not None and _is_network(found) else None


def kind_under(file: Path, mounts: Path = MOUNTS) -> str | None:
    """The kind of network file system that a file lies on; None where it lies on a disk, or nobody can tell."""
    try:
        return network_kind(PurePosixPath(file.resolve()), mounts.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return None


def warning_of(file: Path, mounts: Path = MOUNTS) -> str | None:
    """What to say to somebody whose store is such a file; None where nothing is to be said."""
    kind = kind_under(file, mounts)
    if kind is None:
        return None
    return (
        f"Warning: the store {file} lies on a network file system ({kind}), where SQLite cannot keep processes of "
        "several machines apart and may damage it; use a folder on a local disk, or PostgreSQL for several machines"
    )


def _mounted(mounts: str) -> Iterator[tuple[PurePosixPath, str]]:
    for line in mounts.splitlines():
        fields = line.split(" ")
        if len(fields) >= _FIELDS:
            yield PurePosixPath(_ESCAPED.sub(lambda found: chr(int(found[1], 8)), fields[1])), fields[2]


def _is_network(kind: str) -> bool:
    return kind in _NETWORK or (kind.startswith("fuse.") and kind.removeprefix("fuse.") in _FUSE)
