"""Two runs side by side: the numbers, and what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.reporting.run_records import evaluation
from tests.reporting.sides import side, stopped

from lattice.reporting.comparison import Comparison, compare, shared_metrics
from lattice.reporting.conclusions import Finding
from lattice.reporting.sides import Side
from lattice.stats import holm, paired, unpaired


def one(baseline: Side, candidate: Side) -> Comparison:
    [found] = compare([(baseline, candidate)]).comparisons
    return found


def draws(mean: float, seed: int, n: int = 200) -> list[float]:
    """Natives on Likert-5 around a mean on 0–1."""
    return [float(each) for each in 1 + np.random.default_rng(seed).binomial(4, mean, n)]


def scores(natives: list[float]) -> list[float]:
    return [(native - 1) / 4 for native in natives]


def test_inputs_are_compared_one_by_one() -> None:
    old, new = draws(0.8, 1), draws(0.6, 2)
    found, expected = one(side("a", old), side("b", new)), paired(scores(old), scores(new))
    assert found.method == "paired"
    assert found.n == 200
    assert found.difference == pytest.approx(expected.difference)
    assert found.interval is not None
    assert found.verdict_interval is not None
    assert found.interval.lower == pytest.approx(expected.interval.lower)
    assert found.verdict_interval.upper == pytest.approx(expected.verdict_interval.upper)
    assert (found.interval.method, found.verdict_interval.method) == ("t", "adjusted_t")
    assert (found.p_value, found.p_method) == (expected.p_value, "sign_flip_monte_carlo")
    assert found.effect_size == pytest.approx(expected.effect_size)
    assert (found.wins, found.ties, found.losses) == (expected.wins, expected.ties, expected.losses)
    assert found.adjusted_p_value is None


def test_a_worse_candidate_is_said_to_be_worse() -> None:
    found = one(side("a", draws(0.8, 1)), side("b", draws(0.6, 2)))
    assert found.finding is Finding.WORSE
    assert found.conclusion.startswith("b is worse than a in score: by 0.")
    assert "over the same 200 inputs (95% interval -0." in found.conclusion
    assert found.conclusion.endswith("p < 0.001).")
    back = one(side("b", draws(0.6, 2)), side("a", draws(0.8, 1)))
    assert back.finding is Finding.BETTER
    assert back.conclusion.startswith("a is better than b in score: by 0.")


def test_a_difference_within_noise_is_said_to_be_noise_with_what_it_would_take() -> None:
    found = one(side("a", draws(0.8, 1)), side("b", draws(0.8, 4)))
    assert found.finding is Finding.UNCLEAR
    assert "cannot be told from noise (95% interval " in found.conclusion
    assert "If it is real, about " in found.conclusion
    assert " inputs would show it. 200 inputs show a difference from about 0.0" in found.conclusion


def test_of_models_that_do_not_differ_few_pairs_are_told_apart() -> None:
    told = [one(side("a", draws(0.8, s)), side("b", draws(0.8, 10_000 + s))).finding for s in range(100)]
    assert sum(each is not Finding.UNCLEAR for each in told) <= 12


def test_the_same_scores_are_called_the_same() -> None:
    natives = draws(0.8, 1)
    found = one(side("a", natives), side("b", natives))
    assert found.finding is Finding.UNCLEAR
    assert found.conclusion == "b and a have the same score on all 200 inputs."


def test_equal_differences_are_no_certainty() -> None:
    found = one(side("a", [4.0] * 6), side("b", [5.0] * 6))
    assert found.interval == found.verdict_interval
    assert found.interval is not None
    assert found.interval.lower < 0.25 < found.interval.upper


def test_the_inputs_that_moved_most_are_listed_first_in_the_file_first() -> None:
    old = [3.0] * 30
    new = [1.0, 2.0, 5.0, *[2.0] * 12, *[4.0] * 12, 3.0, 3.0, 3.0]
    found = one(side("a", old), side("b", new))
    assert [each.position for each in found.worse] == [1, 2, *range(4, 12)]
    assert [each.position for each in found.better] == [3, *range(16, 25)]
    assert found.worse[0].difference == -0.5
    assert found.worse[0].as_json() == {"input": 1, "id": "", "baseline": 0.5, "candidate": 0.0, "difference": -0.5}


def test_an_input_without_a_score_on_one_side_is_left_out_and_counted() -> None:
    old: list[float | None] = [3.0, 4.0, None, 5.0, 3.0]
    found = one(side("a", old), side("b", [4.0, 4.0, 5.0, 5.0, 4.0]))
    assert found.n == 4
    assert any("unscored trials: 1 of 5 (20.0%) in a, 0 of 5 (0.0%) in b" in each for each in found.warnings)
    assert found.unfair == ()
    assert found.measured.unscored == 1
    assert found.measured.lowest is not None


def test_repeats_are_averaged_by_input_before_anything_else() -> None:
    configured = evaluation(repeats=2)
    old = side("a", {1: [1, 3], 2: [5, 5], 3: [2, 4]}, configured=configured)
    new = side("b", {1: [3, 3], 2: [5, None], 3: [4, 4]}, configured=configured)
    found = one(old, new)
    assert found.n == 3
    assert found.difference == pytest.approx((0.25 + 0 + 0.25) / 3)
    assert (found.wins, found.ties) == (2, 1)


def test_clusters_are_counted_whole() -> None:
    old, new = draws(0.6, 1, 60), draws(0.75, 2, 60)
    names = {place: f"document {place // 10}" for place in range(1, 61)}
    found = one(side("a", old, clusters=names), side("b", new, clusters=names))
    expected = paired(scores(old), scores(new), clusters=[names[place] for place in range(1, 61)])
    assert found.interval is not None
    assert found.interval.method == "clustered_t"
    assert found.interval.lower == pytest.approx(expected.interval.lower)
    assert found.p_value == expected.p_value


def test_within_one_cluster_nothing_can_be_concluded() -> None:
    names = dict.fromkeys(range(1, 21), "one")
    found = one(side("a", draws(0.6, 1, 20), clusters=names), side("b", draws(0.9, 2, 20), clusters=names))
    assert found.finding is Finding.UNKNOWN
    assert found.interval is None
    assert found.measured.estimate.lower is None
    assert found.conclusion == "Nothing can be concluded about score: all inputs are in one cluster."


def test_binary_scores_are_compared_by_mcnemars_test() -> None:
    configured = evaluation(scale="binary")
    old, new = [1.0] * 10 + [0.0] * 10, [1.0] * 18 + [0.0] * 2
    settings: dict[str, Any] = {"configured": configured, "low": 0, "high": 1}
    found = one(side("a", old, **settings), side("b", new, **settings))
    assert found.p_method == "mcnemar_exact"
    assert found.p_value == pytest.approx(2 / 2**8)


def test_too_few_pairs_give_no_conclusion() -> None:
    found = one(side("a", [3.0, None]), side("b", [4.0, 5.0]))
    assert found.finding is Finding.UNKNOWN
    assert (found.n, found.interval, found.p_value) == (1, None, None)
    assert "too few inputs" in found.conclusion


def test_different_inputs_are_compared_as_two_samples_and_said_to_be() -> None:
    old, new = draws(0.8, 1), draws(0.6, 2, 120)
    found = one(side("a", old), side("b", new, inputs_hash="other"))
    expected = unpaired(scores(old), scores(new))
    assert found.method == "unpaired"
    assert (found.n, found.wins, found.ties, found.losses) == (120, None, None, None)
    assert found.interval is not None
    assert found.interval.lower == pytest.approx(expected.interval.lower)
    assert found.unfair[0].startswith("different inputs (200 and 120)")
    assert "by 0.191 between two samples" in found.conclusion
    assert found.conclusion.endswith(
        "The comparison is not fair: this may come from what else differs, and not from the targets."
    )


def test_two_samples_honour_clusters() -> None:
    names = {place: f"document {place // 5}" for place in range(1, 61)}
    found = one(side("a", draws(0.8, 1, 60), clusters=names), side("b", draws(0.6, 2, 50), inputs_hash="other"))
    assert found.interval is not None
    assert found.interval.method == "clustered_welch_t"


def test_several_comparisons_are_corrected_together() -> None:
    base = side("a", draws(0.75, 1))
    others = [side("b", draws(0.70, 2)), side("c", draws(0.73, 3)), side("d", draws(0.60, 5))]
    report = compare([(base, each) for each in others])
    raw = [each.p_value for each in report.comparisons if each.p_value is not None]
    assert [each.adjusted_p_value for each in report.comparisons] == list(holm(raw))
    assert "corrected for 3 comparisons p" in report.comparisons[2].conclusion
    assert [each.name for each in report.sides] == ["a", "b", "c", "d"]


def test_of_several_a_claim_needs_the_corrected_p_value() -> None:
    old, new = draws(0.75, 1), draws(0.70, 6)
    alone = one(side("a", old), side("b", new))
    pairs = [(side("a", old), side(f"b{n}", new if n == 0 else old)) for n in range(8)]
    together = compare(pairs).comparisons[0]
    assert alone.p_value == together.p_value
    assert alone.finding is Finding.WORSE
    assert together.finding is Finding.UNCLEAR


def test_only_metrics_that_both_have_are_compared() -> None:
    one_of = evaluation(criteria=[{"name": "tone"}, {"name": "facts"}])
    other = evaluation(criteria=[{"name": "facts"}])
    old = side("a", draws(0.8, 1), configured=one_of, names=("score", "tone", "facts"))
    new = side("b", draws(0.8, 2), configured=other, names=("score", "facts"))
    assert shared_metrics(old, new) == ["score", "facts"]
    report = compare([(old, new)], ["facts"])
    assert [each.metric for each in report.comparisons] == ["facts"]
    assert report.comparisons[0].adjusted_p_value is None


def test_runs_that_stopped_early_are_compared_over_the_schedule_so_far_by_a_live_interval() -> None:
    order = [3, 1, 5, 2, 4, *range(6, 201)]
    old = side("a", [3.0] * 200, order=order)
    new = stopped("b", [5.0, 4.0, 4.0], order=order, input_count=200)
    found = one(old, new)
    # Of the schedule 3, 1, 5, … the candidate has 3 and 1; 2 came out of turn.
    assert found.n == 2
    assert found.difference == pytest.approx(0.375)
    assert found.interval is not None
    assert found.interval.method == "betting"
    assert found.p_value is None
    assert any("b is cancelled: " in each for each in found.warnings)
    assert any("an interval that holds at every look and without a p-value" in each for each in found.warnings)
    assert found.unfair == ()


def test_a_live_interval_finds_a_clear_difference() -> None:
    order = list(range(1, 201))
    found = one(side("a", draws(0.3, 1), order=order), stopped("b", draws(0.9, 2, 150), order=order))
    assert found.finding is Finding.BETTER
    assert "valid at every look" in found.conclusion


def test_several_live_intervals_hold_together() -> None:
    order = list(range(1, 201))
    base = side("a", draws(0.3, 1), order=order)
    pairs = [(base, stopped(name, draws(0.9, 2, 150), order=order)) for name in ("b", "c")]
    found = compare(pairs).comparisons[0]
    assert found.interval is not None
    assert found.interval.level == pytest.approx(0.975)
    assert "97.5% interval" in found.conclusion


def test_before_the_end_no_interval_holds_for_clusters() -> None:
    names = {place: f"document {place // 5}" for place in range(1, 201)}
    order = list(range(1, 201))
    old = side("a", draws(0.3, 1), order=order, clusters=names)
    found = one(old, stopped("b", draws(0.9, 2, 150), order=order, clusters=names))
    assert found.interval is None
    assert found.measured.estimate.lower is None
    assert "clusters" in found.conclusion


def test_different_inputs_and_an_early_end_give_nothing() -> None:
    found = one(side("a", draws(0.3, 1)), stopped("b", draws(0.9, 2, 150), order=[1], inputs_hash="other"))
    assert (found.finding, found.difference) == (Finding.UNKNOWN, None)
    assert "did not go to its end" in found.conclusion


def test_the_document_has_the_published_form_first() -> None:
    report = compare([(side("a", draws(0.8, 1)), side("b", draws(0.6, 2)))])
    document = report.as_json()
    assert list(document) == ["runs", "comparisons"]
    [entry] = document["comparisons"]
    assert list(entry)[:13] == [
        *("metric", "baseline", "candidate", "n", "difference", "interval", "p_value", "effect_size"),
        *("wins", "ties", "losses", "conclusion", "warnings"),
    ]
    assert entry["interval"].keys() == {"lower", "upper", "level", "method"}
    assert "adjusted_p_value" not in entry
    assert [each["run"] for each in document["runs"]] == ["a", "b"]
    assert document["runs"][1]["metrics"][0]["n"] == 200
    assert document["runs"][1]["latency_seconds"]["p95"] == 1.0
