from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lattice.core.errors import CallError, ErrorKind
from lattice.core.limits import Allowance
from lattice.wire.messages import LONGEST, Scrubber
from lattice.wire.status import Advice, call_error

NOW = 1_700_000_000.0


def failure(status: int, body: object = None, **headers: str) -> CallError:
    text = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return call_error(status, text, named, now=NOW)


def openai(message: str, *, code: str | None = None, type: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


def anthropic(message: str, type: str) -> dict[str, object]:
    return {"type": "error", "error": {"type": type, "message": message}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, ErrorKind.INVALID_INPUT),
        (401, ErrorKind.AUTH),
        (402, ErrorKind.QUOTA),
        (403, ErrorKind.AUTH),
        (404, ErrorKind.NOT_FOUND),
        (405, ErrorKind.NOT_FOUND),
        (307, ErrorKind.NOT_FOUND),
        (408, ErrorKind.TIMEOUT),
        (409, ErrorKind.SERVER_ERROR),
        (413, ErrorKind.INVALID_INPUT),
        (418, ErrorKind.INVALID_INPUT),
        (422, ErrorKind.INVALID_INPUT),
        (429, ErrorKind.RATE_LIMIT),
        (500, ErrorKind.SERVER_ERROR),
        (503, ErrorKind.SERVER_ERROR),
        (529, ErrorKind.RATE_LIMIT),
        (599, ErrorKind.SERVER_ERROR),
    ],
)
def test_the_kind_of_a_status(status: int, kind: ErrorKind) -> None:
    assert failure(status, {}).kind is kind


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, openai("You exceeded your current quota", code="insufficient_quota"), ErrorKind.QUOTA),
        (429, {"error": "Your billing limit was reached"}, ErrorKind.QUOTA),
        (400, anthropic("Your credit balance is too low to access the API.", "invalid_request_error"), ErrorKind.QUOTA),
        (403, openai("billing is not active", code="billing_not_active"), ErrorKind.QUOTA),
        (400, openai("The model `x` does not exist", code="model_not_found"), ErrorKind.NOT_FOUND),
        (403, openai("no access to model x", code="model_not_found"), ErrorKind.NOT_FOUND),
        (400, {"error": "model 'x' not found, try pulling it first"}, ErrorKind.NOT_FOUND),
        (400, [{"error": {"message": "API key not valid.", "status": "INVALID_ARGUMENT"}}], ErrorKind.AUTH),
        (400, openai("max_tokens: 500000 is invalid"), ErrorKind.INVALID_INPUT),
        (400, openai("'max_tokens' is not supported with this model"), ErrorKind.INVALID_INPUT),
        (400, openai("refused", code="content_filter"), ErrorKind.INVALID_INPUT),
        (429, anthropic("This request would exceed your rate limit", "rate_limit_error"), ErrorKind.RATE_LIMIT),
    ],
)
def test_words_refine_the_status(status: int, body: object, kind: ErrorKind) -> None:
    assert failure(status, body).kind is kind


def test_a_rate_limit_that_advertises_billing_is_no_quota() -> None:
    message = "Rate limit reached on requests per min. Add a payment method at https://example.com/account/billing"
    assert failure(429, openai(message, code="rate_limit_exceeded", type="requests")).kind is ErrorKind.RATE_LIMIT


def test_a_prompt_quoted_at_length_does_not_decide() -> None:
    body = {"detail": "value is too long: " + "x" * 600 + " incorrect api key, model not found, billing"}
    assert failure(422, body).kind is ErrorKind.INVALID_INPUT
    assert failure(400, body).kind is ErrorKind.INVALID_INPUT


def test_the_wait_and_the_limits_are_carried() -> None:
    error = failure(429, {}, retry_after="3", x_ratelimit_limit_requests="600")
    assert error.retry_after == 3.0
    assert error.limits is not None
    assert error.limits.requests == Allowance(limit=600)


def test_the_message_says_what_the_server_said_and_what_to_change() -> None:
    error = call_error(
        401,
        json.dumps(openai("Incorrect API key provided: topsecretkey")).encode(),
        {},
        now=NOW,
        scrub=Scrubber(["topsecretkey"]),
        advice=Advice(auth="check OPENAI_API_KEY", not_found="no"),
    )
    assert error.message == "Not authorised (401 Unauthorized): Incorrect API key provided: *** (check OPENAI_API_KEY)"


def test_a_rate_limit_starts_with_its_name() -> None:
    assert failure(429, b"").message == "Rate limit exceeded"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "deep"}}, "deep"),
        ({"error": "flat"}, "flat"),
        ({"message": "vllm", "object": "error"}, "vllm"),
        ({"detail": "fastapi"}, "fastapi"),
        ([{"error": {"message": "listed"}}], "listed"),
        (b"<html><script>evil()</script><h1>Bad Gateway</h1></html>", "Bad Gateway"),
        (b"plain\x1b[31m words", "plain [31m words"),
    ],
)
def test_every_form_of_body_is_read(body: object, text: str) -> None:
    assert failure(502, body).message == f"Server error (502 Bad Gateway): {text}"


@given(st.binary() | st.text().map(str.encode), st.integers(300, 599))
def test_any_body_gives_one_short_line(body: bytes, status: int) -> None:
    message = failure(status, body).message
    assert len(message.splitlines()) == 1
    assert len(message) < LONGEST + 100
