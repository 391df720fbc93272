"""Which run belongs to which eval, and which output items to which run, in whatever files they stand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lattice.importers.documents import Document
from lattice.importers.foreign import checked, within
from lattice.importers.openai.objects import EVAL, OUTPUT_ITEM, PAGE, RUN, Eval, OutputItem, Row, Run
from lattice.importers.records import ImportProblem

_KEYS = {
    EVAL: ("data_source_config", "testing_criteria"),
    OUTPUT_ITEM: ("datasource_item", "run_id"),
    RUN: ("data_source",),
}


@dataclass(kw_only=True)
class RunParts:
    """A run with the output items of it that are there."""

    run: Run
    place: str
    items: list[OutputItem] = field(default_factory=list)


@dataclass(kw_only=True)
class EvalParts:
    """An eval with its runs."""

    eval: Eval
    place: str
    runs: list[RunParts] = field(default_factory=list)


@dataclass(kw_only=True)
class Export:
    """All that some files hold.

    Parameters
    ----------
    files: rows of uploaded files, by the identifier that is the file's name.
    strays: places of values that are none of the API's objects.
    """

    evals: list[EvalParts] = field(default_factory=list)
    files: dict[str, list[Row]] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)


def kind_of(data: Any) -> str | None:
    """Which of the API's objects this is; requests have no ``object``, so the keys tell as well."""
    if not isinstance(data, dict):
        return None
    if data.get("object") in (EVAL, RUN, OUTPUT_ITEM):
        return str(data["object"])
    return next((kind for kind, keys in _KEYS.items() if all(key in data for key in keys)), None)


def objects_in(document: Document) -> Iterator[Document]:
    """The objects of a document: itself, those of a page of the API, or those of a list."""
    data, place = document.data, document.place
    if isinstance(data, dict) and data.get("object") == PAGE and isinstance(data.get("data"), list):
        data, place = data["data"], within(place, ("data",))
    if isinstance(data, list):
        for index, each in enumerate(data):
            yield Document(data=each, place=within(place, (index,)))
    else:
        yield Document(data=data, place=place)


def grouped(documents: Iterable[Document]) -> Export:
    """The evals of some files.

    Raises
    ------
    ImportProblem: an object lacks what is needed of it, or belongs to none that is there.
    """
    export = Export()
    runs: list[RunParts] = []
    items: list[tuple[OutputItem, str]] = []
    for document in documents:
        for each in objects_in(document):
            match kind_of(each.data):
                case "eval":
                    export.evals.append(EvalParts(eval=checked(Eval, each.data, each.place), place=each.place))
                case "eval.run":
                    runs.append(RunParts(run=checked(Run, each.data, each.place), place=each.place))
                case "eval.run.output_item":
                    items.append((checked(OutputItem, each.data, each.place), each.place))
                case _ if isinstance(each.data, dict) and isinstance(each.data.get("item"), dict):
                    export.files.setdefault(_stem(each.place), []).append(checked(Row, each.data, each.place))
                case _:
                    export.strays.append(each.place)
    _attach_runs(export, runs)
    _attach_items(runs, items)
    return export


def _stem(place: str) -> str:
    return Path(place.split(".jsonl")[0]).name


def _attach_runs(export: Export, runs: Sequence[RunParts]) -> None:
    if not export.evals:
        what = "runs, but not the eval that they belong to" if runs else "no eval"
        place = f"{export.strays[0]}: " if export.strays else ""
        raise ImportProblem(
            f"{place}the files hold {what}: save the object that client.evals.retrieve(EVAL_ID) gives beside them"
        )
    by_id = {parts.eval.id: parts for parts in export.evals}
    for run in sorted(runs, key=lambda each: each.run.created_at or 0):
        owner = by_id.get(run.run.eval_id) or (export.evals[0] if len(export.evals) == 1 else None)
        if owner is None:
            raise ImportProblem(f"{run.place}: eval_id: there is no eval {run.run.eval_id!r} in these files")
        owner.runs.append(run)


def _attach_items(runs: Sequence[RunParts], items: Sequence[tuple[OutputItem, str]]) -> None:
    by_id = {parts.run.id: parts for parts in runs}
    for item, place in items:
        if item.run_id not in by_id:
            raise ImportProblem(
                f"{place}: run_id: there is no run {item.run_id!r} in these files; "
                "save the object that client.evals.runs.retrieve gives beside them"
            )
        by_id[item.run_id].items.append(item)
    for parts in runs:
        parts.items.sort(key=lambda item: item.datasource_item_id if item.datasource_item_id is not None else 0)
