"""What `warmline drift` explains is what the program leaves to somebody else, and no more."""

import pytest

from automation.day2.owners import OWNERS
from components.function import MOVED_BY_RELEASE
from tests.harness import Graph

pytestmark = pytest.mark.graph


def test_the_release_command_owns_what_the_program_ignores() -> None:
    (alias,) = OWNERS
    assert alias.properties == {camel_case(name) for name in MOVED_BY_RELEASE}


def test_every_row_of_the_table_is_about_resources_that_there_are(prod: Graph) -> None:
    for owner in OWNERS:
        owned = [r for r in prod.all(owner.type) if owner.within in r.urn.split("::")[2].split("$")]
        others = [r for r in prod.all(owner.type) if r not in owned]
        assert owned, owner
        assert {r.name for r in others} == {"health"}


def camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
