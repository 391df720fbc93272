"""Addresses are shown without what opens them."""

from __future__ import annotations

import pytest

from lattice.core.secrecy import without_password


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ann:s3cret@db/evals", "postgresql://ann@db/evals"),
        ("postgresql://ann:s3@cret/:x@db:5432/evals?sslmode=require", "postgresql://ann@db:5432/evals?sslmode=require"),
        ("postgresql://ann@db:5432/evals", "postgresql://ann@db:5432/evals"),
        ("postgresql:///evals?password=s3cret&host=/run", "postgresql:///evals?host=/run"),
        ("postgresql:///evals?host=/run&sslpassword=s3cret", "postgresql:///evals?host=/run"),
        ("sqlite:////data/a:b@c.db?synchronous=full", "sqlite:////data/a:b@c.db?synchronous=full"),
        ("runs/my.db", "runs/my.db"),
    ],
)
def test_a_password_goes_and_the_rest_stays(url: str, shown: str) -> None:
    assert without_password(url) == shown
