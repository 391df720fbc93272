"""Options and parameters: what they mean, and what is said about those that mean nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from lattice.core.errors import UsageError
from lattice.providers.simulated.behaviour import Behaviour, LimitHeaders, LimitScope
from lattice.providers.simulated.draws import uniforms
from lattice.providers.simulated.faults import Fault
from lattice.providers.simulated.latency import Latency, parse_latency


def test_without_options_it_answers_at_once_and_never_fails() -> None:
    assert Behaviour.from_options() == Behaviour()


def test_options_as_they_stand_on_a_command_line() -> None:
    behaviour = Behaviour.from_options(
        latency="lognormal:0.8:0.5",
        faults=["500=0.05", "hang=0.03", "malformed=0.01"],
        rpm=600,
        tpm=80_000,
        limit_headers=False,
        limit_scope="model",
        seed=7,
        quality=0.8,
    )
    assert behaviour == Behaviour(
        seed=7,
        latency=Latency(median=0.8, sigma=0.5),
        faults={Fault.SERVER_ERROR: 0.05, Fault.HANG: 0.03, Fault.MALFORMED: 0.01},
        requests_per_minute=600,
        tokens_per_minute=80_000,
        limit_headers=LimitHeaders.NONE,
        limit_scope=LimitScope.MODEL,
        quality=0.8,
    )


def test_a_fault_without_a_rate_always_happens() -> None:
    assert Behaviour.from_options(faults=["auth"]).faults == {Fault.AUTH: 1.0}


def test_parameters_of_an_evaluation_file_mean_the_same() -> None:
    params = {"latency": 0.2, "faults": {"429": 0.1}, "seed": 3, "quality": 1, "requests_per_minute": 60}
    assert Behaviour.from_params(params) == Behaviour.from_options(
        latency="0.2", faults=["429=0.1"], seed=3, quality=1.0, rpm=60
    )


@pytest.mark.parametrize(
    ("faults", "message"),
    [
        (["hnag=0.1"], "unknown fault 'hnag' (did you mean 'hang'?)"),
        (["418=0.1"], "unknown fault '418'"),
        (["hang=1.5"], "the rate of fault 'hang' must lie between 0 and 1, not 1.5"),
        (["hang=often"], "the rate of fault 'hang' must be a number, not 'often'"),
        (["hang="], "the rate of fault 'hang' must be a number"),
        (["hang=0.1", "hang=0.2"], "fault 'hang' is given twice"),
        (["500=0.1", "server_error=0.2"], "fault 'server_error' is given twice"),
        (["500=0.6", "cut=0.6"], "the rates of server_error, cut add up to more than 1"),
    ],
)
def test_a_fault_that_cannot_be_understood_is_named(faults: Sequence[str], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Behaviour.from_options(faults=faults)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("latency", ["fast", "-1", "lognormal", "lognormal:1", "lognormal:1:-2", "nan", "inf", True])
def test_a_latency_that_cannot_be_understood_shows_the_form(latency: object) -> None:
    with pytest.raises(UsageError, match="lognormal:MEDIAN:SIGMA"):
        parse_latency(latency)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"latencey": 1}, "unknown parameter 'latencey' of a simulated model (did you mean 'latency'?)"),
        ({"faults": 3}, "faults must be a mapping"),
        ({"seed": "7"}, "seed must be a whole number, not '7'"),
        ({"quality": 1.2}, "quality must lie between 0 and 1, not 1.2"),
        ({"requests_per_minute": 0}, "requests per minute must be at least 1, not 0"),
        ({"limit_headers": "some"}, "limit_headers must be 'real' or 'none', not 'some'"),
    ],
)
def test_a_parameter_that_cannot_be_understood_is_named(params: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Behaviour.from_params(params)
    assert str(caught.value).startswith(message)


def test_lognormal_latencies_have_the_median_that_was_asked_for() -> None:
    latency = Latency(median=0.8, sigma=0.5)
    seconds = sorted(latency.seconds(*uniforms(str(n).encode(), b"test")[:2]) for n in range(4001))
    assert seconds[2000] == pytest.approx(0.8, rel=0.05)
    assert seconds[-1] > 2.0


def test_the_description_tells_what_was_ordered() -> None:
    behaviour = Behaviour.from_options(latency="0.2", faults=["500=0.05"], rpm=600, seed=7)
    assert behaviour.describe() == "seed 7, latency 0.2 s, server_error 5.0%, 600 requests a minute"


def test_an_expected_key_is_not_shown() -> None:
    assert "sk-secret" not in repr(Behaviour(key="sk-secret"))
