"""Models as logs name them: ``provider/model``, as here but for the providers that a library reaches."""

from __future__ import annotations

from lattice.importers.providers import STAND_IN, needs_library, spec_of
from lattice.importers.records import Notes, quoted


def model_spec(name: str, place: str, notes: Notes) -> str:
    """The model as an evaluation file names it; a stand-in where it cannot be reached."""
    provider, _, model = name.partition("/")
    spec = spec_of(provider, model)
    if spec is None:
        notes.needed(
            place, f"model {quoted(name)}", f"no provider of that name is known; {STAND_IN} stands in its place"
        )
        return STAND_IN
    if needs_library(spec):
        notes.needed(place, f"model {quoted(name)}", f"is called as {spec}, which needs the extra 'providers'")
    return spec
