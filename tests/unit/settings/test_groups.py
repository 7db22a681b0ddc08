"""Serving groups in a stack file: who serves what, and what cannot stand together."""

from typing import Any

import pytest

from contracts.api_routes import HEALTH_ROUTES, MODEL_ROUTES
from settings import limits
from tests.unit.settings.stack_files import DEV, changed, load, refusal

pytestmark = pytest.mark.unit

(DEFAULT,) = DEV["warmline:groups"]


def groups(*others: dict[str, Any]) -> dict[str, Any]:
    """The dev stack file with its group, and others that are like it but for these keys."""
    return changed(("groups", [DEFAULT, *(DEFAULT | other for other in others)]))


def test_two_groups_serve_the_models_that_they_list_and_the_rest() -> None:
    rest, fraud = load(groups({"name": "fraud", "models": ["fraud", "abuse"]})).groups
    assert rest.is_default
    assert not fraud.is_default
    assert rest.routes == MODEL_ROUTES
    assert fraud.routes["POST /v2/models/abuse/versions/{version}/infer"] == "models/infer"
    assert fraud.routes["GET /v2/models/fraud"] == "models/read"
    assert len(fraud.routes) == 2 * (len(MODEL_ROUTES) - 1)


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            groups({"name": "second"}),
            "warmline:groups has 2 with models ['*'] (default, second); it must be exactly one",
        ),
        (
            changed(("groups.0.models", ["fraud"])),
            "warmline:groups has 0 with models ['*'] (none); it must be exactly one",
        ),
        (
            groups({"models": ["fraud"]}),
            "warmline:groups has names ['default', 'default']; each name once",
        ),
        (
            groups({"name": "a", "models": ["fraud"]}, {"name": "b", "models": ["abuse", "fraud"]}),
            "warmline:groups lists model 'fraud' in a and b; it may stand once",
        ),
        (
            groups({"name": "a", "models": ["fraud", "fraud"]}),
            "warmline:groups lists model 'fraud' in a and a; it may stand once",
        ),
        (
            groups({"name": "a", "models": ["fraud", "*"]}),
            "warmline:groups.1.models is ['fraud', '*']; it must be ['*'] alone, or names",
        ),
        (groups({"name": "g" * 33, "models": ["fraud"]}), "warmline:groups.1.name: "),
        (
            groups({"name": "a", "models": ["fraud"], "timeout_seconds": 29, "shadow": False}),
            "warmline:groups.1.timeout_seconds is 29; it must be below",
        ),
        (
            groups({"name": "a", "models": ["fraud"], "reserved_concurrency": 2}),
            "shadow.maximum_concurrency is 2; it must be below groups.1.reserved_concurrency 2",
        ),
    ],
)
def test_groups_that_cannot_be_are_refused(config: dict[str, Any], words: str) -> None:
    text = refusal(config)
    assert words in text
    assert "has 1 problem(s)" in text


def test_a_group_without_a_shadow_queue_needs_no_room_for_copies() -> None:
    load(groups({"name": "a", "models": ["m"], "reserved_concurrency": 2, "shadow": False}))


def test_as_many_models_are_listed_as_the_gateway_has_routes() -> None:
    free = limits.HTTP_ROUTES - len(HEALTH_ROUTES) - len(MODEL_ROUTES)
    possible = free // (len(MODEL_ROUTES) - 1)

    def listing(count: int) -> dict[str, Any]:
        names = [f"m{number}" for number in range(count)]
        parts = [names[i : i + 20] for i in range(0, count, 20)]
        return groups(*({"name": f"g{i}", "models": part} for i, part in enumerate(parts)))

    load(listing(possible))
    text = refusal(listing(possible + 1))
    assert f"warmline:groups lists {possible + 1} models by name, which makes " in text
    assert "at most 300 are possible" in text
