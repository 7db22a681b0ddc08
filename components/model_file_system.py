"""ModelFileSystem: a cache of model files that functions of the network share."""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from components.documents import file_system as documents
from components.network import FunctionNetwork, Subnet
from components.render import rendered
from components.tags import DataClass, Tags
from settings import Efs

MOUNT_PATH: Final = "/mnt/models"
_NFS: Final = 2049
_ROOT: Final = "/cache"
_USER: Final = 1000
"""Whoever comes through the access point is this user, whatever the host calls it."""


@dataclass(frozen=True, kw_only=True)
class FileSystemMount:
    """What a function needs to mount the file system."""

    access_point_arn: pulumi.Input[str]
    path: str
    policy: pulumi.Input[str]
    """For the function's role."""
    subnets: frozenset[str]
    """Names of the subnets with a mount target."""
    targets: tuple[pulumi.Resource, ...]
    """Every mount target, rule and policy: EFS refuses a function that comes before them."""


def unreachable(subnets: tuple[Subnet, ...], mount: FileSystemMount) -> str:
    """Why a function in these subnets cannot mount; empty where it can."""
    missing = [subnet.name for subnet in subnets if subnet.name not in mount.subnets]
    if not subnets:
        return "it joins no network; a file system is mounted through one (network.functions)"
    if missing:
        return (
            f"its subnets {', '.join(missing)} have no mount target; there are targets in "
            f"{', '.join(sorted(mount.subnets))}, and a function mounts in every subnet it may "
            "start in"
        )
    return ""


@dataclass(frozen=True, kw_only=True)
class SharedCache:
    """Where the inference function finds model files that other hosts share."""

    folder: str
    cache_mb: int
    mount: FileSystemMount | None
    """None = the folder is there already."""


def stand_in(efs: Efs | None) -> SharedCache | None:
    """The folder of this machine that a stack file names in place of a file system."""
    if efs is None or efs.stand_in is None:
        return None
    return SharedCache(folder=efs.stand_in, cache_mb=efs.cache_mb, mount=None)


@dataclass(frozen=True, kw_only=True)
class ModelFileSystemArgs:
    network: FunctionNetwork
    kms_key_arn: pulumi.Input[str]
    efs: Efs
    tags: Tags


class ModelFileSystem(pulumi.ComponentResource):
    """An encrypted file system with a target in every subnet of the functions, and one way in."""

    file_system_arn: pulumi.Output[str]
    access_point_arn: pulumi.Output[str]
    cache: SharedCache

    def __init__(
        self, name: str, args: ModelFileSystemArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:ModelFileSystem", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        file_system = aws.efs.FileSystem(
            name,
            encrypted=True,
            kms_key_id=args.kms_key_arn,
            throughput_mode="elastic",
            lifecycle_policies=_lifecycle(args.efs),
            tags=args.tags.named(name, DataClass.MODELS),
            opts=self._child,
        )
        point = aws.efs.AccessPoint(
            name,
            file_system_id=file_system.id,
            posix_user={"uid": _USER, "gid": _USER},
            root_directory={
                "path": _ROOT,
                "creation_info": {
                    "owner_uid": _USER,
                    "owner_gid": _USER,
                    "permissions": "0700",
                },
            },
            tags=args.tags.named(name),
            opts=self._child,
        )
        arns = {"file_system_arn": file_system.arn, "access_point_arn": point.arn}
        policy = aws.efs.FileSystemPolicy(
            name,
            file_system_id=file_system.id,
            policy=rendered(documents.file_system, **arns),
            opts=self._child,
        )
        aws.efs.BackupPolicy(
            name,
            file_system_id=file_system.id,
            backup_policy={"status": "ENABLED" if args.efs.backup else "DISABLED"},
            opts=self._child,
        )
        self.file_system_arn = file_system.arn
        self.access_point_arn = point.arn
        self.cache = SharedCache(
            folder=MOUNT_PATH,
            cache_mb=args.efs.cache_mb,
            mount=FileSystemMount(
                access_point_arn=point.arn,
                path=MOUNT_PATH,
                policy=rendered(documents.use_file_system, **arns),
                subnets=frozenset(subnet.name for subnet in args.network.subnets),
                targets=(policy, *self._targets(file_system)),
            ),
        )
        self.register_outputs(
            {
                "file_system_arn": self.file_system_arn,
                "access_point_arn": self.access_point_arn,
            }
        )

    def _targets(self, file_system: "aws.efs.FileSystem") -> list[pulumi.Resource]:
        network, name = self._args.network, self._name
        group = aws.ec2.SecurityGroup(
            name,
            vpc_id=network.vpc_id,
            description="model files: mounted by functions",
            tags=self._args.tags.named(name),
            opts=self._child,
        )
        rules = [
            aws.vpc.SecurityGroupIngressRule(
                f"{name}-from-functions",
                security_group_id=group.id,
                referenced_security_group_id=network.security_group_id,
                ip_protocol="tcp",
                from_port=_NFS,
                to_port=_NFS,
                tags=self._args.tags.named(f"{name}-from-functions"),
                opts=self._child,
            ),
            aws.vpc.SecurityGroupEgressRule(
                f"{name}-of-functions",
                security_group_id=network.security_group_id,
                referenced_security_group_id=group.id,
                ip_protocol="tcp",
                from_port=_NFS,
                to_port=_NFS,
                tags=self._args.tags.named(f"{name}-of-functions"),
                opts=self._child,
            ),
        ]
        targets = [
            aws.efs.MountTarget(
                f"{name}-{index}",
                file_system_id=file_system.id,
                subnet_id=subnet.id,
                security_groups=[group.id],
                opts=self._child,
            )
            for index, subnet in enumerate(network.subnets)
        ]
        return [*rules, *targets]


def _lifecycle(efs: Efs) -> "list[aws.efs.FileSystemLifecyclePolicyArgsDict]":
    """One transition each, as the service wants them."""
    if efs.infrequent_access_days is None:
        return []
    days = efs.infrequent_access_days
    return [
        {"transition_to_ia": f"AFTER_{days}_DAY{'' if days == 1 else 'S'}"},
        {"transition_to_primary_storage_class": "AFTER_1_ACCESS"},
    ]
