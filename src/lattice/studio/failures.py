"""What becomes of errors: a page for people, ``{"error", "message", "detail"}`` for programs."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from lattice.core.errors import InvalidEvaluation, LatticeError, NotFound, StoreError, UsageError
from lattice.studio.security.guard import TOO_LARGE, BodyTooLarge, path_in
from lattice.studio.templating import page

log = logging.getLogger("lattice.studio")

_WORDS = {404: "There is no such page.", 405: "This address does not take that kind of request."}


def register(app: FastAPI) -> None:
    """Have every error answered in one form."""
    app.add_exception_handler(LatticeError, _refused)
    app.add_exception_handler(RequestValidationError, _misunderstood)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(BodyTooLarge, _too_large)
    app.add_exception_handler(Exception, _defect)


def status_of(error: LatticeError) -> tuple[int, str]:
    """The status of an answer, and the word that programs go by."""
    if isinstance(error, NotFound):
        return 404, "not_found"
    if isinstance(error, InvalidEvaluation):
        return 422, "invalid_evaluation"
    if isinstance(error, UsageError):
        return 409, "not_possible"
    return (503, "store") if isinstance(error, StoreError) else (500, "failed")


def answer(request: Request, status: int, error: str, message: str, detail: Any = None) -> Response:
    """An error in the form that whoever asks can read."""
    if path_in(request.scope).startswith("/api/"):
        return JSONResponse({"error": error, "message": message, "detail": detail}, status_code=status)
    template = "failure_part.html" if request.headers.get("hx-request") else "failure.html"
    response = page(request, template, {"failure_status": status, "message": message, "problems": detail or ()}, status)
    if template == "failure_part.html":
        response.headers["hx-retarget"] = "#toasts"
        response.headers["hx-reswap"] = "beforeend"
    return response


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, LatticeError)
    status, word = status_of(error)
    if isinstance(error, InvalidEvaluation):
        problems = [
            {"file": each.file, "line": each.line, "key": each.key, "message": each.message, "hint": each.hint}
            for each in error.problems
        ]
        found = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        return answer(request, status, word, f"The evaluation has {found}.", problems)
    return answer(request, status, word, str(error))


def _misunderstood(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    found = [{"where": ".".join(map(str, each["loc"])), "message": each["msg"]} for each in error.errors()]
    first = found[0] if found else {"where": "request", "message": "not understood"}
    return answer(request, 422, "invalid_request", f"{first['where']}: {first['message']}", found)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = _WORDS.get(error.status_code, str(error.detail))
    response = answer(request, error.status_code, "not_found" if error.status_code == 404 else "bad_request", message)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _too_large(request: Request, error: Exception) -> Response:
    return answer(request, TOO_LARGE.status, TOO_LARGE.error, TOO_LARGE.message)


def _defect(request: Request, error: Exception) -> Response:
    log.error("a request for %s failed", path_in(request.scope), exc_info=error)
    return answer(request, 500, "defect", "Something is broken in Lattice itself; the Studio's log says what.")
