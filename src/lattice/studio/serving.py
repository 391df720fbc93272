"""Serves a Studio until it is told to stop; runs that it started go on."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from anyio import to_thread

from lattice.core.errors import UsageError
from lattice.service.duties import Keeper
from lattice.service.keeping import duties_of
from lattice.service.launching import Launcher, Place
from lattice.service.workspace import open_workspace
from lattice.studio.app import create_app
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio

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
        studio = Studio(settings=settings, store=store, place=place, launcher=Launcher(place))
        keeper = Keeper(duties_of(store, studio.launcher))
        config = uvicorn.Config(
            create_app(studio),
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=GRACE,
        )
        announce(address_of(settings, connections.getsockname()[1]))
        keeper.start()
        try:
            _Server(config, studio, keeper).run(sockets=[connections])
        finally:
            keeper.stop()


class _Server(uvicorn.Server):
    """Ends the streams of open pages before it waits for them, and lets no duty begin another round."""

    def __init__(self, config: uvicorn.Config, studio: Studio, keeper: Keeper) -> None:
        super().__init__(config)
        self._studio = studio
        self._keeper = keeper

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._studio.feeds.close()
        # Here already, since a signal that the server was stopped by ends the process as soon as it has shut down.
        await to_thread.run_sync(self._keeper.stop)
        await super().shutdown(sockets)


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
