from __future__ import annotations

from typing import Any

import pytest

from lattice.config.places import Findings, SourceMap
from lattice.config.secrets import check_secrets

SECRET = "s3cr3t-value"


def found(data: dict[str, Any]) -> list[str]:
    findings = Findings(SourceMap())
    check_secrets(data, findings)
    assert SECRET not in " ".join(map(str, findings.problems))
    return [problem.key or "" for problem in findings.problems]


def provider(**block: Any) -> dict[str, Any]:
    return {"providers": {"p": block}}


@pytest.mark.parametrize(
    "name",
    ["Authorization", "authorization", "X-Api-Key", "api-key", "apikey", "x-goog-api-key", "Cookie", "X-Auth-Token",
     "Proxy-Authorization", "Ocp-Apim-Subscription-Key", "X-Secret"],
)  # fmt: skip
def test_a_key_typed_into_a_header_is_found_and_not_repeated(name: str) -> None:
    assert found(provider(headers={name: f"Bearer {SECRET}"})) == [f"providers.p.headers.{name}"]


@pytest.mark.parametrize("name", ["key", "api-key", "access_token", "sig"])
def test_a_key_typed_into_a_query_is_found(name: str) -> None:
    assert found(provider(query={name: SECRET})) == [f"providers.p.query.{name}"]


def test_a_key_in_an_address_is_found() -> None:
    assert found(provider(base_url=f"https://user:{SECRET}@x.example/v1")) == ["providers.p.base_url"]
    assert found(provider(base_url=f"https://x.example/v1?api_key={SECRET}")) == ["providers.p.base_url"]


def test_a_key_in_the_headers_of_a_target_is_found() -> None:
    data = {"targets": [{"http": {"url": "https://x", "headers": {"Authorization": SECRET}}}]}
    assert found(data) == ["targets.0.http.headers.Authorization"]


def test_a_key_among_parameters_is_found_at_any_depth() -> None:
    data = {"targets": [{"params": {"extra": {"api_key": SECRET}, "max_tokens": 5, "stop_token": "###"}}]}
    assert found(data) == ["targets.0.params.extra.api_key"]


@pytest.mark.parametrize(
    "block",
    [
        {"headers": {"Authorization": "Bearer ${TOKEN}"}},
        {"headers": {"X-Title": "Lattice", "X-Max-Tokens": "500", "X-Token": ""}},
        {"query": {"api-version": "2024-10-21", "key": "${KEY}"}},
        {"base_url": "https://user:${PASSWORD}@x.example/v1?key=${KEY}"},
        {"base_url": "http://localhost:8000/v1"},
        {"base_url": "http://[broken"},
        {"headers": 5, "query": ["x"]},
    ],
)
def test_variables_and_harmless_values_are_none(block: dict[str, Any]) -> None:
    assert found(provider(**block)) == []
