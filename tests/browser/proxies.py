"""A reverse proxy that serves a Studio below a path, as web servers and remote notebooks do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

PREFIX = "/tools/lattice"


class Prefix(Enum):
    """What becomes of the path that the proxy serves the Studio below."""

    KEPT = "kept"
    STRIPPED = "stripped"


@contextmanager
def proxied(own: int, port: int, prefix: Prefix) -> Iterator[str]:
    """Pass what comes to port `own` on to `port`, under a name of its own; gives the address of the Studio there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._pass_on()

        def do_POST(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            path = self.path.removeprefix(PREFIX) if prefix is Prefix.STRIPPED else self.path
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            upstream = HTTPConnection("127.0.0.1", port)
            try:
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                upstream.request(self.command, path, body, {**headers, "Host": f"127.0.0.1:{port}"})
                answer = upstream.getresponse()
                self.send_response_only(answer.status)
                for name, value in answer.getheaders():
                    if name.lower() not in ("transfer-encoding", "connection"):
                        self.send_header(name, value)
                self.end_headers()
                while piece := answer.read1():
                    self.wfile.write(piece)
                    self.wfile.flush()
            except OSError:
                self.close_connection = True  # either side has gone
            finally:
                upstream.close()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", own), Handler)
    server.daemon_threads = True
    serving = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield f"http://127.0.0.1:{own}{PREFIX}"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
