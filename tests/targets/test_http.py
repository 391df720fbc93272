from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from lattice.core.errors import CallError, ErrorKind, InvalidEvaluation
from lattice.core.inputs import Input
from lattice.core.models import Message
from lattice.core.targets import HttpSettings
from lattice.core.trials import Response
from lattice.targets.endpoints import compiled_endpoint
from lattice.targets.http import build_http_target
from lattice.wire.session import open_session

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
SECRET = "very-secret-token"
ENVIRON = {"RAG_TOKEN": SECRET, "OTHER": "not named"}
QUESTION = Input(
    position=1,
    id="1",
    input='Say "hi" ${RAG_TOKEN} {{ x }}',
    context=("One.", "Two."),
    metadata={"lang": "de"},
)


class Seen:
    """What the server was sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], str]] = []

    def answering(self, answer: Any, status: int = 200, **options: Any) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            text = await request.text()
            self.requests.append((request.method, request.path_qs, dict(request.headers), text))
            if isinstance(answer, (str, bytes)):
                body = answer if isinstance(answer, bytes) else answer.encode()
                return web.Response(body=body, status=status, **options)
            return web.json_response(answer, status=status, **options)

        return handle

    @property
    def body(self) -> Any:
        return json.loads(self.requests[-1][3])


def ask(
    handler: Handler, *, path: str = "/ask", input: Input = QUESTION, timeout: float = 5.0, **settings: Any
) -> Response:
    async def once() -> Response:
        app = web.Application()
        app.router.add_route("*", "/{rest:.*}", handler)
        async with TestServer(app) as server, open_session({}) as session:
            url = str(server.make_url("/")).rstrip("/") + path
            target = build_http_target(
                "Stack",
                HttpSettings(url=url, **settings),
                session=session,
                environ=ENVIRON,
                base=Path("."),
            )
            assert target.limit.provider.startswith("http:127.0.0.1:")
            return await target.answer(input, timeout=timeout)

    return asyncio.run(once())


def failure(handler: Handler, **settings: Any) -> CallError:
    with pytest.raises(CallError) as caught:
        ask(handler, **settings)
    assert SECRET not in caught.value.message
    return caught.value


def test_a_body_is_filled_in_and_the_answer_picked_out() -> None:
    seen = Seen()
    response = ask(
        seen.answering({"answer": "hello", "docs": ["a", "b"], "usage": {"prompt_tokens": 3, "output_tokens": 4}}),
        headers={"Authorization": "Bearer ${RAG_TOKEN}"},
        body={
            "question": "{{ input }}",
            "lang": "{{ metadata.lang }}",
            "k": 5,
            "docs": ["{{ context }}", None],
        },
        output="$.answer",
        context="$.docs",
        usage="$.usage",
    )
    assert (response.text, response.context) == ("hello", ("a", "b"))
    assert (response.usage.input_tokens, response.usage.output_tokens) == (3, 4)
    assert response.latency > 0
    method, _, headers, _ = seen.requests[0]
    assert (method, headers["Authorization"]) == ("POST", f"Bearer {SECRET}")
    assert headers["Content-Type"] == "application/json"
    assert seen.body == {"question": QUESTION.input, "lang": "de", "k": 5, "docs": ["One.\n\nTwo.", None]}


def test_a_variable_in_a_body_comes_from_the_environment_and_one_in_an_input_does_not() -> None:
    seen = Seen()
    ask(seen.answering("ok"), body={"key": "k=${RAG_TOKEN} {{ input }}"})
    assert seen.body == {"key": f"k={SECRET} {QUESTION.input}"}


@pytest.mark.parametrize(("told", "cost"), [(0.002, 0.002), (0, 0.0), (None, None)])
def test_an_endpoint_may_tell_what_an_answer_cost(told: float | None, cost: float | None) -> None:
    assert ask(Seen().answering({"answer": "a", "usd": told}), output="$.answer", cost="$.usd").cost_usd == cost


@pytest.mark.parametrize("told", ["much", True, -1, 1e30])
def test_a_cost_that_is_none_is_said(told: object) -> None:
    error = failure(Seen().answering({"answer": "a", "usd": told}), output="$.answer", cost="$.usd")
    assert error.kind is ErrorKind.TARGET_RESPONSE
    assert "no number from 0 on at $.usd" in error.message


def test_without_a_path_the_whole_text_is_the_answer() -> None:
    assert ask(Seen().answering("plain grüße")).text == "plain grüße"
    latin = Seen().answering("grüße".encode("latin-1"), headers={"Content-Type": "text/plain; charset=latin-1"})
    assert ask(latin).text == "grüße"
    odd = Seen().answering(b"a\xff", headers={"Content-Type": "text/plain; charset=klingon"})
    assert ask(odd).text == "a\ufffd"


def test_an_input_may_stand_in_the_url() -> None:
    seen = Seen()
    ask(seen.answering("ok"), path="/ask?q={{ input | urlencode }}&t=${RAG_TOKEN}", method="GET")
    method, path, _, body = seen.requests[0]
    assert (method, body) == ("GET", "")
    assert SECRET in path
    assert "hi" in path


def test_a_text_body_is_sent_as_text() -> None:
    seen = Seen()
    ask(seen.answering("ok"), body="Q: {{ input }}")
    assert seen.requests[0][3] == f"Q: {QUESTION.input}"
    assert seen.requests[0][2]["Content-Type"].startswith("text/plain")


def test_a_conversation_alone_is_sent_as_messages_and_within_text_as_text() -> None:
    seen = Seen()
    conversation = Input(position=1, id="1", input=(Message(role="user", content="Hi"),))
    ask(seen.answering("ok"), body={"messages": "{{ input }}", "text": "> {{ input }}"}, input=conversation)
    assert seen.body == {"messages": [{"role": "user", "content": "Hi"}], "text": "> user: Hi"}


def test_a_value_that_is_no_text_becomes_json() -> None:
    answer = {"answer": {"a": [1, None]}, "n": 3}
    assert ask(Seen().answering(answer), output="$.answer").text == '{"a":[1,null]}'
    assert ask(Seen().answering(answer), output="$.n").text == "3"


def test_tokens_may_have_paths_of_their_own() -> None:
    usage = {"input_tokens": "$.in", "output_tokens": "$.out"}
    assert ask(Seen().answering({"in": 7}), usage=usage).usage.total_tokens == 7
    assert ask(Seen().answering({}), usage="$.usage").usage.total_tokens == 0


@pytest.mark.parametrize(
    ("answer", "settings", "words"),
    [
        ("<html>oops</html>", {"output": "$.answer"}, "is not JSON"),
        ("", {"output": "$.answer"}, "is empty"),
        ({"reply": "x"}, {"output": "$.answer"}, "nothing at $.answer"),
        ({"answer": None}, {"output": "$.answer"}, "nothing at $.answer"),
        ({"answer": ["x", "y"]}, {"output": "$.answer[*]"}, "2 values at $.answer[*]"),
        ({"usage": "many"}, {"usage": "$.usage"}, "no token counts"),
        ({"usage": {"input_tokens": -1}}, {"usage": "$.usage"}, "no whole number"),
        ({"error": f"bad {SECRET}\n\x1b[31m"}, {"error": "$.error"}, "reports an error: bad ***"),
    ],
)
def test_an_answer_that_is_not_what_the_file_says_is_a_target_response(
    answer: Any, settings: dict[str, Any], words: str
) -> None:
    error = failure(Seen().answering(answer), headers={"X-Key": "${RAG_TOKEN}"}, **settings)
    assert error.kind is ErrorKind.TARGET_RESPONSE
    assert words in error.message
    assert error.message.isprintable()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (500, ErrorKind.SERVER_ERROR),
        (503, ErrorKind.SERVER_ERROR),
        (429, ErrorKind.RATE_LIMIT),
        (400, ErrorKind.INVALID_INPUT),
        (401, ErrorKind.AUTH),
        (403, ErrorKind.AUTH),
        (404, ErrorKind.NOT_FOUND),
        (307, ErrorKind.NOT_FOUND),
    ],
)
def test_a_status_is_read_as_everywhere_and_echoed_secrets_are_masked(status: int, kind: ErrorKind) -> None:
    handler = Seen().answering({"error": f"you sent {SECRET}"}, status, headers={"Retry-After": "7"})
    error = failure(handler, headers={"X-Key": "${RAG_TOKEN}"}, output="$.answer")
    assert error.kind is kind
    assert error.retry_after == 7.0


def test_a_redirect_does_not_carry_the_headers_elsewhere() -> None:
    seen = Seen()
    failure(seen.answering("", 302, headers={"Location": "/other"}))
    assert [path for _, path, _, _ in seen.requests] == ["/ask"]


def test_an_endpoint_that_hangs_times_out() -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        return web.Response()

    error = failure(hang, timeout=0.05)
    assert (error.kind, error.message) == (ErrorKind.TIMEOUT, "Timeout after 0.05s")


def test_an_endpoint_that_hangs_up_is_a_lost_connection() -> None:
    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.close()
        return web.Response()

    assert failure(hang_up).kind is ErrorKind.CONNECTION


def test_a_request_that_does_not_fit_an_input_is_invalid_input() -> None:
    seen = Seen()
    error = failure(seen.answering("ok"), body={"q": "{{ metadata.product }}"})
    assert error.kind is ErrorKind.INVALID_INPUT
    assert seen.requests == []


def test_everything_wrong_with_a_configuration_is_said_at_once(tmp_path: Path) -> None:
    settings = HttpSettings(
        url="https://{{ input }}/ask",
        headers={"X-Key": "${MISSING_KEY}"},
        body={"q": "{{ reference }}"},
        output="$.a[",
        verify="no-such.pem",
    )
    with pytest.raises(InvalidEvaluation) as caught:
        compiled_endpoint(settings, {}, tmp_path)
    assert [problem.key for problem in caught.value.problems] == [
        "http.url",
        "http.headers",
        "http.body",
        "http.output",
        "http.verify",
    ]
    assert "MISSING_KEY" in str(caught.value)


@pytest.mark.parametrize("url", ["ftp://x/ask", "https://{{ input }}", "https://h{{ input }}/", "//host/ask"])
def test_no_input_chooses_who_is_asked(url: str) -> None:
    with pytest.raises(InvalidEvaluation, match=r"http\.url"):
        compiled_endpoint(HttpSettings(url=url), {}, Path("."))


@pytest.mark.parametrize(
    "settings", [{"method": "GET", "body": {}}, {"key": "k.pem"}, {"output": "answer"}, {"methode": "POST"}]
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        HttpSettings(url="https://example.com/ask", **settings)


def test_accounts_are_told_apart_without_showing_their_keys() -> None:
    async def keys() -> list[str]:
        settings = HttpSettings(url="https://example.com/ask", headers={"X-Key": "${RAG_TOKEN}"})
        async with open_session({}) as session:
            targets = [
                build_http_target("S", settings, session=session, environ={"RAG_TOKEN": key}, base=Path("."))
                for key in ("key-number-one", "key-number-two", "key-number-one")
            ]
            return [target.limit.account for target in targets]

    first, second, again = asyncio.run(keys())
    assert first == again != second
    assert "key" not in first


CERTIFICATES = Path(__file__).parent / "certificates"
"""A test authority, and a server's and a client's certificate that it signed; valid for a hundred years."""


def ask_over_tls(**settings: Any) -> Response:
    """Ask a server that takes only clients whose certificate the test authority signed."""

    async def once() -> Response:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(CERTIFICATES / "ca.pem"))
        tls.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
        tls.verify_mode = ssl.CERT_REQUIRED
        app = web.Application()
        app.router.add_post("/ask", Seen().answering("safe"))
        server = TestServer(app, scheme="https")
        await server.start_server(ssl=tls)
        try:
            async with open_session({}) as session:
                configured = HttpSettings(url=f"https://127.0.0.1:{server.port}/ask", **settings)
                target = build_http_target("S", configured, session=session, environ={}, base=CERTIFICATES)
                return await target.answer(QUESTION, timeout=5)
        finally:
            await server.close()

    return asyncio.run(once())


@pytest.mark.parametrize("verify", ["ca.pem", False])
def test_a_client_certificate_opens_a_server_that_asks_for_one(verify: str | bool) -> None:
    assert ask_over_tls(verify=verify, cert="client.pem", key="client.key").text == "safe"


@pytest.mark.parametrize("settings", [{"cert": "client.pem", "key": "client.key"}, {"verify": "ca.pem"}])
def test_without_the_right_certificates_there_is_no_connection(settings: dict[str, Any]) -> None:
    with pytest.raises(CallError) as caught:
        ask_over_tls(**settings)
    assert caught.value.kind is ErrorKind.CONNECTION
