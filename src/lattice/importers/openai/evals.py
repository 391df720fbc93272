"""From the API's objects to evaluations and finished runs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.importers.documents import Document
from lattice.importers.drafting import Scored, drafts_of
from lattice.importers.naming import evaluation_name
from lattice.importers.openai.criteria import Graders, Measure, measures_of, read_graders
from lattice.importers.openai.fields import Fields, fields_of
from lattice.importers.openai.grouping import EvalParts, Export, RunParts, grouped
from lattice.importers.openai.runs import finished_run, metering_of
from lattice.importers.openai.targets import named, target_of
from lattice.importers.providers import STAND_IN
from lattice.importers.records import FinishedRun, Imported, Notes, Source, quoted
from lattice.importers.templates import filled, value_at

_NO_ITEMS = "takes its items from {}, which no file holds; export a run's output items, or put inputs in yourself"


def import_evals(documents: Iterable[Document]) -> list[Imported]:
    """Each eval of an export, with its runs.

    Raises
    ------
    ImportProblem: there is no eval, or an object lacks what is needed of it.
    """
    export = grouped(documents)
    return [_imported(parts, export) for parts in export.evals]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Items:
    """The items of all runs of one eval, equal ones once, and where each run's stand among them (from 1)."""

    all: Sequence[Mapping[str, Any]]
    positions: Sequence[Sequence[int]]


def _imported(parts: EvalParts, export: Export) -> Imported:
    notes = Notes()
    for stray in export.strays:
        notes.left(stray, "", "none of the API's objects eval, eval.run and eval.run.output_item")
    name = evaluation_name(parts.eval.name or f"OpenAI eval {parts.eval.id}")
    graders = read_graders(parts.eval.testing_criteria, parts.place, notes)
    items = _items(parts, export, notes)
    fields = fields_of(
        items.all, parts.eval.data_source_config.item_properties, [run.run for run in parts.runs], graders.uses
    )
    measures = measures_of(graders, fields, notes)
    targets = _targets(parts, fields, notes)
    origin = f"OpenAI eval {quoted(parts.eval.name or '')} ({quoted(parts.eval.id)})"
    base = {"name": name, "description": f"Imported from {origin}"}
    rows = _rows(items.all, fields, measures, parts, notes)
    drafts = drafts_of(base, _unlike(targets), _scored(measures, graders))
    return Imported(
        name=name,
        source=Source.OPENAI,
        origin=origin,
        drafts=drafts,
        inputs=rows,
        runs=_runs(parts, targets, items, {**base, "type": drafts[0].data["type"]}, fields, measures, notes),
        notes=notes.entries,
    )


def _scored(measures: Sequence[Measure], graders: Graders) -> list[Scored]:
    kinds = dict(graders.entries)
    return [
        Scored(
            name=measure.name,
            origin=f"{measure.place} {kinds[measure.place].type} {quoted(kinds[measure.place].name)}",
            check=measure.check,
            judge=measure.judge,
            assertion=measure.assertion is not None,
        )
        for measure in measures
        if measure.is_carried
    ]


# -- items


def _items(parts: EvalParts, export: Export, notes: Notes) -> _Items:
    """What the runs took: their output items where these are there, else the rows that the run names."""
    lists = [[item.item for item in run.items] or _source_rows(run, export, notes) for run in parts.runs]
    known: dict[tuple[str, int], int] = {}
    found: list[Mapping[str, Any]] = []
    positions = []
    for items in lists:
        seen: dict[str, int] = {}
        places = []
        for item in items:
            text = json.dumps(item, sort_keys=True)
            seen[text] = seen.get(text, 0) + 1
            key = (text, seen[text])
            if key not in known:
                found.append(item)
                known[key] = len(found)
            places.append(known[key])
        positions.append(places)
    return _Items(all=found, positions=positions)


