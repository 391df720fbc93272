"""Requests that the API does not answer, in the one form that errors have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import Response

from lattice.core.errors import NotFound, UsageError
from lattice.studio.failures import answer


class Refused(Exception):
    """A request is not carried out.

    Parameters
    ----------
    status: of HTTP.
    error: the word that programs go by.
    detail: what more there is to say, as JSON data.
    """

    def __init__(self, status: int, error: str, message: str, detail: Any = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = error
        self.message = message
        self.detail = detail


def register(app: FastAPI) -> None:
    """Have refusals answered."""
    app.add_exception_handler(Refused, _answered)


@contextmanager
def understood(where: str) -> Iterator[None]:
    """What cannot be read is the request's fault, and says which part of it.

    Raises
    ------
    Refused: a `UsageError` was raised that is about something else than what is not there.
    """
    try:
        yield
    except NotFound:
        raise
    except UsageError as error:
        detail = [{"where": where, "message": str(error)}]
        raise Refused(422, "invalid_request", f"{where}: {error}", detail) from error


def _answered(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answer(request, error.status, error.error, error.message, error.detail)
