"""What goes together on Lambda, and what a stack file is told about what does not."""

from itertools import chain, combinations
from typing import Any

import pytest

from settings.compatibility import GAPS, PAIRS, PROFILES, Pair, illegal
from settings.features import SWITCHES, UNSAID, Feature, switched_on
from settings.launch_docs import PAGE, page
from tests.unit.settings.launches import IMAGE, IMAGES, LAPTOP, LAYER, ON, switching_on
from tests.unit.settings.stack_files import PUBLISHER, changed, load, refusal

pytestmark = pytest.mark.unit

F = Feature
SAID = frozenset(switch.feature for switch in SWITCHES)
EXPRESSIBLE = [pair for pair in PAIRS if pair.features <= SAID]
LAUNCH = "warmline:groups.0.launch"
LEGAL = (
    "Legal launch profiles: (a) signed zip + EFS + provisioned concurrency; (b) signed zip + "
    "SnapStart, without EFS; (c) image + SnapStart or provisioned concurrency; (d) GPU image "
    "(docs/launch-profiles.md)"
)


def name(pair: Pair) -> str:
    return f"{pair.first.name}-{pair.second.name}"


def test_every_feature_has_a_key_or_a_reason_why_it_has_none() -> None:
    assert SAID | UNSAID.keys() == set(Feature)
    assert not SAID & UNSAID.keys()
    assert ON.keys() == SAID


def test_every_pair_is_there_once_and_every_feature_is_in_one() -> None:
    pairs = [pair.features for pair in PAIRS]
    assert len(set(pairs)) == len(pairs)
    assert all(len(pair) == 2 for pair in pairs)
    assert set(chain.from_iterable(pairs)) == set(Feature)


@pytest.mark.parametrize("pair", EXPRESSIBLE, ids=name)
def test_an_illegal_pair_is_refused_with_both_keys_the_reason_and_the_way_out(pair: Pair) -> None:
    text = refusal(changed(*switching_on(pair.features)))
    (line,) = [each for each in text.splitlines() if pair.reason in each]
    keys = {switch.feature: switch.key.replace("<group>", "groups.0") for switch in SWITCHES}
    assert line.strip().startswith(f"warmline:{keys[pair.first]} ")
    assert f" while {keys[pair.second]} " in line
    assert line.endswith(f"({pair.source}). Way out: {pair.way_out}. {LEGAL}")


@pytest.mark.parametrize(
    ("features", "starts"),
    [
        (
            {F.SNAP_START, F.PROVISIONED},
            (
                f"{LAUNCH}.provisioned_concurrency is 2 while groups.0.launch.snap_start is true; "
                "Lambda keeps environments warm or starts them from a snapshot, never both (Lambda "
                "developer guide, SnapStart). Way out: set provisioned_concurrency 0, or "
                f"snap_start false. {LEGAL}"
            ),
        ),
        (
            {F.SNAP_START, F.LARGE_TMP},
            f"{LAUNCH}.snap_start is true while groups.0.tmp_mb is 513; a snapshot takes",
        ),
        (
            {F.IMAGE, F.ALL_SIGNED},
            (
                "warmline:functions.code_signing is 'enforce' while groups.0.launch.package is "
                "'image'; Lambda checks no code signature of an image"
            ),
        ),
        (
            {F.UNSIGNED_LAYER, F.SIGNED},
            (
                "warmline:functions.code_signing is 'archives' while groups.0.launch.layers has "
                f"['{LAYER}'] with publisher null; with signing enforced Lambda refuses every layer"
            ),
        ),
        (
            {F.ISOLATION, F.EVENT_SOURCE},
            (
                f"{LAUNCH}.tenancy is 'isolated' while groups.0.shadow is true; API Gateway "
                "is the only event source"
            ),
        ),
        (
            {F.IMAGE, F.LAPTOP},
            f"{LAUNCH}.package is 'image' while endpoint_url is '{LAPTOP}'; the emulator runs no",
        ),
        (
            {F.GPU, F.ARM64},
            f"{LAUNCH}.accelerator_memory_gib is 16 while functions.architecture is 'arm64'; a",
        ),
    ],
)
def test_the_words_of_a_refusal_are_these(features: set[Feature], starts: str) -> None:
    lines = [line.strip() for line in refusal(changed(*switching_on(features))).splitlines()]
    assert [line for line in lines if line.startswith(starts)], "\n".join(lines)


