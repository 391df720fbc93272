"""Testing criteria as checks and judges.

Operations of ``string_check``: ``eq`` the input is the reference, ``ne`` it is not, ``like`` the input contains the
reference, ``ilike`` the same without regard to case. Metrics of ``text_similarity``: ``fuzzy_match`` compares letters
(rapidfuzz), ``cosine`` embeddings. Source: OpenAI's guide to graders.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from lattice.importers import patterns
from lattice.importers.foreign import Foreign, checked
from lattice.importers.judging import ScaleOf, pass_condition, scale_of
from lattice.importers.naming import CheckNames, without_uuid
from lattice.importers.openai.fields import ITEM, OUTPUT_JSON, OUTPUT_TEXT, Fields, Uses
from lattice.importers.openai.objects import TemplateMessage, text_of
from lattice.importers.records import Notes, quoted
from lattice.importers.templates import FieldPath, filled, only_path, paths_in


class Criterion(Foreign):
    """What all graders have."""

    type: str
    name: str = "grader"


class StringCheck(Criterion):
    """A comparison of two texts."""

    input: str
    reference: str
    operation: Literal["eq", "ne", "like", "ilike"]


class TextSimilarity(Criterion):
    """How close two texts are."""

    input: str
    reference: str
    evaluation_metric: str
    pass_threshold: float | None = None


class LabelModel(Criterion):
    """A model gives one of several labels."""

    model: str
    input: list[TemplateMessage]
    labels: list[str]
    passing_labels: list[str]


class ScoreModel(Criterion):
    """A model gives a number."""

    model: str
    input: list[TemplateMessage]
    range: list[float] = Field(default_factory=lambda: [0.0, 1.0])
    pass_threshold: float | None = None
    sampling_params: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What became of one criterion; at most one of the three is there.

    Parameters
    ----------
    place: ``testing_criteria[0]``.
    name: of its metric, unlike all others.
    graders: the names under which results speak of it.
    check: a method of ours, such as ``{"exact_match": True}``.
    judge: a judge's settings.
    scale: of the judge; None where labels are given.
    assertion: what each input is to carry, with the template of its value under ``value``.
    """

    place: str
    name: str
    graders: tuple[str, ...]
    check: Mapping[str, Any] | None = None
    judge: Mapping[str, Any] | None = None
    scale: ScaleOf | None = None
    assertion: Mapping[str, Any] | None = None

    @property
    def is_carried(self) -> bool:
        return any(each is not None for each in (self.check, self.judge, self.assertion))


