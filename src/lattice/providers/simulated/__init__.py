"""One simulator behind two faces: ``sim/NAME`` models in process, and ``lattice simulate`` as a server.

It stands in for a provider where a test, a benchmark or a first try needs answers, limits and failures to
order. What it answers says of itself that it is simulated.
"""

from lattice.providers.simulated.behaviour import Behaviour
from lattice.providers.simulated.model import SimulatedModel
from lattice.providers.simulated.personas import persona_of

__all__ = ["Behaviour", "SimulatedModel", "persona_of"]
