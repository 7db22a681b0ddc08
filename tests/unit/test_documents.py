"""What the documents tell people to type and to open exists, and generated pages are fresh."""

import os
import re
import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer.main

import settings.docs
from automation.cli import app
from emulation.engine.found import MINIMUM

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
FENCE = re.compile(r"^```(?:sh|bash|console)\n(.*?)^```", re.MULTILINE | re.DOTALL)
INDENTED = re.compile(r"^    (\S.*)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)")
FILE = re.compile(r"`([\w.*-]+(?:/[\w.*-]+)*\.(?:md|yaml|py|txt|in))`")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
APP = typer.main.get_command(app)


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def typed(program: str) -> list[tuple[str, str]]:
    """Pages and command lines: in blocks, indented, or within a sentence."""
    found: set[tuple[str, str]] = set()
    for page in PAGES:
        for line in code(text(page)):
            command = re.split(r"(?:^|\s)#\s", line)[0].strip().removeprefix(".venv/bin/")
            if command.startswith(f"{program} "):
                found.add((name(page), command))
    return sorted(found)


def code(content: str) -> Iterator[str]:
    for block in FENCE.findall(content):
        yield from block.splitlines()
    outside = re.sub(r"^```.*?^```", "", content, flags=re.MULTILINE | re.DOTALL)
    yield from INDENTED.findall(outside)
    yield from (" ".join(found.split()) for found in re.findall(r"`([^`]+)`", outside))


def unknown(line: str) -> list[str]:
    """Words of a command line that `warmline` does not know."""
    command: Any = APP
    words = shlex.split(line)[1:]
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        if words[0].isupper() or words[0] == "…":
            return []  # it stands for any command
        if words[0] not in command.commands:
            return [words[0]]
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    options |= {option for parameter in command.params for option in parameter.secondary_opts}
    used = [word.split("=")[0] for word in words if word.startswith("--")]
    faults = [option for option in used if option not in {*options, "--help"}]
    if hasattr(command, "commands") and not command.invoke_without_command and not used:
        faults += ["(a command)"]
    return faults


def files() -> Iterator[str]:
    """Of the clone, but for what is made in it."""
    for folder, within, names in os.walk(ROOT):
        within[:] = [each for each in within if each not in {".git", ".venv", ".warmline"}]
        yield from (f"{folder}/{each}" for each in names)


FILES = sorted(files())


def test_commands_are_found_in_the_documents() -> None:
    assert len(typed("warmline")) > 100
    assert len(typed("make")) > 20
    assert len(typed("python")) > 5


@pytest.mark.parametrize("line", typed("warmline"), ids=": ".join)
def test_a_command_in_a_document_exists_with_its_options(line: tuple[str, str]) -> None:
    assert unknown(line[1]) == []


@pytest.mark.parametrize(
    "line",
    ["warmline tidy", "warmline gc --all", "warmline restore", "warmline models forget x"],
)
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    assert unknown(line)


@pytest.mark.parametrize("line", typed("make"), ids=": ".join)
def test_a_target_in_a_document_exists(line: tuple[str, str]) -> None:
    makefile = text(ROOT / "Makefile")
    targets = {*re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)}
    targets |= {*re.findall(r"\btest-[a-z]+", makefile)}
    assert {word for word in shlex.split(line[1])[1:] if "=" not in word} <= targets


@pytest.mark.parametrize("line", typed("python"), ids=": ".join)
def test_a_module_in_a_document_exists(line: tuple[str, str]) -> None:
    words = shlex.split(line[1])
    assert words[1] == "-m"
    assert find_spec(words[2])


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_files_that_a_document_names_exist(page: Path) -> None:
    named = FILE.findall(text(page))
    assert [each for each in named if not any(fnmatch(f, f"*/{each}") for f in FILES)] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_document_leads_somewhere(page: Path) -> None:
    for link, anchor in LINK.findall(text(page)):
        if "://" in link:
            continue
        target = page.parent / link if link else page
        assert target.exists(), link
        if anchor:
            assert anchor in {anchor_of(found) for found in HEADING.findall(text(target))}


def test_every_document_is_reached_from_the_readme() -> None:
    reached, todo = set[Path](), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        linked = (page.parent / link for link, _ in LINK.findall(text(page)) if "://" not in link)
        for target in map(Path.resolve, linked):
            todo += target.glob("*.md") if target.is_dir() else {target} & {*PAGES}
    assert {*PAGES} - reached == set()


def anchor_of(heading: str) -> str:
    """As GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def test_the_page_of_settings_is_fresh() -> None:
    assert text(settings.docs.PAGE) == settings.docs.page()


def test_the_table_of_versions_is_that_of_the_locks() -> None:
    page = text(ROOT / "docs" / "upgrading.md")
    rows = re.findall(
        r"^\| ([\w-]+)(?: \(SDK\))? \| ([\d.]+) \| `(requirements/\w+\.in)`", page, re.MULTILINE
    )
    assert len(rows) == 5
    for package, version, path in rows:
        assert f"\n{package}=={version}\n" in text(ROOT / path), package
        assert f"\n{package}=={version} " in text(ROOT / path.replace(".in", ".txt")), package
    assert f"| Pulumi engine | {MINIMUM} or newer |" in page
