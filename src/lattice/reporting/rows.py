"""One result as JSON data, for exports and the API alike."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import orjson

from lattice.core.models import Usage
from lattice.store.records import ResultRow

_SURROGATES = re.compile("[\ud800-\udfff]")


def result_json(row: ResultRow) -> dict[str, Any]:
    """Everything that is known of one trial; None where there is nothing, never 0 in its place.

    ``position`` is the input's place in its file, ``repeat`` counts from 1; ``judge_answer`` is what the judge's model
    wrote, as it came; ``retrieved`` are the passages that the target itself found.
    """
    given, response = row.input, row.response
    messages = given.input
    return {
        "position": row.key.position,
        "id": given.id,
        "target": row.target,
        "repeat": row.key.repeat + 1,
        "status": row.status.value,
        "score": row.score,
        "native": row.native,
        "metrics": {name: {"score": each.score, "native": each.native} for name, each in row.metrics.items()},
        "reasoning": row.reasoning,
        "judge_answer": row.raw or None,
        "error": _error(row),
        "attempts": row.attempts,
        "latency_seconds": row.latency,
        "judge_latency_seconds": row.judge_latency,
        "duration_seconds": row.duration,
        "usage": {"target": _tokens(row.target_usage), "judge": _tokens(row.judge_usage)},
        "cost_usd": {"target": row.target_cost, "judge": row.judge_cost, "total": row.cost},
        "input": messages if isinstance(messages, str) else [{"role": m.role, "content": m.content} for m in messages],
        "reference": given.reference,
        "context": list(given.context),
        "metadata": dict(given.metadata),
        "cluster": given.cluster,
        "response": response.text if response else None,
        "model": response.model if response else None,
        "finish_reason": response.finish_reason if response else None,
        "tool_calls": [{"name": call.name, "arguments": call.arguments} for call in response.tool_calls]
        if response
        else [],
        "retrieved": None if response is None or response.context is None else list(response.context),
        "annotation": {"score": row.annotation.score, "note": row.annotation.note} if row.annotation else None,
    }


def encode(data: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8, which cannot hold lone surrogates: they become ``�``. NaN and infinities become null."""
    try:
        return orjson.dumps(data, default=str)
    except TypeError:
        text = json.dumps(data, default=str, ensure_ascii=False, separators=(",", ":"))
        return _SURROGATES.sub("\ufffd", text).encode()


def _error(row: ResultRow) -> dict[str, str] | None:
    failure = row.failure
    if failure is None:
        return None
    return {"step": failure.step.value, "kind": failure.kind.value, "message": failure.message}


def _tokens(usage: Usage) -> dict[str, int]:
    return {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
