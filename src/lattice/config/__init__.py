"""Evaluation files: read, checked and validated before anything is spent."""

from lattice.config.loading import LoadedFile, check, load, validate
from lattice.config.overrides import Override, parse_override

__all__ = ["LoadedFile", "Override", "check", "load", "parse_override", "validate"]
