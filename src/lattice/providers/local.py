"""``local/NAME``: a small real model in this process, without a key (extra ``local``).

llama.cpp (`xllamacpp`) loads the weights and serves OpenAI's wire format on a loopback port with a random
key; it is called through the same adapter as any other endpoint. A call that times out closes its connection,
and llama.cpp stops generating for it.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from lattice.core.errors import CallError, ErrorKind, UsageError
from lattice.core.evaluation import ProviderSettings
from lattice.core.limits import LimitKey
from lattice.core.models import AnswerSchema, Completion, ModelRequest
from lattice.providers import weights
from lattice.providers.adapter import Adapter
from lattice.providers.endpoint import Endpoint, configured_endpoint
from lattice.providers.openai import OpenAIDialect
from lattice.providers.prices import Price
from lattice.wire.session import open_session

PROVIDER = "local"
EXTRA = "xllamacpp"
NOT_INSTALLED = "local models need the extra 'local'; run: pip install 'lattice-evals[local]'"
DEFAULT_MAX_TOKENS = 512
"""Sent where the parameters do not set it: a model this small often does not find the end by itself."""

CONTEXT = 4096
"""Tokens of prompt and answer together that one call may have."""

LONGEST_TEXT = 160
MOST_ITEMS = 16
_PROMPT_CACHE_MIB = 256
_MOST_THREADS = 8
_KEY = "LOCAL_KEY"
_WAIT_POLICY = "OMP_WAIT_POLICY"
_COMPACT = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A loaded model.

    Parameters
    ----------
    server: llama.cpp's; it stops when nothing refers to it any more.
    session: for its calls alone, so that no proxy variable gets between.
    """

    server: Any
    session: aiohttp.ClientSession
    endpoint: Endpoint
    dialect: LocalDialect


class LocalServer:
    """The one loaded copy of a local model, loaded at the first call and shared by all that use it.

    Parameters
    ----------
    name: of the weights.
    environ: says where the cache is.

    Raises
    ------
    UsageError: the extra ``local`` is not installed.
    """

    def __init__(self, name: str, environ: Mapping[str, str]) -> None:
        self._llama = _import_llama()
        self.name = name
        self._environ = environ
        self._loading: asyncio.Task[Running] | None = None
        threads = min(_usable_cores(), _MOST_THREADS)
        self._threads = threads
        self._slots = 2 if threads < 4 else 4
        self.places = asyncio.Semaphore(self._slots)

    async def running(self) -> Running:
        """The loaded model; the first call loads it in a thread, and others wait for that.

        Raises
        ------
        CallError: of kind ``not_found``; it cannot be loaded.
        """
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        return await asyncio.shield(self._loading)

    async def close(self) -> None:
        """Unload the model. Calls in flight are cut off."""
        loading, self._loading = self._loading, None
        if loading is None:
            return
        try:
            running = await loading
        except CallError:
            return  # it never ran, as its callers have been told
        await running.session.close()

    async def _load(self) -> Running:
        key = secrets.token_hex(16)
        file = weights.path(self.name, self._environ)
        try:
            server, to_grammar = await asyncio.to_thread(self._start, str(file), key)
        except (RuntimeError, ValueError, OSError) as error:
            raise CallError(
                ErrorKind.NOT_FOUND,
                f"The local model {self.name!r} could not be loaded ({type(error).__name__}); "
                f"run: lattice models pull {self.name}",
            ) from None
        settings = ProviderSettings(base_url=f"{server.listening_address}/v1", api_key_env=_KEY)
        return Running(
            server=server,
            session=open_session({}),
            endpoint=configured_endpoint(PROVIDER, settings, {_KEY: key}),
            dialect=LocalDialect(to_grammar),
        )

    def _start(self, file: str, key: str) -> tuple[Any, Callable[[dict[str, Any]], str]]:
        """Load the weights and serve them; takes about half a second."""
        params = self._llama.CommonParams()
        params.model.path = file
        params.model_alias = {self.name}
        params.api_keys = [key]
        params.n_ctx = CONTEXT * self._slots
        params.n_parallel = self._slots
        params.cpuparams.n_threads = self._threads
        params.cpuparams_batch.n_threads = self._threads
        params.cache_ram_mib = _PROMPT_CACHE_MIB
        params.fit_params = False
        params.endpoint_slots = False
        params.ui = False
        params.verbosity = -1
        return self._llama.Server(params), self._llama.json_schema_to_grammar


