"""Scorers of Inspect as checks and judges, as near as there are such.

Source: https://inspect.aisi.org.uk/scorers.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.importers.inspect_logs.contents import targets_of
from lattice.importers.inspect_logs.models import model_spec
from lattice.importers.inspect_logs.objects import Log, Sample
from lattice.importers.judging import binary_judge
from lattice.importers.records import Notes, quoted

Assertion = Callable[[Sequence[str]], dict[str, Any]]
"""What an input carries, from the answers that count as right for it."""

_JUDGES = {
    "model_graded_qa": "1: the RESPONSE answers the INPUT as the REFERENCE says\n0: it does not",
    "model_graded_fact": "1: the RESPONSE contains the content of the REFERENCE\n0: it does not, or contradicts it",
}
_ANSWER_LINES = {"letter": r"\W*{}\W*(?:\n|\Z)", "word": r"\W*{}\b", "line": r"\s*{}\s*(?:\n|\Z)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScorerSpec:
    """A scorer of a log: what it is, its arguments and its place."""

    name: str
    options: Mapping[str, Any]
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterpart:
    """What becomes of a scorer; at most one of the three is there."""

    check: Mapping[str, Any] | None = None
    judge: Mapping[str, Any] | None = None
    assertion: Assertion | None = None


def scorers_of(log: Log) -> list[ScorerSpec]:
    """The scorers that a log names: in its specification, or, in older ones, in its results."""
    if log.eval.scorers:
        return [
            ScorerSpec(name=each.name, options=each.options or {}, place=f"eval.scorers[{index}]")
            for index, each in enumerate(log.eval.scorers)
        ]
    scores = log.results.scores if log.results is not None else []
    found: dict[str, ScorerSpec] = {}
    for index, each in enumerate(scores):
        name = each.scorer or each.name
        found.setdefault(name, ScorerSpec(name=name, options=each.params, place=f"results.scores[{index}]"))
    return list(found.values())


def counterpart_of(scorer: ScorerSpec, log: Log, samples: Sequence[Sample], notes: Notes) -> Counterpart:
    """What measures the same, or nearly; what has no counterpart is noted."""
    name = scorer.name.rpartition("/")[2]
    what = f"scorer {quoted(scorer.name)}"
    several = any(len(targets_of(sample)) > 1 for sample in samples)
    if not all(targets_of(sample) for sample in samples):
        notes.left(scorer.place, what, "some samples have no target, which it compares with")
        return Counterpart()
    if name in _JUDGES:
        return Counterpart(judge=_judge(name, scorer, log, what, notes))
    if name in ("choice", "answer"):
        kind = "letter" if name == "choice" else str(scorer.options.get("pattern", "word"))
        notes.changed(scorer.place, what, "looks for a line 'ANSWER: …' with the target; see assertions.py")
        return Counterpart(assertion=lambda targets: _answer_line(kind, targets))
    if name in ("match", "includes", "exact"):
        return _comparison(name, scorer, several, what, notes)
    notes.left(
        scorer.place, what, "there is nothing of this kind; a check in Python could be: def NAME(input, response)"
    )
    return Counterpart()


def _comparison(name: str, scorer: ScorerSpec, several: bool, what: str, notes: Notes) -> Counterpart:
    options = scorer.options
    ignore_case = bool(options.get("ignore_case", True))
    if several:
        notes.changed(scorer.place, what, "one of several targets has to be in the response; see assertions.py")
        return Counterpart(
            assertion=lambda targets: {"test": "contains_any", "value": list(targets), "ignore_case": ignore_case}
        )
    cased: dict[str, Any] = {"ignore_case": True} if ignore_case else {}
    if name == "match" and options.get("numeric"):
        notes.changed(scorer.place, what, "the last number of the response counts")
        return Counterpart(check={"numeric": True})
    if name == "includes":
        return Counterpart(check={"contains": cased or True})
    if name == "exact" or options.get("location") == "exact":
        notes.changed(scorer.place, what, "punctuation counts")
        return Counterpart(check={"exact_match": cased or True})
    where = str(options.get("location", "end"))
    if where != "any":
        notes.changed(scorer.place, what, f"the target may stand anywhere in the response, not only at its {where}")
    return Counterpart(check={"contains": cased or True})


def _judge(name: str, scorer: ScorerSpec, log: Log, what: str, notes: Notes) -> dict[str, Any]:
    options = scorer.options
    model = options.get("model")
    spec = model_spec(model if isinstance(model, str) else log.eval.model, scorer.place, notes)
    rubric = _JUDGES[name]
    if isinstance(options.get("instructions"), str):
        rubric = f"{options['instructions']}\n\n{rubric}"
    for option in ("template", "grade_pattern", "partial_credit"):
        if options.get(option):
            notes.left(scorer.place, f"{what} option {option}", "the judge is asked in Lattice's form: 1 or 0")
    notes.changed(scorer.place, what, "a judge with a rubric of one's own words")
    return binary_judge(spec, rubric, mode="reference")


def _answer_line(kind: str, targets: Sequence[str]) -> dict[str, Any]:
    some = "|".join(re.escape(target.strip()) for target in targets)
    form = _ANSWER_LINES.get(kind, _ANSWER_LINES["word"])
    return {"test": "regex", "value": rf"(?i)ANSWER\s*:{form.format(f'(?:{some})')}"}
