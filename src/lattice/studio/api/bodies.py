"""What comes with a request: JSON of a bounded size, or an upload that goes to a temporary file.

JSON is taken only where the request says that it is JSON. A page of another site can send a form or a plain text
without asking; it cannot send ``application/json``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import Message
from typing import Any, Generic, TypeVar

import orjson
from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from lattice.service.submitting import DEEPEST, LARGEST_CONFIGURATION, Upload, too_deep
from lattice.studio.api.refusals import Refused

LARGEST_ORDER = 64 * 1024
"""Bytes of a request that carries no evaluation."""

JSON = "application/json"
MULTIPART = "multipart/form-data"
_MOST_PARTS = 4

Body = TypeVar("Body", bound=BaseModel)


class JsonBody(Generic[Body]):
    """A dependency that reads a body into a model; nothing at all stands for an empty mapping.

    Raises
    ------
    Refused: another content type, too long, or no JSON.
    RequestValidationError: it is not what the model says.
    """

    def __init__(self, model: type[Body]) -> None:
        self.model = model

    async def __call__(self, request: Request) -> Body:
        content = await read_bytes(request, LARGEST_ORDER)
        data = parsed(request, content) if content else {}
        try:
            return self.model.model_validate(data)
        except ValidationError as error:
            found = [{**each, "loc": ("body", *each["loc"])} for each in error.errors(include_url=False)]
            raise RequestValidationError(found) from error


async def read_bytes(request: Request, largest: int) -> bytes:
    """The whole body.

    Raises
    ------
    Refused: it is larger.
    """
    content = bytearray()
    try:
        async for chunk in request.stream():
            content += chunk
            if len(content) > largest:
                raise Refused(413, "too_large", f"More than {largest // 1024:,} KiB are not taken here.")
    except ClientDisconnect as error:
        raise Refused(400, "bad_request", "The request ended before its body did.") from error
    return bytes(content)


def parsed(request: Request, content: bytes) -> Any:
    """A body that says it is JSON, as data.

    Raises
    ------
    Refused: it says something else, or is no JSON.
    """
    if not is_json(media_type(request)):
        raise Refused(415, "unsupported_media_type", f"Send JSON, with the header Content-Type: {JSON}.")
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise Refused(400, "invalid_json", f"The body is not valid JSON: {error}.") from error
    if too_deep(data):
        raise Refused(400, "invalid_json", f"The body is nested more than {DEEPEST} deep.")
    return data


@asynccontextmanager
async def uploads(request: Request, names: tuple[str, ...]) -> AsyncIterator[dict[str, Upload]]:
    """The files of a form, each in a temporary file while this lasts; a field without a file name counts as one.

    Raises
    ------
    Refused: it is no form that can be read, has other parts, or one of them twice.
    """
    try:
        form = await request.form(max_files=_MOST_PARTS, max_fields=_MOST_PARTS, max_part_size=LARGEST_CONFIGURATION)
    except (HTTPException, ClientDisconnect) as error:
        said = error.detail if isinstance(error, HTTPException) else "it ended too early"
        raise Refused(400, "bad_request", f"The form cannot be read: {said}") from error
    try:
        yield _files(form, names)
    finally:
        await form.close()


def media_type(request: Request) -> str:
    """What the request says its body is, in lower case; nothing where it says it in another encoding than UTF-8."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", "")
    charset = str(message.get_param("charset", "utf-8")).lower()
    encoded = request.headers.get("content-encoding", "identity").lower() != "identity"
    return "" if encoded or charset not in ("utf-8", "utf8") else message.get_content_type()


def is_json(kind: str) -> bool:
    """Whether a media type is JSON."""
    return kind == JSON or (kind.startswith("application/") and kind.endswith("+json"))


def _files(form: FormData, names: tuple[str, ...]) -> dict[str, Upload]:
    found: dict[str, Upload] = {}
    for name, value in form.multi_items():
        if name not in names:
            raise Refused(422, "invalid_request", f"The form has no part {name[:40]!r}; it has {' and '.join(names)}.")
        if name in found or not isinstance(value, UploadFile):
            what = "stands there twice" if name in found else "has to be a file, with a file name"
            raise Refused(422, "invalid_request", f"The part {name!r} {what}.")
        found[name] = Upload(name=value.filename or name, content=value.file)
    return found
