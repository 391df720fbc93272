"""How the API answers: JSON without a detour, and the errors that its description names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fastapi.responses import Response
from pydantic import BaseModel, Field

from lattice.reporting.rows import encode


class ErrorDocument(BaseModel):
    """Why a request was not carried out."""

    error: str = Field(description="a word that programs can go by", examples=["not_found"])
    message: str = Field(description="what happened and what to do, for people")
    detail: Any = Field(description="each problem by itself where there are several, else null")


_MEANINGS: Mapping[int, str] = {
    400: "The request cannot be read.",
    401: "A token is needed.",
    403: "The token may only look, or the request comes from a page of another site.",
    404: "What the request names is not there.",
    409: "That cannot be done as things are.",
    413: "The body is too large.",
    414: "The address is too long.",
    415: "The body is of a type that is not taken.",
    421: "The Studio is not known by the name in the header Host.",
    422: "The request, or the evaluation in it, is not valid; `detail` holds every problem.",
    503: "The store is busy, full or cannot be read.",
}

EVERYWHERE = (400, 401, 403, 414, 421, 422, 503)


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What an address may answer instead, for its description."""
    return {
        status: {"model": ErrorDocument, "description": _MEANINGS[status]}
        for status in sorted({*EVERYWHERE, *statuses})
    }


def answers(model: type[BaseModel], status: int = 200, description: str = "As asked for.") -> dict[int | str, Any]:
    """The document that an address answers with, for its description; it is not checked again for each answer."""
    return {status: {"model": model, "description": description}}


def json_answer(data: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A document."""
    return Response(encode(data), status_code=status, media_type="application/json", headers=dict(headers or {}))
