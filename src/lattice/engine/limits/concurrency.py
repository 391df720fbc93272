"""How many calls may be in flight at once, where refusals say that there were too many."""

from __future__ import annotations

import math


class Ceiling:
    """Additive increase, multiplicative decrease.

    There is none until a refusal comes that tells no pace. Then half of what was in flight is allowed. Each
    call that
    succeeds while the ceiling is in full use raises it: by a whole one until the second refusal (it was cut
        blindly and is to be found again), by one per full round afterwards.

    Attributes
    ----------
    limit: calls in flight, infinite as long as there is no ceiling.
    """

    __slots__ = ("_cuts", "limit")

    def __init__(self) -> None:
        self.limit = math.inf
        self._cuts = 0

    def is_reached(self, in_flight: int) -> bool:
        """Whether no further call may start."""
        return in_flight >= int(self.limit) if self.limit < math.inf else False

    def cut(self, in_flight: int) -> None:
        """Allow half of what was in flight when a call was refused."""
        self.limit = max(1.0, min(self.limit, in_flight) / 2)
        self._cuts += 1

    def succeeded(self, in_flight: int) -> None:
        """A call has succeeded while so many, itself included, were in flight."""
        if in_flight >= int(min(self.limit, in_flight + 1)):
            self.limit += 1.0 if self._cuts == 1 else 1.0 / self.limit
