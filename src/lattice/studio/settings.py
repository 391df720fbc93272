"""How a Studio is reached, by whom, and how it starts runs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from lattice.core.errors import UsageError
from lattice.service.launching import MAX_RUNS
from lattice.studio.security.signatures import key_of

DEFAULT_PORT = 8484
LEAST_TOKEN = 16
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")
_NAME = re.compile(r"[A-Za-z0-9.:_-]+|\[[0-9A-Fa-f:.]+\](?::\d+)?")
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)*/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioSettings:
    """Where a Studio listens, what it accepts, and what becomes of its runs.

    Parameters
    ----------
    host, port: the address that is listened on; port 0 takes a free one.
    token: lets whoever knows it do everything; None only on this machine.
    read_token: lets whoever knows it look at everything and change nothing.
    public_url: what browsers call it where a proxy stands before it; its path is the prefix of every address.
    allowed_hosts: further names it may be called by.
    max_runs: how many runs that were started out of the store's queue may be carried out at once.
    hand_over: whether its runs are interrupted when it stops, to go on when a Studio is started again.
    webhook_secrets: any of these may sign a deployment that is reported; without one none is taken.

    Raises
    ------
    UsageError: it would be open to others without a token, a token is short, or the URL is none.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    token: str | None = field(default=None, repr=False)
    read_token: str | None = field(default=None, repr=False)
    public_url: str | None = None
    allowed_hosts: tuple[str, ...] = ()
    max_runs: int = MAX_RUNS
    hand_over: bool = False
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and self.token is None:
            raise UsageError(
                f"on {self.host} others can reach the Studio, so that it needs a token: "
                "set LATTICE_STUDIO_TOKEN, or listen on 127.0.0.1"
            )
        for name, token in (("token", self.token), ("read-only token", self.read_token)):
            if token is not None and len(token) < LEAST_TOKEN:
                raise UsageError(f"the {name} is too short to be safe: it needs {LEAST_TOKEN} characters")
        if self.read_token is not None and self.token is None:
            raise UsageError("a read-only token alone leaves the rest open: set LATTICE_STUDIO_TOKEN as well")
        if self.read_token is not None and self.read_token == self.token:
            raise UsageError("the two tokens are the same; the read-only one has to be another")
        for secret in self.webhook_secrets:
            try:
                key_of(secret)
            except ValueError as error:
                raise UsageError(f"a secret in LATTICE_WEBHOOK_SECRET cannot be used: {error}") from error
        if self.public_url is not None and not _is_public_url(self.public_url):
            raise UsageError(f"--public-url {self.public_url}: expected a URL such as https://example.com/lattice")
        for name in self.allowed_hosts:
            if not _NAME.fullmatch(name):
                raise UsageError(f"--allowed-host {name}: expected one name such as studio.example, without * and /")

    @property
    def root(self) -> str:
        """The prefix of every path: that of the public URL, without a slash at its end."""
        return urlsplit(self.public_url).path.rstrip("/") if self.public_url else ""

    @property
    def is_https(self) -> bool:
        """Whether browsers reach it over an encrypted connection."""
        return self.public_url is not None and urlsplit(self.public_url).scheme == "https"

    @property
    def hosts(self) -> frozenset[str]:
        """Names without port that a request may be addressed to, in lower case."""
        public = () if self.public_url is None else (urlsplit(self.public_url).netloc,)
        named = (*LOOPBACK_NAMES, self.host.lower(), *(host_name(name) for name in (*self.allowed_hosts, *public)))
        return frozenset(name for name in named if name)


def host_name(host: str) -> str:
    """The name in a ``Host`` header, without port and brackets, in lower case."""
    host = host.strip().lower()
    if host.startswith("["):
        name, closed, port = host[1:].partition("]")
        return name if closed and (not port or port.startswith(":")) else ""
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _is_public_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        told = parts.hostname and parts.username is None and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return (
        bool(told)
        and parts.scheme in ("http", "https")
        and not (parts.query or parts.fragment)
        and _PREFIX.fullmatch(parts.path) is not None
    )
