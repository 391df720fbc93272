"""``lattice simulate`` and ``lattice models``."""

from __future__ import annotations

import click

from lattice.cli.options import environment
from lattice.cli.streams import say, say_next
from lattice.providers.simulated import Behaviour
from lattice.providers.simulated.serving import serve
from lattice.providers.weights import WEIGHTS, installed, pull


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8089, show_default=True, help="0 takes a free one.")
@click.option("--latency", metavar="S|lognormal:MEDIAN:SIGMA", help="Seconds each answer takes.")
@click.option("--fault", "faults", multiple=True, metavar="NAME=RATE", help="Such as 500=0.05 or hang=0.03.")
@click.option("--rpm", type=int, help="Limit of requests a minute.")
@click.option("--tpm", type=int, help="Limit of tokens a minute.")
@click.option("--no-limit-headers", is_flag=True, help="Say nothing of limits in headers.")
@click.option("--quality", type=float, help="Mean score that answers deserve, 0 to 1.")
@click.option("--seed", type=int, default=0, show_default=True)
def simulate(host: str, port: int, no_limit_headers: bool, **options: object) -> None:
    """Serve a simulated provider that speaks the OpenAI and Anthropic wire formats."""
    behaviour = Behaviour.from_options(limit_headers=not no_limit_headers, **options)  # type: ignore[arg-type]
    serve(behaviour, host, port, announce=say)


@click.group()
def models() -> None:
    """Manage models that run on this machine."""


@models.command("pull")
@click.argument("name", type=click.Choice(sorted(WEIGHTS)))
def pull_model(name: str) -> None:
    """Fetch a model's weights into the user's cache, and check them."""
    if installed(name, environment()):
        say(f"{name} is here already.")
        return
    say(f"Fetching {name} ...")
    path = pull(name, environment())
    say(f"{name} is ready: {path}")
    say_next([f"lattice run FILE   (with model: local/{name})"])


@models.command("ls")
def list_models() -> None:
    """List local models and whether their weights are here."""
    for name in sorted(WEIGHTS):
        click.echo(f"local/{name}  {'installed' if installed(name, environment()) else 'not installed'}")