class LocalModel:
    """A local model bound to its parameters, which llama.cpp gets as they are.

    More calls than the server has slots wait for their turn; that wait is not part of a call's timeout.

    Parameters
    ----------
    server: the loaded model, shared.
    params: such as ``max_tokens`` (512 where it is not set), ``temperature`` and ``seed``.
    """

    def __init__(
        self, server: LocalServer, params: Mapping[str, Any], price: Price | None, clock: Callable[[], float]
    ) -> None:
        self._server = server
        self._params = {"max_tokens": DEFAULT_MAX_TOKENS, **params}
        self._price = price
        self._clock = clock
        self._adapter: Adapter | None = None

    @property
    def name(self) -> str:
        return f"{PROVIDER}/{self._server.name}"

    @property
    def limit(self) -> LimitKey:
        return LimitKey(provider=PROVIDER, model=self._server.name)

    @property
    def priced(self) -> bool:
        return self._price is not None

    async def complete(self, request: ModelRequest, *, timeout: float) -> Completion:
        """Make exactly one call.

        Parameters
        ----------
        timeout: seconds, from the moment on that the call has its slot.

        Raises
        ------
        CallError: the call failed; its kind says how.
        """
        async with self._server.places:
            if self._adapter is None:
                self._adapter = self._bound(await self._server.running())
            return await self._adapter.complete(request, timeout=timeout)

    def _bound(self, running: Running) -> Adapter:
        return Adapter(
            running.session,
            running.endpoint,
            running.dialect,
            model=self._server.name,
            params=self._params,
            price=self._price,
            clock=self._clock,
        )


class LocalDialect(OpenAIDialect):
    """OpenAI's format, with the answer's schema as a grammar that the model cannot leave.

    The grammar knows no needless white space, which a small model otherwise pours out (measured: 71 tokens
    against 18 for one verdict), and bounds every text, so that the answer ends within `DEFAULT_MAX_TOKENS`.
    """

    __slots__ = ("_to_grammar",)

    def __init__(self, to_grammar: Callable[[dict[str, Any]], str]) -> None:
        self._to_grammar = to_grammar

    def structure(self, answer: AnswerSchema) -> dict[str, Any]:
        return {"grammar": self._to_grammar({**bounded(answer.schema), "x-guidance": _COMPACT})}


def bounded(schema: Mapping[str, Any]) -> dict[str, Any]:
    """`schema` with a longest length for every free text and list."""
    result = {key: _bounded(value) for key, value in schema.items()}
    if schema.get("type") == "string" and not {"enum", "const", "pattern", "format"} & schema.keys():
        result["maxLength"] = min(schema.get("maxLength", LONGEST_TEXT), LONGEST_TEXT)
    if schema.get("type") == "array":
        result["maxItems"] = min(schema.get("maxItems", MOST_ITEMS), MOST_ITEMS)
    return result


def is_available() -> bool:
    """Whether the extra ``local`` is installed."""
    return importlib.util.find_spec(EXTRA) is not None


def _bounded(value: Any) -> Any:
    if isinstance(value, Mapping):
        return bounded(value)
    if isinstance(value, (list, tuple)):
        return [_bounded(item) for item in value]
    return value


def _import_llama() -> Any:
    """The extra's module, its threads told to sleep while they wait for each other.

    OpenMP reads its policy once, from the process's environment when it is loaded; by default its threads spin.
    Where anything else needs one of the cores, a spinning pair runs many times slower (measured on 2 cores beside
    one busy process: 1,478 s against 191 s for the same work). A policy that the user has set stays.
    """
    before = os.environ.get(_WAIT_POLICY)
    os.environ[_WAIT_POLICY] = before or "passive"
    try:
        return importlib.import_module(EXTRA)
    except ImportError:
        raise UsageError(NOT_INSTALLED) from None
    finally:
        if before is None:
            del os.environ[_WAIT_POLICY]


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
