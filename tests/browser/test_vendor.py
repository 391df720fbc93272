"""The fetched assets work as plain scripts under the Studio's content security policy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.browser.sites import page as page_of
from tests.browser.sites import site

import lattice

VENDOR = Path(lattice.__file__).parent / "studio" / "static" / "vendor"
CHART = {
    "data": {
        "values": [{"n": 1, "mean": 0.4, "low": 0.1, "high": 0.7}, {"n": 2, "mean": 0.6, "low": 0.5, "high": 0.7}]
    },
    "encoding": {"x": {"field": "n", "type": "quantitative", "axis": {"labelExpr": "format(datum.value, '.0f')"}}},
    "layer": [
        {"mark": "area", "encoding": {"y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}}},
        {
            "transform": [{"calculate": "datum.mean * 2", "as": "twice"}],
            "params": [{"name": "brush", "select": "interval"}],
            "mark": {"type": "line", "point": True},
            "encoding": {"y": {"field": "twice", "type": "quantitative"}},
        },
    ],
}
DRAW = """
(async () => {
  const compiled = vegaLite.compile(%s).spec;
  const view = new vega.View(vega.parse(compiled, null, {ast: true}), {
    expr: vega.expressionInterpreter, renderer: "%s", container: "#chart", hover: true,
  });
  await view.runAsync();
  document.body.dataset.drawn = "yes";
})();
"""


def scripts(*names: str) -> tuple[dict[str, str], str]:
    contents = {f"/{name}": (VENDOR / name).read_text(encoding="utf-8") for name in names}
    return contents, "".join(f'<script defer src="/{name}"></script>' for name in names)


@pytest.mark.parametrize("renderer", ["svg", "canvas"])
def test_a_chart_is_drawn_without_evaluating_code(renderer: str, page: Page) -> None:
    contents, head = scripts("vega.min.js", "vega-lite.min.js", "vega-interpreter.js")
    contents["/page.html"] = page_of('<div id="chart"></div>', head=f'{head}<script defer src="/draw.js"></script>')
    contents["/draw.js"] = DRAW % (json.dumps(CHART), renderer)
    with site(contents) as url:
        page.goto(f"{url}/page.html")
        page.wait_for_selector("body[data-drawn]")
        assert page.locator(f"#chart {renderer}").count() == 1


def test_a_part_of_a_page_follows_a_stream(page: Page) -> None:
    contents, head = scripts("htmx.min.js", "htmx-ext-sse.min.js")
    config = """<meta name="htmx-config" content='{"allowEval": false, "includeIndicatorStyles": false}'>"""
    body = (
        '<div hx-ext="sse" sse-connect="/live.sse" sse-close="done"><p id="now" sse-swap="score">none yet</p></div>'
        '<button hx-get="/part.html" hx-target="#part">More</button><div id="part"></div>'
    )
    contents |= {
        "/page.html": page_of(body, head=config + head),
        "/live.sse": "event: score\ndata: 0.80\n\nevent: done\ndata: .\n\n",
        "/part.html": "<b>more</b>",
    }
    with site(contents) as url:
        page.goto(f"{url}/page.html")
        page.get_by_text("0.80").wait_for()
        page.get_by_role("button").click()
        page.get_by_text("more", exact=True).wait_for()
