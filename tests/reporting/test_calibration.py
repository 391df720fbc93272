"""A judge's scores against a person's: agreement, bias, the corrected mean, the results they differ on."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

import orjson
import pytest

from lattice.core.judging import ScaleName
from lattice.core.trials import TrialKey
from lattice.reporting.calibration import Calibration, Evidence, Rating, calibrate
from lattice.reporting.trust import Trust
from lattice.scoring.scales import scale_of
from lattice.stats import cohens_kappa, ppi_mean

HUMAN = [1, 2, 3, 4, 5, 5, 4, 3, 2, 1] * 4
CLOSE = [1, 2, 3, 4, 5, 4, 4, 3, 2, 1] * 4
RANDOM = random.Random(3)


def evidence(
    human: Sequence[float],
    judge: Sequence[float],
    rest: Sequence[float] = (),
    *,
    scale: ScaleName = "likert-5",
    positions: Sequence[int] | None = None,
    clusters: Mapping[int, str] | None = None,
) -> Evidence:
    """A person's and the judge's scores of the first inputs, and the judge's of the others, all native."""
    chosen = scale_of(scale)
    places = positions or range(1, len(human) + 1)
    judged: dict[int, list[float]] = {}
    for place, native in zip([*places, *range(1001, 1001 + len(rest))], [*judge, *rest], strict=True):
        judged.setdefault(place, []).append(chosen.to_score(native))
    ratings = [
        Rating(
            key=TrialKey(place, 0, list(places[:number]).count(place)),
            id=f"q{place}",
            human=a,
            judge=b,
            cluster=(clusters or {}).get(place),
        )
        for number, (place, a, b) in enumerate(zip(places, human, judge, strict=True))
    ]
    return Evidence(name="support#1", target="Assistant", scale=chosen, ratings=ratings, judged=judged)


def found(human: Sequence[float], judge: Sequence[float], rest: Sequence[float] = ()) -> Calibration:
    return calibrate(evidence(human, judge, rest))


def test_a_judge_that_agrees_is_trusted() -> None:
    result = found(HUMAN, CLOSE)
    assert result.trust is Trust.TRUSTED
    assert result.kappa is not None
    assert result.kappa.value == pytest.approx(cohens_kappa(HUMAN, CLOSE, [1, 2, 3, 4, 5], "quadratic").value)
    assert result.exact.value == pytest.approx(0.9)


def test_a_judge_that_guesses_is_not() -> None:
    guessed = [RANDOM.choice([1, 2, 3, 4, 5]) for _ in HUMAN]
    result = found(HUMAN, guessed)
    assert result.trust is Trust.NOT_TRUSTED
    assert result.kappa is not None
    assert f"kappa = {result.kappa.value:.2f}" in result.conclusion


def test_agreement_on_everything_is_no_certainty() -> None:
    few = found([5, 5, 5, 5, 5, 5, 5, 5, 5, 1] * 3, [5, 5, 5, 5, 5, 5, 5, 5, 5, 1] * 3)
    assert few.kappa is not None
    assert few.kappa.value == 1
    assert few.kappa.interval is not None
    assert few.kappa.interval.lower < 0.9
    assert found(HUMAN, HUMAN).trust is Trust.TRUSTED


def test_a_judge_that_says_the_same_of_everything_is_not_trusted() -> None:
    result = found(HUMAN, [4] * len(HUMAN))
    assert result.trust is Trust.NOT_TRUSTED
    assert result.spearman is None
    assert "the same score to everything" in result.conclusion


def test_the_table_has_every_level_the_persons_in_rows() -> None:
    result = found([5, 5, 4, 4], [5, 1, 4, 4])
    assert result.confusion == (
        (0, 0, 0, 0, 0),
        (0, 0, 0, 0, 0),
        (0, 0, 0, 0, 0),
        (0, 0, 0, 2, 0),
        (1, 0, 0, 0, 1),
    )


def test_scores_between_two_levels_count_at_the_nearer() -> None:
    result = found([4, 4, 4, 4], [3.6, 4.4, 4.5, 3.4])
    assert [sum(row[level] for row in result.confusion) for level in range(5)] == [0, 0, 1, 2, 1]


def test_the_bias_is_the_judges_mean_less_the_persons() -> None:
    result = found([1, 2, 3, 4] * 10, [2, 3, 4, 5] * 10)
    assert result.bias is not None
    assert result.bias.value == pytest.approx(0.25)
    assert result.bias.interval is not None
    # Forty equal differences are no certainty either.
    assert 0 < result.bias.interval.lower < 0.25 < result.bias.interval.upper
    assert result.as_json()["bias"]["native"] == pytest.approx(1)


