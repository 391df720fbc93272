"""Holds a run's judge against a person's scores, from a file, from the workspace, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lattice.core.errors import UsageError
from lattice.core.trials import TrialKey
from lattice.reporting.calibration import Calibration, Evidence, Rating, calibrate
from lattice.reporting.figures import SCORE
from lattice.service.given_scores import Given, Judged, judged_run, read_scores
from lattice.service.reading import reference_of
from lattice.store import Store

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationReport:
    """A run's judge against a person, target by target."""

    judged: Judged
    calibrations: tuple[Calibration, ...]

    def as_json(self) -> dict[str, Any]:
        """The document of ``lattice calibrate --json``."""
        run = self.judged.run
        return {
            "run": reference_of(run),
            "id": run.id,
            "number": run.number,
            "calibrations": [each.as_json() for each in self.calibrations],
        }


def calibrate_run(
    store: Store, reference: str, *, annotations: Path | None = None, target: str | None = None
) -> CalibrationReport:
    """Hold a run's judge against the scores of a person.

    Parameters
    ----------
    reference: ``RUN`` or ``RUN/TARGET``.
    annotations: a CSV file of scores, beside those in the workspace; where both score a result, the file counts.
    target: name of the only target that is meant.

    Raises
    ------
    UsageError: there is no such run or target, no judge scored it, the file is wrong (see `read_scores`), or no result
        has the scores of both.
    """
    judged = judged_run(store, reference, target)
    given, remarks = _given(store, judged, annotations)
    if not given:
        name = reference_of(judged.run)
        raise UsageError(
            f"nobody has scored results of {name} yet: write a sample with 'lattice annotate {name} --sample 30 "
            "-o sample.csv', fill it in and pass it with --annotations"
        )
    scores = _judged_scores(store, judged)
    found = [
        _evidence(store, judged, place, mine, scores[place], remarks)
        for place in range(len(judged.targets))
        if (mine := [each for each in given if each.key.target == place])
    ]
    evidence = [each for each in found if each.ratings]
    if not evidence:
        raise UsageError("no result has the scores of both: " + "; ".join(found[0].remarks))
    return CalibrationReport(judged=judged, calibrations=tuple(calibrate(each) for each in evidence))


@dataclass(slots=True, kw_only=True)
class _Scores:
    """The judge's scores of one target on 0–1, by position; and the inputs' clusters."""

    judged: dict[int, list[float]] = field(default_factory=dict)
    clusters: dict[int, str] = field(default_factory=dict)


def _given(store: Store, judged: Judged, path: Path | None) -> tuple[list[Given], list[str]]:
    """Every score of a person, and what should be said of them."""
    stored, remarks = _stored(store, judged)
    filed = {each.key: each for each in read_scores(store, judged, path)} if path is not None else {}
    if contrary := [key for key, each in filed.items() if key in stored and stored[key].score != each.score]:
        named = _named([filed[key].id for key in contrary])
        remarks.append(f"file and workspace have other scores of {named}; the file's count")
    return [*{**stored, **filed}.values()], remarks


def _stored(store: Store, judged: Judged) -> tuple[dict[TrialKey, Given], list[str]]:
    scale = judged.scale
    stored: dict[TrialKey, Given] = {}
    off = 0
    for each in store.annotations(judged.run.key):
        if each.score is None or judged.target not in (None, each.key.target):
            continue
        if scale.minimum <= each.score <= scale.maximum:
            stored[each.key] = Given(key=each.key, id="", score=each.score, reason=each.note)
        else:
            off += 1
    return stored, [f"scores in the workspace that are off the scale {scale.label} are left out: {off}"] if off else []


def _judged_scores(store: Store, judged: Judged) -> list[_Scores]:
    found = [_Scores() for _ in judged.targets]
    for row in store.iterate_scores(judged.run.key):
        if (score := row.metrics.get(SCORE)) is not None:
            found[row.target].judged.setdefault(row.position, []).append(score[0])
        if row.cluster is not None:
            found[row.target].clusters[row.position] = row.cluster
    return found


def _evidence(
    store: Store, judged: Judged, place: int, given: Sequence[Given], scores: _Scores, remarks: Sequence[str]
) -> Evidence:
    ratings, unscored, changed = [], [], []
    for each in given:
        row = store.result(judged.run.key, each.key)
        if row is None or row.native is None:
            unscored.append(each.id or f"#{each.key.position}")
        elif not each.is_of(row):
            changed.append(row.input.id)
        else:
            ratings.append(
                Rating(
                    key=each.key,
                    id=row.input.id,
                    human=each.score,
                    judge=row.native,
                    text=row.input.text,
                    reason=each.reason,
                    reasoning=row.reasoning,
                    cluster=scores.clusters.get(each.key.position),
                )
            )
    name = reference_of(judged.run)
    return Evidence(
        name=f"{name}/{judged.targets[place]}" if len(judged.targets) > 1 else name,
        target=judged.targets[place],
        scale=judged.scale,
        ratings=ratings,
        judged=scores.judged,
        remarks=(*remarks, *_left_out({_UNSCORED: unscored, _CHANGED: changed}, len(given))),
    )


_CHANGED = "the run's response is another than the one that the person scored"
_UNSCORED = "the judge gave no score"


def _left_out(reasons: Mapping[str, Sequence[str]], n: int) -> list[str]:
    return [
        f"{len(ids)} of {n} results that a person scored are left out: {reason} ({_named(ids)})"
        for reason, ids in reasons.items()
        if ids
    ]


def _named(ids: Sequence[str]) -> str:
    """The first ids, and how many more."""
    more = len(ids) - _MOST_NAMED
    return ", ".join(ids[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
