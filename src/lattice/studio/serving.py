"""Serves a Studio until it is told to stop; runs that it started go on, or are handed over to the next one."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from dataclasses import replace

import uvicorn

from lattice.core.errors import UsageError
from lattice.service.assessing import PUBLIC_URL
from lattice.service.launching import Launcher, Place
from lattice.service.workspace import open_workspace
from lattice.studio.app import create_app
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio
from lattice.studio.warming import warm

GRACE = 2
"""Seconds that open pages have to take their last bytes when the Studio stops."""


def serve(settings: StudioSettings, place: Place, *, announce: Callable[[str], None]) -> None:
    """Open the store and serve its Studio on `settings.host`.

    Parameters
    ----------
    announce: takes the address once connections are accepted.

    Raises
    ------
    UsageError: the address cannot be listened on.
    StoreError: the workspace cannot be opened.
    """
    with (
        listening(settings) as connections,
        open_workspace(place.db, place.environ, place.folder, create=True) as store,
    ):
        address = address_of(settings, connections.getsockname()[1])
        # Messages about runs lead back to here.
        place = replace(place, environ={**place.environ, PUBLIC_URL: address})
        launcher = Launcher(place, store, max_runs=settings.max_runs)
        studio = Studio(settings=settings, store=store, place=place, launcher=launcher)
        app = create_app(studio)
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
        )
        studio.keeper.start()
        warm(app, settings.root)
        announce(address)
        _Server(config, studio).run(sockets=[connections])


class _Server(uvicorn.Server):
    """Ends the streams of open pages before it waits for them, and starts nothing more."""

    def __init__(self, config: uvicorn.Config, studio: Studio) -> None:
        super().__init__(config)
        self._studio = studio

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._studio.feeds.close()
        # A second Ctrl-C does not wait for runs that are handed over.
        leaving = threading.Thread(target=self._leave, name="lattice leaving", daemon=True)
        leaving.start()
        await super().shutdown(sockets)
        while leaving.is_alive() and not self.force_exit:  # noqa: ASYNC110 - nothing else tells a second Ctrl-C
            await asyncio.sleep(0.05)

    def _leave(self) -> None:
        """What waits is kept in the store; what is carried out goes on, or waits there as well."""
        if self._studio.settings.hand_over:
            self._studio.launcher.hand_over()
        else:
            self._studio.launcher.stop()
        self._studio.keeper.stop()


def listening(settings: StudioSettings) -> socket.socket:
    """A socket that takes connections from now on.

    Raises
    ------
    UsageError: the port is taken, or the address is not one of this machine.
    """
    try:
        return socket.create_server(
            (settings.host, settings.port),
            family=socket.AF_INET6 if ":" in settings.host else socket.AF_INET,
            backlog=512,
        )
    except OSError as error:
        raise UsageError(
            f"the Studio cannot listen on {settings.host}:{settings.port}: {error.strerror or error}; "
            "choose another port with --port, or 0 for a free one"
        ) from error


def address_of(settings: StudioSettings, port: int) -> str:
    """What to open in a browser."""
    if settings.public_url is not None:
        return settings.public_url
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{host}:{port}"
