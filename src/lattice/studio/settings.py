"""How a Studio is reached, and by whom."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from lattice.core.errors import UsageError

DEFAULT_PORT = 8484
LEAST_TOKEN = 16
LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class StudioSettings:
    """Where a Studio listens and what it accepts.

    Parameters
    ----------
    host, port: the address that is listened on; port 0 takes a free one.
    token: lets whoever knows it do everything; None only on this machine.
    read_token: lets whoever knows it look at everything and change nothing.
    public_url: what browsers call it where a proxy stands before it; its path is the prefix of every address.
    allowed_hosts: further names it may be called by.

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
        if self.public_url is not None:
            parts = urlsplit(self.public_url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
                raise UsageError(f"--public-url {self.public_url}: expected a URL such as https://example.com/lattice")

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
        named = {*self.allowed_hosts, *((urlsplit(self.public_url).hostname or "",) if self.public_url else ())}
        own = LOOPBACK_NAMES if is_loopback(self.host) else (*LOOPBACK_NAMES, self.host)
        return frozenset(name.lower() for name in (*named, *own) if name)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
