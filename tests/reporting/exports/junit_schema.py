"""What the two schemas in wide use say of JUnit XML, written down from their documentation.

That of Ant's reports is the strict one: an order of elements, required attributes, one outcome to a test case. That of
the Jenkins plugin xUnit knows fewer obligations, and names all that it allows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}")
_DECIMAL = re.compile(r"[-+]?\d+(\.\d*)?|\.\d+")
_SUREFIRE_TIME = re.compile(r"(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?")
_WHOLE = re.compile(r"\d{1,9}")

_NO_TOKEN = re.compile("^ |  |[\t\r\n]| $")
_OUTCOMES = ("skipped", "error", "failure")
_REQUIRED = {
    "testsuites": (),
    "testsuite": ("name", "package", "id", "timestamp", "hostname", "tests", "failures", "errors", "time"),
    "testcase": ("name", "classname", "time"),
    "property": ("name", "value"),
    "error": ("type",),
    "failure": ("type",),
}
_ALLOWED = {
    **_REQUIRED,
    "testsuite": (*_REQUIRED["testsuite"], "skipped"),
    "error": ("type", "message"),
    "failure": ("type", "message"),
    "skipped": ("type", "message"),
}
_TOKENS = {
    "testsuite": ("name", "package", "hostname"),
    "testcase": ("name", "classname"),
    "property": ("name",),
}
_HOLD_TEXT = (*_OUTCOMES, "system-out", "system-err")


def parsed(content: bytes) -> Element:
    """The root of a document that is valid.

    Raises
    ------
    AssertionError: it is not; with everything that is wrong.
    """
    root = ElementTree.fromstring(content)
    problems = list(_problems(root))
    assert problems == []
    return root


def _problems(root: Element) -> Iterator[str]:
    if root.tag != "testsuites":
        yield f"the root is {root.tag}"
    for element in root.iter():
        yield from _of_attributes(element)
        if element.tag not in _HOLD_TEXT and (element.text or "").strip():
            yield f"{element.tag} holds text"
        if (element.tail or "").strip():
            yield f"text after {element.tag}"
    for number, suite in enumerate(root):
        if suite.tag != "testsuite" or suite.get("id") != str(number):
            yield f"{suite.tag} {suite.get('id')} at {number}"
        yield from _of_suite(suite)


def _of_attributes(element: Element) -> Iterator[str]:
    for name in _REQUIRED.get(element.tag, ()):
        if element.get(name) is None:
            yield f"{element.tag} has no {name}"
    for name in set(element.attrib) - set(_ALLOWED.get(element.tag, ())):
        yield f"{element.tag} has {name}"
    for name in _TOKENS.get(element.tag, ()):
        value = element.get(name, "")
        if not value or _NO_TOKEN.search(value):
            yield f"{name} of {element.tag} is no token: {value!r}"


def _of_suite(suite: Element) -> Iterator[str]:
    order = [child.tag for child in suite]
    cases = suite.findall("testcase")
    if order != ["properties", *["testcase"] * len(cases), "system-out", "system-err"]:
        yield f"the order is {order}"
    if not _TIMESTAMP.fullmatch(suite.get("timestamp", "")):
        yield f"timestamp {suite.get('timestamp')}"
    for each in (suite, *cases):
        time = each.get("time", "")
        if not _DECIMAL.fullmatch(time) or not _SUREFIRE_TIME.fullmatch(time):
            yield f"time {time}"
    for case in cases:
        if [child.tag for child in case] not in ([], *([tag] for tag in _OUTCOMES)):
            yield f"{case.get('name')} has {[child.tag for child in case]}"
    yield from _of_counts(suite, cases)


def _of_counts(suite: Element, cases: list[Element]) -> Iterator[str]:
    counted = {
        "tests": len(cases),
        "failures": sum(case.find("failure") is not None for case in cases),
        "errors": sum(case.find("error") is not None for case in cases),
        "skipped": sum(case.find("skipped") is not None for case in cases),
    }
    for name, number in counted.items():
        said = suite.get(name, "")
        if not _WHOLE.fullmatch(said) or int(said) != number:
            yield f"{name} is {said}, counted {number}"
