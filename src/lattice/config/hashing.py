"""When two configurations are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import orjson

from lattice.core.evaluation import Evaluation


def canonical(evaluation: Evaluation) -> dict[str, Any]:
    """The configuration as JSON data, as it is stored with a run.

    Defaults are spelled out, so that a run keeps what it was started with when a later version changes one;
    what is not set is left out. Inputs in place are left out as well (an empty list stands for them), since
    the inputs of a run have a store and a hash of their own. ``Evaluation.model_validate`` takes it back.
    """
    data = evaluation.model_dump(mode="json", by_alias=True, exclude_none=True)
    if evaluation.inputs.items is not None:
        data["inputs"]["items"] = []
    return data


def config_hash(evaluation: Evaluation, prompts: Sequence[str] = ()) -> str:
    """SHA-256 of the canonical form, as hex.

    It depends neither on the order of keys nor on whether a default was written down.

    Parameters
    ----------
    prompts: digests of the templates that the judges are asked with, built-in ones too: these are no part of the
        configuration, and a change of one makes its runs incomparable all the same.
    """
    data = canonical(evaluation)
    if prompts:
        data["prompts"] = list(prompts)
    return hashlib.sha256(_written(data)).hexdigest()


def _written(data: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # a whole number beyond 64 bits
        return json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
