"""The numbers of what is computed: checks, methods, and targets that are no models."""

from __future__ import annotations

from typing import Any

import pytest
from tests.reporting.run_records import NOW, run, score_row

from lattice.core.evaluation import Evaluation
from lattice.core.models import Usage
from lattice.core.runs import RunStatus
from lattice.gates import Verdict
from lattice.reporting.estimate import allowance_of
from lattice.reporting.figures import Summary
from lattice.reporting.gating import decide_gates, names_of
from lattice.reporting.metrics import metric_forms
from lattice.reporting.summary import Session, spending_of, summarise
from lattice.reporting.view import ErrorLog, Moment, RunView, Terms, view_of
from lattice.reporting.words.progress import mean_text
from lattice.store.records import ScoreRow

ENDPOINT = {"name": "Stack", "http": {"url": "https://rag.example.com/ask"}}
FUNCTION = {"name": "Mine", "python": "rag:answer"}
MODEL = {"name": "Model", "model": "sim/a"}
CITES = {"name": "cites", "regex": "x"}


def evaluation(**parts: Any) -> Evaluation:
    return Evaluation.model_validate({"name": "A", "targets": [MODEL], "inputs": {"items": ["Q"]}, **parts})


def row(position: int, **metrics: tuple[float, float | None]) -> ScoreRow:
    return score_row(position, 1, names=("x",))._replace(metrics=metrics)


def summary(configured: Evaluation, rows: list[ScoreRow], **session: Any) -> Summary:
    return summarise(rows, configured, Session(total=len(rows), **session))


def test_what_passes_or_fails_has_the_wilson_interval_and_a_pass_rate() -> None:
    configured = evaluation(scoring={"exact_match": True}, gates=["pass_rate > 0.5", "mean >= 0.75"])
    found = summary(configured, [row(n, score=(float(n % 4 > 0), None)) for n in range(1, 21)])
    score = found.metric()
    assert score.interval is not None
    assert (score.mean, score.native_mean, score.interval.method) == (0.75, None, "wilson")
    assert (score.pass_rate, score.pass_condition) == (0.75, None)
    assert [(level.value, level.count) for level in score.distribution] == [(0, 5), (1, 15)]
    verdicts = [gate.verdict for gate in decide_gates(configured, found, RunStatus.COMPLETED)]
    assert verdicts == [Verdict.PASS, Verdict.PASS]
    assert Summary.from_json(found.as_json()) == found


def test_what_lies_between_has_another_interval_and_no_levels() -> None:
    found = summary(evaluation(scoring={"similarity": True}), [row(n, score=(n / 20, None)) for n in range(1, 21)])
    score = found.metric()
    assert score.interval is not None
    assert (score.interval.method, score.distribution, score.pass_rate) == ("adjusted_t", (), None)


@pytest.mark.parametrize(("last", "method", "rate"), [(0.0, "wilson", 0.75), (0.5, "adjusted_t", None)])
def test_a_function_passes_or_fails_if_all_of_its_scores_do(last: float, method: str, rate: float | None) -> None:
    configured = evaluation(checks=[{"name": "own", "python": "a:b"}])
    scores = [1.0, 1.0, 1.0, last]
    own = summary(configured, [row(n, own=(score, None)) for n, score in enumerate(scores, start=1)]).metric("own")
    assert own.interval is not None
    assert (own.interval.method, own.pass_rate) == (method, rate)


def test_a_missing_check_is_counted_and_fails_nothing() -> None:
    configured = evaluation(scoring={"judge": {"model": "sim/j"}}, checks=[CITES], gates=["cites.mean > 0.9"])
    both = {"score": (0.75, 4.0), "cites": (1.0, None)}
    rows = [row(n, **both) for n in range(1, 19)] + [row(n, score=(0.75, 4.0)) for n in (19, 20)]
    found = summary(configured, rows)
    assert (found.progress.successful, found.progress.failed) == (20, 0)
    cites, score = found.metric("cites"), found.metric()
    assert (cites.n, cites.ended, cites.unscored) == (18, 20, 2)
    assert (score.n, score.unscored, score.lowest) == (20, 0, None)
    assert cites.lowest is not None
    assert cites.lowest.mean == 0.9
    (gate,) = decide_gates(configured, found, RunStatus.COMPLETED)
    assert gate.verdict is Verdict.INCONCLUSIVE
    assert "2 of 20 ended trials have no score" in gate.reason


def test_conditions_know_which_metrics_have_a_scale_and_a_pass_rate() -> None:
    judge = {"model": "sim/j", "pass": ">= 4", "criteria": [{"name": "tone"}]}
    checks = [CITES, {"name": "close", "similarity": True}, {"name": "own", "python": "a:b"}]
    names = names_of(evaluation(scoring={"judge": judge}, checks=checks))
    assert names.metrics == ("score", "tone", "cites", "close", "own")
    assert names.native == {"score", "tone"}
    assert names.passing == {"score", "cites", "own"}
    assert metric_forms(evaluation(type="operational")) == ()


