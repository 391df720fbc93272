"""The bodies of requests, for the API's description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from lattice.config.schema import json_schema
from lattice.studio.api.bodies import JSON, MULTIPART

EXAMPLE: Mapping[str, Any] = {
    "name": "Support answers",
    "targets": [{"name": "Assistant", "model": "sim/assistant"}],
    "inputs": {
        "items": [
            {"id": "capital", "input": "What is the capital of Australia?", "reference": "Canberra"},
            {"id": "largest", "input": "Which planet is the largest?", "reference": "Jupiter"},
        ]
    },
    "scoring": {"judge": {"model": "sim/judge", "mode": "reference", "scale": "likert-5"}},
    "gates": ["mean > 0.5"],
}
"""An evaluation that runs without any key."""

REFERENCE = "#/components/schemas/{model}"


def body_of(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """A body of JSON that a model describes."""
    schema = {"$ref": REFERENCE.format(model=model.__name__)}
    return {"requestBody": {"required": required, "content": {JSON: {"schema": schema}}}}


def evaluation_schema() -> dict[str, Any]:
    """What an evaluation file may say; see ``lattice schema``."""
    return {"$ref": REFERENCE.format(model=EVALUATION)}


EVALUATION = "Evaluation"

_FILE = {"type": "string", "contentMediaType": "application/octet-stream"}

SUBMISSION: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            JSON: {"schema": evaluation_schema(), "example": EXAMPLE},
            MULTIPART: {
                "schema": {
                    "type": "object",
                    "required": ["evaluation"],
                    "properties": {
                        "evaluation": {**_FILE, "description": "an evaluation file: .yaml, .yml or .json"},
                        "inputs": {**_FILE, "description": "its inputs: .csv, .json, .jsonl or .parquet"},
                    },
                },
                "encoding": {
                    "evaluation": {"contentType": "application/yaml"},
                    "inputs": {"contentType": "text/csv, application/jsonl, application/json"},
                },
            },
        },
    }
}


def evaluation_components() -> dict[str, Any]:
    """The schema of an evaluation and of its parts, as components of the description."""
    whole = json_schema()
    parts = whole.pop("$defs", {})
    moved: dict[str, Any] = _with_references(
        {EVALUATION: whole, **{f"{EVALUATION}.{name}": part for name, part in parts.items()}}
    )
    return moved


def _with_references(value: Any) -> Any:
    """Parts are referred to where components stand."""
    if isinstance(value, Mapping):
        return {
            key: _moved(inner) if key == "$ref" and isinstance(inner, str) else _with_references(inner)
            for key, inner in value.items()
            if key not in ("$schema", "$id")
        }
    return [_with_references(inner) for inner in value] if isinstance(value, list) else value


def _moved(reference: str) -> str:
    return REFERENCE.format(model=f"{EVALUATION}.{reference.rpartition('/')[2]}")
