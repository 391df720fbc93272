"""A judge against a person: how far they agree, how the judge leans, and what the mean would be in a person's eyes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lattice.core.trials import TrialKey
from lattice.reporting.correcting import Corrected, Ground, corrected_mean, several
from lattice.reporting.figures import Bounds
from lattice.reporting.trust import Standing, Trust, trust_of, trust_sentence
from lattice.scoring.scales import Scale
from lattice.stats import (
    Agreement,
    Interval,
    confusion_matrix,
    kappa_for_verdicts,
    paired,
    proportion_interval,
    spearman,
)
from lattice.stats.samples import exact_mean

MOST_DIFFERENT = 10

_HAIR = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Rating:
    """A result that a person and the judge scored, both on the judge's own scale.

    Parameters
    ----------
    id, text: of its input.
    reason: the person's; reasoning: the judge's.
    """

    key: TrialKey
    id: str
    human: float
    judge: float
    text: str = ""
    reason: str = ""
    reasoning: str = ""
    cluster: str | None = None

    @property
    def difference(self) -> float:
        """The judge's score less the person's."""
        return self.judge - self.human

    def as_json(self) -> dict[str, Any]:
        return {
            "input": self.key.position,
            "id": self.id,
            "repeat": self.key.repeat + 1,
            "human": self.human,
            "judge": self.judge,
            "difference": self.difference,
            "reason": self.reason,
            "reasoning": self.reasoning,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is known of one target's scores.

    Parameters
    ----------
    name: ``support#1``, with ``/Target`` behind it where the run has several.
    ratings: at least one.
    judged: the judge's scores on 0–1 of all inputs, by position.
    remarks: what was left out and why, a sentence each.
    """

    name: str
    target: str
    scale: Scale
    ratings: Sequence[Rating]
    judged: Mapping[int, Sequence[float]]
    remarks: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number with its interval, where it has one."""

    value: float
    method: str
    interval: Bounds | None = None

    def as_json(self) -> dict[str, Any]:
        interval = self.interval.as_json() if self.interval else None
        return {"value": self.value, "method": self.method, "interval": interval}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One judge against a person, on one target's results. Means and differences are on 0–1 unless called native.

    Parameters
    ----------
    n: results that both scored; inputs: inputs among them; judged: inputs with a score from the judge in all.
    kappa: Cohen's, with quadratic weights where the scale has more than two levels; None where it is undefined.
    spearman: likewise.
    exact: share of results that both gave the same level.
    confusion: counts by level, the person's in rows and the judge's in columns; a score between two levels counts at
        the nearer.
    human_mean, judge_mean: over the inputs that both scored.
    bias: the judge's mean less the person's; None below two inputs.
    run_mean: the judge's mean over all inputs.
    corrected: what that mean would be in the person's eyes; None where `not_corrected` says why.
    different: the results on which they differ most.
    trust: the finding; conclusion: the sentence that says it.
    """

    name: str
    target: str
    scale: Scale
    n: int
    inputs: int
    judged: int
    kappa: Figure | None
    spearman: Figure | None
    exact: Figure
    confusion: tuple[tuple[int, ...], ...]
    human_mean: float
    judge_mean: float
    bias: Figure | None
    run_mean: float
    corrected: Corrected | None
    not_corrected: str | None
    different: tuple[Rating, ...]
    trust: Trust
    conclusion: str
    warnings: tuple[str, ...] = ()

    @property
    def span(self) -> int:
        """How many native steps the scale's 0–1 is."""
        return self.scale.maximum - self.scale.minimum

    def native(self, score: float) -> float:
        """A score on the judge's own scale, beyond its ends too."""
        return self.scale.minimum + score * self.span

    def as_json(self) -> dict[str, Any]:
        """An entry of the document of ``lattice calibrate --json``."""
        levels = {"label": self.scale.label, "levels": list(self.scale.values)}
        bias = {**self.bias.as_json(), "native": self.bias.value * self.span} if self.bias else None
        corrected = {**self.corrected.as_json(), "native": self.native(self.corrected.mean)} if self.corrected else None
        return {
            "name": self.name,
            "target": self.target,
            "scale": levels,
            "n": self.n,
            "inputs": self.inputs,
            "judged": self.judged,
            "trust": self.trust.value,
            "conclusion": self.conclusion,
            "kappa": self.kappa.as_json() if self.kappa else None,
            "spearman": self.spearman.as_json() if self.spearman else None,
            "exact_agreement": self.exact.as_json(),
            "confusion": [list(row) for row in self.confusion],
            "human_mean": self.human_mean,
            "judge_mean": self.judge_mean,
            "bias": bias,
            "run_mean": self.run_mean,
            "corrected_mean": corrected,
            "not_corrected": self.not_corrected,
            "most_different": [each.as_json() for each in self.different],
            "warnings": list(self.warnings),
        }


