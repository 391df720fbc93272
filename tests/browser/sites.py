"""A site of a few fixed pages, for tests of what the pages of the Studio rest on."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
PAGE = (
    '<!doctype html><html lang="en"><head><title>Page</title><link rel="icon" href="data:,">{head}</head>{body}</html>'
)
TYPES = {"html": "text/html; charset=utf-8", "js": "text/javascript", "sse": "text/event-stream"}


@contextmanager
def site(contents: Mapping[str, str], *, policy: str = POLICY) -> Iterator[str]:
    """Serve contents by path, such as ``/page.html``, under a content security policy; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = contents.get(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Type", TYPES.get(self.path.rpartition(".")[2], TYPES["html"]))
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write((page("Not found") if content is None else content).encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def page(body: str, head: str = "") -> str:
    """A page without fault but for what is put into it."""
    return PAGE.format(head=head, body=f"<body><main><h1>Page</h1>{body}</main></body>")
