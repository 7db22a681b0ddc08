import json
from pathlib import Path

import pytest

from functions.predict import codec, gateway
from functions.shared import errors
from functions.shared.answers import problem
from functions.shared.errors import ServingError

pytestmark = pytest.mark.unit

API = Path(__file__).parents[3] / "docs" / "api.md"
KINDS = sorted(
    (
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, ServingError)
    ),
    key=lambda kind: (kind.status, kind.slug),
)


def test_the_documented_problems_are_those_that_exist() -> None:
    _, _, rest = API.read_text().partition("<!-- problems")
    table, _, _ = rest.partition("<!-- end of problems")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert rows[1:] == [
        f"| {kind.status} | `{kind.slug}` | {kind.title} | {kind.what_to_do} | "
        f"{'yes' if kind.retry_helps else 'no'} |"
        for kind in KINDS
    ]


def test_the_documented_limits_are_those_that_hold() -> None:
    text = API.read_text()
    assert f"{6 * 1024 * 1024 - codec.ANSWER_ROOM_BYTES:,} bytes" in text
    assert f"less {gateway.ANSWER_MARGIN_SECONDS} s" in text


def test_each_kind_of_problem_has_a_type_of_its_own_a_title_and_advice() -> None:
    slugs = [kind.slug for kind in KINDS]
    assert len(set(slugs)) == len(slugs)
    for kind in KINDS:
        assert 400 <= kind.status < 600
        assert kind.title
        assert kind.what_to_do.endswith(".")
        assert not (kind.retry_helps and kind.status < 500)


@pytest.mark.parametrize("kind", KINDS)
def test_a_problem_document_has_every_member_of_the_standard_and_the_protocols_own(
    kind: type[ServingError],
) -> None:
    answer = problem(kind("The detail."), "request-1")
    document = json.loads(answer.body)
    assert document == {
        "type": f"urn:warmline:problem:{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "detail": "The detail.",
        "action": kind.what_to_do,
        "instance": "request-1",
        "error": f"{kind.title}: The detail.",
    }
    assert answer.status == kind.status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert ("Retry-After" in answer.headers) is kind.retry_helps
