"""``lattice studio``."""

from __future__ import annotations

import logging
import os
import webbrowser

import click

from lattice.cli.options import environment, here, log_options, store_option
from lattice.cli.queueing import hand_over_option, max_runs_option
from lattice.cli.streams import say
from lattice.service.launching import Place
from lattice.studio.serving import serve
from lattice.studio.settings import DEFAULT_PORT, StudioSettings, is_loopback

log = logging.getLogger("lattice.studio")

TOKEN, READ_TOKEN = "LATTICE_STUDIO_TOKEN", "LATTICE_STUDIO_READ_TOKEN"
WEBHOOK_SECRET = "LATTICE_WEBHOOK_SECRET"
_OWN = (TOKEN, READ_TOKEN, WEBHOOK_SECRET)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Any other than this machine's needs a token.")
@click.option("--port", type=click.IntRange(0, 65535), default=DEFAULT_PORT, show_default=True, help="0: a free one.")
@click.option(
    "--public-url",
    metavar="URL",
    envvar="LATTICE_PUBLIC_URL",
    help="What browsers call it behind a proxy; may have a path (or set LATTICE_PUBLIC_URL).",
)
@click.option("--allowed-host", "allowed_hosts", multiple=True, metavar="NAME", help="Another name (repeatable).")
@click.option("--open/--no-open", "opens", default=True, help="Whether to open a browser.")
@max_runs_option
@hand_over_option
@log_options
@store_option
def studio(
    host: str,
    port: int,
    public_url: str | None,
    allowed_hosts: tuple[str, ...],
    opens: bool,
    max_runs: int,
    hand_over: bool,
    db: str | None,
) -> None:
    """Serve the Studio: evaluations, live runs, results and comparisons in a browser.

    The token comes from LATTICE_STUDIO_TOKEN, one that may only look from LATTICE_STUDIO_READ_TOKEN.
    With LATTICE_WEBHOOK_SECRET deployments can be reported, signed, and start runs.
    """
    environ = environment()
    settings = StudioSettings(
        host=host,
        port=port,
        token=environ.get(TOKEN) or None,
        read_token=environ.get(READ_TOKEN) or None,
        public_url=public_url,
        allowed_hosts=allowed_hosts,
        max_runs=max_runs,
        hand_over=hand_over,
        webhook_secrets=tuple(environ.get(WEBHOOK_SECRET, "").split()),
    )

    def announce(address: str) -> None:
        what = "runs go on when it is started again" if hand_over else "runs go on"
        say(f"Studio: {address}", f"Ctrl-C stops it; {what}.")
        log.info("studio.listening", extra={"lattice_fields": {"address": address}})
        if opens and is_loopback(host) and _has_display():
            webbrowser.open(address)

    # They are the Studio's own: no run needs them.
    place = Place(
        folder=here(),
        db=db,
        environ={name: value for name, value in environ.items() if name not in _OWN},
    )
    serve(settings, place, announce=announce)


def _has_display() -> bool:
    """Whether a browser could show anything: there is no use in opening one on a server."""
    return (
        os.name == "nt" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ or os.uname().sysname == "Darwin"
    )
