"""What a function and what stands around it can be: the words of the compatibility table.

A feature is switched on by a key of the stack file, or cannot be said in one, for a reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from settings import limits
from settings.section import NotValid, Section, shown

GROUP: Final = "<group>"
"""In a key: the serving group that is judged."""


class Feature(StrEnum):
    """Its value is what people call it."""

    ZIP = "zip archive"
    IMAGE = "container image"
    SIGNED = "code signing of archives"
    ALL_SIGNED = "code signing of every function"
    SNAP_START = "SnapStart"
    PROVISIONED = "provisioned concurrency"
    ISOLATION = "tenant isolation"
    LARGE_TMP = "temporary folder above 512 MB"
    ARM64 = "arm64"
    GPU = "GPU"
    LAYER = "layer"
    UNSIGNED_LAYER = "layer without a listed publisher"
    HTTP_API = "HTTP API"
    EVENT_SOURCE = "event source mapping (the shadow queue)"
    EFS = "EFS mount"
    NO_VPC = "function outside a VPC"
    LAPTOP = "laptop cloud"

    FUNCTION_URL = "function URL"
    ALIAS_WEIGHTS = "weights on an alias"
    PROVISIONED_ALIAS = "provisioned concurrency on the alias"
    UNPUBLISHED = "$LATEST"
    OLD_PYTHON = "Python older than 3.12"
    OWN_CAPACITY = "capacity other than Managed Instances"
    SCALED_CAPACITY = "provisioned concurrency that a controller scales"
    CAPACITY_OF_UP = "provisioned concurrency that `up` owns"
    WAF = "WAF"
    PRIVATE_ENDPOINT = "private endpoint"
    USAGE_PLAN = "usage plan per client"
    GATEWAY_RESPONSES = "gateway errors as problem documents"
    REST_API = "REST API"
    JWT_AUTHORIZER = "JWT authorizer of the gateway"
    WATERMARK = "watermark per shard"
    PARALLEL_SHARD = "ParallelizationFactor above 1"
    ONNXRUNTIME = "onnxruntime in the archive"
    PYARROW = "pyarrow in the archive"
    NO_NAT = "nodes without a NAT gateway"
    FOREIGN_IMAGES = "images from nvcr.io or gcr.io"


def _is(wanted: object) -> Callable[[Any], bool]:
    return lambda value: value == wanted


def _unsigned(layers: Any) -> list[str]:
    return [layer.arn for layer in layers if layer.publisher is None]


@dataclass(frozen=True, kw_only=True)
class Switch:
    """The key that a feature is switched on by, and the values that do."""

    feature: Feature
    key: str
    on: Callable[[Any], bool]
    told: Callable[[Any], str] = lambda value: f"is {shown(value)}"

    def read(self, settings: Section, group: str) -> str | None:
        """`key is value` where the feature is on; `group` is the key of the group's section."""
        key = self.key.replace(GROUP, group)
        value: Any = settings
        try:
            for step in key.split("."):
                value = value[int(step)] if step.isdigit() else getattr(value, step)
            return f"{key} {self.told(value)}" if self.on(value) else None
        except NotValid:
            return None


