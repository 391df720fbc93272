"""Whether a file is on a network file system, where several machines do not see one another's locks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

MOUNTS = Path("/proc/self/mounts")
KINDS = ("nfs", "cifs", "smb", "afs", "9p", "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "lustre", "ceph", "glusterfs")


def network_file_system(path: Path, mounts: Iterable[str] | None = None) -> str | None:
    """The kind of network file system that a path is on; None where it is on a disk, or nobody can tell.

    Parameters
    ----------
    mounts: lines as Linux has them in ``/proc/self/mounts``; those of this machine if absent.
    """
    if mounts is None:
        try:
            mounts = MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return None
    resolved, nearest, kind = path.resolve(), -1, ""
    for line in mounts:
        _, place, found, *_ = [*line.split(), "", "", ""]
        place = place.encode().decode("unicode_escape")
        if place and resolved.is_relative_to(place) and len(place) >= nearest:
            nearest, kind = len(place), found
    return kind if kind.startswith(KINDS) else None
