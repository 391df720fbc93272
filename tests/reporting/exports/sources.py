"""Runs to export, what the formats make of them, and texts that are hard on every format."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st
from tests.reporting.run_records import evaluation, example_rows, run

from lattice.core.runs import RunRecord
from lattice.reporting.document import run_document
from lattice.reporting.exports import ExportSource, export, format_for
from lattice.reporting.summary import Session, summarise
from lattice.store.records import ResultRow

_HARD = (
    *("\r\n", "\n", "\r", "\x00", "\x1b[31m", "\ud800", "\ufffe", "\u202e", "\u2028", "😀", "👩‍👩‍👧", "é"),
    *('"', "'", ",", ";", "\t", "=", "+", "-", "@", "＝", "'=", "''+1", "=HYPERLINK(1)"),
    *("|", "\\", "`", "```", "<", "&", "]]>", "<b>", "[a](http://x)", "![]()", "*", "_", "#1", "@name", "---", "$x$"),
)

ANY_TEXT = st.text(st.characters())
HARD_TEXT = st.lists(st.one_of(st.sampled_from(_HARD), st.text(max_size=5)), max_size=6).map("".join) | ANY_TEXT


def source(
    rows: Iterable[ResultRow] = (),
    *,
    record: RunRecord | None = None,
    gates: Iterable[Mapping[str, Any]] = (),
    targets: int = 1,
    **judge: Any,
) -> ExportSource:
    """The documented example with the given results instead of its own."""
    configured = evaluation(targets=targets, **judge)
    config = configured.model_dump(mode="json", by_alias=True)
    given = record or run(config=config)
    scores = [row for target in range(targets) for row in example_rows(target)]
    summary = summarise(scores, configured, Session(total=200 * targets, elapsed=522.1))
    return ExportSource(run=given, summary=summary, document=run_document(given, summary, [], gates), rows=iter(rows))


def written(name: str, of: ExportSource) -> bytes:
    """What a format makes of a source."""
    stream = io.BytesIO()
    export(of, format_for("-", name), "-", stdout=stream)
    return stream.getvalue()


def as_utf8(text: str) -> str:
    """A text as UTF-8 can hold it."""
    return "".join("\ufffd" if "\ud800" <= each <= "\udfff" else each for each in text)
