"""What a call costs, from a maintained price list (`genai-prices`), or as the evaluation file says.

The list is looked into once per model; what comes out is a closure over two rates, since the library needs
some 40 times as long as the call that is to be priced.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lattice.core.evaluation import PriceSettings, ProviderSettings
from lattice.core.models import Usage
from lattice.providers import litellm_library
from lattice.providers.weights import WEIGHTS

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot

Price = Callable[[Usage, int, int], float]
"""USD for ``(usage, cached, written)``: tokens, and how many of the input's were read from and written to a
cache.
"""

FREE_PROVIDERS = frozenset({"sim", "local"})
LISTED_PROVIDERS = frozenset({"openai", "anthropic"})

_NAMES_IN_LIST = {"bedrock": "aws", "gemini": "google", "vertex_ai": "google", "xai": "x-ai"}
"""Providers that the list calls by another name than `litellm` does."""

_PER_MILLION = 1e-6
_RATES = ("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok")
_PER_CALL = ("requests_kcount",)


class Prices:
    """Prices and names of models.

    Parameters
    ----------
    providers: the evaluation's own; their prices win over the list's.
    now: for prices that change on a date.
    """

    def __init__(self, providers: Mapping[str, ProviderSettings] | None = None, *, now: datetime | None = None) -> None:
        self._providers = dict(providers or {})
        self._now = now or datetime.now(UTC)
        self._known: dict[tuple[str, str], Price | None] = {}

    def of(self, provider: str, model: str) -> Price | None:
        """The price of a model, None if it is unknown. Simulated and local models cost nothing."""
        key = (provider, model)
        if key not in self._known:
            self._known[key] = self._find(provider, model)
        return self._known[key]

    def price(self, provider: str, model: str, usage: Usage) -> float | None:
        """USD for `usage`, None if the price is unknown."""
        price = self.of(provider, model)
        return price(usage, 0, 0) if price is not None else None

    def display_name(self, provider: str, model: str) -> str:
        """The model's name in the price list, or the name it is called by."""
        if provider not in self._providers and (weights := WEIGHTS.get(model)) and provider == "local":
            return weights.title
        listed = self._listed(provider, model)
        return (listed[1].name if listed else None) or model

    def _find(self, provider: str, model: str) -> Price | None:
        settings = self._providers.get(provider)
        if settings is not None and (own := settings.prices.get(model)) is not None:
            return _configured(own)
        if settings is None and provider in FREE_PROVIDERS:
            return _free
        listed = self._listed(provider, model)
        if listed is not None:
            return _from_list(*listed, self._now)
        if settings is None and provider == litellm_library.PROVIDER:
            return litellm_library.library_price(model)
        return None

    def _listed(self, provider: str, model: str) -> tuple[Any, Any] | None:
        """Provider and model as the list has them: the built-in ones by name, configured ones by their
        address.
        """
        settings = self._providers.get(provider)
        if settings is None and provider == litellm_library.PROVIDER:
            provider, _, model = model.partition("/")
            provider = _NAMES_IN_LIST.get(provider, provider)
        elif settings is None and provider not in LISTED_PROVIDERS:
            return None
        name, url = (provider, None) if settings is None else (None, settings.base_url)
        try:
            return load_price_list().find_provider_model(model, None, name, url)
        except LookupError:
            return None


def load_price_list() -> DataSnapshot:
    """The price list; the first call in a process reads it, which takes 0.2 s."""
    from genai_prices.data_snapshot import get_snapshot  # heavy

    return get_snapshot()


def is_priced(spec: str, providers: Mapping[str, ProviderSettings]) -> bool:
    """Whether the price of ``provider/model`` is known."""
    provider, _, model = spec.partition("/")
    return Prices(providers).of(provider, model) is not None


def _free(usage: Usage, cached: int, written: int) -> float:
    return 0.0


def _configured(settings: PriceSettings) -> Price:
    rate = settings.input * _PER_MILLION
    return _linear(rate, settings.output * _PER_MILLION, rate, rate)


def _linear(input_rate: float, output_rate: float, cached_rate: float, written_rate: float) -> Price:
    def price(usage: Usage, cached: int, written: int) -> float:
        plain = usage.input_tokens - cached - written
        return plain * input_rate + cached * cached_rate + written * written_rate + usage.output_tokens * output_rate

    return price


def _from_list(provider: Any, model: Any, now: datetime) -> Price:
    """Plain rates below the first tier; the library itself above it, for times of day and for prices per
    call.
    """
    prices = model.get_prices(now)
    rates = [getattr(prices, name) for name in _RATES]
    exact = _by_library(provider, model)
    by_the_clock = isinstance(model.prices, list) and any(
        hasattr(price.constraint, "start_time") for price in model.prices
    )
    if by_the_clock or None in rates[:2] or any(getattr(prices, name) is not None for name in _PER_CALL):
        return exact
    numbers = [float(getattr(rate, "base", rate)) * _PER_MILLION for rate in _filled(rates)]
    starts = [tier.start for rate in rates for tier in getattr(rate, "tiers", ())]
    simple = _linear(*numbers)
    if not starts:
        return simple
    first_tier = min(starts)
    return lambda usage, cached, written: (simple if usage.input_tokens <= first_tier else exact)(
        usage, cached, written
    )


def _filled(rates: list[Any]) -> list[Any]:
    """Cached tokens without a rate of their own cost what input costs."""
    return [rates[0] if rate is None else rate for rate in rates]


def _by_library(provider: Any, model: Any) -> Price:
    from genai_prices import Usage as ListUsage  # heavy: 0.2 s

    def price(usage: Usage, cached: int, written: int) -> float:
        told = ListUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            cache_read_tokens=cached or None,
            cache_write_tokens=written or None,
        )
        return float(model.calc_price(told, provider).total_price)

    return price
