"""When an evaluation runs by itself, and what becomes of one of its times."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from lattice.core.cron import check_cron, check_zone
from lattice.core.settings import Settings


class CatchUp(StrEnum):
    """What becomes of times that nobody was there for: one run for all of them, or none."""

    ONCE = "once"
    SKIP = "skip"


class Overlap(StrEnum):
    """What becomes of a time at which a run of the evaluation is still going."""

    SKIP = "skip"
    QUEUE = "queue"
    CANCEL = "cancel"


class FiringState(StrEnum):
    """How one time of a schedule stands: to be seen to, or what became of it."""

    DUE = "due"
    STARTED = "started"
    SKIPPED = "skipped"
    FAILED = "failed"


class ScheduleSettings(Settings):
    """When the evaluation runs by itself, once ``lattice schedule add`` has put it in force."""

    cron: Annotated[str, AfterValidator(check_cron)] = Field(
        description="minute, hour, day of the month, month, day of the week", examples=["0 2 * * *"]
    )
    timezone: Annotated[str, AfterValidator(check_zone)] | None = Field(
        default=None, description="whose clock it goes by; the machine's own if absent", examples=["Europe/Berlin"]
    )
    catch_up: CatchUp = Field(
        default=CatchUp.ONCE, description="once: one run for all times that were missed; skip: none"
    )
    overlap: Overlap = Field(
        default=Overlap.SKIP, description="while a run is still going: skip this time, queue behind it, or cancel it"
    )
