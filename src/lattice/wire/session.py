"""The one HTTP session of an event loop, and one call over it.

`exchange` is the funnel: whatever goes wrong below HTTP comes out of it as a `CallError` of the kind
``timeout`` or ``connection``. It never retries. What a status means is the business of `lattice.wire.status`.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import aiohttp
from aiohttp.payload import TOO_LARGE_BYTES_BODY
from yarl import URL

from lattice import __version__
from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.wire.payload import encode
from lattice.wire.proxies import Proxies

USER_AGENT = f"lattice/{__version__}"
LARGEST_ANSWER = 64 * 1024 * 1024
"""Bytes of an answer that are read before the call is given up."""

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An HTTP response that was read to its end, whatever its status.

    Parameters
    ----------
    headers: a mapping that ignores case.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


def open_session(environ: Mapping[str, str]) -> aiohttp.ClientSession:
    """A session for all calls of the running event loop; whoever opens it closes it.

    It limits no connections (the engine does), follows the proxy variables and ``SSL_CERT_FILE`` of
    `environ`, keeps no cookies, and sets no timeout of its own: each call has one.

    Raises
    ------
    UsageError: ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` names something that holds no certificates.
    """
    proxies = Proxies(environ)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, ssl=_certificates(environ)),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": USER_AGENT},
        json_serialize=lambda value: encode(value).decode(),
        timeout=_NO_TIMEOUT,
        middlewares=(proxies,) if proxies else (),
    )


def check_network(environ: Mapping[str, str]) -> None:
    """Say what keeps a session from being opened, without opening one.

    Raises
    ------
    UsageError: as `open_session`.
    """
    Proxies(environ)
    _certificates(environ)


async def exchange(
    session: aiohttp.ClientSession,
    method: str,
    url: URL,
    *,
    headers: Mapping[str, str],
    body: bytes | None,
    timeout: float,
) -> Reply:
    """Send one request and read the whole answer; redirects are not followed.

    Parameters
    ----------
    timeout: seconds for everything, from connecting to the last byte.

    Raises
    ------
    CallError: of kind ``timeout`` or ``connection``.
    """
    try:
        async with (
            asyncio.timeout(timeout),
            session.request(method, url, data=_sendable(body), headers=headers, allow_redirects=False) as response,
        ):
            return Reply(status=response.status, headers=response.headers, body=await _read(response))
    except TimeoutError:
        raise timed_out(timeout) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise CallError(ErrorKind.CONNECTION, _what_broke(error, url)) from None


def timed_out(timeout: float) -> CallError:
    """The failure of a call that took longer than `timeout` seconds."""
    return CallError(ErrorKind.TIMEOUT, f"Timeout after {timeout:g}s")


def _sendable(body: bytes | None) -> bytes | BytesIO | None:
    """A large body is sent piece by piece, as aiohttp demands, so that it holds nobody up."""
    return body if body is None or len(body) <= TOO_LARGE_BYTES_BODY else BytesIO(body)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = response.content
    body = await content.readany()
    if content.at_eof():
        return body
    chunks, size = [body], len(body)
    while not content.at_eof():
        chunk = await content.readany()
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise aiohttp.ClientPayloadError(f"more than {LARGEST_ANSWER // 1024**2} MiB")
        chunks.append(chunk)
    return b"".join(chunks)


def _what_broke(error: Exception, url: URL) -> str:
    """One line without the URL's path or query, which may hold secrets."""
    place = f"{url.host}:{url.port}"
    match error:
        case aiohttp.ClientConnectorDNSError():
            return f"Cannot find the host {url.host!r}: check the base URL and the network"
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
            reason = getattr(error.os_error, "verify_message", "") or error.os_error.__class__.__name__
            return f"No secure connection to {place}: {reason} (SSL_CERT_FILE names further certificates)"
        case aiohttp.ClientProxyConnectionError():
            return f"Cannot reach the proxy for {place}: check HTTPS_PROXY, HTTP_PROXY and NO_PROXY"
        case aiohttp.ClientHttpProxyError():
            return f"The proxy refused the connection to {place}: HTTP {error.status}"
        case aiohttp.ClientConnectorError():
            return f"Cannot connect to {place}: {error.os_error.strerror or error.os_error.__class__.__name__}"
        case aiohttp.ClientPayloadError():
            return f"Connection to {place} lost in the middle of the answer"
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError() | OSError():
            return f"Connection to {place} lost before the answer"
        case aiohttp.ClientResponseError():
            return f"{place} answered something that is not HTTP"
        case _:
            return f"The call to {place} failed: {error.__class__.__name__}"


def _certificates(environ: Mapping[str, str]) -> ssl.SSLContext | bool:
    """aiohttp's default, or the system's certificates together with those that the environment names."""
    file, folder = environ.get("SSL_CERT_FILE", ""), environ.get("SSL_CERT_DIR", "")
    if not file and not folder:
        return True
    if file and not Path(file).is_file():
        raise UsageError(f"SSL_CERT_FILE names {file}, and there is no such file")
    if folder and not Path(folder).is_dir():
        raise UsageError(f"SSL_CERT_DIR names {folder}, and there is no such folder")
    try:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    except (ssl.SSLError, OSError) as error:
        raise UsageError(f"SSL_CERT_FILE holds no certificates that can be read: {error}") from None