def test_a_gpu_is_refused_for_what_the_provider_lacks() -> None:
    text = refusal(changed(*switching_on({F.IMAGE, F.GPU})))
    assert "has 1 problem(s)" in text
    assert f"{LAUNCH}.accelerator_memory_gib is 16; pulumi-aws 7.51 has no accelerator" in text
    assert "Way out: set accelerator_memory_gib null; models that need a GPU run on a GPU" in text


PROFILE_CHANGES: dict[str, set[Feature]] = {
    "signed zip": {F.SIGNED, F.ALL_SIGNED},
    "a": {F.SIGNED, F.ALL_SIGNED, F.PROVISIONED, F.LARGE_TMP, F.ARM64},
    "a with EFS": {F.SIGNED, F.ALL_SIGNED, F.PROVISIONED, F.LARGE_TMP, F.ARM64, F.EFS},
    "outside a VPC": {F.SIGNED, F.ALL_SIGNED, F.NO_VPC},
    "b": {F.SIGNED, F.ALL_SIGNED, F.SNAP_START, F.ARM64},
    "c with SnapStart": {F.SIGNED, F.IMAGE, F.SNAP_START},
    "c with provisioned concurrency": {F.SIGNED, F.IMAGE, F.PROVISIONED, F.LARGE_TMP},
    "zip with a layer of a listed publisher": {F.SIGNED, F.ALL_SIGNED, F.LAYER},
    "unsigned zip with any layer": {F.UNSIGNED_LAYER},
    "the laptop with provisioned concurrency": {F.LAPTOP, F.PROVISIONED, F.LARGE_TMP},
}


@pytest.mark.parametrize("profile", PROFILE_CHANGES)
def test_a_legal_launch_profile_loads(profile: str) -> None:
    wanted = PROFILE_CHANGES[profile]
    loaded = load(changed(*switching_on(wanted)))
    always = {F.HTTP_API, F.EVENT_SOURCE} | ({F.LAYER} if F.UNSIGNED_LAYER in wanted else set())
    package = set() if F.IMAGE in wanted else {F.ZIP}
    assert set(switched_on(loaded, "groups.0")) == wanted | always | package


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.letter)
def test_the_profiles_of_the_table_hold_no_illegal_pair(profile: Any) -> None:
    assert illegal(profile.features) == []
    held = {gap.feature for gap in GAPS} & profile.features
    assert bool(held) is (profile.letter == "d")


def aws_refuses(on: frozenset[Feature]) -> bool:
    """The rules of AWS and of the laptop once more, as sentences and not as pairs."""
    if F.LAPTOP in on and on & {F.SIGNED, F.IMAGE, F.SNAP_START, F.ISOLATION, F.LAYER, F.EFS}:
        return True
    if F.EFS in on and on & {F.NO_VPC, F.SNAP_START}:
        return True
    if F.SNAP_START in on and on & {F.PROVISIONED, F.LARGE_TMP, F.ISOLATION}:
        return True
    if F.ISOLATION in on and on & {F.PROVISIONED, F.HTTP_API, F.EVENT_SOURCE}:
        return True
    if F.IMAGE in on and on & {F.ALL_SIGNED, F.LAYER}:
        return True
    if F.GPU in on and on & {F.ZIP, F.ARM64, F.ALL_SIGNED}:
        return True
    return {F.UNSIGNED_LAYER, F.SIGNED} <= on