def test_the_mean_of_the_run_is_corrected_by_a_random_sample() -> None:
    rest = [min(5, level + 1) for level in HUMAN * 5]
    kind = [min(5, level + 1) for level in HUMAN]
    result = found(HUMAN, kind, rest)
    expected = ppi_mean(
        [(level - 1) / 4 for level in HUMAN], [(level - 1) / 4 for level in kind], [(level - 1) / 4 for level in rest]
    )
    assert result.corrected is not None
    assert result.corrected.method == "ppi++"
    assert result.corrected.mean == pytest.approx(expected.mean)
    assert result.corrected.weight == pytest.approx(expected.weight)
    assert (result.corrected.n_human, result.corrected.n_judged) == (40, 200)
    assert result.corrected.interval.lower < 0.5 < result.corrected.interval.upper
    assert result.run_mean == pytest.approx(0.7)


def test_a_run_that_a_person_scored_whole_needs_no_correction() -> None:
    result = found(HUMAN, CLOSE)
    assert result.corrected is not None
    assert result.corrected.method == "human"
    assert result.corrected.mean == result.human_mean


def test_nothing_is_corrected_by_inputs_that_were_picked() -> None:
    result = found([1] * 30, [1, 2] * 15, [5, 4] * 50)
    assert result.corrected is None
    assert result.not_corrected == "the inputs that a person scored are hardly a random sample"
    assert "hardly a random sample" in result.warnings[0]
    assert found([1] * 5, [1] * 5, [5] * 50).corrected is None


def test_passes_are_corrected_by_rogan_and_gladen() -> None:
    human = [1] * 20 + [0] * 20
    judge = [1] * 18 + [0] * 2 + [1] * 6 + [0] * 14
    result = calibrate(evidence(human, judge, [1, 0, 1, 0, 1] * 40, scale="binary"))
    assert result.corrected is not None
    assert result.corrected.method == "rogan_gladen"
    assert result.corrected.weight == pytest.approx(0.9 + 0.7 - 1)
    assert result.corrected.mean == pytest.approx((144 / 240 + 0.7 - 1) / 0.6)
    assert result.kappa is not None
    assert result.kappa.method == "cohens_kappa"


def test_passes_of_a_judge_no_better_than_chance_are_corrected_by_the_person_alone() -> None:
    result = calibrate(evidence([1, 0] * 20, [0, 1] * 20, [1, 0] * 50, scale="binary"))
    assert result.corrected is not None
    assert (result.corrected.method, result.corrected.weight) == ("ppi++", 0)
    assert result.corrected.mean == pytest.approx(0.5)


def test_several_results_of_one_input_count_once_in_means() -> None:
    result = calibrate(evidence([5, 1, 3], [5, 1, 3], positions=[1, 1, 2]))
    assert (result.n, result.inputs, result.judged) == (3, 2, 2)
    assert result.human_mean == pytest.approx(0.5)
    assert "3 results of 2 inputs" in result.warnings[0]


def test_clusters_widen_the_interval_of_the_bias() -> None:
    judge = [5, 5, 5, 5, 1, 1, 1, 1] * 4
    clusters = {place: f"c{(place - 1) // 4}" for place in range(1, 33)}
    alone = calibrate(evidence([3] * 32, judge)).bias
    together = calibrate(evidence([3] * 32, judge, clusters=clusters))
    assert alone is not None
    assert alone.interval is not None
    assert together.bias is not None
    assert together.bias.interval is not None
    assert together.bias.interval.method == "clustered_t"
    assert together.bias.interval.upper > alone.interval.upper
    assert "clusters" in together.warnings[-1]


def test_a_single_score_has_no_interval_and_no_finding() -> None:
    result = found([4], [5])
    assert (result.kappa is None, result.bias, result.corrected) == (False, None, None)
    assert result.trust is Trust.NOT_YET
    assert found([4], [4]).kappa is None


def test_those_that_differ_most_come_first() -> None:
    result = found([1, 2, 3, 4, 5, 5], [5, 2, 1, 4, 4, 1])
    assert [(each.id, each.difference) for each in result.different] == [("q1", 4), ("q6", -4), ("q3", -2), ("q5", -1)]


def test_the_document_is_json() -> None:
    document = found(HUMAN, CLOSE, CLOSE).as_json()
    assert orjson.loads(orjson.dumps(document)) == document
    assert document["kappa"]["method"] == "cohens_kappa_quadratic"
    assert document["corrected_mean"]["native"] == pytest.approx(1 + 4 * document["corrected_mean"]["mean"])
    assert document["scale"] == {"label": "Likert-5", "levels": [1, 2, 3, 4, 5]}
