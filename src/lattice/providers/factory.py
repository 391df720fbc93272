"""Gives models by their names, on one session."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

import aiohttp

from lattice.core.errors import UsageError
from lattice.core.evaluation import ProviderSettings
from lattice.core.models import Model
from lattice.providers import litellm_library, local, weights
from lattice.providers.adapter import Adapter
from lattice.providers.anthropic import AnthropicDialect
from lattice.providers.checks import library_parameter_problems, parameter_problems, unknown_provider
from lattice.providers.dialect import Dialect
from lattice.providers.endpoint import Endpoint, Protocol, builtin_endpoint, configured_endpoint
from lattice.providers.litellm_models import LibraryModel
from lattice.providers.openai import OpenAIDialect
from lattice.providers.prices import Prices
from lattice.providers.simulated.model import SimulatedModel

DIALECTS: Mapping[Protocol, Dialect] = {"openai": OpenAIDialect(), "anthropic": AnthropicDialect()}


class ModelFactory:
    """Builds models; as an asynchronous context it unloads local ones at its end.

    ``openai``, ``anthropic``, ``litellm``, ``local`` and ``sim`` are built in; a configured provider of the same name
    takes the place of a built-in one.

    Parameters
    ----------
    session: for all calls; stays the caller's to close.
    providers: the evaluation's own.
    environ: keys and base URLs.
    clock: seconds since 1970, for headers that name a date.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        providers: Mapping[str, ProviderSettings],
        environ: Mapping[str, str],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._session = session
        self._providers = dict(providers)
        self._environ = environ
        self._clock = clock
        self._prices = Prices(providers)
        self._endpoints: dict[str, Endpoint] = {}
        self._local: dict[str, local.LocalServer] = {}
        self._uses_library = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Unload local models and close the library's connections."""
        for server in self._local.values():
            await server.close()
        self._local.clear()
        if self._uses_library:
            self._uses_library = False
            await litellm_library.close_connections()

    def model(self, spec: str, params: Mapping[str, Any]) -> Model:
        """The model that ``provider/model`` names, bound to its parameters.

        Raises
        ------
        UsageError: an unknown provider or model, a missing variable, or a parameter that cannot be sent.
        """
        provider, _, name = spec.partition("/")
        if provider in self._providers or provider in DIALECTS:
            return self._remote(provider, name, params)
        if provider == "sim":
            return SimulatedModel(spec, params)
        if provider == local.PROVIDER:
            return self._local_model(name, params)
        if provider == litellm_library.PROVIDER:
            return self._library_model(name, params)
        raise UsageError(str(unknown_provider(spec, self._providers)))

    def _remote(self, provider: str, name: str, params: Mapping[str, Any]) -> Model:
        endpoint = self._endpoint(provider)
        if problems := parameter_problems(endpoint.protocol, params):
            raise UsageError(str(problems[0]))
        return Adapter(
            self._session,
            endpoint,
            DIALECTS[endpoint.protocol],
            model=name,
            params=params,
            price=self._prices.of(provider, name),
            clock=self._clock,
        )

    def _endpoint(self, provider: str) -> Endpoint:
        if provider not in self._endpoints:
            settings = self._providers.get(provider)
            if settings is not None:
                self._endpoints[provider] = configured_endpoint(provider, settings, self._environ)
            else:
                protocol: Protocol = "anthropic" if provider == "anthropic" else "openai"
                self._endpoints[provider] = builtin_endpoint(protocol, self._environ)
        return self._endpoints[provider]

    def _local_model(self, name: str, params: Mapping[str, Any]) -> Model:
        if problems := parameter_problems("openai", params):
            raise UsageError(str(problems[0]))
        weights.path(name, self._environ)
        if name not in self._local:
            self._local[name] = local.LocalServer(name, self._environ)
        server = self._local[name]
        return local.LocalModel(server, params, self._prices.of(local.PROVIDER, name), self._clock)

    def _library_model(self, name: str, params: Mapping[str, Any]) -> Model:
        if problems := library_parameter_problems(params):
            raise UsageError(str(problems[0]))
        access = litellm_library.access(name, params, self._environ)
        self._uses_library = True
        price = self._prices.of(litellm_library.PROVIDER, name)
        return LibraryModel(access, model=name, params=params, price=price, clock=self._clock)
