"""What goes wrong in a page without showing: errors in the console, blocked content, calls to other hosts."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Error, Page, Request

OWN_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
LOCAL_SCHEMES = frozenset({"data", "blob", "about"})

# Violations of a policy that only reports are no errors in the console.
TELL_VIOLATIONS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`content security policy: ${event.violatedDirective} refuses ${event.blockedURI || "inline"}`));
"""


class Troubles:
    """Collects the troubles of all pages of one test; those it does not expect fail it."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def watch(self, page: Page) -> None:
        """Collect this page's troubles from now on."""
        page.add_init_script(TELL_VIOLATIONS)
        page.on("console", self._hear)
        page.on("pageerror", self._catch)
        page.on("request", self._follow)

    def expect(self, part: str) -> None:
        """Forgive the troubles with `part` in them; there must be one by now.

        For what a test brings about on purpose, such as ``status of 404`` or ``ERR_CONNECTION_REFUSED``.
        """
        left = [trouble for trouble in self.found if part not in trouble]
        assert len(left) < len(self.found), f"no {part!r} among the troubles {self.found}"
        self.found = left

    def check(self) -> None:
        """Fail if there was any trouble."""
        listed = "\n".join(f"  {trouble}" for trouble in self.found)
        assert not self.found, f"the browser found fault with the page:\n{listed}"

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            place = message.location
            self.found.append(f"console: {message.text} ({place['url']}:{place['lineNumber']})")

    def _catch(self, error: Error) -> None:
        self.found.append(f"uncaught: {error.message}")

    def _follow(self, request: Request) -> None:
        parts = urlsplit(request.url)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        if parts.scheme not in LOCAL_SCHEMES and host not in OWN_HOSTS:
            self.found.append(f"elsewhere: the page asked for {request.url}")
