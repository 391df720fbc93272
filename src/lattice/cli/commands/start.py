"""``lattice init``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from shlex import quote

import click

from lattice.cli.streams import say, say_next
from lattice.core.errors import UsageError

FILES = ("evaluation.yaml", "inputs.jsonl", "README.md")


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Write a commented evaluation, its inputs and a README into DIR; they run without any key.

    Nothing that exists is overwritten.
    """
    if present := [name for name in FILES if (folder / name).exists()]:
        verb = "exists" if len(present) == 1 else "exist"
        raise UsageError(f"{folder}: {', '.join(present)} {verb} already; name another folder: lattice init DIR")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            text = resources.files("lattice.cli.starter").joinpath(name).read_text(encoding="utf-8")
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    say(f"Wrote {', '.join(FILES)} into {folder}")
    change = [] if folder == Path() else [f"cd {quote(str(folder))}"]
    say_next([*change, "lattice run evaluation.yaml"])
