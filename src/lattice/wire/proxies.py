"""Which proxy a request goes through: ``HTTPS_PROXY``, ``HTTP_PROXY``, ``ALL_PROXY`` and ``NO_PROXY``.

aiohttp can read them itself, but does so anew in two worker threads for every request, reads ``~/.netrc`` on
the way, and knows only the process's own environment, not a ``.env`` file's.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping

from aiohttp import ClientHandlerType, ClientRequest, ClientResponse, encode_basic_auth
from aiohttp.hdrs import PROXY_AUTHORIZATION
from yarl import URL

from lattice.core.errors import CallError, ErrorKind

Route = tuple[URL, str | None]
"""A proxy without its credentials, and those as the value of a header."""


class Proxies:
    """The proxies of an environment, as an aiohttp middleware.

    Parameters
    ----------
    environ: lower-case names win over upper-case ones, as in curl. ``HTTP_PROXY`` in upper case is ignored
        where ``REQUEST_METHOD`` is set, since there a client of a CGI script may have set it.
    """

    __slots__ = ("_by_scheme", "_exceptions", "_routes")

    def __init__(self, environ: Mapping[str, str]) -> None:
        everything = _value(environ, "all_proxy")
        told = {scheme: _value(environ, f"{scheme}_proxy") or everything for scheme in ("http", "https")}
        self._by_scheme = {scheme: _proxy(text) for scheme, text in told.items() if text}
        listed = _value(environ, "no_proxy").replace(",", " ").split()
        self._exceptions = tuple(entry.lower() for entry in listed)
        self._routes: dict[URL, Route | None] = {}

    def __bool__(self) -> bool:
        return bool(self._by_scheme)

    def route(self, url: URL) -> Route | None:
        """The proxy for `url`, None for a direct connection.

        Raises
        ------
        CallError: the proxy is of a kind that is not supported.
        """
        origin = url.origin()
        if origin not in self._routes:
            self._routes[origin] = self._find(origin)
        return self._routes[origin]

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        if request.proxy is None and (route := self.route(request.url)) is not None:
            proxy, credentials = route
            told = {PROXY_AUTHORIZATION: credentials} if credentials else {}
            request.update_proxy(proxy, None, told or None)
            if request.url.scheme == "http":  # such a request goes to the proxy itself, without a tunnel
                request.headers.update(told)
        return await handler(request)

    def _find(self, origin: URL) -> Route | None:
        proxy = self._by_scheme.get(origin.scheme)
        if proxy is None or any(_covers(entry, origin) for entry in self._exceptions):
            return None
        if proxy.scheme not in ("http", "https"):
            raise CallError(
                ErrorKind.CONNECTION,
                f"The proxy for {origin} is of the kind {proxy.scheme!r}; only http and https are supported",
            )
        credentials = encode_basic_auth(proxy.user or "", proxy.password or "") if proxy.raw_user else None
        return proxy.with_user(None), credentials


def _value(environ: Mapping[str, str], name: str) -> str:
    if name in environ:
        return environ[name].strip()
    if name == "http_proxy" and "REQUEST_METHOD" in environ:
        return ""
    return environ.get(name.upper(), "").strip()


def _proxy(text: str) -> URL:
    return URL(text if "://" in text else f"http://{text}")


def _covers(entry: str, origin: URL) -> bool:
    """Whether an entry of ``NO_PROXY`` (``*``, a domain, ``host:port``, an address or a network) covers a
    URL.
    """
    host = (origin.host or "").lower()
    if entry in ("*", host, f"{host}:{origin.port}", f"[{host}]", f"[{host}]:{origin.port}"):
        return True
    name, _, port = entry.partition(":")
    if (not port or port == str(origin.port)) and host.endswith("." + name.removeprefix("*").lstrip(".")):
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        return False
