"""The pictures that `make screenshots` takes: of every page there is."""

from __future__ import annotations

import re

import pytest
from fastapi.routing import APIRoute
from tools.screenshots import SHOTS

from lattice.studio import login
from lattice.studio.api import documentation
from lattice.studio.pages import PAGES

PARTS = {
    # Of pages, fetched by them.
    "/charts/compare",
    "/charts/evaluations/{}/history",
    "/charts/runs/{}/{}",
    "/compare/charts/{}",
    "/compare/live/charts/{}",
    "/evaluations/files",
    "/evaluations/{}/forecast",
    "/runs/{}/numbers",
    "/runs/{}/rerun",
    "/runs/{}/results/{}/{}/{}/text/{}",
    "/schedules/files",
    # Streams.
    "/compare/live/stream",
    "/evaluations/live",
    "/live",
    "/runs/{}/live",
    # Files, and the report, which has tests of its own.
    "/artifacts/{}/file",
    "/artifacts/{}/report",
    "/runs/{}/export",
    "/openapi.json",
}


def shape(path: str) -> str:
    """A path without what differs from page to page."""
    path = re.sub(r"\{[^}]*\}", "{}", path.partition("?")[0]).removeprefix("/api/v1")
    return re.sub(r"(?<=/)\d+(?=/|$)", "{}", path)


def addresses() -> set[str]:
    """Of everything that answers GET."""
    routers = (*PAGES, login.router, documentation.router)
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return {shape(route.path) for route in routes if "GET" in (route.methods or ())}


def test_every_page_has_its_picture() -> None:
    assert {shape(shot.path) for shot in SHOTS} == addresses() - PARTS


@pytest.mark.parametrize("part", sorted(PARTS))
def test_what_is_no_page_is_there(part: str) -> None:
    assert part in addresses()
