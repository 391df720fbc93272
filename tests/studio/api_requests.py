"""What tests of the API send, and a Studio that is reached over a real connection."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import uvicorn
from starlette.testclient import TestClient

from lattice.studio.app import create_app
from lattice.studio.serving import listening
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio

API = "/api/v1"
PATIENCE = 60.0


def sent(**changes: Any) -> dict[str, Any]:
    """An evaluation with its inputs."""
    return {
        "name": "Support",
        "targets": [{"name": "Bot", "model": "sim/assistant"}],
        "inputs": {"items": [{"id": f"q{n}", "input": f"Question {n}?", "reference": f"{n}"} for n in range(1, 6)]},
        "scoring": {"judge": {"model": "sim/judge", "mode": "reference"}},
        **changes,
    }


def submitted(client: TestClient, **changes: Any) -> dict[str, Any]:
    """What the API says of an evaluation that it takes."""
    response = client.post(f"{API}/evaluations", json=sent(**changes))
    assert response.status_code == 201, response.text
    document: dict[str, Any] = response.json()
    return document


def ended(client: TestClient, run: str) -> dict[str, Any]:
    """A run, once nothing more happens in it."""
    document: dict[str, Any] = {}

    def is_over() -> bool:
        document.update(client.get(f"{API}/runs/{run}").json())
        return document["status"] not in ("pending", "running") or document["failure"] is not None

    until(is_over)
    return document


def until(happened: Callable[[], bool]) -> None:
    """Look, again and again, whether another process has done something."""
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it does not happen"
        threading.Event().wait(0.05)


@dataclass(frozen=True, kw_only=True)
class Event:
    """One server-sent event."""

    name: str
    data: Any
    id: str | None = None


@dataclass(kw_only=True)
class Connection:
    """A server that answers over TCP."""

    port: int
    _open: list[http.client.HTTPConnection] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    def events(self, path: str, last: str | None = None) -> Iterator[Event]:
        """The events of a stream, as they come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self._open.append(connection)
        connection.request("GET", path, headers={} if last is None else {"Last-Event-ID": last})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        fields: dict[str, str] = {}
        for raw in response:
            line = raw.decode().rstrip("\n")
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif not line and "event" in fields:
                yield Event(name=fields["event"], data=orjson.loads(fields["data"]), id=fields.get("id"))
                fields = {}

    def close(self) -> None:
        """Go away from every stream."""
        for connection in self._open:
            connection.close()
        self._open.clear()


@contextmanager
def served(studio: Studio) -> Iterator[Connection]:
    """A Studio on a free port of this machine."""
    with listening(StudioSettings(port=0)) as socket:
        server = uvicorn.Server(uvicorn.Config(create_app(studio), log_config=None, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
        thread.start()
        connection = Connection(port=socket.getsockname()[1])
        try:
            yield connection
        finally:
            connection.close()
            server.should_exit = True
            thread.join()
