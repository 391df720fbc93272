"""What curl would fetch, on machines that have none: as much of curl as the pages use."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from tests.cli.command_line import Outcome

_BOUNDARY = "the-boundary-of-parts"
_FAILED = 22


def fetched(url: str, options: Sequence[str]) -> Outcome:
    """The answer to one request; an error's status ends it with the code that ``--fail`` gives."""
    request = Request(url)
    destination: Path | None = None
    parts: list[bytes] = []
    rest = iter(options)
    for option in rest:
        match option:
            case "-X":
                request.method = next(rest)
            case "-o":
                destination = Path(next(rest))
            case "--json":
                request.data = _given(next(rest))
                request.add_header("Content-Type", "application/json")
            case "-F":
                parts.append(_part(next(rest)))
            case "--silent" | "--no-buffer":
                continue
            case _:
                raise AssertionError(f"the suite does not know curl's option {option}")
    if parts:
        request.data = b"".join(parts) + f"--{_BOUNDARY}--\r\n".encode()
        request.add_header("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
    return _answered(request, destination)


def _answered(request: Request, destination: Path | None) -> Outcome:
    try:
        with build_opener(ProxyHandler({})).open(request) as response:
            content: bytes = response.read()
    except HTTPError as error:
        with error:
            return Outcome(code=_FAILED, out=error.read().decode(), err=str(error))
    if destination is not None:
        destination.write_bytes(content)
        return Outcome(code=0, out="", err="")
    return Outcome(code=0, out=content.decode(), err="")


def _given(text: str) -> bytes:
    return Path(text[1:]).read_bytes() if text.startswith("@") else text.encode()


def _part(text: str) -> bytes:
    name, _, value = text.partition("=")
    path = Path(value.removeprefix("@"))
    head = f'Content-Disposition: form-data; name="{name}"; filename="{path.name}"'
    return f"--{_BOUNDARY}\r\n{head}\r\n\r\n".encode() + path.read_bytes() + b"\r\n"
