"""Launch profiles through the real engine, on the real program: what it refuses and what it makes.

The engine reads a stack file whole and the program reports every problem at once, so a few previews
show every illegal pair that a stack file can say.
"""

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

import pytest
import yaml

from automation import deployment, workspace
from automation.errors import Failure
from automation.preview import judge
from automation.report import Report
from automation.workspace import Reach
from emulation import engine as engines
from emulation import launchers
from emulation.paths import HOME_VARIABLE
from settings.compatibility import PAIRS, Pair
from settings.features import GROUP, SWITCHES, Feature
from tests.engine.workbench import copy_clone, silent
from tests.unit.settings.launches import switching_on
from tests.unit.settings.stack_files import changed

pytestmark = pytest.mark.engine

F = Feature
KEYS = {switch.feature: switch.key.replace(GROUP, "groups.0") for switch in SWITCHES}
EXPRESSIBLE = [pair for pair in PAIRS if pair.features <= KEYS.keys()]
Previewed = Callable[[frozenset[Feature]], Report]


@pytest.fixture(scope="module")
def previewed(tmp_path_factory: pytest.TempPathFactory) -> Iterable[Previewed]:
    """Previews of dev with these features, by the engine alone: no command looks at the file first.

    Raises `Failure` with what the program says.
    """
    folder = tmp_path_factory.mktemp("launch")
    copy_clone(folder / "clone")

    def preview(features: frozenset[Feature]) -> Report:
        write(folder / "clone", features)
        opened = workspace.open_stack("dev", engines.ensure(silent), Reach.NOTHING)
        return deployment.preview(opened, silent)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(HOME_VARIABLE, str(folder / "home"))
        patch.setattr(workspace, "ROOT", folder / "clone")
        launchers.write()
        yield preview


def write(clone: Path, features: frozenset[Feature]) -> None:
    config = changed(*switching_on(features))
    (clone / "Pulumi.dev.yaml").write_text(yaml.safe_dump({"config": config}), encoding="utf-8")


@pytest.fixture(scope="module")
def refused(previewed: Previewed) -> Callable[[Feature], str]:
    """What the engine says of a stack file with everything switched on, in a package."""

    @cache
    def told(package: Feature) -> str:
        other = {F.ZIP: F.IMAGE, F.IMAGE: F.ZIP}[package]
        layer = F.LAYER if package is F.IMAGE else F.UNSIGNED_LAYER
        left_out = {other, F.LAYER, F.UNSIGNED_LAYER} - {layer}
        with pytest.raises(Failure) as caught:
            previewed(frozenset(KEYS) - left_out)
        return caught.value.cause

    return told


@pytest.mark.parametrize("pair", EXPRESSIBLE, ids=lambda p: f"{p.first.name}-{p.second.name}")
def test_the_engine_refuses_an_illegal_pair_with_both_keys_and_the_way_out(
    pair: Pair, refused: Callable[[Feature], str]
) -> None:
    package = F.IMAGE if F.IMAGE in pair.features or pair.first is F.LAYER else F.ZIP
    lines = [line.strip() for line in refused(package).splitlines()]
    found = [line for line in lines if line.startswith(f"warmline:{KEYS[pair.first]} ")]
    assert [
        line
        for line in found
        if f" while {KEYS[pair.second]} " in line
        and pair.reason in line
        and f"Way out: {pair.way_out}. Legal launch profiles: (a) " in line
    ], "\n".join(lines)


@pytest.mark.parametrize(
    "features",
    [
        frozenset({F.SIGNED, F.ALL_SIGNED, F.ARM64, F.EFS, F.PROVISIONED, F.LARGE_TMP}),
        frozenset({F.SIGNED, F.ALL_SIGNED, F.ARM64, F.SNAP_START}),
        frozenset({F.SIGNED, F.IMAGE, F.SNAP_START}),
        frozenset({F.SIGNED, F.IMAGE, F.PROVISIONED}),
    ],
    ids=["a", "b", "c-snap-start", "c-provisioned"],
)
def test_a_legal_launch_profile_passes_its_preview_and_the_pack(
    features: frozenset[Feature], previewed: Previewed
) -> None:
    verdict = judge("dev", previewed(features), ())
    assert verdict.passes, verdict.as_json()
    assert verdict.report.packs
    kept = verdict.report.types.get(
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig", 0
    )
    assert kept == (F.PROVISIONED in features)
