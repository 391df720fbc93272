"""The API keeps to its own description, whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.studio.studios import a_studio, carried_out

from lattice.core.runs import RunRecord
from lattice.service.execution import AS_CONFIGURED, ResumeSettings
from lattice.service.launching import Launcher
from lattice.studio.api.documentation import description_of
from lattice.studio.app import create_app
from lattice.studio.settings import StudioSettings
from lattice.studio.state import Studio

AnyCase = Case[Any]
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


class Idle(Launcher):
    """Starts nothing, so that drawing requests starts no processes."""

    def start(self, record: RunRecord, settings: ResumeSettings = AS_CONFIGURED) -> None:
        return None


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with a_studio(tmp_path, StudioSettings(allowed_hosts=("testserver",))) as made:
        carried_out(tmp_path)
        carried_out(tmp_path, targets=[{"name": name, "model": f"sim/assistant-{name}"} for name in ("weak", "strong")])
        yield replace(made, launcher=Idle(made.place, made.store))


def _named(case: AnyCase, run: str) -> dict[str, str]:
    known = {"run": run, "evaluation": "support"}
    return {name: text for name, text in known.items() if f"{{{name}}}" in case.path and case.method != "DELETE"}


def test_whatever_is_sent_is_answered_as_described(studio: Studio) -> None:
    app, run = create_app(studio), studio.store.find_run("support#1")
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", app)
    drawn = settings(
        max_examples=12,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    operations = [found.ok() for found in schema.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) > 20
    for operation in operations:

        @drawn
        @given(case=operation.as_strategy())
        def answered(case: AnyCase) -> None:
            # What is drawn names nothing that is there; most requests are to reach what is behind a name.
            case.path_parameters = {**(case.path_parameters or {}), **_named(case, run.id)}
            case.call_and_validate(checks=CHECKS)

        answered()


def test_the_description_is_valid_and_whole(studio: Studio) -> None:
    app = create_app(studio)
    schemathesis.openapi.from_asgi("/api/v1/openapi.json", app).validate()
    described = description_of(app)
    assert described["openapi"].startswith("3.1")
    for reference in references_in(described):
        kind, _, name = reference.removeprefix("#/components/").partition("/")
        assert name in described["components"][kind], reference
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["description"], (method, path)
            assert {"401", "403", "421", "422"} <= operation["responses"].keys()
            assert all(parameter.get("description") for parameter in operation.get("parameters", ()))


def references_in(value: Any) -> Iterator[str]:
    """Everything that is referred to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references_in(inner)
