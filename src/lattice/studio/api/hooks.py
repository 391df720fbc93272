"""What other systems report: a deployment, which starts a run.

Who reports knows no token. The delivery is signed instead, and can do one thing: start a run of an evaluation that is
there, as it is there.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError

from lattice.core.errors import NotFound
from lattice.service.preparation import new_run
from lattice.studio.api.answers import answers, errors
from lattice.studio.api.bodies import LARGEST_ORDER, parsed, read_bytes
from lattice.studio.api.control import STARTED, queued
from lattice.studio.api.finding import EvaluationName, version_of
from lattice.studio.api.orders import Deployment
from lattice.studio.api.refusals import Refused
from lattice.studio.api.requests import body_of
from lattice.studio.api.shapes import RunLine
from lattice.studio.security.signatures import ID, SIGNATURE, TIMESTAMP, Unsigned, verified
from lattice.studio.state import InStudio, Studio

router = APIRouter(tags=["Runs"])

TRIGGER = "webhook"
VARIABLE = "LATTICE_WEBHOOK_SECRET"

_HEADERS = {
    ID: "names the delivery; the same again is refused",
    TIMESTAMP: "seconds since 1970, at most 5 minutes off",
    SIGNATURE: "`v1,` and the Base64 of HMAC-SHA256 over `ID.TIMESTAMP.BODY`",
}
_SIGNED: dict[str, Any] = {
    **body_of(Deployment),
    "parameters": [
        {"name": name, "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
        for name, said in _HEADERS.items()
    ],
    "security": [],
}


@router.post(
    "/hooks/deployments/{evaluation}",
    status_code=202,
    responses={**errors(404, 409, 413, 415), **answers(RunLine, 202, STARTED)},
    openapi_extra=_SIGNED,
)
async def deployed(request: Request, studio: InStudio, evaluation: EvaluationName) -> Response:
    """Report a deployment: the latest version of the evaluation is run, with what was deployed as tags.

    Needs no token. The delivery is signed with the secret in `LATTICE_WEBHOOK_SECRET`, in the manner of Standard
    Webhooks. A delivery that has come before starts nothing.
    """
    if not studio.settings.webhook_secrets:
        raise NotFound(f"no deployment is taken here: {VARIABLE} is not set")
    body = await read_bytes(request, LARGEST_ORDER)
    try:
        delivery = verified(request.headers, body, studio.settings.webhook_secrets, datetime.now(UTC))
    except Unsigned as error:
        raise Refused(401, "unsigned", str(error)) from error
    deployment = _deployment(request, body)
    return await to_thread.run_sync(_run, studio, evaluation, delivery, deployment)


def _deployment(request: Request, body: bytes) -> Deployment:
    try:
        return Deployment.model_validate(parsed(request, body))
    except ValidationError as error:
        found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
        raise RequestValidationError(found) from error


def _run(studio: Studio, evaluation: str, delivery: str, deployment: Deployment) -> Response:
    row = studio.store.evaluation(evaluation)
    if deployment.evaluation not in (None, row.slug, row.id):
        raise Refused(422, "invalid_request", f"body.evaluation: this was sent to {row.slug}, which is another one.")
    version = version_of(studio, row, None)
    tags = studio.place.tagged(deployment.all_tags(), version.folder)
    new = new_run(version, tags=tags, trigger=TRIGGER, folder=version.folder)
    return queued(studio, studio.store.orders.deliver(delivery, new))
