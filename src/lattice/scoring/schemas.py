"""A response checked against a JSON schema, without ever fetching one or hanging on one of its patterns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema
import orjson
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import extend, validator_for
from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]  # ships no types
from referencing.exceptions import Unresolvable

from lattice.scoring.patterns import SECONDS, Pattern

_LONGEST = 2_000_000


class JsonSchema:
    """One compiled schema.

    Raises
    ------
    ValueError: it is no JSON schema; the message says what is wrong with it.
    """

    __slots__ = ("_validator",)

    def __init__(self, schema: dict[str, Any]) -> None:
        draft = validator_for(schema, default=jsonschema.Draft202012Validator)
        try:
            draft.check_schema(schema)
        except SchemaError as error:
            raise ValueError(f"not a JSON schema: {error.message}") from None
        patterns = cache(Pattern)

        def pattern(_: Any, text: str, instance: Any, __: Any) -> Iterator[ValidationError]:
            if isinstance(instance, str) and not patterns(text).is_found(instance):
                yield ValidationError("does not match its pattern")

        def pattern_properties(
            validator: Any, properties: Mapping[str, Any], instance: Any, _: Any
        ) -> Iterator[ValidationError]:
            if not isinstance(instance, dict):
                return
            for text, subschema in properties.items():
                for name, value in instance.items():
                    if patterns(text).is_found(name):
                        yield from validator.descend(value, subschema, path=name, schema_path=text)

        bounded: Any = extend(  # type: ignore[no-untyped-call]  # its stubs leave it so
            draft, {"pattern": pattern, "patternProperties": pattern_properties}
        )
        self._validator = bounded(schema, registry=REGISTRY)

    def accepts(self, text: str) -> bool:
        """Whether a text is JSON that the schema accepts.

        Raises
        ------
        ValueError: that cannot be told: it is too long or too deep, a pattern takes too long, or the schema refers
            to another one that is not in it.
        """
        if len(text) > _LONGEST:
            raise ValueError(f"it is longer than {_LONGEST:,} characters")
        try:
            instance = orjson.loads(text)
        except orjson.JSONDecodeError:
            return False
        try:
            return bool(self._validator.is_valid(instance))
        except RecursionError:
            raise ValueError("its JSON is nested too deeply") from None
        except TimeoutError:
            raise ValueError(f"a pattern of the schema took longer than {SECONDS:g}s") from None
        except Unresolvable as error:
            raise ValueError(f"the schema refers to {error.ref!r}, which is not in it") from None
