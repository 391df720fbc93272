"""The suite draws the same examples each time, so that a run says something about the code and not about luck.

``HYPOTHESIS_PROFILE=explore`` draws new ones, many of them.
"""

from __future__ import annotations

import os

from hypothesis import settings
from tests.postgresql import postgresql, postgresql_url

__all__ = ["postgresql", "postgresql_url"]

settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=1_000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))
