"""A file that several machines may share is told from one on this machine's disk."""

from __future__ import annotations

import logging
from pathlib import Path, PurePosixPath

import pytest

from lattice.service import workspace
from lattice.service.network_files import network_kind, warning_of

MOUNTS = r"""/dev/root / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/ann/scratch xfs rw 0 0
//server/share /mnt/team\040files cifs rw 0 0
ann@host: /mnt/far fuse.sshfs rw 0 0
overlay /mnt/near fuse.mergerfs rw 0 0
server:/old /srv nfs rw 0 0
/dev/sdc1 /srv ext4 rw 0 0
C:\ /mnt/c 9p rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/opt/lattice.db", None),
        ("/home/ann/evals/.lattice/lattice.db", "nfs4"),
        ("/home/ann/scratch/lattice.db", None),
        ("/homestead/lattice.db", None),
        ("/mnt/team files/lattice.db", "cifs"),
        ("/mnt/far/lattice.db", "fuse.sshfs"),
        ("/mnt/near/lattice.db", None),
        ("/srv/lattice.db", None),
        ("/mnt/c/Users/ann/lattice.db", "9p"),
    ],
)
def test_the_innermost_mount_says_what_a_file_lies_on(path: str, kind: str | None) -> None:
    assert network_kind(PurePosixPath(path), MOUNTS) == kind


def test_where_there_is_no_table_nothing_is_said(tmp_path: Path) -> None:
    assert network_kind(PurePosixPath("/opt"), "") is None
    assert warning_of(tmp_path / "lattice.db", tmp_path / "absent") is None


def test_a_store_on_a_network_file_system_is_warned_about_when_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    table = tmp_path / "mounts"
    table.write_text(f"server:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(workspace, "warning_of", lambda file: warning_of(file, table))
    with caplog.at_level(logging.WARNING):
        workspace.open_workspace(None, {}, tmp_path, create=True).close()
    assert "lattice.db lies on a network file system (nfs4), where SQLite cannot keep" in caplog.text
    assert "PostgreSQL" in caplog.text
