"""Function: the one place where a Lambda function is made."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws

from components.code_signing import UNSIGNED, Archive, CodeSigning
from components.documents import role as documents
from components.encrypted_bucket import EncryptedBucket
from components.model_file_system import FileSystemMount, unreachable
from components.network import FunctionNetwork
from components.packaging import Package
from components.render import rendered
from components.tags import DataClass, Tags
from contracts.release import ALIAS
from settings import Launch

MOVED_BY_RELEASE = ("function_version", "routing_config")
"""Inputs of the alias that a deployment leaves alone where releases own it."""
PLAIN = Launch(
    package="zip",
    image=None,
    snap_start=False,
    provisioned_concurrency=0,
    tenancy="shared",
    accelerator_memory_gib=None,
    layers=(),
)
"""A plain archive, that starts when it is called."""


@dataclass(frozen=True, kw_only=True)
class FailureDestination:
    """Where the events go that an asynchronously called function could not handle."""

    queue_arn: pulumi.Input[str]
    kms_key_arn: pulumi.Input[str]


@dataclass(frozen=True, kw_only=True)
class QueueSource:
    """A queue whose messages the function is called with."""

    queue_arn: pulumi.Input[str]
    batch_size: int
    maximum_concurrency: int


@dataclass(frozen=True, kw_only=True)
class FunctionCommon:
    """What every function of a stack shares."""

    artefacts: EncryptedBucket
    signing: CodeSigning | None
    """None = archives run as they were built."""
    log_key_arn: pulumi.Input[str]
    log_retention_days: int
    environment_key_arn: pulumi.Input[str]
    tags: Tags
    networks: Mapping[str, FunctionNetwork] = field(default_factory=dict)
    """Function -> the network that it joins; one that is not here runs outside."""


@dataclass(frozen=True, kw_only=True)
class FunctionArgs:
    common: FunctionCommon
    package: Package
    memory_mb: int
    timeout_seconds: int
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    policies: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Name -> policy document: what the function may do beside logging and tracing."""
    launch: Launch = PLAIN
    tmp_mb: int = 512
    reserved_concurrency: int | None = None
    failures: FailureDestination | None = None
    """Required where the function is called asynchronously."""
    mount: FileSystemMount | None = None
    source: QueueSource | None = None
    """The role's policies must let it receive from the queue."""
    released: bool = False
    """`warmline release` moves the alias once it is made, and keeps versions warm; else every
    deployment does."""


