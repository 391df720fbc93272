"""Which requests came and how they were answered, for the log where one is written.

Addresses are written without the values of their queries, which may hold what people search for; bodies, headers and
cookies are not written at all.
"""

from __future__ import annotations

import logging
import time
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger("lattice.studio.access")


class AccessLog:
    """ASGI middleware: a line for each request, once it has been answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not log.isEnabledFor(logging.INFO):
            await self._app(scope, receive, send)
            return
        began, status = time.monotonic(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            told = {
                "method": scope["method"],
                "path": scope["path"],
                "query": _names(scope),
                "status": status or None,
                "ms": round((time.monotonic() - began) * 1000, 1),
            }
            given = {name: value for name, value in told.items() if value}
            log.info("request", extra={"lattice_fields": given})


def _names(scope: Scope) -> list[str]:
    query = scope["query_string"].decode("latin-1")
    return sorted({name for name, _ in parse_qsl(query, keep_blank_values=True, max_num_fields=None)})