def _source_rows(run: RunParts, export: Export, notes: Notes) -> list[dict[str, Any]]:
    place = f"run {quoted(run.run.name or run.run.id)}"
    source = run.run.data_source.source
    notes.left(place, "results", "its output items are not in the files")
    if source is not None and source.content is not None:
        return [row.item for row in source.content]
    if source is not None and source.id in export.files:
        return [row.item for row in export.files[source.id]]
    if source is not None:
        what = f"the file {source.id}" if source.id else source.type.replace("_", " ")
        notes.left(place, "inputs", _NO_ITEMS.format(what))
    return []


def _rows(
    items: Sequence[Mapping[str, Any]], fields: Fields, measures: Sequence[Measure], parts: EvalParts, notes: Notes
) -> list[dict[str, Any]]:
    asserted = [measure.assertion for measure in measures if measure.assertion is not None]
    needs_reference = any(_needs_reference(measure) for measure in measures)
    rows = []
    for position, item in enumerate(items or [_example(parts, notes)], start=1):
        row = fields.row(item, position)
        if asserted:
            row.setdefault("metadata", {})["assertions"] = [_assertion(each, item) for each in asserted]
        if value_at(item, fields.input) in (None, "", []):
            notes.left(f"item {position}", "", f"it has no {'.'.join(fields.input)}")
        elif needs_reference and not row.get("reference"):
            reference = ".".join(fields.reference or ("reference",))
            notes.left(f"item {position}", "", f"it has no {quoted(reference)}, which graders compare with")
        else:
            rows.append(row)
    return rows


def _needs_reference(measure: Measure) -> bool:
    if measure.judge is not None:
        return bool(measure.judge["mode"] == "reference")
    check = measure.check or {}
    settings = next(iter(check.values()), None)
    return bool(check) and (
        settings is True
        or (isinstance(settings, dict) and "regex" not in check and not {"value", "any", "all"} & settings.keys())
    )


def _assertion(template: Mapping[str, Any], item: Mapping[str, Any]) -> dict[str, Any]:
    def value(path: tuple[str, ...]) -> str:
        found = value_at(item, path[1:])
        return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)

    return {**template, "value": filled(template["value"], value)}


def _example(parts: EvalParts, notes: Notes) -> dict[str, Any]:
    """An item in the place of those that no file holds, so that there is something to put others beside."""
    config = parts.eval.data_source_config
    names = list(config.item_properties) or ["input"]
    notes.needed("inputs.jsonl", "", "the files hold no items; one made-up input shows the fields, put your own there")
    if config.type in ("logs", "stored_completions"):
        notes.left("data_source_config", config.type, "inputs cannot be taken from the service's logs")
    return {name: f"an example of {name}" for name in names}


# -- targets and runs


def _targets(parts: EvalParts, fields: Fields, notes: Notes) -> list[dict[str, Any]]:
    if not parts.runs:
        notes.needed("targets", "", f"there is no run that names a model; {STAND_IN} stands there, put your own in")
        return [{"name": "Assistant", "model": STAND_IN}]
    plain = [target_of(run, fields, notes) for run in parts.runs]
    unlike = _unlike(plain)
    labels = [parts.runs[plain.index(target)].run.name or parts.runs[plain.index(target)].run.id for target in unlike]
    names = named(unlike, labels)
    return [names[unlike.index(target)] for target in plain]


def _unlike(targets: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for target in targets:
        if target not in found:
            found.append(target)
    return found


def _runs(
    parts: EvalParts,
    targets: Sequence[Mapping[str, Any]],
    items: _Items,
    base: Mapping[str, Any],
    fields: Fields,
    measures: Sequence[Measure],
    notes: Notes,
) -> tuple[FinishedRun, ...]:
    runs = []
    for run, target, positions in zip(parts.runs, targets, items.positions, strict=bool(parts.runs)):
        if run.items:
            metering = metering_of(measures, run.items)
            runs.append(finished_run(run, target, positions, base, fields, metering, notes))
    return tuple(runs)
