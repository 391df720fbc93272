"""What an evaluation that came over a network may not name: code, files, variables and addresses of this machine.

Whoever may send an evaluation may spend this machine's money on the models that it has keys for. They may neither
run code here, nor read its files, nor have its keys sent to an address of their choice. So these come from files on
this machine alone, and there are no exceptions to it: an endpoint is refused even where a file configures the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lattice.config.places import Findings, KeyPath
from lattice.wire.variables import names_in

FROM_A_FILE = "put it into an evaluation file on the machine that runs it, and add it there with 'lattice add FILE'"

_CODE = "a Python function cannot be named over the network"
_ENDPOINT = "an HTTP endpoint cannot be named over the network"
_PROVIDERS = "endpoints of one's own cannot be configured over the network"
_VARIABLE = "a variable of the environment cannot be named over the network"
_PATH = "a file of this machine cannot be named over the network"
_UPLOAD = "give inputs.items, or upload the inputs with the evaluation file"

LIBRARY_PARAMS = frozenset(
    {
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "modalities",
        "n",
        "parallel_tool_calls",
        "presence_penalty",
        "reasoning_effort",
        "response_format",
        "seed",
        "service_tier",
        "stop",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_logprobs",
        "top_p",
        "verbosity",
    }
)
"""Parameters of ``litellm/…`` models that say how a model answers; others say who is called, and as whom."""

_LIBRARY = "litellm/"


def check_trust(data: Mapping[str, Any], findings: Findings) -> None:
    """Note everything in a configuration that only a file on this machine may say; its inputs in place are data."""
    refused = [*_of_targets(data), *_of_checks(data), *_of_the_whole(data)]
    for path, message, hint in refused:
        findings.add(path, message, hint)
    for path, model in _models(data):
        for inner, message in _of_library(model):
            findings.add((*path, *inner), message, FROM_A_FILE)
    below = tuple(path for path, _, _ in refused)
    for path, text in _texts((), data):
        if names_in(text) and not any(path[: len(each)] == each for each in below):
            findings.add(path, f"{_VARIABLE}: ${{{names_in(text)[0]}}}", FROM_A_FILE)


_Refused = tuple[KeyPath, str, str]


def _of_targets(data: Mapping[str, Any]) -> Iterator[_Refused]:
    for index, target in _entries(data.get("targets")):
        if target.get("python") is not None:
            yield ("targets", index, "python"), _CODE, FROM_A_FILE
        if target.get("http") is not None:
            yield ("targets", index, "http"), _ENDPOINT, FROM_A_FILE


def _of_checks(data: Mapping[str, Any]) -> Iterator[_Refused]:
    for index, check in _entries(data.get("checks")):
        if check.get("python") is not None:
            yield ("checks", index, "python"), _CODE, FROM_A_FILE
    if isinstance(scoring := data.get("scoring"), Mapping) and scoring.get("python") is not None:
        yield ("scoring", "python"), _CODE, FROM_A_FILE


def _of_the_whole(data: Mapping[str, Any]) -> Iterator[_Refused]:
    if data.get("providers"):
        yield ("providers",), _PROVIDERS, FROM_A_FILE
    if isinstance(inputs := data.get("inputs"), Mapping) and inputs.get("path") is not None:
        yield ("inputs", "path"), _PATH, _UPLOAD


def _models(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, Mapping[str, Any]]]:
    """Everything that names a model: targets and judges."""
    for index, target in _entries(data.get("targets")):
        yield ("targets", index), target
    if isinstance(scoring := data.get("scoring"), Mapping):
        if isinstance(judge := scoring.get("judge"), Mapping):
            yield ("scoring", "judge"), judge
        for index, judge in _entries(scoring.get("judges")):
            yield ("scoring", "judges", index), judge


def _of_library(model: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """What would make the library of providers call an address, or read a file, of the sender's choice."""
    name, params = model.get("model"), model.get("params")
    if not isinstance(name, str) or not name.startswith(_LIBRARY):
        return
    if "://" in name:
        yield ("model",), _ENDPOINT
    for param in params if isinstance(params, Mapping) else ():
        if param not in LIBRARY_PARAMS:
            yield ("params", param), f"{param!r} cannot be set over the network for {_LIBRARY}… models"


def _entries(value: Any) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for index, entry in enumerate(value if isinstance(value, (list, tuple)) else ()):
        if isinstance(entry, Mapping):
            yield index, entry


def _texts(path: KeyPath, value: Any) -> Iterator[tuple[KeyPath, str]]:
    if path == ("inputs", "items"):
        return
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _texts((*path, key), inner)
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _texts((*path, index), inner)
