"""Tests: in place, in CSV, JSON, JSON lines and YAML files, with what all of them share."""

from __future__ import annotations

import csv
import io
import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any

import yaml

from lattice.importers.folders import SCHEME, Folder, Outside
from lattice.importers.naming import word_set
from lattice.importers.records import ImportProblem, Notes, quoted
from lattice.wire.yaml_dialect import YamlLoader

MOST_CASES = 100_000
_TRANSFORMING = frozenset({"transform", "contextTransform", "rubricPrompt", "config"})
_TEXTS = frozenset({".txt", ".md", ".json", ".yaml", ".yml", ".html", ".csv"})
_CARRIED = frozenset({"vars", "assert", "description", "metadata", "options"})
_EXPECTED = re.compile(
    r"^(?P<negated>not-)?(?P<type>[a-z][a-z0-9-]*?)(?:\((?P<threshold>\d+(?:\.\d+)?)\))?(?::(?P<value>.*))?$", re.DOTALL
)
_TYPES_IN_CELLS = word_set(
    "equals contains icontains contains-any contains-all icontains-any icontains-all regex starts-with is-json "
    "contains-json llm-rubric factuality model-graded-closedqa similar levenshtein javascript python latency cost "
    "rouge-n answer-relevance g-eval select-best"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """One assertion, without the ``not-`` before its type."""

    type: str
    place: str
    value: Any = None
    negated: bool = False
    weight: float = 1.0
    threshold: float | None = None
    provider: Any = None
    metric: str | None = None

    @property
    def what(self) -> str:
        """For people: its type, and its value where that is short."""
        full = f"{'not-' if self.negated else ''}{self.type}"
        return f"{full} {quoted(self.value)}" if isinstance(self.value, str) and self.value else full


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test, with the variables that all share in it."""

    place: str
    vars: Mapping[str, Any]
    own: tuple[Assertion, ...] = ()
    description: str | None = None
    metadata: Mapping[str, Any] | None = None


class Cases:
    """Reads tests.

    Parameters
    ----------
    templates: assertions that ``$ref`` names.
    """

    def __init__(self, folder: Folder, templates: Mapping[str, Any], notes: Notes) -> None:
        self._folder = folder
        self._templates = templates
        self._notes = notes

    def shared(self, given: Any) -> Mapping[str, Any]:
        """``defaultTest``, in place or in a file."""
        if isinstance(given, str):
            rows = list(self._file(given, "defaultTest"))
            given = rows[0][1] if rows else {}
        return given if isinstance(given, dict) else {}

    def assertions(self, given: Any, place: str) -> tuple[Assertion, ...]:
        """What stands under ``assert``."""
        listed = given if isinstance(given, list) else []
        return tuple(self._assertions(listed, place))

    def cases(self, given: Any, default: Mapping[str, Any]) -> list[Case]:
        """Every test, those with lists of values as one test per value."""
        shared = default.get("vars")
        found = (
            each
            for place, row in self._rows(given, "tests")
            for each in self._expanded(self._case(row, place, shared if isinstance(shared, dict) else {}), row)
        )
        cases = list(itertools.islice(found, MOST_CASES + 1))
        if len(cases) > MOST_CASES:
            raise ImportProblem(f"tests: more than {MOST_CASES:,} of them; lists of values multiply")
        return cases

    def scenarios(self, given: Any, default: Mapping[str, Any]) -> list[Case]:
        """Tests that are repeated for each of several sets of variables."""
        shared = default.get("vars")
        found: list[Case] = []
        for number, scenario in enumerate(given if isinstance(given, list) else []):
            place = f"scenarios[{number}]"
            if not isinstance(scenario, dict):
                self._notes.left(place, "", "expected a mapping with config and tests")
                continue
            for _, config in self._rows(scenario.get("config"), f"{place}.config"):
                known = {**(shared if isinstance(shared, dict) else {}), **_mapping(config.get("vars"))}
                for where, row in self._rows(scenario.get("tests") or [{}], f"{place}.tests"):
                    case = self._case(row, where, known)
                    own = (*self.assertions(config.get("assert"), f"{place}.config.assert"), *case.own)
                    found += self._expanded(replace(case, own=own), row)
                    if len(found) > MOST_CASES:
                        raise ImportProblem(f"{place}: more than {MOST_CASES:,} tests")
        return found

    # -- rows

    def _rows(self, given: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(given, str):
            yield from self._file(given, place)
        elif isinstance(given, list):
            for index, row in enumerate(given):
                at = f"{place}[{index}]"
                if isinstance(row, str):
                    yield from self._file(row, at)
                elif isinstance(row, dict):
                    yield at, row
                else:
                    self._notes.left(at, "", "expected a mapping with vars and assert")
        elif given is not None:
            self._notes.left(place, "", "made by code, or elsewhere; only lists and files of tests are read")

    def _file(self, name: str, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
        suffix = PurePosixPath(name).suffix.lower()
        if "://" in name.removeprefix(SCHEME) or suffix not in (".csv", ".json", ".jsonl", ".ndjson", ".yaml", ".yml"):
            self._notes.left(
                place, quoted(name), "only CSV, JSON, JSON lines and YAML files beside the configuration are read"
            )
            return
        try:
            rows = _table(self._folder.text(name), suffix)
        except Outside as error:
            self._notes.left(place, quoted(name), str(error))
            return
        except (ValueError, yaml.YAMLError, csv.Error, RecursionError) as error:
            reason = str(error).splitlines()[0] if str(error) else "nested too deeply"
            raise ImportProblem(f"{place}: {name.removeprefix(SCHEME)}: cannot be read: {reason}") from None
        shown = name.removeprefix(SCHEME)
        for number, row in enumerate(rows, start=1):
            if isinstance(row, dict):
                yield f"{shown} test {number}", row
            else:
                self._notes.left(f"{shown} test {number}", "", "expected a mapping")

    # -- one test

    def _case(self, row: Mapping[str, Any], place: str, shared: Mapping[str, Any]) -> Case:
        for key in [each for each in row if each not in _CARRIED - {"__row"}]:
            self._notes.left(f"{place}.{key}", "", "every target goes over every input; there is nothing of this kind")
        for key in [each for each in _mapping(row.get("options")) if each not in {"provider", "disableVarExpansion"}]:
            self._notes.left(f"{place}.options.{key}", "", "there is nothing of this kind")
        own = {name: self._var(value, f"{place}.vars.{name}") for name, value in _mapping(row.get("vars")).items()}
        description = row.get("description")
        return Case(
            place=place,
            vars={**{name: self._var(value, f"defaultTest.vars.{name}") for name, value in shared.items()}, **own},
            own=self.assertions(row.get("assert"), f"{place}.assert"),
            description=description if isinstance(description, str) else None,
            metadata=_mapping(row.get("metadata")),
        )

    def _var(self, value: Any, place: str) -> Any:
        if not isinstance(value, str) or not value.startswith(SCHEME):
            return value
        return self._text(value, place) or ""

    def _text(self, name: str, place: str) -> str | None:
        """What a file holds; None where it is not read."""
        if PurePosixPath(name).suffix.lower() not in _TEXTS:
            self._notes.left(place, quoted(name), "values made by code, or no text")
            return None
        try:
            return self._folder.text(name).strip()
        except Outside as error:
            self._notes.left(place, quoted(name), str(error))
            return None

    def _expanded(self, case: Case, row: Mapping[str, Any]) -> Iterator[Case]:
        """A variable with a list of values stands for one test per value."""
        lists = {name: value for name, value in case.vars.items() if isinstance(value, list)}
        if not lists or _mapping(row.get("options")).get("disableVarExpansion"):
            yield case
            return
        for values in itertools.product(*lists.values()):
            yield replace(case, vars={**case.vars, **dict(zip(lists, values, strict=True))})

    # -- assertions

    def _assertions(self, listed: Sequence[Any], place: str) -> Iterator[Assertion]:
        for index, given in enumerate(listed):
            at = f"{place}[{index}]"
            data = self._resolved(given)
            if not isinstance(data, dict) or not isinstance(data.get("type"), str):
                self._notes.left(at, "", "expected a mapping with a type")
            elif data["type"] == "assert-set":
                self._notes.changed(at, "assert-set", "its assertions stand beside the others")
                yield from self._assertions(data.get("assert") or [], f"{at}.assert")
            else:
                yield self._assertion(data, at)

    def _resolved(self, given: Any) -> Any:
        reference = given.get("$ref") if isinstance(given, dict) else None
        return self._templates.get(reference.rpartition("/")[2]) if isinstance(reference, str) else given

    def _assertion(self, data: Mapping[str, Any], place: str) -> Assertion:
        kind = data["type"]
        for key in [each for each in data if each in _TRANSFORMING]:
            self._notes.left(f"{place}.{key}", "", "there is nothing of this kind")
        value = data.get("value")
        if isinstance(value, str) and value.startswith(SCHEME):
            value = self._text(value, f"{place}.value")
        return Assertion(
            type=kind.removeprefix("not-"),
            place=place,
            value=value,
            negated=kind.startswith("not-"),
            weight=_number(data.get("weight")) if data.get("weight") is not None else 1.0,
            threshold=_number(data["threshold"]) if data.get("threshold") is not None else None,
            provider=data.get("provider"),
            metric=data["metric"] if isinstance(data.get("metric"), str) else None,
        )


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0 else 1.0


def _mapping(value: Any) -> dict[str, Any]:
    return {str(key): inner for key, inner in value.items()} if isinstance(value, dict) else {}


# -- tables


def _table(text: str, suffix: str) -> list[Any]:
    if suffix == ".csv":
        return [_csv_row(row) for row in csv.DictReader(io.StringIO(text))]
    if suffix in (".jsonl", ".ndjson"):
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    data = json.loads(text) if suffix == ".json" else yaml.load(text, YamlLoader)
    return data if isinstance(data, list) else [data]


def _csv_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    """A line of a table: columns with two underscores speak of the test, the others are variables."""
    test: dict[str, Any] = {"vars": {}}
    for name, cell in row.items():
        if not isinstance(name, str) or not isinstance(cell, str):
            continue
        column = name.strip()
        if re.fullmatch(r"__expected\d*", column):
            if cell.strip():
                test.setdefault("assert", []).append(expected(cell.strip()))
        elif column == "__description":
            test["description"] = cell
        elif column.startswith("__metadata:"):
            test.setdefault("metadata", {})[column.removeprefix("__metadata:").removesuffix("[]")] = cell
        elif column.startswith("__"):
            if cell.strip():
                test[column] = cell
        else:
            test["vars"][column] = cell
    return test


def expected(cell: str) -> dict[str, Any]:
    """The assertion of a cell of ``__expected``: ``contains: Paris``, ``similar(0.8): …``, or an exact text."""
    for prefix, kind in (("fn:", "javascript"), ("eval:", "javascript"), ("grade:", "llm-rubric")):
        if cell.startswith(prefix):
            return {"type": kind, "value": cell.removeprefix(prefix).strip()}
    found = _EXPECTED.match(cell)
    if found is None or found["type"] not in _TYPES_IN_CELLS or (found["value"] is None and found["type"] != "is-json"):
        return {"type": "equals", "value": cell}
    assertion: dict[str, Any] = {"type": f"{found['negated'] or ''}{found['type']}"}
    value = (found["value"] or "").strip()
    if value:
        several = found["type"].endswith(("-any", "-all"))
        assertion["value"] = [part.strip() for part in value.split(",")] if several else value
    if found["threshold"]:
        assertion["threshold"] = float(found["threshold"])
    return assertion
