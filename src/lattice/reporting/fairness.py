"""What makes a comparison unfair, and what else should be known about one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lattice.core.evaluation import Evaluation
from lattice.reporting.doubts import judges_itself
from lattice.reporting.formats import count, rate, terminal_text
from lattice.reporting.sides import Side

MISSING_MATTERS = 0.05

_LONGEST = 60
_NO = "none"
_NAMED = ("model", "params", "rubric", "scale", "mode", "criteria", "pass")


def unfair_differences(baseline: Side, candidate: Side) -> tuple[str, ...]:
    """Every difference between two sides, beside their targets, that may stand behind a difference in their scores."""
    if baseline.run.id == candidate.run.id:
        return ()
    return (
        *_inputs(baseline, candidate),
        *_scoring(_scoring_of(baseline.evaluation), _scoring_of(candidate.evaluation)),
        *_baselines(baseline.evaluation, candidate.evaluation),
        *_repeats(baseline, candidate),
    )


def further_remarks(baseline: Side, candidate: Side) -> tuple[str, ...]:
    """What does not make a comparison unfair and should be known all the same."""
    sides = (baseline, candidate)
    return (*_missing(sides), *_endings(sides), *_own_judge(baseline, candidate), *_contents(sides))


def _contents(sides: tuple[Side, ...]) -> Iterator[str]:
    names = [side.name for side in sides if side.run.contents_deleted_at is not None]
    if names:
        yield f"the contents of {' and '.join(names)} were deleted: numbers are compared, texts are not there"


def _inputs(baseline: Side, candidate: Side) -> Iterator[str]:
    if baseline.run.inputs_hash == candidate.run.inputs_hash:
        return
    counts = f"{count(baseline.run.input_count)} and {count(candidate.run.input_count)}"
    yield f"different inputs ({counts}): they cannot be compared input by input, only as two samples"


def _scoring_of(evaluation: Evaluation) -> Mapping[str, Any]:
    parts = evaluation.model_dump(mode="json", by_alias=True, include={"scoring", "checks"}, exclude_none=True)
    return {**(parts.get("scoring") or {}), "checks": {each["name"]: each for each in parts.get("checks") or ()}}


def _scoring(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for part in dict.fromkeys([*before, *after]):
        old, new = before.get(part), after.get(part)
        if old == new:
            continue
        if part == "judge" and isinstance(old, dict) and isinstance(new, dict):
            yield from _judge(old, new)
        elif part == "checks":
            yield from _checks(before["checks"], after["checks"])
        else:
            yield f"scored in different ways ({part})"


def _checks(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    """A check that one side alone has is not compared."""
    yield from (f"different checks called {_short(name)!r}" for name in old if name in new and old[name] != new[name])


def _judge(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    # What passes changes the pass rate alone, which is not compared here.
    differing = [part for part in dict.fromkeys([*_NAMED, *old, *new]) if old.get(part) != new.get(part)]
    for part in differing:
        match part:
            case "model":
                yield f"different judges: {_short(old['model'])} and {_short(new['model'])}"
            case "params":
                yield f"different parameters of the judge: {_short(old[part])} and {_short(new[part])}"
            case "rubric":
                yield "different rubrics"
            case "scale" | "mode":
                yield f"different {part}s: {_short(old.get(part, _NO))} and {_short(new.get(part, _NO))}"
            case "criteria":
                yield f"different criteria: {_criteria(old[part])} and {_criteria(new[part])}"
            case "pass":
                continue
            case _:
                yield f"different settings of the judge ({part})"


def _criteria(criteria: list[Mapping[str, Any]]) -> str:
    """Names with weights; two lists that read the same differ in their descriptions."""
    return terminal_text(", ".join(f"{each['name']} ({each['weight']:g})" for each in criteria), _LONGEST) or "none"


def _baselines(before: Evaluation, after: Evaluation) -> Iterator[str]:
    """Two challengers may have been judged against different targets."""
    old, new = before.baseline, after.baseline
    if old is not None and new is not None and old != new:
        names = (
            f": {_short(old.name)} and {_short(new.name)}" if old.name != new.name else f" called {_short(old.name)}"
        )
        yield f"different baselines{names}"


def _repeats(baseline: Side, candidate: Side) -> Iterator[str]:
    old, new = baseline.evaluation.run.repeats, candidate.evaluation.run.repeats
    if old != new:
        yield f"different repeats: {old} and {new} for each input"


def _missing(sides: tuple[Side, Side]) -> Iterator[str]:
    parts = [(each, _left_out(each), each.totals.done) for each in sides]
    if all(missing < MISSING_MATTERS * done or not missing for _, missing, done in parts):
        return
    shares = ", ".join(
        f"{count(missing)} of {count(done)} ({rate(missing, done)}) in {each.name}" for each, missing, done in parts
    )
    yield (
        f"unscored trials: {shares}; they are left out, and hard inputs fail more often, "
        "so the difference may not hold for all inputs"
    )


def _left_out(side: Side) -> int:
    """Failed trials, without those that count as a score."""
    return side.totals.failed - sum(each.stood_in for each in side.metrics)


def _endings(sides: tuple[Side, Side]) -> Iterator[str]:
    early = [each for each in sides if not each.is_whole]
    if not early:
        return
    for each in {side.run.id: side for side in early}.values():
        progress = each.run.progress
        how = "ended early, its gates decided" if each.run.stopped == "decided" else f"is {_status(each)}"
        yield f"{each.name.partition('/')[0]} {how}: {count(progress.done)} of {count(progress.total)} trials"
    yield (
        "compared over the inputs that both ended first in the order of the schedule, with an interval that holds at "
        "every look and without a p-value, which would not"
    )


def _status(side: Side) -> str:
    return "interrupted" if side.run.interrupted else side.run.status.value


def _own_judge(baseline: Side, candidate: Side) -> Iterator[str]:
    own = [each for each in (baseline, candidate) if _judges_itself(each)]
    if len(own) == 1:
        yield f"{own[0].name} is judged by its own model, the other is not: models favour their own answers"


def _judges_itself(side: Side) -> bool:
    target = next(each for each in side.evaluation.targets if each.name == side.target)
    return judges_itself(target, side.evaluation)


def _short(value: Any) -> str:
    return terminal_text(str(value), _LONGEST)
