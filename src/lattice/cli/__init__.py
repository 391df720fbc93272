"""The command line. This module imports nothing heavy: a command's module is imported when it is called."""

from __future__ import annotations

from lattice.cli.app import main

__all__ = ["main"]