_KINDS: Mapping[str, type[Criterion]] = {
    "string_check": StringCheck,
    "text_similarity": TextSimilarity,
    "label_model": LabelModel,
    "score_model": ScoreModel,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Graders:
    """The criteria of one eval, read and flattened: those within a ``multi`` stand for themselves."""

    entries: tuple[tuple[str, Criterion], ...]

    @property
    def uses(self) -> Uses:
        """Which templates they have."""
        compared = [
            (each.input, each.reference) for _, each in self.entries if isinstance(each, StringCheck | TextSimilarity)
        ]
        judged = [
            text
            for _, each in self.entries
            if isinstance(each, LabelModel | ScoreModel)
            for message in each.input
            if (text := text_of(message.content)) is not None
        ]
        return Uses(compared=compared, judged=judged)


def read_graders(criteria: Sequence[Mapping[str, Any]], file: str, notes: Notes) -> Graders:
    """Check the criteria, and note those of a kind that has no counterpart.

    Raises
    ------
    ImportProblem: one lacks what its kind has.
    """
    return Graders(entries=tuple(_read(criteria, "testing_criteria", file, notes)))


def _read(
    criteria: Sequence[Mapping[str, Any]], prefix: str, file: str, notes: Notes
) -> Iterator[tuple[str, Criterion]]:
    for index, data in enumerate(criteria):
        place = f"{prefix}[{index}]"
        kind = checked(Criterion, data, f"{file}: {place}")
        if kind.type == "multi":
            inner = data.get("graders")
            notes.left(
                place,
                f"multi grader {quoted(kind.name)}",
                f"the formula {quoted(str(data.get('calculate_output', '')))}; "
                "its graders stand beside each other, each with its own number",
            )
            graders = list(inner.values()) if isinstance(inner, dict) and "type" not in inner else [inner]
            yield from _read([each for each in graders if isinstance(each, dict)], f"{place}.graders", file, notes)
        else:
            yield place, checked(_KINDS.get(kind.type, Criterion), data, f"{file}: {place}")


def measures_of(graders: Graders, fields: Fields, notes: Notes) -> list[Measure]:
    """What each criterion becomes; what cannot be carried over is noted and keeps its name for the results."""
    names = CheckNames()
    return [_measure(place, grader, fields, names, notes) for place, grader in graders.entries]


def _measure(place: str, grader: Criterion, fields: Fields, names: CheckNames, notes: Notes) -> Measure:
    known = tuple(dict.fromkeys((grader.name, without_uuid(grader.name))))
    name = names.name(without_uuid(grader.name))
    what = f"{grader.type} grader {quoted(grader.name)}"
    parts: dict[str, Any] = {}
    match grader:
        case StringCheck():
            parts = _string_check(grader, fields, place, what, notes)
        case TextSimilarity():
            parts = _similarity(grader, fields, place, what, notes)
        case LabelModel():
            parts = _label_model(grader, fields, place, what, notes)
        case ScoreModel():
            parts = _score_model(grader, fields, place, what, notes)
        case _ if grader.type == "python":
            notes.left(place, what, "its code expects (sample, item); write it as a check: def NAME(input, response)")
        case _:
            notes.left(place, what, "there is nothing of this kind")
    return Measure(place=place, name=name, graders=known, **parts)


# -- comparisons


def _string_check(grader: StringCheck, fields: Fields, place: str, what: str, notes: Notes) -> dict[str, Any]:
    left, right = only_path(grader.input), only_path(grader.reference)
    if _is_response(left, fields):
        if right is not None and right[1:] == fields.reference and grader.operation != "ne":
            if grader.operation == "eq":
                notes.changed(place, what, "white space around response and reference is left aside")
            return {"check": _against_reference(grader.operation)}
        if not paths_in(grader.reference) and grader.reference:
            return {"check": _against_text(grader.operation, grader.reference)}
    field = ".".join(left[2:]) if left is not None and left[:2] == OUTPUT_JSON and len(left) > 2 else None
    if not _is_response(left, fields) and field is None:
        notes.left(place, what, f"it compares {quoted(grader.input)}, which is not the response")
        return {}
    if not all(path[0] == ITEM for path in paths_in(grader.reference)):
        notes.left(place, what, f"{quoted(grader.reference)} is not made of the item alone")
        return {}
    test = "equals" if grader.operation in ("eq", "ne") else "contains"
    assertion: dict[str, Any] = {"name": grader.name, "test": test, "value": grader.reference}
    if field is not None:
        assertion["field"] = field
    if grader.operation == "ne":
        assertion["negated"] = True
    if grader.operation == "ilike":
        assertion["ignore_case"] = True
    notes.changed(place, what, "stands in the metadata of each input and is checked by assertions.py")
    return {"assertion": assertion}


def _is_response(path: FieldPath | None, fields: Fields) -> bool:
    return path == OUTPUT_TEXT or (path is not None and path[0] == ITEM and path[1:] == fields.response)


def _against_reference(operation: str) -> dict[str, Any]:
    methods: dict[str, dict[str, Any]] = {
        "eq": {"exact_match": True},
        "like": {"contains": True},
        "ilike": {"contains": {"ignore_case": True}},
    }
    return methods[operation]


def _against_text(operation: str, text: str) -> dict[str, Any]:
    match operation:
        case "eq":
            return {"exact_match": {"value": text}}
        case "ne":
            return {"regex": patterns.equals_not(text)}
        case "like":
            return {"contains": text}
        case _:
            return {"contains": {"all": [text], "ignore_case": True}}


def _similarity(grader: TextSimilarity, fields: Fields, place: str, what: str, notes: Notes) -> dict[str, Any]:
    left, right = only_path(grader.input), only_path(grader.reference)
    metric = grader.evaluation_metric
    if metric not in ("fuzzy_match", "cosine"):
        notes.left(place, what, f"there is no {quoted(metric)}; closest is similarity, by letters or by meaning")
        return {}
    is_reference = right is not None and right[1:] == fields.reference
    if not _is_response(left, fields) or not (is_reference or not paths_in(grader.reference)):
        notes.left(place, what, "it does not compare the response with the reference or a fixed text")
        return {}
    settings: dict[str, Any] = {} if is_reference else {"value": grader.reference}
    if metric == "cosine":
        settings["embeddings"] = True
        notes.changed(place, what, "another embedding model, so other numbers; needs the extra 'embeddings'")
    else:
        notes.changed(place, what, "similarity by edit distance, so somewhat other numbers")
    if grader.pass_threshold is not None and 0 <= grader.pass_threshold <= 1:
        settings["at_least"] = grader.pass_threshold
    return {"check": {"similarity": settings or True}}


# -- models


def _label_model(grader: LabelModel, fields: Fields, place: str, what: str, notes: Notes) -> dict[str, Any]:
    passing = [label for label in grader.labels if label in grader.passing_labels]
    failing = [label for label in grader.labels if label not in grader.passing_labels]
    levels = f"1: you would label it {_either(passing)}\n0: you would label it {_either(failing)}"
    if len(grader.labels) > 2:
        notes.changed(place, what, "the judge says pass or fail; which of the labels it would be is not kept")
    return {"judge": _judge(grader, fields, levels, {"scale": "binary"}, place, what, notes)}


def _either(labels: Sequence[str]) -> str:
    return " or ".join(repr(label) for label in labels) or "anything else"


def _score_model(grader: ScoreModel, fields: Fields, place: str, what: str, notes: Notes) -> dict[str, Any]:
    low, high = grader.range if len(grader.range) == 2 else (0.0, 1.0)
    scale = scale_of(low, high)
    if scale is None:
        notes.left(place, what, f"its range from {low:g} to {high:g} is empty")
        return {}
    levels = ""
    if not scale.is_same:
        levels = (
            f"Where these instructions speak of scores from {low:g} to {high:g}, give the whole number from "
            f"{scale.minimum} to {scale.maximum} at the same place."
        )
        notes.changed(
            place,
            what,
            f"scored in whole numbers from {scale.minimum} to {scale.maximum} instead of {low:g} to {high:g}",
        )
    settings: dict[str, Any] = {"scale": scale.setting}
    if condition := pass_condition(scale, grader.pass_threshold):
        settings["pass"] = condition
    judge = _judge(grader, fields, levels, settings, place, what, notes)
    if params := _sampling(grader.sampling_params or {}):
        judge["params"] = params
    return {"judge": judge, "scale": scale}


def _sampling(given: Mapping[str, Any]) -> dict[str, Any]:
    names = {"max_completions_tokens": "max_completion_tokens"}
    return {names.get(name, name): value for name, value in given.items() if value is not None}


def _judge(
    grader: LabelModel | ScoreModel,
    fields: Fields,
    levels: str,
    settings: Mapping[str, Any],
    place: str,
    what: str,
    notes: Notes,
) -> dict[str, Any]:
    texts = [text_of(message.content) for message in grader.input]
    if None in texts:
        notes.left(f"{place}.input", "image or sound", "judges are shown texts")
    written = [text for text in texts if text]
    needs_reference = any(
        path[0] == ITEM and path[1:] == fields.reference for text in written for path in paths_in(text)
    )
    notes.changed(place, what, "the judge is asked in Lattice's form, with the grader's messages as its rubric")
    rubric = "\n\n".join([*(filled(text, fields.words).strip() for text in written), *([levels] if levels else [])])
    return {
        "model": f"openai/{grader.model}",
        "mode": "reference" if needs_reference else "single",
        **settings,
        "rubric": rubric,
    }
