"""Test cases from files and from the configuration itself."""

from lattice.inputs.reading import read_inputs

__all__ = ["read_inputs"]
