"""What the pages of the second day tell people to run, exists."""

import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
import typer

from automation import cli
from emulation.engine.found import MINIMUM
from emulation.paths import ROOT

pytestmark = pytest.mark.unit

PAGES = ("docs/operations.md", "docs/restore.md", "docs/runbook.md", "docs/upgrading.md")
APP = typer.main.get_command(cli.app)


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def code(page: str) -> Iterator[str]:
    """Inline code, and each line of a block."""
    blocks = re.findall(r"```sh\n(.*?)```", text(page), re.DOTALL)
    for block in blocks:
        yield from block.splitlines()
    yield from (line.strip() for line in re.findall(r"^    (\S.*)$", text(page), re.MULTILINE))
    outside = re.sub(r"```.*?```", "", text(page), flags=re.DOTALL)
    yield from (" ".join(found.split()) for found in re.findall(r"`([^`]+)`", outside))


def commands(page: str, program: str) -> set[str]:
    return {line.partition("#")[0].strip() for line in code(page) if line.startswith(program)}


LINES = sorted({(page, line) for page in PAGES for line in commands(page, "warmline ")})


def unknown(line: str) -> list[str]:
    """Words of a command line that the program does not know."""
    command: Any = APP
    words = shlex.split(line)[1:]
    while words and words[0] in getattr(command, "commands", ()):
        command = command.commands[words.pop(0)]
    options = {option for parameter in command.params for option in parameter.opts}
    faults = [word for word in words if word.startswith("--") and word not in options]
    if hasattr(command, "commands") and not command.invoke_without_command:
        faults += [word for word in words if not word.startswith("-")] or ["(a command)"]
    return faults


@pytest.mark.parametrize(("page", "line"), LINES)
def test_a_command_of_the_pages_exists_with_its_options(page: str, line: str) -> None:
    assert unknown(line) == [], f"{page}: {line}"


@pytest.mark.parametrize(
    "line", ["warmline tidy", "warmline gc --all", "warmline restore", "warmline models forget x"]
)
def test_a_command_that_does_not_exist_is_noticed(line: str) -> None:
    assert unknown(line)


@pytest.mark.parametrize("page", PAGES)
def test_targets_modules_and_files_of_the_pages_exist(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+|\$\(LEVELS\)):", text("Makefile"), re.MULTILINE))
    targets |= set(re.findall(r"test-[a-z]+", text("Makefile")))
    for line in commands(page, "make "):
        assert line.split()[1] in targets, line
    for line in commands(page, "python -m "):
        assert find_spec(line.split()[2]), line
    for path in re.findall(r"`([\w.*-]+(?:/[\w.*-]+)+|[\w.*-]+\.(?:md|yaml|py))`", text(page)):
        assert list(ROOT.glob(path)) or list(ROOT.glob(f"docs/{path}")), path
    for path in re.findall(r"\]\(([^)#:]+)[^)]*\)", text(page)):
        assert (ROOT / "docs" / path).is_file(), path


def test_the_table_of_versions_is_that_of_the_locks() -> None:
    rows = re.findall(
        r"^\| ([\w-]+)(?: \(SDK\))? \| ([\d.]+) \| `(requirements/\w+\.in)`",
        text("docs/upgrading.md"),
        re.MULTILINE,
    )
    assert len(rows) == 5
    for name, version, path in rows:
        assert f"\n{name}=={version}\n" in text(path), name
        assert f"\n{name}=={version} " in text(path.replace(".in", ".txt")), name
    assert f"| Pulumi engine | {MINIMUM} or newer |" in text("docs/upgrading.md")