class Function(pulumi.ComponentResource):
    """A published function behind the alias `live`, with a role and a log group of its own.

    Everything that calls it is wired to the alias: the unqualified function is no output.
    """

    alias_arn: pulumi.Output[str]
    alias_invoke_arn: pulumi.Output[str]
    """For API Gateway integrations."""
    function_name: pulumi.Output[str]
    """For metrics, and for permissions together with `alias_name`."""
    alias_name: pulumi.Output[str]
    alias_metrics: dict[str, pulumi.Output[str]]
    """Dimensions of CloudWatch's metrics of the alias."""
    log_group_name: pulumi.Output[str]
    timeout_seconds: int
    architecture: str

    def __init__(
        self, name: str, args: FunctionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:Function", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        common = args.common
        log_group = aws.cloudwatch.LogGroup(
            name,
            retention_in_days=common.log_retention_days,
            kms_key_id=common.log_key_arn,
            tags=common.tags.named(name, DataClass.LOGS),
            opts=child,
        )
        role = aws.iam.Role(
            name,
            assume_role_policy=json.dumps(documents.lambda_trust()),
            tags=common.tags.named(name),
            opts=child,
        )
        grants = {
            "logs-and-traces": rendered(documents.logs_and_traces, log_group_arn=log_group.arn),
            **args.policies,
        }
        if args.failures is not None:
            grants["failures"] = rendered(
                documents.send_failures,
                queue_arn=args.failures.queue_arn,
                key_arn=args.failures.kms_key_arn,
            )
        network = common.networks.get(args.package.function)
        if network is not None:
            grants["network"] = network.policy
        mount = args.mount
        if mount is not None:
            if reason := unreachable(network.subnets if network else (), mount):
                raise ValueError(f"function {name!r} cannot mount {mount.path}: {reason}")
            grants["files"] = mount.policy
        policies = [
            aws.iam.RolePolicy(f"{name}-{grant}", role=role.name, policy=policy, opts=child)
            for grant, policy in grants.items()
        ]
        launch = args.launch
        function = aws.lambda_.Function(
            name,
            role=role.arn,
            architectures=[args.package.architecture],
            **(self._archive(name, args, child) if launch.image is None else _image(launch.image)),
            layers=[layer.arn for layer in launch.layers] or None,
            snap_start={"apply_on": "PublishedVersions"} if launch.snap_start else None,
            tenancy_config={"tenant_isolation_mode": "PER_TENANT"}
            if launch.tenancy == "isolated"
            else None,
            publish=True,
            memory_size=args.memory_mb,
            timeout=args.timeout_seconds,
            ephemeral_storage={"size": args.tmp_mb},
            environment={
                "variables": {str(name): value for name, value in args.environment.items()}
            },
            kms_key_arn=common.environment_key_arn,
            tracing_config={"mode": "Active"},
            logging_config={"log_format": "Text", "log_group": log_group.name},
            reserved_concurrent_executions=args.reserved_concurrency,
            file_system_config=None
            if mount is None
            else {"arn": mount.access_point_arn, "local_mount_path": mount.path},
            vpc_config=None
            if network is None
            else {
                "subnet_ids": [subnet.id for subnet in network.subnets],
                "security_group_ids": [network.security_group_id],
            },
            dead_letter_config=None
            if args.failures is None
            else {"target_arn": args.failures.queue_arn},
            tags=common.tags.named(name, DataClass.CODE),
            # A role works only with its policies, a function in a network only with the ways out,
            # and a mount only with its targets; nothing else orders them before the function.
            opts=pulumi.ResourceOptions(
                parent=self,
                depends_on=[
                    *policies,
                    *(network.ways_out if network else ()),
                    *(mount.targets if mount else ()),
                ],
            ),
        )
        warm: list[pulumi.Resource] = []
        if launch.provisioned_concurrency and not args.released:
            kept = aws.lambda_.ProvisionedConcurrencyConfig(
                name,
                function_name=function.name,
                # On the version: an alias that moves may not have any (docs/launch-profiles.md).
                qualifier=function.version,
                provisioned_concurrent_executions=launch.provisioned_concurrency,
                opts=child,
            )
            warm.append(kept)
        alias = aws.lambda_.Alias(
            name,
            name=ALIAS,
            function_name=function.name,
            function_version=function.version,
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=list(MOVED_BY_RELEASE) if args.released else None,
                # The new version is warm before it is called, and the old one stays so until then.
                depends_on=warm,
            ),
        )
        if args.source is not None:
            aws.lambda_.EventSourceMapping(
                name,
                event_source_arn=args.source.queue_arn,
                function_name=alias.arn,
                batch_size=args.source.batch_size,
                # Without it one bad message would send the whole batch back.
                function_response_types=["ReportBatchItemFailures"],
                scaling_config={"maximum_concurrency": args.source.maximum_concurrency},
                tags=common.tags.named(name),
                opts=child,
            )
        self.alias_arn = alias.arn
        self.alias_invoke_arn = alias.invoke_arn
        self.function_name = function.name
        self.alias_name = alias.name
        self.alias_metrics = {
            "FunctionName": function.name,
            "Resource": pulumi.Output.concat(function.name, ":", alias.name),
        }
        self.log_group_name = log_group.name
        self.timeout_seconds = args.timeout_seconds
        self.architecture = args.package.architecture
        self.register_outputs(
            {
                "alias_arn": self.alias_arn,
                "alias_invoke_arn": self.alias_invoke_arn,
                "function_name": self.function_name,
                "alias_name": self.alias_name,
                "alias_metrics": self.alias_metrics,
                "log_group_name": self.log_group_name,
                "timeout_seconds": self.timeout_seconds,
                "architecture": self.architecture,
            }
        )

    def _archive(
        self, name: str, args: FunctionArgs, child: pulumi.ResourceOptions
    ) -> dict[str, Any]:
        """Where the function finds its archive, which is uploaded, and signed where asked for."""
        artefacts, signing = args.common.artefacts, args.common.signing
        folder = "" if signing is None else UNSIGNED
        upload = aws.s3.BucketObjectv2(
            name,
            bucket=artefacts.name,
            # One of each function's own: of two resources with one key the second upload makes the
            # first one's version an old one, and deleting either takes the object from both.
            key=f"{folder}{name}/{args.package.sha256}.zip",
            source=pulumi.FileAsset(str(args.package.path)),
            content_type="application/zip",
            # The upload needs the bucket's versioning and encryption, not only the bucket.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[artefacts]),
        )
        archive = (
            Archive(bucket=upload.bucket, key=upload.key, version=upload.version_id)
            if signing is None
            else signing.sign(name, upload, child)
        )
        return {
            "runtime": args.package.runtime,
            "handler": args.package.handler,
            "s3_bucket": archive.bucket,
            "s3_key": archive.key,
            # No hash of the archive: Lambda tells that of the signed one, which no source has.
            "s3_object_version": archive.version,
            "code_signing_config_arn": None if signing is None else signing.config_arn,
        }


def _image(uri: str) -> dict[str, Any]:
    """An image brings its own runtime and handler, and Lambda checks no signature of it."""
    return {"package_type": "Image", "image_uri": uri}
