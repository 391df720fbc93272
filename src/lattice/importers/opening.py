"""From a file or a folder to what is in it: the tool is told from the content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lattice.importers.documents import Document, read_documents
from lattice.importers.inspect_logs import import_log, is_archive, is_log
from lattice.importers.openai import import_evals
from lattice.importers.openai.grouping import kind_of, objects_in
from lattice.importers.promptfoo import CONFIGURATIONS, import_configuration, is_configuration
from lattice.importers.records import Imported, ImportProblem, Source
from lattice.wire.messages import one_line, shortened

_ENDINGS = frozenset({".json", ".jsonl", ".ndjson", ".eval", ".yaml", ".yml"})
_EXPECTED = (
    "expected an export of OpenAI Evals (objects 'eval', 'eval.run', 'eval.run.output_item'), "
    "a promptfoo configuration (prompts, providers, tests), an Inspect log (version, status, eval, samples), "
    "or a run that Lattice exported"
)


def read_import(path: Path, source: Source | None = None) -> list[Imported]:
    """What a file or folder of another tool holds.

    Parameters
    ----------
    source: whose it is; told from the content where absent.

    Raises
    ------
    ImportProblem: it cannot be read, or told; with the place.
    """
    if path.is_dir():
        return _folder(path, source)
    if is_archive(path):
        _agree(path, source, Source.INSPECT)
        return [import_log(path)]
    documents = read_documents(path)
    found = source or _told(documents, path)
    match found:
        case Source.OPENAI:
            return import_evals(documents)
        case Source.PROMPTFOO:
            return [import_configuration(documents[0], path)]
        case Source.INSPECT:
            return [import_log(path, documents[0])]


def _agree(path: Path, source: Source | None, found: Source) -> None:
    if source not in (None, found):
        raise ImportProblem(f"{path}: this is a log of {found.label}, not {source.label if source else ''}")


def _folder(folder: Path, source: Source | None) -> list[Imported]:
    """A promptfoo configuration's folder, or files of an export, or logs."""
    if source in (None, Source.PROMPTFOO):
        for name in CONFIGURATIONS:
            if (folder / name).is_file():
                return read_import(folder / name, Source.PROMPTFOO)
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in _ENDINGS and file.is_file())
    if not files:
        raise ImportProblem(f"{folder}: there is no file in it that could be imported; {_EXPECTED}")
    logs = [file for file in files if is_archive(file)]
    read = {file: read_documents(file) for file in files if file not in logs}
    exports = [document for documents in read.values() for document in documents]
    found = source or (Source.INSPECT if logs else _told(exports, folder))
    if found is Source.OPENAI:
        return import_evals(exports)
    if found is Source.INSPECT:
        own = {file: documents[0] for file, documents in read.items() if is_log(documents[0].data)}
        return _by_task([import_log(file, own.get(file)) for file in sorted([*logs, *own])])
    raise ImportProblem(f"{folder}: there is no {' or '.join(CONFIGURATIONS)} in it; name the configuration itself")


def _by_task(found: Sequence[Imported]) -> list[Imported]:
    """Logs of one task as one: the evaluation of the last, whose name holds the latest time, and the runs of all."""
    tasks: dict[str, Imported] = {}
    for each in found:
        earlier = tasks.get(each.name)
        if earlier is None:
            tasks[each.name] = each
        else:
            notes = tuple(dict.fromkeys([*earlier.notes, *each.notes]))
            tasks[each.name] = replace(each, runs=(*earlier.runs, *each.runs), notes=notes)
    return list(tasks.values())


def _told(documents: Sequence[Document], path: Path) -> Source:
    """Whose files these are.

    Raises
    ------
    ImportProblem: nothing in them says so.
    """
    for document in documents:
        if any(kind_of(each.data) for each in objects_in(document)):
            return Source.OPENAI
        if is_log(document.data):
            return Source.INSPECT
        if is_configuration(document.data):
            return Source.PROMPTFOO
    raise ImportProblem(f"{path}: cannot tell what this is: {_EXPECTED}; {_seen(documents)}")


def _seen(documents: Sequence[Document]) -> str:
    data: Any = documents[0].data if documents else None
    if isinstance(data, dict):
        if {"name", "targets", "inputs"} <= data.keys():
            return "it looks like an evaluation file of Lattice, which needs no import: lattice validate FILE"
        keys = ", ".join(shortened(one_line(str(key)), 30) for key in list(data)[:8]) or "nothing"
        return f"it is a mapping with {keys}; where you know it better, say so with --as"
    kinds = {list: "a list", str: "a text", type(None): "nothing"}
    return f"it holds {kinds.get(type(data), 'a number')}"
