"""What is built from the sources has all that a user needs, and nothing is fetched that was not pinned."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import hatch_build
import pytest
from hatch_build import AssetsMissing, Package, as_script, bring, is_current, read_pins

ROOT = Path(__file__).parents[1]
VENDOR = "lattice/studio/static/vendor"
SCRIPTS = ("htmx.min.js", "htmx-ext-sse.min.js", "vega.min.js", "vega-lite.min.js", "vega-interpreter.js")


def archive_of(contents: dict[str, str]) -> bytes:
    """An archive as npm's registry has them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in contents.items():
            member = tarfile.TarInfo(f"package/{name}")
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    return packed.getvalue()


class Registry:
    """Serves one archive whatever is asked for, and counts how often."""

    def __init__(self, contents: dict[str, str]) -> None:
        self.archive = archive_of(contents)
        self.calls = 0

    def fetch(self, packages: Iterable[Package], directory: Path) -> None:
        self.calls += 1
        for package in packages:
            (directory / package.archive).write_bytes(self.archive)

    def pin(self, files: dict[str, str], *, version: str = "1.0.0", namespace: str | None = None) -> Package:
        integrity = "sha512-" + base64.b64encode(hashlib.sha512(self.archive).digest()).decode()
        return Package(name="charts", version=version, integrity=integrity, files=files, namespace=namespace)


@pytest.fixture
def registry() -> Registry:
    return Registry({"build/charts.js": "draw();\n//# sourceMappingURL=charts.js.map\n", "LICENSE": "Free."})


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "static" / "vendor"


def test_the_pins_are_exact_and_name_no_registry() -> None:
    text = (ROOT / "package.json").read_text(encoding="utf-8")
    pins = json.loads(text)
    versions = pins["dependencies"] | pins["devDependencies"]
    assert set(versions) == set(pins["assets"])
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in versions.values())
    assert "://" not in text


def test_every_package_brings_its_licence() -> None:
    for group in ("dependencies", "devDependencies"):
        for package in read_pins(ROOT, group):
            assert any(name.endswith(".LICENSE") for name in package.files.values()), package.name


def test_the_assets_in_this_checkout_are_the_pinned_ones() -> None:
    assert is_current(ROOT / hatch_build.SHIPPED, read_pins(ROOT, "dependencies")), "first: make assets"
    assert is_current(ROOT / hatch_build.FOR_TESTS, read_pins(ROOT, "devDependencies")), "first: make assets"


def test_assets_are_fetched_once(registry: Registry, place: Path) -> None:
    pins = [registry.pin({"build/charts.js": "charts.js", "LICENSE": "charts.LICENSE"})]
    assert not is_current(place, pins)
    assert bring(place, pins, registry.fetch)
    assert is_current(place, pins)
    assert not bring(place, pins, registry.fetch)
    assert registry.calls == 1
    assert (place / "charts.js").read_text() == "draw();\n"
    assert [entry["version"] for entry in json.loads((place / "manifest.json").read_text())] == ["1.0.0"]


def test_a_changed_or_missing_file_is_fetched_again(registry: Registry, place: Path) -> None:
    pins = [registry.pin({"build/charts.js": "charts.js"})]
    bring(place, pins, registry.fetch)
    (place / "charts.js").write_text("other();")
    assert bring(place, pins, registry.fetch)
    (place / "charts.js").unlink()
    assert bring(place, pins, registry.fetch)
    (place / "manifest.json").write_text("{")
    assert bring(place, pins, registry.fetch)
    assert (place / "charts.js").read_text() == "draw();\n"


def test_a_new_pin_takes_the_place_of_the_former_files(registry: Registry, place: Path) -> None:
    bring(place, [registry.pin({"build/charts.js": "charts.js"})], registry.fetch)
    assert bring(place, [registry.pin({"build/charts.js": "charts.min.js"}, version="1.1.0")], registry.fetch)
    assert sorted(path.name for path in place.iterdir()) == ["charts.min.js", "manifest.json"]


