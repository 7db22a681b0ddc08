"""What goes together on Lambda and what does not, as dated data. Checked 2026-11.

docs/launch-profiles.md is made from these tables (`python -m settings.launch_docs`).
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from settings.features import Feature

F = Feature
PAGE: Final = "docs/launch-profiles.md"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two features of which a function can have one."""

    first: Feature
    second: Feature
    reason: str
    source: str
    way_out: str

    @property
    def features(self) -> frozenset[Feature]:
        return frozenset({self.first, self.second})


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A combination that AWS accepts and that is good for something."""

    letter: str
    name: str
    features: frozenset[Feature]
    settings: str
    """Keys of the stack file that say it."""
    good_for: str


@dataclass(frozen=True, kw_only=True)
class Gap:
    """What AWS has and this blueprint cannot deploy."""

    feature: Feature
    reason: str
    source: str
    way_out: str


def _pair(first: Feature, second: Feature, reason: str, source: str, way_out: str) -> Pair:
    return Pair(first=first, second=second, reason=reason, source=source, way_out=way_out)


_SNAP_START: Final = "Lambda developer guide, SnapStart"
_SIGNING: Final = "Lambda developer guide, code signing"
_TENANCY: Final = "Lambda API reference, TenancyConfig; CDK TenancyConfig"
_ACCELERATOR: Final = "AWS SAM, AcceleratorConfig; aws/aws-lambda-roadmap#81"
_GATEWAY: Final = "API Gateway developer guide, HTTP or REST"
_LAPTOP: Final = "tried on the emulator"

PAIRS: tuple[Pair, ...] = (
    _pair(
        F.PROVISIONED,
        F.SNAP_START,
        "Lambda keeps environments warm or starts them from a snapshot, never both",
        _SNAP_START,
        "set provisioned_concurrency 0, or snap_start false",
    ),
    _pair(
        F.PROVISIONED,
        F.ISOLATION,
        "environments that are warm before a call belong to no tenant yet",
        _TENANCY,
        "set provisioned_concurrency 0, or tenancy 'shared'",
    ),
    _pair(
        F.SNAP_START,
        F.ISOLATION,
        "one snapshot would serve every tenant",
        _TENANCY,
        "set snap_start false, or tenancy 'shared'",
    ),
    _pair(
        F.ISOLATION,
        F.HTTP_API,
        "an HTTP API cannot tell Lambda the tenant, so it cannot call such a function",
        f"{_TENANCY}; {_GATEWAY}",
        "set tenancy 'shared', or put a REST API in front",
    ),
    _pair(
        F.ISOLATION,
        F.EVENT_SOURCE,
        "API Gateway is the only event source that can name a tenant",
        _TENANCY,
        "set shadow false, or tenancy 'shared'",
    ),
    _pair(
        F.ISOLATION,
        F.FUNCTION_URL,
        "API Gateway is the only event source that can name a tenant",
        _TENANCY,
        "call it through a REST API",
    ),
    _pair(
        F.SNAP_START,
        F.EFS,
        "a snapshot cannot hold a mounted file system",
        _SNAP_START,
        "set snap_start false and keep environments warm with provisioned_concurrency, or leave "
        "EFS out",
    ),
    _pair(
        F.SNAP_START,
        F.LARGE_TMP,
        "a snapshot takes a temporary folder of 512 MB",
        _SNAP_START,
        "set tmp_mb 512 (and disk_cache_mb within it), or snap_start false",
    ),
    _pair(
        F.SNAP_START,
        F.OLD_PYTHON,
        "snapshots are taken of Python 3.12 and later",
        f"{_SNAP_START}, runtimes",
        "set a newer python_version, or snap_start false",
    ),
    _pair(
        F.SNAP_START,
        F.UNPUBLISHED,
        "the snapshot is taken when a version is published",
        _SNAP_START,
        "publish, and call the alias",
    ),
    _pair(
        F.PROVISIONED,
        F.UNPUBLISHED,
        "warm environments belong to a published version",
        "Lambda developer guide, provisioned concurrency; serverless/serverless#6426",
        "publish, and call the alias",
    ),
    _pair(
        F.PROVISIONED_ALIAS,
        F.ALIAS_WEIGHTS,
        "the API refuses both on one alias, and sets weights of its own while an alias with warm "
        "environments moves",
        "hashicorp/terraform#24957; hashicorp/terraform-provider-aws#48116; "
        "gradientedge/cdk-utils#1110",
        "keep warm the published version, and split traffic by the registry's routes",
    ),
    _pair(
        F.SCALED_CAPACITY,
        F.CAPACITY_OF_UP,
        "the next deployment sets the scaled number back",
        "govuk-one-login/authentication-api#4267",
        "whoever scales it owns the whole resource, and `up` ignores it",
    ),
    _pair(
        F.ALL_SIGNED,
        F.IMAGE,
        "Lambda checks no code signature of an image",
        _SIGNING,
        "set code_signing 'archives' (archives stay signed, and the signature over the image's "
        "digest is checked before it is deployed), or package 'zip'",
    ),
    _pair(
        F.SIGNED,
        F.UNSIGNED_LAYER,
        "with signing enforced Lambda refuses every layer whose publisher is not listed",
        f"{_SIGNING}; getsentry/sentry-javascript#12584",
        "name the layer's publisher, which functions.extra_publishers lists too, or put the "
        "layer's code into the archive",
    ),
    _pair(
        F.IMAGE,
        F.LAYER,
        "layers are unpacked beside an archive only",
        "Lambda developer guide, container images",
        "copy the layer's files into the image, or set package 'zip'",
    ),
    _pair(
        F.EFS,
        F.NO_VPC,
        "mount targets are addresses in a VPC",
        "Lambda developer guide, file systems",
        "let 'predict' join a network (network.functions), or set efs null",
    ),
    _pair(
        F.GPU,
        F.ZIP,
        "a function with a GPU takes a container image only",
        _ACCELERATOR,
        "set package 'image'",
    ),
    _pair(
        F.GPU,
        F.ARM64,
        "a function with a GPU runs on x86_64 only",
        _ACCELERATOR,
        "set architecture 'x86_64'",
    ),
    _pair(
        F.GPU,
        F.ALL_SIGNED,
        "a function with a GPU is an image, and Lambda checks no code signature of one",
        f"{_ACCELERATOR}; {_SIGNING}",
        "set code_signing 'archives'",
    ),
    _pair(
        F.GPU,
        F.OWN_CAPACITY,
        "only Lambda's Managed Instances have GPUs",
        _ACCELERATOR,
        "a capacity provider of Managed Instances",
    ),
    *(
        _pair(
            feature,
            F.HTTP_API,
            reason,
            _GATEWAY,
            "put a REST API in front",
        )
        for feature, reason in (
            (F.WAF, "a web ACL cannot be attached to an HTTP API"),
            (F.PRIVATE_ENDPOINT, "an HTTP API is public"),
            (F.USAGE_PLAN, "an HTTP API knows no usage plans and throttles no single client"),
            (F.GATEWAY_RESPONSES, "the errors that an HTTP API makes itself are fixed"),
        )
    ),
    _pair(
        F.JWT_AUTHORIZER,
        F.REST_API,
        "a REST API has a Cognito authorizer and Lambda authorizers only",
        _GATEWAY,
        "Cognito's authorizer for its pool, a function for any other issuer",
    ),
    _pair(
        F.WATERMARK,
        F.PARALLEL_SHARD,
        "batches of one shard then end out of order, and a lower one counts as done",
        "Lambda developer guide, Kinesis, ParallelizationFactor",
        "ParallelizationFactor 1, or remember every event by its id",
    ),
    _pair(
        F.ONNXRUNTIME,
        F.PYARROW,
        "with numpy they unpack to over 250 MB, which Lambda refuses (arm64, Python 3.13)",
        "Lambda quotas; wheels measured 2026-11",
        "read Parquet in a function that runs no model",
    ),
    _pair(
        F.NO_NAT,
        F.FOREIGN_IMAGES,
        "there is no way out to those registries, and ECR's pull-through cache lists neither",
        "Amazon ECR user guide, pull through cache rules",
        "mirror the images into ECR, and name them by digest",
    ),
    _pair(
        F.SIGNED,
        F.LAPTOP,
        "it must be 'off' for the laptop cloud, because its signer writes a receipt in place of a "
        "signed archive, which no function can run",
        _LAPTOP,
        "set code_signing 'off' in this stack",
    ),
    _pair(
        F.IMAGE,
        F.LAPTOP,
        "the emulator runs no images (it asks for Docker at the first call)",
        _LAPTOP,
        "set package 'zip' in this stack",
    ),
    _pair(
        F.LAYER,
        F.LAPTOP,
        "no account's layers are there",
        _LAPTOP,
        "set layers [] in this stack",
    ),
    _pair(
        F.EFS,
        F.LAPTOP,
        "the emulator keeps a mount as a record, and nothing is mounted",
        _LAPTOP,
        "name a folder of this machine in storage.efs.stand_in, or set efs null",
    ),
    _pair(
        F.SNAP_START,
        F.LAPTOP,
        "the emulator takes no snapshots, and nothing would start from one",
        _LAPTOP,
        "set snap_start false in this stack",
    ),
    _pair(
        F.ISOLATION,
        F.LAPTOP,
        "the emulator gives no tenant environments of its own, so nothing would be isolated",
        _LAPTOP,
        "set tenancy 'shared' in this stack",
    ),
)

GAPS: tuple[Gap, ...] = (
    Gap(
        feature=F.GPU,
        reason="pulumi-aws 7.51 has no accelerator setting on a function, so it would be made "
        "without one",
        source="pulumi_aws 7.51.1, inspected 2026-11",
        way_out="set accelerator_memory_gib null; models that need a GPU run on a GPU cluster",
    ),
)

PROFILES: tuple[Profile, ...] = (
    Profile(
        letter="a",
        name="signed zip + EFS + provisioned concurrency",
        features=frozenset({F.ZIP, F.SIGNED, F.EFS, F.PROVISIONED}),
        settings="`package: zip`, `provisioned_concurrency: N`, `functions.code_signing: enforce`; "
        "`storage.efs` and `network` where the models are too large for `/tmp`",
        good_for="steady traffic, and models that take long to load",
    ),
    Profile(
        letter="b",
        name="signed zip + SnapStart, without EFS",
        features=frozenset({F.ZIP, F.SIGNED, F.SNAP_START}),
        settings="`package: zip`, `snap_start: true`, `tmp_mb: 512`, "
        "`functions.code_signing: enforce`",
        good_for="traffic that comes and goes, where warm environments would mostly wait",
    ),
    Profile(
        letter="c",
        name="image + SnapStart or provisioned concurrency",
        features=frozenset({F.IMAGE, F.SNAP_START}),
        settings="`package: image`, `image: ...@sha256:...`, `snap_start: true` or "
        "`provisioned_concurrency: N`, `functions.code_signing: archives`, `functions.images`",
        good_for="code that is larger than an archive may be",
    ),
    Profile(
        letter="d",
        name="GPU image",
        features=frozenset({F.IMAGE, F.GPU}),
        settings="none: AWS has it, and this blueprint cannot deploy it yet (see below)",
        good_for="large models, where a cluster is too much",
    ),
)
LEGAL: Final = "; ".join(f"({profile.letter}) {profile.name}" for profile in PROFILES)


def illegal(features: Collection[Feature]) -> list[Pair]:
    """The pairs of the table that stand in `features`."""
    return [pair for pair in PAIRS if pair.features <= set(features)]


def problems(switched_on: Mapping[Feature, str]) -> Iterator[str]:
    """A line for each illegal pair, and for what cannot be deployed.

    `switched_on` has the features, and says each by its key and value.
    """
    for pair in illegal(switched_on):
        yield (
            f"{switched_on[pair.first]} while {switched_on[pair.second]}; {pair.reason} "
            f"({pair.source}). Way out: {pair.way_out}. Legal launch profiles: {LEGAL} ({PAGE})"
        )
    for gap in GAPS:
        if gap.feature in switched_on:
            yield f"{switched_on[gap.feature]}; {gap.reason} ({gap.source}). Way out: {gap.way_out}"
