"""What a model or a judge wrote is stored, shown and exported without harm, whatever it is."""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator

import orjson
import pytest
from tests.cli.command_line import CommandLine
from tests.cli.servers import InThread, Provider, json_text

from lattice.store import open_store

HOSTILE = {
    "escapes": "before\x1b[2J\x1b]0;owned\x07\x9b31mafter",
    "megabyte": "0123456789abcdef" * 65_536,
    "nul": "zero\x00byte",
    "surrogate": "lone \ud83d half",
    "script": "</script><script>alert(1)</script>",
    "formula": '=HYPERLINK("http://evil")',
    "override": "\u202egnp.exe\u2066\u200b",
    "carriage": "honest\rhidden\nlines",
}
READ = {**HOSTILE, "surrogate": "lone � half"}
"""What was read of it: half a surrogate pair is no text in any encoding."""

NOT_FOR_TERMINALS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def say(model: str, text: str) -> str:
    """The target answers with a hostile text, the judge reasons with it."""
    name = next(name for name in HOSTILE if f"<{name}>" in text)
    if model == "target":
        return HOSTILE[name]
    return '{"reasoning": ' + json_text(HOSTILE[name]).decode() + ', "score": 4}'


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    with InThread(lambda: Provider(say)) as provider:
        yield provider


@pytest.fixture(scope="module")
def judged(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A run of all hostile texts."""
    with pytest.MonkeyPatch.context() as environ:
        yield run_all(CommandLine(tmp_path_factory.mktemp("hostile"), environ), provider)


def run_all(lattice: CommandLine, provider: Provider) -> CommandLine:
    lattice.write_evaluation(
        {
            "targets": [{"name": "Hostile", "model": "mine/target"}],
            "inputs": {"items": [{"id": name, "input": f"Say <{name}>"} for name in HOSTILE]},
            "scoring": {"judge": {"model": "mine/judge", "mode": "single"}},
            "providers": {"mine": {"base_url": provider.url}},
        }
    )
    ran = lattice("run", "evaluation.yaml", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["progress"]["successful"] == len(HOSTILE)
    return lattice


def test_it_is_stored_as_it_was_read(judged: CommandLine) -> None:
    with open_store(f"sqlite:///{judged.folder}/.lattice/lattice.db") as store:
        rows = list(store.iterate_results(store.find_run("latest").key))
    assert {row.input.id: row.response.text for row in rows if row.response} == READ
    assert {row.input.id: row.reasoning for row in rows} == HOSTILE


@pytest.mark.parametrize("options", [("--raw",), ("--where", "score > 1"), ()])
def test_it_is_shown_without_anything_that_a_terminal_acts_upon(judged: CommandLine, options: tuple[str, ...]) -> None:
    shown = judged("show", *options)
    assert shown.code == 0
    assert NOT_FOR_TERMINALS.search(shown.out) is None
    assert max(map(len, shown.out.splitlines())) <= 80


def test_raw_results_show_all_of_it(judged: CommandLine) -> None:
    shown = judged("show", "--raw").out
    assert "before␛[2J␛]0;owned␇�31mafter" in shown
    assert "</script><script>alert(1)</script>" in shown
    assert re.sub(r"\s", "", shown).count(HOSTILE["megabyte"]) == 3


def test_csv_holds_one_defused_row_for_each(judged: CommandLine) -> None:
    judged("export", "latest", "-o", "results.csv")
    text = (judged.folder / "results.csv").read_bytes().decode()
    usual = csv.field_size_limit(sys.maxsize)
    rows = {row["id"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    csv.field_size_limit(usual)
    assert list(rows) == list(HOSTILE)
    assert rows["formula"]["response"] == "'" + HOSTILE["formula"]
    assert rows["megabyte"]["response"] == HOSTILE["megabyte"]
    assert rows["script"]["reasoning"] == HOSTILE["script"]
    assert rows["surrogate"]["response"] == "lone � half"
    assert rows["nul"]["response"] == "zero�byte"
    assert rows["carriage"]["response"] == HOSTILE["carriage"]


def test_json_holds_it_as_it_was_read(judged: CommandLine) -> None:
    judged("export", "latest", "-o", "run.json")
    results = orjson.loads((judged.folder / "run.json").read_bytes())["results"]
    assert {result["id"]: result["response"] for result in results} == READ
    assert {result["id"]: result["reasoning"] for result in results} == READ


def test_an_error_message_of_a_provider_is_no_less_safe(lattice: CommandLine, provider: Provider) -> None:
    lattice.write_evaluation(
        {
            "targets": [{"name": "Hostile", "model": "mine/target"}],
            "inputs": {"items": ["Say <surrogate>", "Say <escapes>", "Say <script>"]},
            "scoring": {"judge": {"model": "mine/target", "mode": "single"}},
            "providers": {"mine": {"base_url": provider.url}},
        }
    )
    ran = lattice("run", "evaluation.yaml", "--json")
    assert ran.code == 1
    assert NOT_FOR_TERMINALS.search(ran.err) is None
    assert ran.document["progress"]["successful"] == 0
    assert NOT_FOR_TERMINALS.search(lattice("show").out) is None
