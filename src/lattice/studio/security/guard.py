"""What stands before every handler: host, origin, size and access; and the headers that leave with every answer.

A page of another site can make a browser send requests here. Such a request names that site in ``Origin`` or
``Sec-Fetch-Site``, and anything but our own is refused where it could change something. A name that was made to point
here from outside (DNS rebinding) shows in ``Host``. Programs that are no browser send neither header and are let
through: nobody can make them act for somebody else.
"""

from __future__ import annotations

import asyncio
import html
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import orjson
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lattice.studio.security.sessions import Access, access_of_cookie, access_of_token, cookie_name
from lattice.studio.settings import StudioSettings, host_name

LARGEST_BODY = 256 * 1024 * 1024
LONGEST_TARGET = 16 * 1024
READING = frozenset({"GET", "HEAD", "OPTIONS"})
PROBES = frozenset({"/healthz", "/readyz"})
"""What supervisors ask without a token and by any name; the answer is yes or no and nothing else."""
OPEN_PATHS = frozenset({"/login", *PROBES})
SIGNED_PATHS = ("/api/v1/hooks/",)
"""Where deliveries are sent, which are signed instead of bearing a token; what they may do is no more than they say."""
ONE_S_OWN = frozenset({"/login", "/logout", "/settings/theme"})
"""What changes nothing but the browser that asks for it."""
SLOWEST = 4.0

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is not answered: a status, a word for programs and a sentence for people."""

    status: int
    error: str
    message: str


class Guard:
    """ASGI middleware; see the module.

    Parameters
    ----------
    largest: bytes of a body that are taken.
    """

    def __init__(self, app: ASGIApp, settings: StudioSettings, *, largest: int = LARGEST_BODY) -> None:
        self._app = app
        self._settings = settings
        self._largest = largest
        self._failures = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope = placed(scope, self._settings.root)
        headers = Headers(scope=scope)
        send = _with_headers(send)
        refusal = self._refusal(scope, headers)
        if refusal is None:
            # What is signed is nobody's: no token and no cookie that comes with it gives it more or less.
            access = None if is_signed(scope) else await self._access(scope, headers)
            refusal = self._barred(scope, access)
            scope.setdefault("state", {}).update(access=access, guard=self)
        if refusal is not None:
            await self._refuse(refusal, scope, headers, send)
            return
        await self._app(scope, _limited(receive, self._largest), send)

    def _refusal(self, scope: Scope, headers: Headers) -> Refusal | None:
        """What is wrong with a request, whoever makes it."""
        known = host_name(headers.get("host", "")) in self._settings.hosts
        if not known and not (scope["method"] in READING and path_in(scope) in PROBES):
            return Refusal(
                status=421,
                error="unknown_host",
                message="This Studio is not known by that name; start it with --allowed-host NAME or --public-url URL.",
            )
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_TARGET:
            return Refusal(status=414, error="uri_too_long", message="The address is longer than 16 KiB.")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit():
            return Refusal(status=400, error="bad_request", message="Content-Length is no number.")
        if int(length[:20]) > self._largest:
            return TOO_LARGE
        if scope["method"] not in READING and not self._is_own(headers):
            return Refusal(
                status=403,
                error="foreign_origin",
                message="The request comes from another site; only pages of this Studio may change something here.",
            )
        return None

    def _is_own(self, headers: Headers) -> bool:
        """Whether a page of ours sent this, or no browser at all."""
        origin = headers.get("origin")
        if origin is None:
            return headers.get("sec-fetch-site", "none") in ("same-origin", "none")
        if origin == "null":
            return False
        public = self._settings.public_url
        try:
            if public is not None and origin_of(origin) == origin_of(public):
                return True
            return urlsplit(origin).netloc.lower() == headers.get("host", "").lower()
        except ValueError:
            return False

    async def _access(self, scope: Scope, headers: Headers) -> Access | None:
        settings = self._settings
        if settings.token is None:
            return Access.FULL
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            access = access_of_token(settings, given.strip())
            await self.slow_down(access)
            return access
        # Other servers of the same host set cookies too, of any form, which must not hide ours.
        cookies = cookie_parser(headers.get("cookie", ""))
        return access_of_cookie(settings, cookies.get(cookie_name(settings), ""))

    async def slow_down(self, access: Access | None) -> None:
        """Make whoever guesses wait, longer each time; a right token ends that."""
        if access is not None:
            self._failures = 0
            return
        self._failures += 1
        await asyncio.sleep(min(SLOWEST, 0.1 * 2 ** min(self._failures, 10)))

    def _barred(self, scope: Scope, access: Access | None) -> Refusal | None:
        """Why somebody may not do what they ask for."""
        path = path_in(scope)
        if is_signed(scope):
            return None
        if access is None and path not in OPEN_PATHS and not path.startswith("/static/"):
            return Refusal(status=401, error="unauthorized", message="A token is needed: Authorization: Bearer TOKEN.")
        if access is Access.READ and scope["method"] not in READING and path not in ONE_S_OWN:
            return Refusal(
                status=403, error="read_only", message="This token may look at everything and change nothing."
            )
        return None

    async def _refuse(self, refusal: Refusal, scope: Scope, headers: Headers, send: Send) -> None:
        path, root = path_in(scope), self._settings.root
        reads_pages = scope["method"] == "GET" and not path.startswith("/api/")
        if refusal.status == 401 and "hx-request" in headers:
            # A part of a page that was opened before its login ran out: loading that page again leads to the login.
            await _answer(send, 401, b"", {"hx-refresh": "true"})
        elif refusal.status == 401 and reads_pages and headers.get("sec-fetch-dest", "document") == "document":
            query = scope["query_string"].decode("latin-1")
            back = quote(path + (f"?{query}" if query else ""), safe="")
            await _answer(send, 303, b"", {"location": f"{root}/login?next={back}"})
        elif path.startswith("/api/") or "text/html" not in headers.get("accept", ""):
            body = {"error": refusal.error, "message": refusal.message, "detail": None}
            await _answer(send, refusal.status, orjson.dumps(body), {"content-type": "application/json"})
        else:
            text = (
                f"<!doctype html><title>Lattice</title><h1>{refusal.status}</h1><p>{html.escape(refusal.message)}</p>"
            )
            await _answer(send, refusal.status, text.encode(), {"content-type": "text/html; charset=utf-8"})


TOO_LARGE = Refusal(status=413, error="too_large", message="More than 256 MiB at once are not taken.")


class BodyTooLarge(HTTPException):
    """A body without a stated length went beyond what is taken; what parses a body passes on this kind alone."""

    def __init__(self) -> None:
        super().__init__(TOO_LARGE.status, TOO_LARGE.message)


def origin_of(url: str) -> str:
    """Scheme, name and port of a URL, as browsers write them in ``Origin``: without the port that goes without saying.

    Raises
    ------
    ValueError: it is no URL.
    """
    parts = urlsplit(url.lower())
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = None if parts.port == {"http": 80, "https": 443}.get(parts.scheme) else parts.port
    return f"{parts.scheme}://{host}" + ("" if port is None else f":{port}")


def placed(scope: Scope, root: str) -> Scope:
    """The request below the Studio's prefix, whether a proxy has taken that away or not."""
    path = scope["path"]
    whole = path if not root or path == root or path.startswith(f"{root}/") else root + path
    return {**scope, "root_path": root, "path": whole}


def path_in(scope: Scope) -> str:
    """The path of a request within the Studio."""
    return scope["path"][len(scope["root_path"]) :] or "/"


def is_signed(scope: Scope) -> bool:
    """Whether a request is a delivery, whose signature is checked where it is taken."""
    return scope["method"] == "POST" and path_in(scope).startswith(SIGNED_PATHS)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("cache-control", "no-store")
        await send(message)

    return sending


def _limited(receive: Receive, largest: int) -> Receive:
    """A body whose length was not stated is counted as it comes."""
    taken = 0

    async def receiving() -> Message:
        nonlocal taken
        message = await receive()
        if message["type"] == "http.request":
            taken += len(message.get("body", b""))
            if taken > largest:
                raise BodyTooLarge
        return message

    return receiving


async def _answer(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    await send(
        {"type": "http.response.start", "status": status, "headers": [*raw, (b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})
