from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from lattice.core.errors import UsageError
from lattice.core.evaluation import ProviderSettings
from lattice.core.models import Model
from lattice.providers import ModelFactory
from lattice.wire.session import open_session

KEYS = {"OPENAI_API_KEY": "sk-one", "ANTHROPIC_API_KEY": "sk-two"}


def built(
    spec: str,
    params: Mapping[str, object] | None = None,
    environ: Mapping[str, str] = KEYS,
    providers: Mapping[str, ProviderSettings] | None = None,
) -> Model:
    async def main() -> Model:
        async with open_session({}) as session, ModelFactory(session, providers or {}, environ) as models:
            return models.model(spec, params or {})

    return asyncio.run(main())


def refused(spec: str, params: Mapping[str, object] | None = None, environ: Mapping[str, str] = KEYS) -> str:
    with pytest.raises(UsageError) as caught:
        built(spec, params, environ)
    return str(caught.value)


@pytest.mark.parametrize("spec", ["openai/gpt-4o-mini", "anthropic/claude-sonnet-4-5", "sim/assistant"])
def test_built_in_providers(spec: str) -> None:
    model = built(spec)
    assert model.name == spec
    assert model.priced
    assert f"{model.limit.provider}/{model.limit.model}" == spec


def test_an_unknown_model_is_unpriced() -> None:
    assert not built("openai/my-own-model").priced


def test_the_limit_tells_accounts_apart_without_telling_the_key() -> None:
    one = built("openai/gpt-4o-mini").limit
    same = built("openai/gpt-4o-mini").limit
    other_key = built("openai/gpt-4o-mini", environ={"OPENAI_API_KEY": "sk-other"}).limit
    other_place = built("openai/gpt-4o-mini", environ={**KEYS, "OPENAI_BASE_URL": "http://localhost:1"}).limit
    assert one == same
    assert len({one, other_key, other_place}) == 3
    assert "sk-one" not in repr(one)


def test_an_unknown_provider_is_refused() -> None:
    assert "unknown provider 'opnai'" in refused("opnai/gpt-4o-mini")


def test_a_missing_key_names_its_variable() -> None:
    assert "OPENAI_API_KEY is not set" in refused("openai/gpt-4o-mini", environ={})


def test_a_configured_provider_takes_the_place_of_a_built_in_one() -> None:
    own = {"openai": ProviderSettings(base_url="http://localhost:8000/v1")}
    assert built("openai/llama", environ={}, providers=own).name == "openai/llama"


@pytest.mark.parametrize("params", [{"stream": True}, {"messages": []}, {"model": "x"}, {"when": object()}])
def test_parameters_that_would_break_a_call_are_refused(params: Mapping[str, object]) -> None:
    assert "params" in refused("openai/gpt-4o-mini", params)


def test_an_unknown_local_model_is_refused_with_those_there_are() -> None:
    assert "smollm2" in refused("local/llama-405b")
