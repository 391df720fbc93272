"""Nights of an evaluation with the scores that a test wants, written by the engine's own writer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson
from tests.store.making import Counts

from lattice.config.hashing import canonical, config_hash
from lattice.core.errors import ErrorKind
from lattice.core.evaluation import Evaluation
from lattice.core.inputs import Input
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.trials import Failure, Metric, Response, Result, Step, TrialKey, Verdict
from lattice.service.conclusion import Stand, conclude
from lattice.store import Store

CHANNEL = "${ALERTS_URL}"
INPUTS = 40


def evaluation(alerts: Any = None, *, rubric: str = "5: right. 1: wrong.") -> Evaluation:
    return Evaluation.model_validate(
        {
            "name": "Nightly",
            "targets": [{"name": "Bot", "model": "sim/assistant"}],
            "inputs": {"items": [f"Question {number}?" for number in range(1, INPUTS + 1)]},
            "scoring": {"judge": {"model": "sim/judge", "rubric": rubric}},
            "alerts": {"notify": [CHANNEL]} if alerts is None else alerts,
        }
    )


def levels(mean: float, worst: int = 0) -> list[float | None]:
    """Likert levels whose mean is `mean`, the first `worst` inputs with the lowest."""
    total = round(mean * INPUTS)
    rest = total - worst
    count = INPUTS - worst
    low, more = divmod(rest, count)
    return [*[1.0] * worst, *[float(low + 1)] * more, *[float(low)] * (count - more)]


def night(
    store: Store,
    natives: Sequence[float | None],
    *,
    configured: Evaluation | None = None,
    status: RunStatus = RunStatus.COMPLETED,
    trigger: str = "schedule",
    texts: Sequence[str] = (),
) -> RunRecord:
    """A run that has ended, with these levels on a Likert scale; None for a trial that failed."""
    configured = configured or evaluation()
    inputs = [
        Input(position=number, id=f"q{number}", input=texts[number - 1] if texts else f"Question {number}?")
        for number in range(1, len(natives) + 1)
    ]
    version = store.add_version(
        name=configured.name,
        slug="nightly",
        type=configured.type.value,
        config=canonical(configured),
        config_hash=config_hash(configured),
        input_set=store.stage_inputs(inputs),
    )
    record = store.create_run(version.key, seed=1, total=len(natives), tags={}, trigger=trigger)
    asyncio.run(_carried_out(store, record, natives, configured, status))
    return store.run(record.key)


async def _carried_out(
    store: Store, record: RunRecord, natives: Sequence[float | None], configured: Evaluation, status: RunStatus
) -> None:
    writer = store.writer(record.key, store.claim(record.key), Counts(record.progress.total))
    writer.start()
    try:
        waiting: list[asyncio.Future[Any]] = []
        for position, native in enumerate(natives, start=1):
            key = TrialKey(position, 0, 0)
            if native is not None:
                waiting.append(writer.put_response(key, Response(text="An answer.", latency=0.5)))
            waiting.append(writer.put_result(_result(key, native)))
        await asyncio.gather(*waiting)
        failure = {"kind": "auth", "message": "401: invalid key", "hint": ""} if status is RunStatus.FAILED else None
        stand = Stand(status=status, stopped=None, live={}, elapsed=1.0)
        summary = conclude(store, store.run(record.key), configured, stand).as_json()
        await writer.finish(status, failure=failure, summary=summary)
    finally:
        await writer.close()


def _result(key: TrialKey, native: float | None) -> Result:
    if native is None:
        return Result(key=key, failure=Failure(step=Step.TARGET, kind=ErrorKind.TIMEOUT, message="Timeout after 60s"))
    metrics = {"score": Metric(score=(native - 1) / 4, native=native)}
    return Result(key=key, verdict=Verdict(metrics=metrics, reasoning="", raw=""))


class Receiver:
    """A service that takes messages, or refuses them while `status` says so."""

    def __init__(self) -> None:
        self.status = 200
        self.messages: list[dict[str, Any]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                if receiver.status == 200:
                    receiver.messages.append(orjson.loads(body))
                self.send_response(receiver.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """As Apprise writes it, with a password in it."""
        return f"json://user:s3cret-word@127.0.0.1:{self._server.server_address[1]}/hooks/private-path"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def receiving() -> Iterator[Receiver]:
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
