"""Data of other tools, checked for what is needed of it; everything else in it is passed over."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from lattice.importers.records import ImportProblem


class Foreign(BaseModel):
    """Base of what is read of other tools' files: other keys are ignored, since their formats grow."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=(), populate_by_name=True)


F = TypeVar("F", bound=Foreign)


def checked(kind: type[F], data: Any, place: str) -> F:
    """`data` as a `kind`.

    Parameters
    ----------
    place: the file, and where in it the data stands.

    Raises
    ------
    ImportProblem: something that is needed is missing or of another type; the first of it is told with its place.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_context=False, include_input=False)
        further = f" (and {len(others)} more of the kind)" if others else ""
        at = within(place, first["loc"])
        raise ImportProblem(f"{at}: {_expected(first['type'], first['msg'])}{further}") from None


def within(place: str, path: tuple[str | int, ...]) -> str:
    """A place in a file, and a path from there: ``export.json: testing_criteria[2].name``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    if not text:
        return place
    joint = "." if ": " in place else ": "
    return f"{place}{'' if joint == '.' and text.startswith('[') else joint}{text}"


def _expected(kind: str, message: str) -> str:
    if kind == "missing":
        return "missing"
    return f"{message[:1].lower()}{message[1:]}".removeprefix("input should be ").join(("expected ", ""))
