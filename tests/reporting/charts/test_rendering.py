"""Charts as pictures."""

from __future__ import annotations

import json
import struct
from xml.etree import ElementTree

import pytest
from tests.reporting.charts.subjects import example, renamed

from lattice.reporting.charts import Theme
from lattice.reporting.charts.distribution import distribution_chart
from lattice.reporting.charts.means import means_chart
from lattice.reporting.charts.palette import INK, PAPER
from lattice.reporting.charts.rendering import ENDINGS, picture, png, svg, svg_file

HOSTILE = '</svg><script>alert("1")</script>&<img src=x onerror=alert(2)>'


def texts(drawn: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]


def test_a_picture_for_a_page_has_no_title_and_no_ground() -> None:
    chart = means_chart(example())
    shown = texts(svg(chart))
    assert "0.74 (n = 197 of 200)" in shown
    assert chart.title not in shown
    assert PAPER[Theme.DARK] not in svg(chart, Theme.DARK)


def test_a_picture_that_stands_alone_says_what_it_shows_and_how() -> None:
    chart = means_chart(example())
    shown = " ".join(texts(svg_file(chart, Theme.DARK)))
    assert chart.title in shown
    assert chart.caption in shown
    assert PAPER[Theme.DARK] in svg_file(chart, Theme.DARK)
    assert INK[Theme.LIGHT] not in svg_file(chart, Theme.DARK)


def test_a_png_has_the_size_that_was_asked_for() -> None:
    chart = distribution_chart(example())
    (small, _), (large, _) = (struct.unpack(">II", png(chart, scale=scale)[16:24]) for scale in (1, 2))
    assert png(chart).startswith(b"\x89PNG\r\n\x1a\n")
    assert large == pytest.approx(2 * small, abs=1)


def test_names_are_text_in_a_picture_whatever_they_say() -> None:
    drawn = svg_file(distribution_chart(renamed([HOSTILE, "B"])))
    tags = {each.tag.rpartition("}")[2] for each in ElementTree.fromstring(drawn).iter()}
    assert tags <= {"svg", "g", "path", "text", "tspan", "line", "rect", "defs", "clipPath", "title"}
    assert any("<script>" in text for text in texts(drawn))


def test_a_picture_refers_to_nothing_elsewhere() -> None:
    drawn = svg_file(means_chart(renamed(["https://example.com/x.png", "B"])))
    attributes = {name for each in ElementTree.fromstring(drawn).iter() for name in each.attrib}
    assert not any("href" in name or name.startswith("on") for name in attributes)


def test_a_specification_is_written_with_its_title() -> None:
    chart = means_chart(example())
    written = json.loads(picture(chart, ".json"))
    assert " ".join(written["title"]["text"]) == chart.title
    assert written["data"]["values"][0]["mean"] == pytest.approx(0.7386, abs=1e-4)
    assert {ending: picture(chart, ending)[:4] for ending in ENDINGS} == {
        ".svg": b"<svg",
        ".png": b"\x89PNG",
        ".json": b"{\n  ",
    }
