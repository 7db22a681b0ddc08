"""The whole program under mocks, with its committed stack files."""

import json
import runpy
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi_aws  # noqa: F401 - see tests.harness, which loads its noisy parts quietly
import pytest
import yaml

from components import packaging
from components.account import Account
from components.encrypted_bucket import EncryptedBucket, EncryptedBucketArgs
from components.function import FunctionCommon
from components.packaging import ROOT, Package
from components.tags import DataClass, Tags
from tests.harness import ACCOUNT_ID, REGION, Graph, deploy

STACKS = ("local", "dev", "prod")
DOMAIN = {
    "name": "models.example.com",
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d",
    "zone_id": "Z0123456789ABC",
    "minimum_tls": "1.2",
}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "prod-nat-efs": (
        "prod",
        {
            "network": {"egress": "nat_per_zone", "interface_endpoints": [], "zones": 3},
            "storage": {
                "efs": {
                    "cache_mb": 20_480,
                    "infrequent_access_days": 30,
                    "backup": True,
                    "stand_in": None,
                }
            },
        },
    ),
    "prod-private-api": (
        "prod",
        {
            "network": {"interface_endpoints": ["sqs", "execute-api"]},
            "api": {"private_endpoints": ["network"]},
        },
    ),
    "prod-existing-network": (
        "prod",
        {
            "network": {
                "kind": "existing",
                "cidr": None,
                "zones": None,
                "egress": "none",
                "interface_endpoints": [],
                "flow_log_retention_days": None,
                "vpc_id": "vpc-0123456789abcdef0",
                "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
            }
        },
    ),
    "prod-private-rest": ("prod", {"api": {"private_endpoints": ["vpce-0123456789abcdef0"]}}),
    "prod-issuer": (
        "prod",
        {
            "api": {
                "usage_plan": {
                    "rate_limit_per_second": 50,
                    "burst_limit": 100,
                    "requests_per_day": 1_000_000,
                }
            },
            "identity": {
                "kind": "issuer",
                "issuer": "https://login.example.com/",
                "audience": ["warmline-api"],
                "tenant_claim": "azp",
                "token_url": "https://login.example.com/token",
            },
            "tenants": [
                {"name": "risk", "claim_value": "risk-app", "scopes": [], "models": ["*"]},
                {"name": "shop", "claim_value": "shop-app", "scopes": [], "models": ["magika"]},
            ],
        },
    ),
    "prod-domain": ("prod", {"api": {"custom_domain": DOMAIN | {"minimum_tls": "1.3"}}}),
    "dev-domain": ("dev", {"api": {"custom_domain": DOMAIN | {"zone_id": None}}}),
    "dev-warm": ("dev", {"groups": {"launch": {"provisioned_concurrency": 2}}}),
    "dev-images": (
        "dev",
        {
            "functions": {
                "code_signing": "archives",
                "images": {"signing_keys": ["images", "images-next"], "untagged_days": 7},
            },
            "groups": {
                "launch": {
                    "package": "image",
                    "image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/warmline/predict"
                    f"@sha256:{'5eed' * 16}",
                    "snap_start": True,
                }
            },
        },
    ),
}
"""Stacks that are not committed: the one that they change, and what is else in its sections; in
`groups`, what is else in the launch of every one."""
ARCHIVE_DIGEST = "c0ffee" + "0" * 58
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT_ID}:key/k"
TAGS = Tags(project="p", stack="s", environment="e", owner="o", cost_centre="c")


def stack_file(stack: str) -> dict[str, Any]:
    return yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]


def wire(config: dict[str, Any]) -> dict[str, str]:
    """Configuration as the engine hands it over: text, JSON for everything structured."""
    return {k: v if isinstance(v, str) else json.dumps(v) for k, v in config.items()}


def unbuilt(function: str, *, python_version: str, architecture: str) -> Package:
    """Stands for a built archive: graphs need its name and digest, not its bytes."""
    return Package(
        function=function,
        path=Path(__file__),
        sha256=ARCHIVE_DIGEST,
        handler=f"functions.{function}.handler.handler",
        runtime=f"python{'3.11' if python_version == 'machine' else python_version}",
        architecture="x86_64" if architecture == "machine" else architecture,
    )


def function_common() -> FunctionCommon:
    """What functions share, for a function that is made without a stack; call it in a program."""
    artefacts = EncryptedBucket(
        "artefacts",
        EncryptedBucketArgs(
            data=DataClass.CODE,
            account=Account(id=ACCOUNT_ID, region=REGION, partition="aws"),
            kms_key_arn=KEY,
            access_log_bucket=None,
            force_destroy=True,
            protect=False,
            tags=TAGS,
            noncurrent_days=1,
        ),
    )
    return FunctionCommon(
        artefacts=artefacts,
        signing=None,
        log_key_arn=KEY,
        log_retention_days=14,
        environment_key_arn=KEY,
        tags=TAGS,
    )


def run(
    stack: str,
    config: dict[str, Any] | None = None,
    archive: Callable[..., Package] = unbuilt,
) -> Graph:
    """Deploys `__main__.py` under mocks, anew; `archive` stands for what builds archives."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(packaging, "build", archive)
        return deploy(
            lambda: runpy.run_path(str(ROOT / "__main__.py")) and None,
            stack=stack,
            config=wire(config if config is not None else stack_file(stack)),
        )


def with_kind(kind: str) -> list[str]:
    """Names of the graphs with this kind of front door."""
    files = {name: VARIANTS.get(name, (name, {})) for name in (*STACKS, *VARIANTS)}
    return [
        name
        for name, (base, sections) in files.items()
        if changed(base, sections)["warmline:api"]["kind"] == kind
    ]


def changed(stack: str, sections: dict[str, Any]) -> dict[str, Any]:
    """The file of a stack or of a variant, in which sections have other values."""
    base, variant = VARIANTS.get(stack, (stack, {}))
    config = changed(base, variant) if variant else stack_file(stack)
    for section, values in sections.items():
        if section == "groups" and isinstance(values, dict):
            for group in config["warmline:groups"]:
                group["launch"] |= values["launch"]
        elif isinstance(values, list):
            config[f"warmline:{section}"] = values
        else:
            config[f"warmline:{section}"] |= values
    return config


@cache
def graph_of(stack: str) -> Graph:
    """The graph of a committed stack or of a variant, built once for the session."""
    base, _ = VARIANTS.get(stack, (stack, {}))
    return run(base, changed(stack, {}))
