"""The JSON schema of evaluation files, for editors."""

from __future__ import annotations

from typing import Any

from lattice.core.evaluation import Evaluation


def json_schema() -> dict[str, Any]:
    """JSON schema, draft 2020-12, of everything an evaluation file may contain in this version."""
    schema = Evaluation.model_json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_cleaned(schema),
        "title": "Lattice evaluation",
    }


def _cleaned(schema: Any) -> Any:
    """Without the titles that only repeat the key, which editors show instead of the description."""
    if isinstance(schema, dict):
        return {
            key: {name: _cleaned(inner) for name, inner in value.items()}
            if key in ("properties", "$defs")
            # Data, not schemas.
            else value
            if key in ("default", "examples", "enum", "required")
            else _cleaned(value)
            for key, value in schema.items()
            if key != "title"
        }
    return [_cleaned(inner) for inner in schema] if isinstance(schema, list) else schema
