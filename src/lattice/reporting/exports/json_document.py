"""JSON: everything that is known of a run, in one document that `lattice import` takes in again.

======================  ==================================================================================
id … gates              the run's document, as ``lattice show --json`` prints it
configuration           exactly what it was started with
run                     what it is besides (`lattice.reporting.snapshots.identity`)
partial                 whether the results are a part that ``--where`` has picked
results                 one a line, with their failed calls
inputs                  all of them
responses               those without a result: a pairwise baseline's, and what a stopped run had not judged
failed_attempts         every call that failed, in the order of time
======================  ==================================================================================
"""

from __future__ import annotations

from typing import IO

from lattice.reporting.exports.parts import whole_parts, write_parts
from lattice.reporting.exports.source import ExportSource, Format


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write the run part by part, as it is read."""
    write_parts(whole_parts(source), stream)


FORMAT = Format(name="json", suffixes=(".json",), write=write)
