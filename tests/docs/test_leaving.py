"""The script that saves hosted evaluations, with the official SDK and a service that answers like theirs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import pytest
from aiohttp import web
from tests.cli.command_line import CommandLine
from tests.cli.servers import InThread
from tests.docs.blocks import ROOT, blocks_of
from tests.importers.examples import openai_objects

PAGE = ROOT / "docs" / "leaving-hosted-evals.md"
FILE_ROW = '{"item": {"ticket": "from a file", "category": "Billing"}}\n'


class HostedEvals:
    """Evals, runs and output items by pages of two; one run takes its items from a file."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.url = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_get("/v1/evals", self._page("eval"))
        app.router.add_get("/v1/evals/{eval}/runs", self._page("eval.run"))
        app.router.add_get("/v1/evals/{eval}/runs/{run}/output_items", self._page("eval.run.output_item"))
        app.router.add_get("/v1/files/{file}/content", self._file)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/v1"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def _objects(self, kind: str, run: str | None) -> list[dict[str, Any]]:
        found = [each for each in openai_objects() if each["object"] == kind]
        if kind == "eval.run":
            found[1]["data_source"]["source"] = {"type": "file_id", "id": "file-abc"}
        return [each for each in found if run is None or each["run_id"] == run]

    def _page(self, kind: str) -> Any:
        async def answer(request: web.Request) -> web.Response:
            self.requests.append(request.path)
            objects = self._objects(kind, request.match_info.get("run"))
            after = request.query.get("after")
            begin = 1 + [each["id"] for each in objects].index(after) if after else 0
            shown = objects[begin : begin + 2]
            return web.json_response(
                {"object": "list", "data": shown, "has_more": begin + 2 < len(objects), **_ends(shown)}
            )

        return answer

    async def _file(self, request: web.Request) -> web.Response:
        if request.match_info["file"] != "file-abc":
            return web.json_response({"error": {"message": "no such file"}}, status=404)
        return web.Response(text=FILE_ROW)


def _ends(shown: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {}


@pytest.fixture(scope="module")
def hosted() -> Iterator[HostedEvals]:
    with InThread(HostedEvals) as server:
        yield server


def run_script(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    [script] = [block for block in blocks_of(PAGE) if block.file_name == "save_evals.py"]
    (folder / "save_evals.py").write_text(script.text, encoding="utf-8")
    environ = {
        **os.environ,
        "OPENAI_BASE_URL": url,
        "OPENAI_API_KEY": "dummy-key-of-the-suite",
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "save_evals.py"],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_the_script_saves_can_be_imported(
    hosted: HostedEvals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = run_script(tmp_path, hosted.url)
    assert (done.returncode, done.stderr) == (0, "")
    saved = sorted(path.name for path in (tmp_path / "openai-evals").iterdir())
    assert saved == ["eval_6a1f0c2b9d0081909a86353f6fb9317a.jsonl", "file-abc.jsonl"]

    lattice = CommandLine(tmp_path, monkeypatch)
    outcome = lattice("import", "openai-evals")
    assert outcome.code == 0, outcome.err
    assert "Run ticket-routing#1: small model, 4 results" in outcome.err
    assert "Run ticket-routing#2: larger model, 4 results" in outcome.err
    assert lattice("show", "ticket-routing#2", "--json").document["progress"]["successful"] == 4

    hosted.requests.clear()
    assert run_script(tmp_path, hosted.url).returncode == 0
    assert hosted.requests == ["/v1/evals"], "an eval that was saved is not fetched again"