def test_every_combination_is_refused_exactly_when_aws_or_the_laptop_would_refuse_it() -> None:
    every = sorted(SAID)
    verdicts = {True: 0, False: 0}
    for size in range(len(every) + 1):
        for chosen in map(frozenset, combinations(every, size)):
            refused = bool(illegal(chosen))
            assert refused is aws_refuses(chosen), sorted(chosen)
            verdicts[refused] += 1
    assert sum(verdicts.values()) == 2 ** len(SAID)
    assert verdicts[False] > 100


@pytest.mark.parametrize("pair", [p for p in PAIRS if p not in EXPRESSIBLE], ids=name)
def test_a_pair_that_no_stack_file_can_say_is_illegal_all_the_same(pair: Pair) -> None:
    assert pair in illegal(pair.features)
    assert illegal([pair.first]) == illegal([pair.second]) == []
    assert (pair.features - SAID) <= UNSAID.keys()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            [("groups.0.launch.package", "image"), ("functions.images", IMAGES)],
            (
                f"{LAUNCH}.image is null while package is 'image'; it must be the image's URI with "
                "its digest"
            ),
        ),
        (
            [("groups.0.launch.image", IMAGE)],
            f"{LAUNCH}.image is '{IMAGE}' while package is 'zip'; it must be null",
        ),
        (
            [
                ("groups.0.launch.package", "image"),
                ("groups.0.launch.image", f"{IMAGE.partition('@')[0]}:latest"),
                ("functions.images", IMAGES),
            ],
            f"{LAUNCH}.image: string should match",
        ),
        (
            [("groups.0.launch.package", "image"), ("groups.0.launch.image", IMAGE)],
            (
                "warmline:groups.0.launch.package is 'image' while "
                "functions.images.signing_keys is []; it must name a key"
            ),
        ),
        (
            [("functions.images", {"signing_keys": ["k", "k"], "untagged_days": 1})],
            "warmline:functions.images.signing_keys is ['k', 'k']; each name once",
        ),
        (
            [("groups.0.launch.layers", [{"arn": LAYER, "publisher": None}] * 2)],
            f"{LAUNCH}.layers is {[LAYER, LAYER]}; each layer version once",
        ),
        (
            [("groups.0.launch.layers", [{"arn": LAYER[:-2], "publisher": None}])],
            f"{LAUNCH}.layers.0.arn: string should match",
        ),
        (
            [
                ("groups.0.launch.layers", [{"arn": LAYER, "publisher": PUBLISHER}]),
                ("functions.code_signing", "enforce"),
            ],
            (
                f"{LAUNCH}.layers.0.publisher is '{PUBLISHER}'; it must be one of "
                f"functions.extra_publishers [], or Lambda refuses the layer {LAYER}"
            ),
        ),
        (
            [
                ("groups.0.launch.provisioned_concurrency", 5),
                ("groups.0.reserved_concurrency", 4),
            ],
            (
                f"{LAUNCH}.provisioned_concurrency is 5; it must be at most "
                "groups.0.reserved_concurrency 4"
            ),
        ),
        ([("groups.0.launch.accelerator_memory_gib", 7)], f"{LAUNCH}.accelerator_memory_gib: "),
        ([("groups.0.launch.provisioned_concurrency", -1)], f"{LAUNCH}.provisioned_concurrency: "),
    ],
)
def test_what_launch_settings_may_not_say(changes: list[tuple[str, Any]], says: str) -> None:
    text = refusal(changed(("functions.code_signing", "off"), *changes))
    assert "has 1 problem(s)" in text
    assert says in text


def test_as_many_warm_environments_as_are_reserved_are_accepted() -> None:
    loaded = load(
        changed(
            ("groups.0.launch.provisioned_concurrency", 4), ("groups.0.reserved_concurrency", 4)
        )
    )
    assert loaded.groups[0].launch.provisioned_concurrency == 4


def test_the_page_of_launch_profiles_is_current() -> None:
    """To write it anew: `python -m settings.launch_docs`."""
    assert PAGE.read_text(encoding="utf-8") == page()
