"""``lattice init``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import click

from lattice.core.errors import UsageError

FILES = ("evaluation.yaml", "inputs.jsonl", "README.md")


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(path_type=Path, file_okay=False))
def init(folder: Path) -> None:
    """Write a commented evaluation, its inputs and a README into DIR; they run without any key.

    Nothing that exists is overwritten.
    """
    if present := [name for name in FILES if (folder / name).exists()]:
        raise UsageError(
            f"{folder}: {', '.join(present)} exist already; name another folder: lattice init DIR"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            text = resources.files("lattice.cli.starter").joinpath(name).read_text(encoding="utf-8")
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{folder} cannot be written: {error.strerror}") from error
    click.echo(f"Wrote {', '.join(FILES)} into {folder}", err=True)
    change = f"  cd {folder}\n" if folder != Path() else ""
    click.echo(f"\nNext:\n{change}  lattice run evaluation.yaml", err=True)
