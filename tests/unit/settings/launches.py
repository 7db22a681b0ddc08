"""Stack files that launch functions in another way: what switches each feature on."""

from collections.abc import Iterable
from typing import Any, Final

from settings.features import Feature
from tests.unit.settings.stack_files import PUBLISHER, stack_file

DIGEST: Final = "5eed" * 16
IMAGE: Final = f"123456789012.dkr.ecr.us-east-1.amazonaws.com/warmline-dev/predict@sha256:{DIGEST}"
LAYER: Final = "arn:aws:lambda:us-east-1:464622532012:layer:vendor-telemetry:7"
IMAGES: Final = {"signing_keys": ["images"], "untagged_days": 7}
LAPTOP: Final = "http://127.0.0.1:4566"

Changes = tuple[tuple[str, Any], ...]

OFF: Final[Changes] = (
    ("functions.code_signing", "off"),
    ("functions.architecture", "x86_64"),
    ("api.kind", "http"),
    ("network", stack_file("prod")["warmline:network"]),
    ("storage.efs", None),
)
"""What a test starts from: of all that can be switched off, nothing is on."""
ON: Final[dict[Feature, Changes]] = {
    Feature.ZIP: (),
    Feature.IMAGE: (
        ("functions.images", IMAGES),
        ("groups.0.launch.package", "image"),
        ("groups.0.launch.image", IMAGE),
    ),
    Feature.SIGNED: (("functions.code_signing", "archives"),),
    Feature.ALL_SIGNED: (("functions.code_signing", "enforce"),),
    Feature.SNAP_START: (("groups.0.launch.snap_start", True),),
    Feature.PROVISIONED: (("groups.0.launch.provisioned_concurrency", 2),),
    Feature.ISOLATION: (("groups.0.launch.tenancy", "isolated"),),
    Feature.LARGE_TMP: (("groups.0.tmp_mb", 513),),
    Feature.ARM64: (("functions.architecture", "arm64"),),
    Feature.GPU: (("groups.0.launch.accelerator_memory_gib", 16),),
    Feature.LAYER: (
        ("groups.0.launch.layers", [{"arn": LAYER, "publisher": PUBLISHER}]),
        ("functions.extra_publishers", [PUBLISHER]),
    ),
    Feature.UNSIGNED_LAYER: (("groups.0.launch.layers", [{"arn": LAYER, "publisher": None}]),),
    Feature.HTTP_API: (("api.kind", "http"),),
    Feature.EVENT_SOURCE: (),
    Feature.EFS: (
        (
            "storage.efs",
            {"cache_mb": 1024, "infrequent_access_days": 30, "backup": False, "stand_in": None},
        ),
    ),
    Feature.NO_VPC: (("network.functions", []),),
    Feature.LAPTOP: (("endpoint_url", LAPTOP),),
}
"""Feature -> the changes that switch it on."""


def switching_on(features: Iterable[Feature]) -> list[tuple[str, Any]]:
    """The changes of all of them, in an order in which none undoes another."""
    wanted = set(features)
    return [*OFF, *(change for feature, how in ON.items() if feature in wanted for change in how)]
