import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.route import FULL_WEIGHT, Route
from functions.predict import routing

pytestmark = pytest.mark.unit


def route(*weights: int, model: str = "m", **more: object) -> Route:
    entries = tuple((version, weight) for version, weight in enumerate(weights, 1) if weight)
    return Route(model=model, revision=1, weights=entries, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("sticky", [None, "x-user"])
def test_twenty_thousand_keys_split_as_the_weights_say_within_half_a_point(
    seed: int, sticky: str | None
) -> None:
    keys = random.Random(seed)
    split = route(9_000, 1_000, sticky_header=sticky)
    seen = Counter[int]()
    for _ in range(20_000):
        key = f"{keys.getrandbits(64):x}"
        headers = {"x-user": key} if sticky else {}
        seen[routing.choose(split, headers, "same" if sticky else key)] += 1
    assert set(seen) == {1, 2}
    assert abs(seen[2] / 20_000 - 0.1) < 0.005


@given(key=st.text(min_size=1), canary=st.integers(1, FULL_WEIGHT - 2), more=st.integers(1, 5_000))
def test_a_key_that_met_a_canary_stays_with_it_as_the_canary_grows(
    key: str, canary: int, more: int
) -> None:
    grown = min(canary + more, FULL_WEIGHT - 1)
    for before, after, version in (
        (route(FULL_WEIGHT - canary, canary), route(FULL_WEIGHT - grown, grown), 2),
        (route(canary, FULL_WEIGHT - canary), route(grown, FULL_WEIGHT - grown), 1),
    ):
        if routing.choose(before, {}, key) == version:
            assert routing.choose(after, {}, key) == version


@given(key=st.text(min_size=1), ids=st.lists(st.text(), min_size=2, max_size=9))
def test_one_sticky_key_always_meets_one_version(key: str, ids: list[str]) -> None:
    split = route(3_000, 3_000, 4_000, sticky_header="x-user")
    assert len({routing.choose(split, {"x-user": key}, each) for each in ids}) == 1


def test_without_its_sticky_header_a_request_is_routed_by_its_own_id() -> None:
    split = route(5_000, 5_000, sticky_header="x-user")
    seen = {routing.choose(split, {}, str(number)) for number in range(50)}
    assert seen == {1, 2}


def test_models_split_their_keys_independently() -> None:
    first, second = route(5_000, 5_000, model="a"), route(5_000, 5_000, model="b")
    both = Counter(
        (routing.choose(first, {}, str(n)), routing.choose(second, {}, str(n)))
        for n in range(2_000)
    )
    assert min(both.values()) > 400
    assert len(both) == 4


def test_the_edges_of_a_weight_are_exact() -> None:
    split = route(1, 9_998, 1)
    points = {routing.share("m", str(n)): str(n) for n in range(200_000)}
    assert routing.choose(split, {}, points[0]) == 1
    assert routing.choose(split, {}, points[1]) == 2
    assert routing.choose(split, {}, points[9_998]) == 2
    assert routing.choose(split, {}, points[9_999]) == 3


def test_a_header_that_is_no_valid_text_still_has_a_version() -> None:
    split = route(5_000, 5_000, sticky_header="x-user")
    assert routing.choose(split, {"x-user": "\ud800"}, "id") in (1, 2)


def test_the_main_version_is_the_heaviest_and_the_newest_among_equals() -> None:
    assert routing.main_version(route(6_000, 4_000)) == 1
    assert routing.main_version(route(5_000, 5_000)) == 2


def test_versions_to_keep_ready_are_those_with_weight_and_on_standby_but_no_shadow() -> None:
    split = route(5_000, 5_000, standby=(7,), shadow=9)
    assert routing.ready_versions(split) == (1, 2, 7)
