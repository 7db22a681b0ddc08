"""What the documents tell people to type exists, and generated pages are fresh."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main

import settings.docs
from automation.cli import app

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INLINE = re.compile(r"`((?:\.venv/bin/)?warmline [^`]+|make [^`]+)`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def typed_commands() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        lines = [line for block in FENCE.findall(text) for line in block.splitlines()]
        for line in (*lines, *INLINE.findall(text)):
            command = re.split(r"\s#\s", line)[0].strip()
            if command.startswith(("make ", "warmline ", ".venv/bin/warmline ")):
                yield str(page.relative_to(ROOT)), command


def test_commands_are_found_in_the_documents() -> None:
    assert len(list(typed_commands())) > 20


@pytest.mark.parametrize(("page", "command"), sorted(set(typed_commands())))
def test_a_command_in_a_document_exists_with_its_options(page: str, command: str) -> None:
    program, *words = shlex.split(command)
    if program == "make":
        targets = set(re.findall(r"^([a-z%-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
        named = [word for word in words if "=" not in word]
        known = {word for word in named if word in targets or word.startswith("test-")}
        assert set(named) == known, f"{page}: no such target in `{command}`"
        return
    found: Any = typer.main.get_command(app)
    while hasattr(found, "commands") and words and not words[0].startswith("-"):
        if words[0].isupper() or words[0] == "…":
            return
        assert words[0] in found.commands, f"{page}: no such command in `{command}`"
        found = found.commands[words.pop(0)]
    options = {option for parameter in found.params for option in parameter.opts}
    options |= {option for parameter in found.params for option in parameter.secondary_opts}
    used = {word.split("=")[0] for word in words if word.startswith("--") and word != "--help"}
    assert used <= options, f"{page}: no such option in `{command}`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_the_page_of_settings_is_fresh() -> None:
    assert settings.docs.PAGE.read_text(encoding="utf-8") == settings.docs.page()
