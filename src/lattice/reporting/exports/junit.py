"""JUnit XML, which the pages of CI systems show: gates as test cases and, if asked, inputs.

The format has no owner. What is written here is valid against both schemas in wide use, that of Ant's reports and
that of the Jenkins plugin xUnit: suites with all counts, properties of suites alone, and in a test case nothing but
its failure, error or skip.

The run itself is a test case before its gates, so that no page is green for want of gates or of numbers.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import IO

from lattice.core.runs import RunRecord
from lattice.reporting.document import timestamp
from lattice.reporting.exports import endings
from lattice.reporting.exports.cases import Case, Trouble, gate_cases, input_cases, run_case
from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.exports.xml_text import element, opening
from lattice.reporting.figures import MetricSummary
from lattice.reporting.formats import terminal_text

_LONGEST_LINE = 300
_KEPT_IN_MEMORY = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suite:
    number: int
    subject: str
    cases: Iterable[Case]
    properties: Mapping[str, str] = field(default_factory=dict)


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write the run and its gates."""
    _write(source.run, stream, [_gates(source)])


def write_with_results(source: ExportSource, stream: IO[bytes]) -> None:
    """Write the run, its gates and each result."""
    _write(source.run, stream, [_gates(source), _Suite(number=1, subject="inputs", cases=input_cases(source))])


def _gates(source: ExportSource) -> _Suite:
    cases = [run_case(source), *gate_cases(source)]
    return _Suite(number=0, subject="gates", cases=cases, properties=_properties(source))


def _write(run: RunRecord, stream: IO[bytes], suites: Iterable[_Suite]) -> None:
    stream.write(b'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n')
    for suite in suites:
        _write_suite(run, suite, stream)
    stream.write(b"</testsuites>\n")


def _write_suite(run: RunRecord, suite: _Suite, stream: IO[bytes]) -> None:
    """The counts stand before the cases, of which there may be a million: these wait in a file of their own."""
    counts: Counter[Trouble | None] = Counter()
    with tempfile.SpooledTemporaryFile(max_size=_KEPT_IN_MEMORY) as waiting:
        for case in suite.cases:
            counts[case.outcome.trouble if case.outcome else None] += 1
            waiting.write(_case(case).encode())
        stream.write(_head(run, suite, counts).encode())
        waiting.seek(0)
        shutil.copyfileobj(waiting, stream)
    stream.write(b"<system-out/>\n<system-err/>\n</testsuite>\n")


def _head(run: RunRecord, suite: _Suite, counts: Counter[Trouble | None]) -> str:
    began = (run.started_at or run.created_at).astimezone(UTC)
    attributes = {
        "id": str(suite.number),
        "name": f"{_line(run.evaluation_name)} ({suite.subject})",
        "package": _line(run.evaluation_slug),
        # Not this machine's name: files travel.
        "hostname": "localhost",
        "timestamp": began.strftime("%Y-%m-%dT%H:%M:%S"),
        "tests": str(counts.total()),
        "failures": str(counts[Trouble.FAILURE]),
        "errors": str(counts[Trouble.ERROR]),
        "skipped": str(counts[Trouble.SKIPPED]),
        "time": _seconds(run.elapsed),
    }
    properties = [
        element("property", {"name": _line(name), "value": value}) for name, value in suite.properties.items()
    ]
    return "\n".join([opening("testsuite", attributes), "<properties>", *properties, "</properties>", ""])


def _case(case: Case) -> str:
    attributes = {"name": _line(case.name), "classname": _line(case.group), "time": _seconds(case.seconds)}
    outcome = case.outcome
    if outcome is None:
        return element("testcase", attributes) + "\n"
    said = {"type": _line(outcome.type), "message": _line(outcome.message)}
    return f"{opening('testcase', attributes)}{element(outcome.trouble.value, said, outcome.text)}</testcase>\n"


def _properties(source: ExportSource) -> dict[str, str]:
    """What the run is, and its numbers under the names that gates have for them."""
    run, spending = source.run, source.summary.spending
    cost = None if spending.unpriced_models else spending.cost_usd
    found: dict[str, str | None] = {
        "run": f"{run.evaluation_slug}#{run.number}",
        "run.id": run.id,
        "status": source.document["status"],
        "stopped": run.stopped,
        "config_hash": run.config_hash,
        "inputs_hash": run.inputs_hash,
        "started_at": timestamp(run.started_at),
        "finished_at": timestamp(run.finished_at),
        "progress": endings.progress_words(run),
        "failed": str(run.progress.failed),
        "total_tokens": str(spending.usage.total_tokens),
        "cost_usd": None if cost is None else f"{cost:.6g}",
        **{f"tag.{key}": value for key, value in run.tags.items()},
    }
    for metric in source.summary.metrics:
        found |= _numbers(metric)
    return {name: value for name, value in found.items() if value is not None}


def _numbers(metric: MetricSummary) -> dict[str, str | None]:
    interval = metric.interval
    numbers = {
        "mean": metric.mean,
        "native_mean": metric.native_mean,
        "ci_lower": interval.lower if interval else None,
        "ci_upper": interval.upper if interval else None,
        "median": metric.median,
        "pass_rate": metric.pass_rate,
    }
    of = f"{metric.target}/{metric.name}."
    written = {f"{of}{name}": f"{value:.6g}" for name, value in numbers.items() if value is not None}
    return {f"{of}n": f"{metric.n} of {metric.ended}", **written}


def _line(text: str) -> str:
    """One line of what somebody else may have written."""
    return terminal_text(text, _LONGEST_LINE) or "-"


def _seconds(value: float) -> str:
    return f"{max(0.0, value):.3f}"


FORMAT = Format(name="junit", suffixes=(".xml",), write=write, with_results="junit-inputs")
WITH_RESULTS = Format(name="junit-inputs", suffixes=(), write=write_with_results)
