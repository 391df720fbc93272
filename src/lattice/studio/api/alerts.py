"""How the alerts of an evaluation stand."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from lattice.service.alert_listing import board_of
from lattice.studio.api.answers import answers, errors, json_answer
from lattice.studio.api.finding import InEvaluation
from lattice.studio.api.shapes import EvaluationName
from lattice.studio.state import InStudio

router = APIRouter(tags=["Evaluations"])


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class AlertEntry(_Shape):
    """One alert."""

    alert: str = Field(description="its condition, or failed, interrupted, late, inconclusive")
    state: Literal["ok", "alert"]
    since: str
    run: str | None = Field(description="id of the run that brought it there")
    streak: int
    reason: str


class AlertMessage(_Shape):
    """One message through one channel."""

    id: str
    kind: Literal["alert", "inconclusive", "recovered"]
    title: str
    body: str
    run: str | None
    channel: str = Field(description="the name of its variable", examples=["${SLACK_URL}"])
    state: Literal["sent", "waiting", "given up"]
    tries: int
    created_at: str
    sent_at: str | None
    next_at: str | None
    error: str | None


class AlertDocument(_Shape):
    """The alerts of an evaluation and the last messages about them."""

    evaluation: EvaluationName
    configured: bool
    conditions: list[str]
    against: str | None
    on: list[str]
    channels: list[str]
    alerts: list[AlertEntry]
    messages: list[AlertMessage]


@router.get("/evaluations/{evaluation}/alerts", responses={**errors(404), **answers(AlertDocument)})
def show_alerts(studio: InStudio, row: InEvaluation) -> Response:
    """The alerts of an evaluation, those that stand first, and the last messages, sent or not."""
    return json_answer(board_of(studio.store, row).as_json())
