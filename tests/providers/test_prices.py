from __future__ import annotations

from datetime import UTC, datetime

import pytest
from genai_prices import Usage as ListUsage
from genai_prices import calc_price
from hypothesis import given, settings
from hypothesis import strategies as st

from lattice.core.evaluation import PriceSettings, ProviderSettings
from lattice.core.models import Usage
from lattice.providers.prices import Prices, is_priced

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
LISTED = [("openai", "gpt-4o-mini"), ("anthropic", "claude-sonnet-4-5"), ("anthropic", "claude-3-5-haiku-20241022")]
TOKENS = st.integers(0, 400_000)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(LISTED), TOKENS, TOKENS, st.integers(0, 1000), st.integers(0, 1000))
def test_prices_equal_those_of_the_library(
    model: tuple[str, str], plain: int, output: int, cached: int, written: int
) -> None:
    price = Prices(now=NOW).of(*model)
    assert price is not None
    written = written if model[0] == "anthropic" else 0
    told = ListUsage(
        input_tokens=plain + cached + written,
        output_tokens=output,
        cache_read_tokens=cached,
        cache_write_tokens=written or None,
    )
    expected = calc_price(told, model[1], provider_id=model[0], genai_request_timestamp=NOW).total_price
    usage = Usage(input_tokens=plain + cached + written, output_tokens=output)
    assert price(usage, cached, written) == pytest.approx(float(expected), abs=1e-12)


def test_an_unknown_price_is_none_and_never_nothing() -> None:
    assert Prices().price("openai", "my-own-model", Usage(input_tokens=5)) is None
    assert Prices().price("somebody", "gpt-4o-mini", Usage(input_tokens=5)) is None
    assert not is_priced("openai/my-own-model", {})


@pytest.mark.parametrize("provider", ["sim", "local"])
def test_simulated_and_local_models_cost_nothing(provider: str) -> None:
    assert Prices().price(provider, "x", Usage(input_tokens=5)) == 0.0


def test_configured_prices_win_over_the_list() -> None:
    own = ProviderSettings(
        base_url="https://api.openai.com/v1", prices={"gpt-4o-mini": PriceSettings(input=1, output=2)}
    )
    prices = Prices({"mine": own})
    assert prices.price("mine", "gpt-4o-mini", Usage(input_tokens=10, output_tokens=1)) == pytest.approx(1.2e-5)
    assert is_priced("mine/gpt-4o-mini", {"mine": own})


def test_a_configured_provider_is_known_to_the_list_by_its_address() -> None:
    groq = ProviderSettings(base_url="https://api.groq.com/openai/v1")
    assert is_priced("mine/llama-3.3-70b-versatile", {"mine": groq})
    elsewhere = ProviderSettings(base_url="http://localhost:8000/v1")
    assert not is_priced("mine/llama-3.3-70b-versatile", {"mine": elsewhere})


def test_a_price_that_depends_on_the_time_of_day_is_asked_of_the_library() -> None:
    deepseek = {"mine": ProviderSettings(base_url="https://api.deepseek.com")}
    cost = Prices(deepseek).price("mine", "deepseek-chat", Usage(input_tokens=1_000_000))
    assert cost is not None
    assert cost > 0


def test_a_model_is_shown_by_its_listed_name_or_the_one_it_is_called_by() -> None:
    prices = Prices()
    assert prices.display_name("anthropic", "claude-sonnet-4-5") == "Claude Sonnet 4.5"
    assert prices.display_name("openai", "my-own-model") == "my-own-model"
    assert prices.display_name("sim", "assistant") == "assistant"
    assert prices.display_name("local", "smollm2") == "SmolLM2-135M-Instruct"
