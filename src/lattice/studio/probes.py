"""What supervisors ask: does it live, and may it be sent requests.

Both answer without a token and under any name, since a load balancer or a container's runtime has no token and calls by
an address of its own. So they say ``ok`` or ``not ready`` and nothing else; why, the log and the Settings page tell.
"""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from lattice.core.errors import StoreError
from lattice.studio.state import InStudio, Studio

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def health() -> PlainTextResponse:
    """Whether the process answers at all; where it does not, it is to be started anew."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def readiness(studio: InStudio) -> PlainTextResponse:
    """Whether requests are to be sent here: the store answers, what is to be seen to is, and it is not stopping."""
    if is_ready(studio):
        return PlainTextResponse("ok\n")
    return PlainTextResponse("not ready\n", status_code=503)


def is_ready(studio: Studio) -> bool:
    """See `readiness`."""
    if studio.launcher.is_stopping or studio.feeds.is_closed or studio.keeper.troubles:
        return False
    try:
        studio.store.queue.entries()
    except StoreError:
        return False
    return True
