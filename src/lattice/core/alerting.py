"""When somebody is to be told about a run that nobody watched, of what, and through which channels."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator

from lattice.core.conditions import METRICS, NATIVE_SUFFIX, parse_condition
from lattice.core.settings import Number, Settings, Whole

LEVEL = 0.998
"""Coverage of a difference's interval: a drop that is none is told about once in three years of nights."""

NIGHTS = 7
DROP = "difference.ci_upper < 0"

_CHANNEL = r"^\$\{[A-Za-z_][A-Za-z0-9_]*\}$"


class Occasion(StrEnum):
    """What may befall a run beside its numbers."""

    FAILED = "failed"
    INTERRUPTED = "interrupted"
    LATE = "late"


def _channel(text: str) -> str:
    # The text is not repeated: it may be the very address that is a secret.
    if not re.fullmatch(_CHANNEL, text):
        raise ValueError(
            "an address is a secret, which would be stored and shown: put it into an environment variable or the "
            ".env file and write ${NAME} here, such as ${SLACK_URL}"
        )
    return text


def _condition(text: str) -> str:
    parse_condition(text)
    return text


Channel = Annotated[str, AfterValidator(_channel), WithJsonSchema({"type": "string", "pattern": _CHANNEL})]

_CONDITION_SCHEMA = {
    "type": "string",
    "pattern": rf"^\s*(.+/)?(.+\.)?({'|'.join(METRICS)})\s*(>=|<=|==|>|<)\s*"
    rf"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*({NATIVE_SUFFIX})?\s*$",
    "examples": [DROP, f"mean < 3.8 {NATIVE_SUFFIX}", "failure_rate > 0.1"],
}

AlertCondition = Annotated[str, AfterValidator(_condition), WithJsonSchema(_CONDITION_SCHEMA)]


class MedianOf(Settings):
    """The median of the means of the last runs."""

    median_of: Whole = Field(ge=1, le=100, description="how many runs, those that were alerts left out")


class AlertSettings(Settings):
    """Who is told about a run that started by itself, and when."""

    when: tuple[AlertCondition, ...] | None = Field(
        default=None,
        description=f"conditions of which each is an alert where it holds; if absent: {DROP}, where there is a score",
    )
    against: Literal["previous", "baseline"] | MedianOf = Field(
        default=MedianOf(median_of=NIGHTS),
        description="what a difference is from: the previous run, the pinned baseline, or the median of the last runs",
    )
    level: Number = Field(
        default=LEVEL, gt=0, lt=1, description="coverage of the intervals of differences, all targets together"
    )
    on: tuple[Occasion, ...] = Field(
        default=tuple(Occasion), description="failed, interrupted, late: told whatever the numbers"
    )
    late_after: Number = Field(
        default=360.0, gt=0, description="minutes after it was due in which a run is to have ended"
    )
    inconclusive: Whole = Field(
        default=3, ge=1, description="so many runs in a row whose conditions cannot be decided are told about"
    )
    notify: tuple[Channel, ...] = Field(
        default=(), description="where messages go: ${NAME} of a variable that holds an Apprise URL"
    )

    @field_validator("against", mode="before")
    @classmethod
    def _known_reference(cls, given: Any) -> Any:
        known = given in ("previous", "baseline") if isinstance(given, str) else isinstance(given, (MedianOf, Mapping))
        if not known:
            raise ValueError("expected previous, baseline or {median_of: 7}")
        return MedianOf.model_validate(given) if isinstance(given, Mapping) else given
