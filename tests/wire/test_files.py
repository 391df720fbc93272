from __future__ import annotations

from pathlib import Path

import pytest

from lattice.wire.files import UnreadableFile, read_text


def test_a_byte_order_mark_and_line_ends_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r")
    assert read_text(tmp_path / "a.md") == "one\ntwo\n"


def test_a_missing_file_is_answered_with_the_closest_name(tmp_path: Path) -> None:
    (tmp_path / "prompt.md").write_text("x")
    with pytest.raises(UnreadableFile) as caught:
        read_text(tmp_path / "promt.md")
    assert caught.value.message == "no such file"
    assert caught.value.hint == f"did you mean {tmp_path / 'prompt.md'}?"


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="there is no folder"):
        read_text(tmp_path / "gone" / "a.md")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="this is a folder"):
        read_text(tmp_path)


def test_bytes_that_are_not_utf8_are_named_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_bytes(b"one\ntw\xe9\n")
    with pytest.raises(UnreadableFile, match="0xe9") as caught:
        read_text(tmp_path / "a.md")
    assert caught.value.line == 2


def test_utf16_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("one", encoding="utf-16")
    with pytest.raises(UnreadableFile, match="UTF-16"):
        read_text(tmp_path / "a.md")
