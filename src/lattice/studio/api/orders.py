"""What requests may say beside an evaluation."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from lattice.service.execution import ResumeSettings

MOST_TAGS = 50


def _not_blank(text: str) -> str:
    if not text.strip() or "=" in text:
        raise ValueError("a tag's name is not blank and has no '=' in it")
    return text


_TagName = Annotated[str, AfterValidator(_not_blank), Field(min_length=1, max_length=100)]
_TagValue = Annotated[str, Field(max_length=500)]


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Tagged(_Order):
    """Tags for a new run."""

    tags: dict[_TagName, _TagValue] = Field(
        default_factory=dict,
        max_length=MOST_TAGS,
        description="`key: value`, kept with the run",
        examples=[{"commit": "3f2a1c"}],
    )


_Label = Annotated[str, Field(min_length=1, max_length=500)]


class Labels(_Order):
    """What was deployed, to be found again by it; each becomes a tag of that name."""

    version: _Label | None = Field(default=None, description="of what is evaluated", examples=["2.4.1"])
    commit: _Label | None = Field(default=None, examples=["3f2a1c9"])
    deployment: _Label | None = Field(default=None, description="its name or number", examples=["production-417"])

    def as_tags(self) -> dict[str, str]:
        """The labels that are given."""
        named = {"version": self.version, "commit": self.commit, "deployment": self.deployment}
        return {name: value for name, value in named.items() if value is not None}


class Deployment(Tagged, Labels):
    """A deployment that is reported."""

    evaluation: str | None = Field(
        default=None, max_length=300, description="id or slug; where it is given, it has to be the one in the address"
    )

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"version": "2.4.1", "commit": "3f2a1c9", "deployment": "production-417"}]}
    )

    def all_tags(self) -> dict[str, str]:
        """Tags and labels together; a label goes before a tag of its name."""
        return {**self.tags, **self.as_tags()}


class Execution(_Order):
    """How a run is carried out, where that is to differ from its configuration, which stays as it is."""

    timeout: float | None = Field(default=None, gt=0, le=86_400, description="seconds per attempt", examples=[30])
    max_concurrent: int | None = Field(default=None, ge=1, le=10_000, description="trials open at once", examples=[8])
    budget_usd: float | None = Field(default=None, gt=0, description="what the whole run may cost", examples=[5.0])
    budget_tokens: int | None = Field(default=None, ge=1, le=10**15, description="tokens that the whole run may take")

    def settings(self, *, failed: bool = False) -> ResumeSettings:
        """The same as the service takes it."""
        return ResumeSettings(
            timeout=self.timeout,
            max_concurrent=self.max_concurrent,
            budget_usd=self.budget_usd,
            budget_tokens=self.budget_tokens,
            failed=failed,
        )


class StartOrder(Tagged):
    """A run to be started."""

    version: int | None = Field(default=None, ge=1, le=2**31 - 1, description="of the evaluation; the last if absent")
    labels: Labels = Field(default=Labels(), description="what it is run for; they become tags")
    execution: Execution = Field(default=Execution(), description="how it is carried out")

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"labels": {"commit": "3f2a1c9"}, "execution": {"max_concurrent": 8}}]}
    )

    def fingerprint(self) -> str:
        """What tells this order from another one."""
        return hashlib.sha256(orjson.dumps(self.model_dump(), option=orjson.OPT_SORT_KEYS)).hexdigest()


class ResumeOrder(Execution):
    """A run to be finished."""

    failed: bool = Field(default=False, description="run failed and unscored trials again as well")

    model_config = ConfigDict(json_schema_extra={"examples": [{"failed": True, "timeout": 120}]})


class CancelOrder(_Order):
    """A run to be stopped."""

    at_once: bool = Field(default=False, description="drop the calls in flight instead of letting them finish")


class RescoreOrder(Tagged):
    """Stored responses to be scored in another way; what is absent is as the run had it, but for gates."""

    scoring: dict[str, Any] | None = Field(default=None, description="as in an evaluation file")
    checks: list[Any] | None = Field(default=None, description="as in an evaluation file")
    gates: list[str] | None = Field(default=None, description="conditions on the new numbers")

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"scoring": {"judge": {"model": "sim/judge", "rubric": "5: correct, 1: wrong"}}}]
        }
    )


class BaselineOrder(_Order):
    """The run that later ones are held against."""

    run: str = Field(min_length=1, max_length=300, description="an id, `SLUG#3` or `latest`", examples=["latest"])


class ArchiveOrder(_Order):
    """Whether an evaluation is shown among the others."""

    archived: bool


class AnnotationOrder(_Order):
    """A person's view of a result."""

    score: float | None = Field(
        default=None, ge=-1e9, le=1e9, description="on the judge's scale; none for a note alone", examples=[2]
    )
    note: str = Field(default="", max_length=20_000, description="why", examples=["cites no source"])
