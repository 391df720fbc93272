"""A ``.lattice`` file is read as what it says to be, or refused with a reason."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reporting.snapshots.archives import archive, listed, members, packed

from lattice.core.errors import UsageError
from lattice.reporting.snapshots.manifest import MANIFEST, NEEDED
from lattice.reporting.snapshots.opening import LatticeFile
from lattice.reporting.snapshots.records import Section
from lattice.reporting.snapshots.verification import verify


def file_of(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "run.lattice"
    path.write_bytes(content)
    return path


def refusal(tmp_path: Path, content: bytes) -> str:
    with pytest.raises(UsageError) as refused, LatticeFile(file_of(tmp_path, content)):
        pass
    return str(refused.value)


def read_through(path: Path) -> tuple[object, ...]:
    with LatticeFile(path) as file:
        return (file.run, *file.inputs(), *file.results(), *file.responses(), *file.attempts(), *file.errors())


def told(path: Path) -> str | None:
    """What opening and verifying a file says to be wrong; None where nothing is."""
    try:
        with LatticeFile(path) as file:
            return "; ".join(verify(file).problems) or None
    except UsageError as error:
        return str(error)


def with_entry(name: str, content: bytes = b"x", prepare: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    stream = io.BytesIO(archive())
    info = zipfile.ZipInfo(name)
    if prepare is not None:
        prepare(info)
    with zipfile.ZipFile(stream, "a") as file:
        file.writestr(info, content)
    return stream.getvalue()


def test_its_members_are_read_one_record_at_a_time(tmp_path: Path) -> None:
    with LatticeFile(file_of(tmp_path, archive())) as file:
        assert file.run.evaluation.slug == "round-trip"
        assert [each.position for each in file.inputs()] == list(range(1, 21))
        results = list(file.results())
        assert len(results) == file.run.done == file.manifest.lines("results.jsonl") == 20
        assert len(list(file.errors())) == file.run.failed > 0
        assert next(file.entries(Section.INPUTS))[0].endswith("inputs.jsonl, line 1")


@pytest.mark.parametrize("name", ["../evil.json", "/etc/passwd", "a/../../b", "c:\\evil", "..\\evil", "folder/", "a/b"])
def test_a_name_that_reaches_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    assert "is refused" in refusal(tmp_path, with_entry(name))


def test_a_link_is_refused(tmp_path: Path) -> None:
    def link(info: zipfile.ZipInfo) -> None:
        info.external_attr = 0o120777 << 16

    assert "no regular file" in refusal(tmp_path, with_entry("link", b"/etc/passwd", link))


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"):
        content = with_entry(MANIFEST)
    assert "there are two of them" in refusal(tmp_path, content)


def test_a_bomb_is_refused_before_it_is_read(tmp_path: Path) -> None:
    def deflated(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_DEFLATED

    assert "a bomb" in refusal(tmp_path, with_entry("bomb", bytes(70 * 2**20), deflated))


def test_sizes_that_cannot_be_are_refused(tmp_path: Path) -> None:
    content = bytearray(archive())
    # The size that the directory tells of its first member, 24 bytes behind its signature.
    struct.pack_into("<I", content, content.rindex(b"PK\x01\x02", 0, content.index(b"PK\x01\x02") + 4) + 20, 2**31)
    assert "its members overlap" in refusal(tmp_path, bytes(content))


def test_a_multitude_is_refused(tmp_path: Path) -> None:
    assert "it has 1" in refusal(tmp_path, packed({**members(), **{str(n): b"" for n in range(120)}}))


def test_another_way_of_packing_is_refused(tmp_path: Path) -> None:
    def other(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_BZIP2

    assert "packed in another way" in refusal(tmp_path, with_entry("a", b"x" * 100, other))


@pytest.mark.parametrize("name", NEEDED)
def test_a_member_that_is_needed_is_named(tmp_path: Path, name: str) -> None:
    rest = {each: content for each, content in members().items() if each != name}
    assert refusal(tmp_path, packed(rest)).endswith(f"is not whole: it has no {name}")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is no .lattice file"),
        (b"PK\x03\x04 but no more", "is no .lattice file"),
        (packed({"a": b""}), "it has no manifest.json"),
        (packed({MANIFEST: b'{"format": "other"}'}), "something else"),
        (packed({MANIFEST: b"[]"}), "something else"),
        (packed({MANIFEST: b"{"}), "not valid JSON"),
        (packed({MANIFEST: b" " * (2**20 + 1)}), "has more than"),
    ],
)
def test_what_is_something_else_says_so(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refusal(tmp_path, content)


def test_a_later_version_asks_for_an_update(tmp_path: Path) -> None:
    assert "update it" in refusal(tmp_path, packed(listed(members(), version=2)))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"missing\.lattice cannot be read: No such file"):
        LatticeFile(tmp_path / "missing.lattice")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("results.jsonl", b'"position":1,', b'"position":"1",', "results.jsonl, line 1: position: "),
        ("results.jsonl", b'"status":"scored"', b'"status":"failed"', "line 1: the status is 'failed'"),
        ("results.jsonl", b'"target":"Assistant"', b'"target":"Other"', "line 1: no target"),
        ("results.jsonl", b'"repeat":1', b'"repeat":2', "input #1 has a result of 'Assistant', repeat 2"),
        ("inputs.jsonl", b'"id":', b'"ID":', "inputs.jsonl, line 1: id: Field required"),
        ("run.json", b'"slug":"round-trip"', b'"slug":"../../x"', "is not the slug of 'Round Trip'"),
        ("run.json", b'"seed":', b'"seed":-', "seed: "),
        ("run.json", b'"usage":{"target":[', b'"usage":{"target":[1,', "live.usage.target"),
        ("run.json", b'"progress":', b'"regress":', "conclusion.summary: "),
        ("configuration.json", b'"targets":', b'"tergets":', "configuration cannot be read"),
        ("configuration.json", b"{", b"[{", "not valid JSON"),
    ],
)
def test_what_a_member_lacks_is_told_with_its_place(
    tmp_path: Path, name: str, old: bytes, new: bytes, said: str
) -> None:
    contents = members()
    assert old in contents[name]
    contents[name] = contents[name].replace(old, new, 1)
    with pytest.raises(UsageError) as refused:
        read_through(file_of(tmp_path, packed(listed(contents))))
    assert said in str(refused.value)


@given(
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4),
    kept=st.just(1.0) | st.floats(0, 1),
)
@settings(max_examples=60)
def test_damage_anywhere_is_told_or_does_no_harm(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]], kept: float
) -> None:
    content = bytearray(archive())
    for place, value in changes:
        content[int(place * len(content))] = value
    path = tmp_path_factory.getbasetemp() / "damaged.lattice"
    path.write_bytes(bytes(content[: int(kept * len(content))]))
    said = told(path)
    assert said is None or len(said) > 10


def test_the_manifest_is_all_that_is_read_to_open_a_file(tmp_path: Path) -> None:
    contents = {name: b"\xff" if name != MANIFEST else content for name, content in members().items()}
    with LatticeFile(file_of(tmp_path, packed(contents))) as file:
        assert file.manifest.run.number == orjson.loads(contents[MANIFEST])["run"]["number"] == 1