_LAUNCH: Final = f"{GROUP}.launch"
SWITCHES: tuple[Switch, ...] = (
    Switch(feature=Feature.ZIP, key=f"{_LAUNCH}.package", on=_is("zip")),
    Switch(feature=Feature.IMAGE, key=f"{_LAUNCH}.package", on=_is("image")),
    Switch(feature=Feature.SIGNED, key="functions.code_signing", on=lambda said: said != "off"),
    Switch(feature=Feature.ALL_SIGNED, key="functions.code_signing", on=_is("enforce")),
    Switch(feature=Feature.SNAP_START, key=f"{_LAUNCH}.snap_start", on=_is(True)),
    Switch(
        feature=Feature.PROVISIONED,
        key=f"{_LAUNCH}.provisioned_concurrency",
        on=lambda count: count > 0,
    ),
    Switch(feature=Feature.ISOLATION, key=f"{_LAUNCH}.tenancy", on=_is("isolated")),
    Switch(
        feature=Feature.LARGE_TMP,
        key=f"{GROUP}.tmp_mb",
        on=lambda size: size > limits.LAMBDA_TMP_MB[0],
    ),
    Switch(feature=Feature.ARM64, key="functions.architecture", on=_is("arm64")),
    Switch(
        feature=Feature.GPU,
        key=f"{_LAUNCH}.accelerator_memory_gib",
        on=lambda size: size is not None,
    ),
    Switch(
        feature=Feature.LAYER,
        key=f"{_LAUNCH}.layers",
        on=bool,
        told=lambda layers: f"is {[layer.arn for layer in layers]}",
    ),
    Switch(
        feature=Feature.UNSIGNED_LAYER,
        key=f"{_LAUNCH}.layers",
        on=lambda layers: bool(_unsigned(layers)),
        told=lambda layers: f"has {_unsigned(layers)} with publisher null",
    ),
    Switch(feature=Feature.HTTP_API, key="api.kind", on=_is("http")),
    Switch(
        feature=Feature.EVENT_SOURCE,
        key=f"{GROUP}.shadow",
        on=_is(True),
    ),
    Switch(
        feature=Feature.EFS,
        key="storage.efs",
        on=lambda efs: efs is not None and efs.stand_in is None,
        told=lambda _: "is given with stand_in null",
    ),
    Switch(
        feature=Feature.NO_VPC,
        key="network.functions",
        on=lambda functions: "predict" not in functions,
        told=lambda functions: f"is {list(functions)}",
    ),
    Switch(feature=Feature.LAPTOP, key="endpoint_url", on=lambda url: url is not None),
)

UNSAID: Mapping[Feature, str] = {
    Feature.FUNCTION_URL: "no component makes one",
    Feature.ALIAS_WEIGHTS: "`Function` has no argument for them; the registry's routes have",
    Feature.PROVISIONED_ALIAS: "`Function` puts it on the published version, always",
    Feature.UNPUBLISHED: "`Function` always publishes, and gives out the alias alone",
    Feature.OLD_PYTHON: "`functions.python_version` offers none",
    Feature.OWN_CAPACITY: "every function here runs on it",
    Feature.SCALED_CAPACITY: "nothing scales it yet",
    Feature.CAPACITY_OF_UP: "nothing scales it yet",
    Feature.WAF: "`api.firewall` is refused with kind 'http' by the section itself",
    Feature.PRIVATE_ENDPOINT: "`api.private_endpoints` is refused likewise",
    Feature.USAGE_PLAN: "`api.usage_plan` is refused likewise",
    Feature.GATEWAY_RESPONSES: "a REST API has them always, an HTTP API never",
    Feature.REST_API: "`api.kind` says which; the authorizer follows from it",
    Feature.JWT_AUTHORIZER: "`api.kind` says which; the authorizer follows from it",
    Feature.WATERMARK: "no stream is read yet",
    Feature.PARALLEL_SHARD: "no stream is read yet",
    Feature.ONNXRUNTIME: "the locks of functions decide, and packaging refuses what is too large",
    Feature.PYARROW: "the locks of functions decide, and packaging refuses what is too large",
    Feature.NO_NAT: "there is no cluster yet",
    Feature.FOREIGN_IMAGES: "there is no cluster yet",
}
"""Feature -> why no key of a stack file can switch it on."""


def switched_on(settings: Section, group: str) -> dict[Feature, str]:
    """Feature -> `key is value`, of what a stack file says of a group and what is around it.

    `group` is the key of the group's section. A key that is not valid switches nothing on.
    """
    read = {switch.feature: switch.read(settings, group) for switch in SWITCHES}
    return {feature: told for feature, told in read.items() if told is not None}
