"""What README and docs refer to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.docs.blocks import PAGES, ROOT, name_of

from lattice.cli.app import COMMANDS
from lattice.providers.prices import is_priced

DOCUMENTS = (*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", ROOT / "examples/support-bot/README.md")
INDEX = ROOT / "docs" / "index.md"

_LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ (?P<title>.+)$", re.MULTILINE)
_MODEL = re.compile(r"(?<![\w./])(?:openai|anthropic)/[a-z][\w.-]*\w")
_COMMAND = re.compile(r"(?:`|^\$ |^)lattice (?P<name>[a-z]+)", re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Headings as links name them."""
    text = _CODE.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", title).strip().lower().replace(" ", "-") for title in _HEADING.findall(text)}


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        to = (page.parent / file).resolve() if file else page
        assert to.exists(), f"{target} leads nowhere"
        assert not anchor or anchor in anchors(to), f"{target}: there is no such heading"


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_models_are_in_the_price_list(page: Path) -> None:
    named = set(_MODEL.findall(page.read_text(encoding="utf-8")))
    assert [model for model in sorted(named) if not is_priced(model, {})] == []


@pytest.mark.parametrize("page", DOCUMENTS, ids=name_of)
def test_commands_exist(page: Path) -> None:
    named = set(_COMMAND.findall(page.read_text(encoding="utf-8")))
    assert sorted(named - COMMANDS.keys()) == []


def test_every_command_is_in_the_documentation() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in COMMANDS if f"lattice {name}" not in text] == []


def test_the_index_names_every_page() -> None:
    linked = set(_LINK.findall(INDEX.read_text(encoding="utf-8")))
    assert {page.name for page in INDEX.parent.glob("*.md")} - {INDEX.name} <= linked