def calibrate(evidence: Evidence) -> Calibration:
    """Hold a judge's scores against a person's."""
    ratings, scale = evidence.ratings, evidence.scale
    levels = scale.values
    human = [_level(each.human, scale) for each in ratings]
    judge = [_level(each.judge, scale) for each in ratings]
    kappa = _kappa(human, judge, levels)
    ground = ground_of(evidence)
    corrected, not_corrected = corrected_mean(ground)
    bias = _bias(ground)
    same = sum(a == b for a, b in zip(human, judge, strict=True))
    standing = Standing(
        kappa=kappa.value if kappa else None,
        interval=kappa.interval if kappa else None,
        n=len(ratings),
        judged=sorted(set(judge)),
        leaning=_leaning(bias) * (scale.maximum - scale.minimum),
    )
    return Calibration(
        name=evidence.name,
        target=evidence.target,
        scale=scale,
        n=len(ratings),
        inputs=len(ground.human),
        judged=len(evidence.judged),
        kappa=kappa,
        spearman=_spearman(ratings),
        exact=_share(same, len(ratings)),
        confusion=tuple(tuple(int(count) for count in row) for row in confusion_matrix(human, judge, levels)),
        human_mean=exact_mean(ground.human),
        judge_mean=exact_mean(ground.seen),
        bias=bias,
        run_mean=exact_mean([*(exact_mean(scores) for scores in evidence.judged.values())]),
        corrected=corrected,
        not_corrected=not_corrected,
        different=_most_different(ratings),
        trust=trust_of(standing),
        conclusion=trust_sentence(standing),
        warnings=(*evidence.remarks, *_warnings(evidence, ground)),
    )


def ground_of(evidence: Evidence) -> Ground:
    """The scores on 0–1 by input, several results of one averaged: they are not independent."""
    by_input: dict[int, list[Rating]] = {}
    for each in evidence.ratings:
        by_input.setdefault(each.key.position, []).append(each)
    scale = evidence.scale
    human = [exact_mean([scale.to_score(each.human) for each in found]) for found in by_input.values()]
    seen = [exact_mean([scale.to_score(each.judge) for each in found]) for found in by_input.values()]
    rest = [exact_mean(scores) for position, scores in evidence.judged.items() if position not in by_input]
    return Ground(
        human=human,
        seen=seen,
        rest=rest,
        clusters=[found[0].cluster for found in by_input.values()],
        binary=len(scale.levels) == 2 and {0.0, 1.0}.issuperset((*human, *seen, *rest)),
    )


def _level(native: float, scale: Scale) -> int:
    """The nearest level; between two of them the upper one."""
    return min(scale.maximum, int(native - scale.minimum + 0.5 + _HAIR) + scale.minimum)


def _kappa(human: Sequence[int], judge: Sequence[int], levels: Sequence[int]) -> Figure | None:
    weights = "quadratic" if len(levels) > 2 else None
    return _agreement(lambda: kappa_for_verdicts(human, judge, levels, weights))


def _spearman(ratings: Sequence[Rating]) -> Figure | None:
    return _agreement(lambda: spearman([each.human for each in ratings], [each.judge for each in ratings]))


def _agreement(measured: Callable[[], Agreement]) -> Figure | None:
    """A coefficient; None where the scores are too few or too uniform for one."""
    try:
        found = measured()
    except ValueError:
        return None
    return Figure(value=found.value, method=found.method, interval=_bounds(found.interval) if found.interval else None)


def _share(part: int, n: int) -> Figure:
    found = proportion_interval(part, n)
    return Figure(value=part / n, method="exact_agreement", interval=_bounds(found))


def _bias(ground: Ground) -> Figure | None:
    if len(ground.human) < 2:
        return None
    clusters: list[Hashable] | None = list(ground.clusters) if several(ground.clusters) else None
    found = paired(ground.human, ground.seen, clusters=clusters)
    return Figure(value=found.difference, method="mean_difference", interval=_bounds(found.verdict_interval))


def _leaning(bias: Figure | None) -> float:
    """The bias, 0 where its interval holds 0."""
    if bias is None or bias.interval is None or bias.interval.lower <= 0 <= bias.interval.upper:
        return 0.0
    return bias.value


def _bounds(found: Interval) -> Bounds:
    return Bounds(lower=found.lower, upper=found.upper, level=found.level, method=found.method)


def _most_different(ratings: Sequence[Rating]) -> tuple[Rating, ...]:
    differing = [each for each in ratings if each.difference]
    return tuple(sorted(differing, key=lambda each: (-abs(each.difference), each.key))[:MOST_DIFFERENT])


def _warnings(evidence: Evidence, ground: Ground) -> list[str]:
    said = []
    if len(ground.human) < len(evidence.ratings):
        said.append(
            f"{len(evidence.ratings)} results of {len(ground.human)} inputs were scored; agreement counts each of them "
            "as independent, so that its intervals are too narrow"
        )
    if (reason := ground.oddness) is not None:
        said.append(reason)
    if several(ground.clusters):
        said.append("inputs belong to clusters; of the intervals only that of the bias takes it into account")
    return said