def test_another_archive_than_the_pinned_one_is_refused_and_nothing_changes(registry: Registry, place: Path) -> None:
    pins = [registry.pin({"build/charts.js": "charts.js"})]
    bring(place, pins, registry.fetch)
    (place / "charts.js").write_text("old();")
    registry.archive = archive_of({"build/charts.js": "steal();"})
    with pytest.raises(AssetsMissing, match=r"charts 1\.0\.0 is not the pinned one: its integrity is sha512-"):
        bring(place, pins, registry.fetch)
    assert (place / "charts.js").read_text() == "old();"


def test_a_file_that_the_package_lacks_is_named(registry: Registry, place: Path) -> None:
    with pytest.raises(AssetsMissing, match=r"charts 1\.0\.0 has no file build/charts\.min\.js"):
        bring(place, [registry.pin({"build/charts.min.js": "charts.js"})], registry.fetch)


def test_an_archive_that_never_came_is_named(registry: Registry, place: Path) -> None:
    with pytest.raises(AssetsMissing, match=r"npm brought no charts-1\.0\.0\.tgz"):
        bring(place, [registry.pin({"build/charts.js": "charts.js"})], lambda packages, directory: None)


def test_a_module_becomes_a_script_that_adds_to_a_global(place: Path) -> None:
    module = "import { ascending, isString } from 'tools';\nconst f = 1;\nexport { f as interpreter };\n"
    registry = Registry({"charts.js": module, "LICENSE": "Free."})
    bring(place, [registry.pin({"charts.js": "charts.js", "LICENSE": "LICENSE"}, namespace="vega")], registry.fetch)
    assert (place / "charts.js").read_text() == (
        "(function () {\n'use strict';\nconst { ascending, isString } = vega;\nconst f = 1;\n"
        "vega.interpreter = f;\n})();\n"
    )
    assert (place / "LICENSE").read_text() == "Free."


@pytest.mark.parametrize(
    "module",
    [
        "const f = 1;\n",
        "import f from 'tools';\nexport { f };\n",
        "import { f as g } from 'tools';\nexport { g };\n",
        "import { f } from 'tools';\nexport default f;\nexport { f };\n",
        "import { f } from 'tools';\nexport { f };\nexport { f as g };\n",
    ],
)
def test_a_module_of_another_form_is_refused(module: str) -> None:
    with pytest.raises(AssetsMissing, match="of another form than expected"):
        as_script(module, "vega")


def build(target: str, source: Path, to: Path) -> Path:
    """Build in a process of its own, without a network."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(to)]
    done = subprocess.run(command, cwd=source, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = to.iterdir()
    return built


def test_the_wheel_has_what_the_studio_shows_and_nothing_of_the_tests(tmp_path: Path) -> None:
    with zipfile.ZipFile(build("wheel", ROOT, tmp_path / "wheel")) as wheel:
        names = set(wheel.namelist())
    assert {f"{VENDOR}/{name}" for name in (*SCRIPTS, "vega.LICENSE", "manifest.json")} <= names
    packaged = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*") if path.is_file()}
    assert not {name for name in packaged - names if "__pycache__" not in name}
    assert not [name for name in names if "axe" in name or not name.startswith("lattice")]


def test_a_wheel_is_built_from_the_source_distribution_without_fetching(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", ROOT, tmp_path / "sdist")) as sdist:
        sdist.extractall(tmp_path / "unpacked", filter="data")
    (unpacked,) = (tmp_path / "unpacked").iterdir()
    assert {"hatch_build.py", "package.json", "pyproject.toml", "README.md", "LICENSE"} <= {
        path.name for path in unpacked.iterdir()
    }
    with zipfile.ZipFile(build("wheel", unpacked, tmp_path / "wheel")) as wheel:
        assert f"{VENDOR}/vega.min.js" in wheel.namelist()


def test_a_build_that_cannot_fetch_says_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    for name in ("hatch_build.py", "package.json", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / "src" / "lattice").mkdir(parents=True)
    shutil.copy(ROOT / "src" / "lattice" / "__init__.py", tmp_path / "src" / "lattice")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, encoding="utf-8", check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert "The Studio's browser assets are not there: npm is not there" in said
    assert "They come from npm's registry once" in said
    assert "Traceback" not in said
