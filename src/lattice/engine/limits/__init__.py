"""Rate limits as a shared thing: when each call may be made, over all runs of a process."""

from lattice.engine.limits.limiter import Configured, Limiter
from lattice.engine.limits.permit import Permit
from lattice.engine.limits.state import GateState

__all__ = ["Configured", "GateState", "Limiter", "Permit"]