def test_with_checks_alone_the_live_interval_is_the_first_ones() -> None:
    configured = evaluation(checks=[CITES, {"name": "close", "similarity": True}])
    look = {"n": 2, "mean": 0.5, "lower": 0.1, "upper": 0.9, "level": 0.95, "method": "betting"}
    rows = [row(n, cites=(1.0, None), close=(0.5, None)) for n in (1, 2)]
    found = summary(configured, rows, live_intervals={"Model": look})
    assert found.metric("cites").interval is not None
    assert found.metric("close").interval is None


def live(**unpriced: int) -> dict[str, Any]:
    return {
        "usage": {"target": [10, 5], "judge": [0, 0]},
        "cost_usd": {"target": 0.0, "judge": 0.0},
        "targets": [{"unpriced": count} for count in unpriced.values()],
    }


@pytest.mark.parametrize(
    ("unpriced", "cost", "names"),
    [(0, 0.0, ()), (3, None, ("Mine",))],
)
def test_what_a_function_does_not_tell_is_unknown_and_never_nothing(
    unpriced: int, cost: float | None, names: tuple[str, ...]
) -> None:
    spending = spending_of(live(first=unpriced), evaluation(targets=[FUNCTION], type="operational"))
    assert (spending.cost_usd, spending.unpriced_models) == (cost, names)
    assert (spending.target.usage.total_tokens, spending.judge.cost_usd) == (15, 0.0)


def test_a_target_whose_cost_is_unknown_has_none_and_the_others_have() -> None:
    configured = evaluation(targets=[ENDPOINT, MODEL], checks=[CITES])
    rows = [score_row(1, 1, target=0, cost=None), score_row(1, 1, target=1, cost=0.25)]
    found = summary(configured, rows, spending=spending_of(live(first=1, second=0), configured, ["Stack"]))
    assert [target.cost_usd for target in found.targets] == [None, 0.25]


def test_how_quick_and_how_reliable_a_target_was() -> None:
    slow = row(1)._replace(latency=1.0, duration=3.5, judge_latency=0.5, target_usage=Usage(input_tokens=7))
    resumed = row(2)._replace(latency=2.0, duration=0.1)
    failed = score_row(3, latency=None)
    (target,) = summary(evaluation(type="operational"), [slow, resumed, failed]).targets
    assert target.latency is not None
    assert target.time_to_respond is not None
    assert (target.latency.p50, target.time_to_respond.p50) == (1.5, 2.5)
    assert (target.kinds, target.usage.input_tokens) == ({"timeout": 1}, 7)


def view(headline: str | None, tally: dict[str, Any], **terms: Any) -> RunView:
    live = {"targets": [{"done": 4, "failed": 0, **tally}], "usage": {}, "cost_usd": {"target": 0.0, "judge": 0.0}}
    known = Terms(targets=("Model",), max_concurrent=10, headline=headline, **terms)
    return view_of(run(RunStatus.RUNNING, live=live), known, ErrorLog(("Model",)), Moment(now=NOW))


def test_while_it_runs_the_first_metric_is_shown_by_its_name() -> None:
    cites = {"metrics": {"cites": {"n": 4, "sum": 3.0, "counts": None}}, "interval": None}
    (mean,) = view("cites", cites).means
    assert (mean.metric, mean.mean) == ("cites", 0.75)
    assert mean_text(mean) == "cites so far: 0.75 (n = 4 of 4)"
    (score,) = view("score", {"metrics": {"score": {"n": 4, "sum": 3.0}}, "interval": None}).means
    assert mean_text(score) == "Mean so far: 0.75 (n = 4 of 4)"
    assert view(None, {"metrics": {}, "interval": None}).means == ()


def test_while_it_runs_a_cost_that_is_not_told_is_unknown() -> None:
    nothing: dict[str, Any] = {"metrics": {}, "interval": None}
    assert (view(None, nothing).cost_usd, view(None, nothing).unpriced) == (0.0, False)
    untold = view(None, {**nothing, "unpriced": 2})
    assert (untold.cost_usd, untold.unpriced) == (None, True)


@pytest.mark.parametrize(
    ("targets", "scoring", "per_second"),
    [
        ([MODEL], {"judge": {"model": "sim/j"}}, 0.5),
        ([MODEL], {"regex": "x"}, 1.0),
        ([ENDPOINT, FUNCTION], {"judge": {"model": "sim/j"}}, 1.0),
        ([ENDPOINT, {**ENDPOINT, "name": "Again"}], {"regex": "x"}, 1.0),
    ],
)
def test_a_limit_holds_for_what_shares_it(targets: list[Any], scoring: Any, per_second: float) -> None:
    configured = evaluation(targets=targets, scoring=scoring, run={"limits": {"requests_per_minute": 60}})
    assert allowance_of(configured) == per_second
