"""The restore page and its drill are the same steps."""

import re

import pytest

from emulation.paths import ROOT

pytestmark = pytest.mark.unit


def test_every_section_of_the_page_with_commands_is_part_of_the_drill_in_its_order() -> None:
    """The drill takes the commands from the page, so none is told that was not run."""
    drill = (ROOT / "tests/emulated/test_second_day.py").read_text(encoding="utf-8")
    page = (ROOT / "docs/restore.md").read_text(encoding="utf-8")
    followed = re.findall(r'follow\(stack, "([^"]+)"\)', drill)
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    told = [section.splitlines()[0] for section in sections if "```" in section]
    assert followed == told
    assert len(told) >= 3
