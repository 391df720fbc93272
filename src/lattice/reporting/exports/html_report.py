"""A report: one self-contained page of a run, to be read, printed, mailed and kept.

It asks for nothing from anywhere, and its content security policy sees to that. Styles, pictures and the few lines
of script that sort the results stand in it; without the script everything is there all the same. What a person, a
target or a judge wrote is escaped by the template, each text of it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import IO, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

import lattice
from lattice.core.evaluation import Evaluation
from lattice.core.runs import RunRecord, RunStatus
from lattice.core.targets import TargetSettings
from lattice.reporting import formats
from lattice.reporting.charts import Chart
from lattice.reporting.document import timestamp
from lattice.reporting.doubts import doubts_about_judges
from lattice.reporting.exports.html_figures import Figure, dark_colours, figure_of, font
from lattice.reporting.exports.html_metrics import latency_rows, metric_heads, metric_rows, pair_rows
from lattice.reporting.exports.html_results import ShownResults, shown_results
from lattice.reporting.exports.source import ExportSource, Format
from lattice.reporting.exports.xml_text import allowed
from lattice.reporting.figures import Summary
from lattice.reporting.formats import count, rate, terminal_text
from lattice.reporting.words.configuration import inputs_words, scoring_words, target_label, target_labels
from lattice.reporting.words.endings import cost_text, stop_words
from lattice.reporting.words.metrics import failures_words, interval_text
from lattice.reporting.words.progress import progress_text
from lattice.reporting.words.status import status_word

_WORST_FIRST = ("fail", "not_evaluated", "inconclusive", "pass")
_NAME = 120
_BUFFERED = 64

Pairs = list[tuple[str, str]]


def write(source: ExportSource, stream: IO[bytes]) -> None:
    """Write the page as it is made; of the results no more than the shown ones are kept."""
    template = _environment().get_template("report.html")
    parts = template.stream(_page(source))
    parts.enable_buffering(_BUFFERED)
    for part in parts:
        stream.write(allowed(part).encode())


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("lattice.reporting.exports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _page(source: ExportSource) -> dict[str, Any]:
    run, summary = source.run, source.summary
    evaluation = Evaluation.model_validate(run.config)
    results = shown_results(source.rows, source.metrics, repeats=evaluation.run.repeats, seed=run.seed)
    style, script = _style(), _asset("report.js")
    return {
        "policy": _policy(style, script),
        "style": style,
        "script": script,
        "name": terminal_text(run.evaluation_name, _NAME),
        "reference": f"{run.evaluation_slug}#{run.number}",
        "status": status_word(run.status, interrupted=run.interrupted, draining=run.draining),
        "status_class": (RunStatus.FAILED if run.interrupted else run.status).value,
        "description": evaluation.description,
        "tiles": _tiles(run, summary),
        "about": _facts(run, evaluation),
        "notices": [*stop_words(run, summary.spending), *_warnings(run, evaluation)],
        "gates": source.document["gates"],
        "gates_together": _together(source.document["gates"]),
        "several": len(summary.targets) > 1,
        "metric_heads": metric_heads(summary),
        "metrics": {target.target: metric_rows(summary, target.target) for target in summary.targets},
        "pairs": pair_rows(summary),
        "latencies": latency_rows(summary),
        "figures": _figures(source.charts()),
        "kinds": _kinds(summary),
        "failed": summary.progress.failed,
        "results": results,
        "results_said": _results_said(results, partial=source.partial),
        "targets": [_target(target) for target in evaluation.targets],
        "judges": [_judge(judge) for judge in evaluation.judges],
        "evaluation": evaluation,
        "configuration": _pretty(run.config),
        "settings": _pretty(run.settings) if run.settings else None,
        "origin": _origin(source, results),
        "formats": formats,
    }


def _figures(charts: Sequence[Chart]) -> Iterator[Figure]:
    """Drawn one by one as the page is written."""
    return (figure_of(chart) for chart in charts)


def _tiles(run: RunRecord, summary: Summary) -> list[tuple[str, str, str]]:
    """The numbers that one looks for first: what, how much, and what belongs to it."""
    progress, tiles = run.progress, []
    headline = summary.metrics[0] if summary.metrics and len(summary.targets) == 1 else None
    if headline is not None and headline.mean is not None:
        native = "" if headline.native_mean is None else f", {headline.native_mean:.2f} on its scale"
        named = "Mean Score" if headline.name == "score" else f"Mean of {terminal_text(headline.name, 40)}"
        said = f"{interval_text(headline.interval)}, n = {count(headline.n)} of {count(headline.ended)}{native}"
        tiles.append((named, formats.score(headline.mean), said))
    done = progress.done
    if done:
        tiles.append(("Successful", f"{count(progress.successful)} / {count(done)}", rate(progress.successful, done)))
        tiles.append(("Failed", f"{count(progress.failed)} / {count(done)}", rate(progress.failed, done)))
    tiles.append(("Duration", formats.duration(run.elapsed), progress_text(progress)))
    tiles.append(("Total Tokens", count(summary.spending.usage.total_tokens), "targets and judge"))
    known = summary.spending.cost_usd if summary.spending.unpriced_models else None
    cost = cost_text(summary.spending) if known is None else formats.money(known)
    unknown = f"and unknown: {len(summary.spending.unpriced_models)} without a price" if known is not None else ""
    tiles.append(("Estimated Cost", cost, unknown or "of all calls that were paid for"))
    return tiles


def _facts(run: RunRecord, evaluation: Evaluation) -> Pairs:
    """What was evaluated, as it is shown before a run."""
    return [
        ("Type", evaluation.type.label),
        ("Targets", "; ".join(target_labels(evaluation))),
        ("Test Inputs", inputs_words(evaluation, run.input_count)),
        *scoring_words(evaluation),
        ("Started", f"{run.started_at:%Y-%m-%d %H:%M} UTC" if run.started_at else formats.NOTHING),
        *((f"Tag {key}", value) for key, value in run.tags.items()),
    ]


def _warnings(run: RunRecord, evaluation: Evaluation) -> Iterator[str]:
    if (failures := failures_words(run.progress)) is not None:
        yield failures
    if run.progress.done:
        yield from doubts_about_judges(evaluation)


def _together(gates: Sequence[Mapping[str, Any]]) -> str | None:
    verdicts = {gate["verdict"] for gate in gates}
    return next((verdict for verdict in _WORST_FIRST if verdict in verdicts), None)


def _kinds(summary: Summary) -> list[tuple[str, str, str, str]]:
    """Target, kind, how many and which share: of the whole run."""
    return [
        (target.target, kind, count(number), rate(number, target.done))
        for target in summary.targets
        for kind, number in target.kinds.items()
    ]


def _results_said(results: ShownResults, *, partial: bool) -> str:
    """Which of the results are shown."""
    whose = "that the filter has picked" if partial else "of the run"
    if not results.worst and not results.sampled:
        return f"All {count(results.read)} results {whose}."
    shown, worst, sampled = (count(number) for number in (len(results.results), results.worst, results.sampled))
    return (
        f"{shown} of the {count(results.read)} results {whose}: the {worst} lowest scores and a random sample of "
        f"{sampled} (seed {results.seed}). All of them: lattice export as .csv, .jsonl or .parquet."
    )


def _target(target: TargetSettings) -> dict[str, Any]:
    """A target's prompts as they were written."""
    texts: Pairs = [(name, text) for name, text in (("system", target.system), ("prompt", target.prompt)) if text]
    texts += [(message.role.value, message.content) for message in target.messages or ()]
    if target.http is not None and target.http.body is not None:
        body = target.http.body
        texts.append(("body", body if isinstance(body, str) else _pretty(body)))
    return {"label": target_label(target), "texts": texts, "params": _pretty(target.params) if target.params else None}


