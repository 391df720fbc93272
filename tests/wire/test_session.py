from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from aiohttp import encode_basic_auth, web
from tests.wire.serving import serving, serving_bytes
from yarl import URL

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.wire import session as wire_session
from lattice.wire.session import Reply, exchange, open_session


async def post(url: URL, timeout: float = 5.0, **environ: str) -> Reply:
    async with open_session(environ) as session:
        return await exchange(session, "POST", url, headers={"X-Own": "1"}, body=b"hello", timeout=timeout)


def failure(url: URL, timeout: float = 5.0, **environ: str) -> CallError:
    with pytest.raises(CallError) as caught:
        asyncio.run(post(url, timeout, **environ))
    return caught.value


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def echo(request: web.Request) -> web.Response:
    text = f"{request.method} {request.headers['X-Own']} {(await request.read()).decode()}"
    return web.Response(status=418, text=text, headers={"X-Answer": "yes", "X-Agent": request.headers["User-Agent"]})


def test_an_answer_is_read_whole_whatever_its_status() -> None:
    async def main() -> Reply:
        async with serving(echo) as url:
            return await post(url)

    reply = asyncio.run(main())
    assert (reply.status, reply.body) == (418, b"POST 1 hello")
    assert reply.headers["x-ANSWER"] == "yes"
    assert reply.headers["X-Agent"].startswith("lattice/")


def test_a_large_answer_in_chunks_is_joined() -> None:
    async def chunks(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(50):
            await response.write(bytes([number]) * 10_000)
        return response

    async def main() -> Reply:
        async with serving(chunks) as url:
            return await post(url)

    assert asyncio.run(main()).body == b"".join(bytes([number]) * 10_000 for number in range(50))


def test_an_answer_without_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_session, "LARGEST_ANSWER", 100_000)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)

    async def main() -> None:
        async with serving(endless) as url:
            with pytest.raises(CallError) as caught:
                await post(url)
            assert caught.value.kind is ErrorKind.CONNECTION

    asyncio.run(main())


def test_redirects_are_not_followed_so_that_no_key_is_sent_elsewhere() -> None:
    async def elsewhere(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": "http://elsewhere.example/"})

    async def main() -> Reply:
        async with serving(elsewhere) as url:
            return await post(url)

    assert asyncio.run(main()).status == 307


def test_a_server_that_hangs_is_a_timeout() -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> None:
        async with serving(hang) as url:
            with pytest.raises(CallError, match=r"^Timeout after 0.05s$") as caught:
                await post(url, timeout=0.05)
            assert caught.value.kind is ErrorKind.TIMEOUT

    asyncio.run(main())


def test_a_body_that_hangs_is_a_timeout_too() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"half")
        await asyncio.Event().wait()
        return response

    async def main() -> None:
        async with serving(half) as url:
            with pytest.raises(CallError) as caught:
                await post(url, timeout=0.1)
            assert caught.value.kind is ErrorKind.TIMEOUT

    asyncio.run(main())


def test_cancelling_a_call_stays_a_cancellation() -> None:
    async def hang(request: web.Request) -> web.Response:
        await asyncio.Event().wait()
        raise AssertionError

    async def main() -> None:
        async with serving(hang) as url:
            call = asyncio.create_task(post(url))
            await asyncio.sleep(0)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call

    asyncio.run(main())


def test_a_refused_connection_names_the_place() -> None:
    port = free_port()
    error = failure(URL(f"http://127.0.0.1:{port}/secret?key=hidden"))
    assert error.kind is ErrorKind.CONNECTION
    assert f"127.0.0.1:{port}" in error.message
    assert "hidden" not in error.message


def test_an_unknown_host_is_named() -> None:
    error = failure(URL("http://no-such-host.invalid/v1"))
    assert error.kind is ErrorKind.CONNECTION
    assert "no-such-host.invalid" in error.message


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "lost before the answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf", "middle of the answer"),
        (b"this is not HTTP\r\n\r\n", "not HTTP"),
    ],
)
def test_a_connection_that_breaks_says_when(answer: bytes, words: str) -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"hello")
        writer.write(answer)
        writer.close()

    async def main() -> None:
        async with serving_bytes(cut) as url:
            with pytest.raises(CallError, match=words) as caught:
                await post(url)
            assert caught.value.kind is ErrorKind.CONNECTION

    asyncio.run(main())


def test_a_proxy_of_the_environment_is_used_and_no_proxy_honoured() -> None:
    seen: list[tuple[str, str | None]] = []

    async def proxy(request: web.Request) -> web.Response:
        seen.append((request.raw_path, request.headers.get("Proxy-Authorization")))
        return web.Response(text="from the proxy")

    async def main() -> None:
        async with serving(proxy) as through, serving(echo) as direct:
            reply = await post(URL("http://api.example.test/v1"), HTTP_PROXY=str(through.with_user("me")))
            assert reply.body == b"from the proxy"
            around = await post(direct, HTTP_PROXY=str(through), NO_PROXY="127.0.0.1")
            assert around.status == 418

    asyncio.run(main())
    assert seen == [("http://api.example.test/v1", encode_basic_auth("me"))]


def test_a_tunnel_through_a_proxy_carries_its_credentials() -> None:
    lines: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.extend((await reader.readuntil(b"\r\n\r\n")).splitlines())
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async def main() -> None:
        async with serving_bytes(proxy) as through:
            with pytest.raises(CallError, match="407") as caught:
                await post(URL("https://api.example.test/v1"), HTTPS_PROXY=str(through.with_user("me")))
            assert caught.value.kind is ErrorKind.CONNECTION

    asyncio.run(main())
    assert lines[0] == b"CONNECT api.example.test:443 HTTP/1.1"
    assert f"Proxy-Authorization: {encode_basic_auth('me')}".encode() in lines


def test_a_certificate_file_that_is_missing_is_named() -> None:
    with pytest.raises(UsageError) as error:
        open_session({"SSL_CERT_FILE": "/no/such/ca.pem"})
    assert "SSL_CERT_FILE names /no/such/ca.pem" in str(error.value)


def test_a_certificate_file_without_certificates_is_refused(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(UsageError) as error:
        open_session({"SSL_CERT_FILE": str(tmp_path / "ca.pem")})
    assert "SSL_CERT_FILE" in str(error.value)
