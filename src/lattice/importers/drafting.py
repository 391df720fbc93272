"""Evaluation files out of what could be carried over, and the other files that stand beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

import orjson

from lattice.importers.naming import evaluation_name, file_stem
from lattice.importers.notes_page import notes_page
from lattice.importers.records import Draft, Imported
from lattice.importers.yaml_text import yaml_text
from lattice.wire.messages import shortened

MAIN, INPUTS, NOTES, ASSERTIONS = "evaluation.yaml", "inputs.jsonl", "IMPORT-NOTES.md", "assertions.py"
_LONGEST_INLINE = 12
_LONGEST_NAME = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One measure on its way into an evaluation file: a check's method, a judge, or an assertion of each input.

    Parameters
    ----------
    origin: where it stood in the file it comes from.
    """

    name: str
    origin: str
    check: Mapping[str, Any] | None = None
    judge: Mapping[str, Any] | None = None
    assertion: bool = False


def drafts_of(
    base: Mapping[str, Any], targets: Sequence[Mapping[str, Any]], scored: Sequence[Scored], **further: Any
) -> tuple[Draft, ...]:
    """The evaluation to go on with, and one more for each judge beyond the first.

    An evaluation has one judge; another one's file scores the same responses with `lattice rescore`.

    Parameters
    ----------
    base: name and description.
    further: other keys, such as ``run``.
    """
    judges = [each for each in scored if each.judge is not None]
    checks = [each for each in scored if each.judge is None]
    first = next((each for each in judges if not _compares(each)), None if checks else next(iter(judges), None))
    whole = {**base, "type": "task_specific", "targets": list(targets), "inputs": {"path": INPUTS}}
    main = _main(whole, first, checks, further)
    others = (each for each in judges if each is not first)
    return (main, *(_further(whole, each, number, further) for number, each in enumerate(others, start=2)))


def _compares(scored: Scored) -> bool:
    """Whether a judge compares each target with the first."""
    return scored.judge is not None and scored.judge.get("mode") == "pairwise"


def _further(whole: Mapping[str, Any], scored: Scored, number: int, further: Mapping[str, Any]) -> Draft:
    """An evaluation with another judge."""
    data = {
        **whole,
        "name": evaluation_name(f"{shortened(whole['name'], _LONGEST_NAME)}: {scored.name}"),
        "scoring": {"judge": dict(scored.judge or {})},
        **further,
    }
    comment = scored.origin
    if _compares(scored):
        data["type"] = "comparison"
    else:
        comment += "; to score stored responses with it: lattice rescore RUN FILE"
    return Draft(file=f"evaluation-{number}-{file_stem(scored.name)}.yaml", data=data, comments={("scoring",): comment})


def _main(
    whole: Mapping[str, Any], judge: Scored | None, checks: Sequence[Scored], further: Mapping[str, Any]
) -> Draft:
    data = dict(whole)
    comments: dict[tuple[str | int, ...], str] = {}
    asserted = [each for each in checks if each.assertion]
    computed = [each for each in checks if not each.assertion]
    if judge is not None:
        data["scoring"] = {"judge": dict(judge.judge or {})}
        comments[("scoring",)] = judge.origin
    elif len(computed) == 1 and not asserted:
        data.update(type="benchmark", scoring=dict(computed[0].check or {}))
        comments[("scoring",)] = computed.pop().origin
    entries = [{"name": each.name, **(each.check or {})} for each in computed]
    for index, each in enumerate(computed):
        comments[("checks", index)] = each.origin
    if asserted:
        comments[("checks", len(entries))] = "what differs from input to input: " + ", ".join(
            each.origin for each in asserted[:5]
        )
        entries.append({"name": _free_name("assertions", entries), "python": "assertions:share"})
    if entries:
        data["checks"] = entries
    if "scoring" not in data and not entries:
        data["type"] = "operational"
    elif judge is None:
        data["type"] = "benchmark"
    elif _compares(judge):
        data["type"] = "comparison"
    return Draft(file=MAIN, data={**data, **further}, comments=comments)


def _free_name(wanted: str, entries: Sequence[Mapping[str, Any]]) -> str:
    taken = {entry["name"] for entry in entries}
    return wanted if wanted not in taken else f"imported {wanted}"


def files_of(imported: Imported, when: str) -> dict[str, bytes]:
    """Every file to write, by its name.

    Parameters
    ----------
    when: the day of the import, for people.
    """
    files: dict[str, bytes] = {}
    for draft in imported.drafts:
        texts = _LongTexts(draft.file)
        data = texts.moved(draft.data)
        heading = f"Imported from {imported.origin} on {when}.\nWhat is not as it was stands in {NOTES}."
        files[draft.file] = yaml_text(data, draft.comments, heading).encode()
        files |= {name: text.encode() for name, text in texts.files.items()}
        if "assertions:" in str([check.get("python", "") for check in draft.data.get("checks", ())]):
            files[ASSERTIONS] = resources.files("lattice.importers").joinpath(ASSERTIONS).read_bytes()
    files[INPUTS] = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in imported.inputs)
    files |= {name: text.encode() for name, text in imported.files.items()}
    files[NOTES] = notes_page(imported, tuple(files), when).encode()
    return files


class _LongTexts:
    """Moves long rubrics and prompts into files of their own."""

    def __init__(self, file: str) -> None:
        self.files: dict[str, str] = {}
        self._prefix = "" if file == MAIN else file.removesuffix(".yaml").removeprefix("evaluation-") + "-"

    def moved(self, data: Mapping[str, Any]) -> dict[str, Any]:
        data = dict(data)
        data["targets"] = [self._target(target) for target in data["targets"]]
        judge = (data.get("scoring") or {}).get("judge")
        if judge is not None and "rubric" in judge:
            data["scoring"] = {"judge": {**judge, "rubric": self._text(judge["rubric"], "rubric")}}
        return data

    def _target(self, target: Mapping[str, Any]) -> dict[str, Any]:
        moved = dict(target)
        stem = file_stem(target["name"])
        for key in ("system", "prompt"):
            if key in moved:
                moved[key] = self._text(moved[key], f"{key}-{stem}")
        if "messages" in moved:
            moved["messages"] = [
                {**message, "content": self._text(message["content"], f"message-{number}-{stem}")}
                for number, message in enumerate(moved["messages"], start=1)
            ]
        return moved

    def _text(self, text: str, name: str) -> str | dict[str, str]:
        if text.count("\n") < _LONGEST_INLINE:
            return text
        # A template loses one line end at its end, so one more keeps the text as it is.
        file = next(each for each in _names(self._prefix + name) if self.files.get(each, text + "\n") == text + "\n")
        self.files[file] = text + "\n"
        return {"file": file}


def _names(stem: str) -> Iterator[str]:
    yield f"{stem}.md"
    number = 2
    while True:
        yield f"{stem}-{number}.md"
        number += 1