def _judge(judge: Any) -> dict[str, Any]:
    """What a judge goes by."""
    own = judge.prompt
    texts: Pairs = [("rubric", judge.rubric)] if judge.rubric else []
    texts += [(name, text) for name, text in (("system", own.system), ("user", own.user)) if text] if own else []
    return {
        "label": judge.label,
        "mode": judge.mode.value,
        "texts": texts,
        "criteria": judge.criteria,
        "params": _pretty(judge.params) if judge.params else None,
    }


def _origin(source: ExportSource, results: ShownResults) -> Pairs:
    """What the numbers were made from, and by what."""
    run = source.run
    served = [(f"Answered for {target}", ", ".join(models)) for target, models in results.models.items() if models]
    return [
        ("Run", f"{run.evaluation_slug}#{run.number}"),
        ("Id", run.id),
        ("Configuration", f"version {run.version}, {run.config_hash}"),
        ("Inputs", f"{count(run.input_count)}, {run.inputs_hash}"),
        ("Seed of the schedule", str(run.seed)),
        ("Started by", run.trigger),
        ("Started", timestamp(run.started_at) or formats.NOTHING),
        ("Finished", timestamp(run.finished_at) or formats.NOTHING),
        *((("Times failed trials were run again", str(run.revision)),) if run.revision else ()),
        *((("Scores the responses of", run.origin),) if run.origin else ()),
        *served,
        ("Report by", f"Lattice {lattice.__version__}"),
        *((("Report of", timestamp(source.created) or ""),) if source.created else ()),
    ]


def _pretty(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, default=str)


@cache
def _asset(name: str) -> str:
    return (files("lattice.reporting.exports") / "templates" / name).read_text(encoding="utf-8")


@cache
def _style() -> str:
    dark = "\n".join(f"  {rule}" for rule in dark_colours())
    return f"{_asset('report.css')}\n{font()}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n"


def _policy(style: str, script: str) -> str:
    """Nothing may be loaded from anywhere; this style and this script are the only ones."""
    return (
        f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


FORMAT = Format(name="html", suffixes=(".html", ".htm"), write=write)
