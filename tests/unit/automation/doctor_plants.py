"""Single things that are wrong in a world that is well otherwise."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from botocore.exceptions import (
    EndpointConnectionError,
    NoCredentialsError,
    UnauthorizedSSOTokenError,
)

from automation import workspace
from automation.doctor.account import SKEW_LIMIT_SECONDS
from automation.doctor.footing import ADDRESSES, GPU_VCPUS, INTERFACES, VPCS
from automation.doctor.probes import (
    Caller,
    EmulatorFacts,
    GatewayLog,
    PipelineFacts,
    Quota,
    Space,
)
from automation.errors import Failure
from automation.release.open import OpenRelease
from emulation.emulator_venv import EnvironmentFailure
from emulation.ministack import Condition
from functions.authorize.refusals import IssuerUnavailable
from tests.unit.automation.doctor_world import (
    BOUNDARY,
    BUCKET,
    EMULATOR,
    ENGINE_FACTS,
    ISSUER,
    LOG_ROLE,
    NO_ENGINE,
    fails,
    fails_to,
    gives,
    healthy,
    of_any,
    publishes,
    quotas,
    refused,
)


@dataclass(frozen=True)
class Plant:
    """One thing that is wrong in a world that is well otherwise."""

    check: str
    stack: str
    probes: Mapping[str, Callable[..., Any]]
    says: str
    """Part of what is found."""
    do: str
    """Part of the way out."""


SIGNED = (
    *("caller", "region_status", "lambda_quota", "state_bucket"),
    *("key_state", "pipeline", "gateway_log", "quota", "network_use"),
)
"""What is asked of AWS with a signature."""
LEFT_OPEN = OpenRelease(
    serving_group="default", function="predict", old="3", new="4", aim="4", holder="", reason=""
)
UNREACHABLE = EndpointConnectionError(endpoint_url="https://sts.us-east-1.amazonaws.com/")
OLD_SIGNATURE = refused("SignatureDoesNotMatch", "Signature expired: 20261125T030000Z is earlier")
PLANTS = {
    "python is too old": Plant(
        "python", "local", {"python": gives((3, 10, 14))}, "3.10.14", "PYTHON=python3.11"
    ),
    "no engine and no Go": Plant(
        "engine", "local", {"engine": gives(NO_ENGINE)}, "none", "install"
    ),
    "an old engine on PATH is the only one": Plant(
        "engine",
        "local",
        {"engine": gives(replace(NO_ENGINE, passed_over="pulumi is v3.100.0, older than 3.249.0"))},
        "v3.100.0",
        "3.249.0",
    ),
    "the language host is missing": Plant(
        "language host",
        "local",
        {"engine": gives(replace(ENGINE_FACTS, host=None))},
        "no pulumi-language-python",
        "install Pulumi anew",
    ),
    "no room to build an engine": Plant(
        "cache space",
        "local",
        {
            "engine": gives(replace(NO_ENGINE, go=Path("/bin/go"))),
            "cache_space": gives(Space(folder=Path("/cache"), free_gb=3.9)),
        },
        "3.9 GB free in /cache",
        "XDG_CACHE_HOME",
    ),
    "the home's disk is full": Plant(
        "home space",
        "local",
        {"home_space": gives(Space(folder=Path("/home"), free_gb=0.4))},
        "0.4 GB free in /home",
        "WARMLINE_HOME",
    ),
    "the home cannot be written": Plant(
        "home",
        "dev",
        {"use_home": fails(PermissionError(13, "Permission denied", "/home"))},
        "Permission denied",
        "WARMLINE_HOME",
    ),
    "a setting is wrong": Plant(
        "stack file",
        "dev",
        {"judge": fails(Failure("Pulumi.dev.yaml has 1 problem(s)", "Correct Pulumi.dev.yaml"))},
        "1 problem(s)",
        "Correct Pulumi.dev.yaml",
    ),
    "the stack file is gone": Plant(
        "stack file",
        "dev",
        {
            name: fails(Failure("there is no stack 'dev'", "Stacks: local"))
            for name in ("source", "judge")
        },
        "no stack 'dev'",
        "Stacks: local",
    ),
    "the emulator's environment lacks a package": Plant(
        "emulator environment",
        "local",
        {"emulator_python": fails(EnvironmentFailure("No module named 'cryptography'"))},
        "cryptography",
        "delete .warmline/emulator-venv",
    ),
    "the emulator was killed": Plant(
        "emulator",
        "local",
        {"emulator": gives(replace(EMULATOR, condition=Condition.ENDED, port_is_free=True))},
        "process 41 was ended",
        "warmline up",
    ),
    "the emulator hangs": Plant(
        "emulator",
        "local",
        {"emulator": gives(replace(EMULATOR, condition=Condition.HANGS))},
        "does not answer",
        "warmline up",
    ),
    "another program has the port": Plant(
        "port",
        "local",
        {
            "emulator": gives(
                EmulatorFacts(condition=Condition.NONE, last_port=4567, port_is_free=False)
            ),
            "remembered_instance": gives(None),
        },
        "4567 is taken",
        "end that program",
    ),
    "the emulator is another one": Plant(
        "deployed instance",
        "local",
        {"remembered_instance": gives("bb22")},
        "bb22",
        "push your models again",
    ),
    "the emulator's record is lost": Plant(
        "deployed instance",
        "local",
        {"emulator": gives(EmulatorFacts(condition=Condition.NONE))},
        "the one here is none",
        "warmline up",
    ),
    "AWS is out of reach": Plant(
        "aws",
        "dev",
        {name: fails(UNREACHABLE) for name in ("clock_skew_seconds", *SIGNED)},
        "Could not connect",
        "HTTPS_PROXY",
    ),
    "the clock is late": Plant(
        "clock",
        "dev",
        {
            "clock_skew_seconds": gives(SKEW_LIMIT_SECONDS + 1.0),
            **{name: fails(OLD_SIGNATURE) for name in SIGNED},
        },
        "301 s behind",
        "set the clock",
    ),
    "the clock is early": Plant(
        "clock", "dev", {"clock_skew_seconds": gives(-400.0)}, "400 s before", "set the clock"
    ),
    "no credentials": Plant(
        "credentials", "dev", {"caller": fails(NoCredentialsError())}, "Unable to locate", "sign in"
    ),
    "expired keys": Plant(
        "credentials",
        "dev",
        {"caller": fails(refused("ExpiredToken", "The security token is expired"))},
        "expired",
        "aws sso login",
    ),
    "expired single sign-on": Plant(
        "credentials", "dev", {"caller": fails(UnauthorizedSSOTokenError())}, "SSO", "aws sso login"
    ),
    "a wrong secret key": Plant(
        "credentials",
        "dev",
        {"caller": fails(refused("SignatureDoesNotMatch", "The signature does not match"))},
        "does not match",
        "sign in",
    ),
    "the wrong account": Plant(
        "account",
        "dev",
        {"caller": gives(Caller(account="999988887777", arn="arn:aws:iam::999988887777:user/ada"))},
        "999988887777",
        "AWS_PROFILE",
    ),
    "a service is not in the region": Plant(
        "region",
        "dev",
        {"services_there": gives(healthy("dev").services_there() - {"cognito-idp"})},
        "cognito-idp",
        "aws:region",
    ),
    "code is to be signed where nobody signs": Plant(
        "region",
        "dev",
        {"services_there": gives(healthy("dev").services_there() - {"signer"})},
        "signer",
        "functions.code_signing: 'off'",
    ),
    "the region is not enabled": Plant(
        "region enabled",
        "dev",
        {"region_status": gives("DISABLED")},
        "eu-central-1 is DISABLED",
        "enable-region --region-name eu-central-1",
    ),
    "the quota of a new account": Plant(
        "lambda quota", "dev", {"lambda_quota": gives(Quota(executions=10))}, "10", "L-B99A9384"
    ),
    "one execution too few": Plant(
        "lambda quota",
        "dev",
        {"lambda_quota": gives(Quota(executions=149))},
        "149",
        "reserved_concurrency: null",
    ),
    "no room for another VPC": Plant(
        "network quotas", "dev", {"quota": quotas(VPCS, 2)}, f"1 more ({VPCS})", "Service Quotas"
    ),
    "one address too few": Plant(
        "network quotas",
        "dev",
        {"quota": quotas(ADDRESSES, 4)},
        "Elastic IPs: 3 of 4 in use, 2 more",
        "network.kind",
    ),
    "network interfaces run out": Plant(
        "network quotas",
        "dev",
        {"quota": quotas(INTERFACES, 45)},
        "network interfaces: 40 of 45 in use, 6 more",
        "Service Quotas",
    ),
    "a new account has no GPU": Plant(
        "gpu quota", "dev", {"quota": quotas(GPU_VCPUS, 0)}, "0 vCPUs", GPU_VCPUS
    ),
    "API Gateway has no role for logs": Plant(
        "gateway log",
        "dev",
        {"gateway_log": gives(GatewayLog(role_arn="", there=False))},
        "no role to write it with",
        "warmline bootstrap --stack dev",
    ),
    "API Gateway's role for logs is gone": Plant(
        "gateway log",
        "dev",
        {"gateway_log": gives(GatewayLog(role_arn=LOG_ROLE, there=False))},
        f"{LOG_ROLE}, which is not there",
        "aws apigateway update-account",
    ),
    "the state bucket keeps no versions": Plant(
        "state bucket",
        "dev",
        {"state_bucket": of_any(replace(BUCKET, versioned=False))},
        "versions are not kept",
        "warmline bootstrap --stack dev",
    ),
    "the state is encrypted by S3's own key and open": Plant(
        "state bucket",
        "dev",
        {"state_bucket": of_any(replace(BUCKET, encrypted_by_own_key=False, closed=False))},
        "no key of the account's encrypts it, the public access block has a gap",
        "--dry-run",
    ),
    "the key of secrets waits for its end": Plant(
        "secrets key",
        "dev",
        {"key_state": of_any("PendingDeletion")},
        "alias/secrets is PendingDeletion",
        "cancel-key-deletion",
    ),
    "the key of secrets is gone": Plant(
        "secrets key", "dev", {"key_state": of_any("not there")}, "not there", "secretsprovider"
    ),
    "the OIDC provider was deleted": Plant(
        "pipeline",
        "dev",
        {"pipeline": of_any(PipelineFacts(provider=False, boundary=True))},
        "the OIDC provider",
        "warmline bootstrap --stack dev",
    ),
    "the boundary was deleted": Plant(
        "pipeline",
        "dev",
        {"pipeline": of_any(PipelineFacts(provider=True, boundary=False))},
        f"the policy {BOUNDARY}",
        "--dry-run",
    ),
    "the issuer differs by a slash": Plant(
        "issuer",
        "dev",
        {"https_get": publishes(f"{ISSUER}/")},
        f"'{ISSUER}/'; the setting is '{ISSUER}'",
        "correct warmline:identity.issuer in Pulumi.dev.yaml",
    ),
    "the issuer does not answer": Plant(
        "issuer",
        "prod",
        {"https_get": fails_to(IssuerUnavailable("'https://x' cannot be read: TimeoutError"))},
        "TimeoutError",
        f"open {ISSUER}/.well-known/openid-configuration",
    ),
    "the issuer has no keys": Plant(
        "issuer",
        "dev",
        {"https_get": publishes(keys=[])},
        "has no keys",
        "have the issuer publish its keys",
    ),
    "a release was left open": Plant(
        "release",
        "dev",
        {"open_releases": gives([LEFT_OPEN])},
        "default (predict): version 3 to 4; nobody is at work",
        "warmline release --back --stack dev --yes",
    ),
    "nobody is logged in to a backend": Plant(
        "backend",
        "dev",
        {"backend": fails(Failure("PULUMI_ACCESS_TOKEN must be set", workspace.STATE_WAY_OUT))},
        "PULUMI_ACCESS_TOKEN must be set",
        "PULUMI_BACKEND_URL",
    ),
    "no secrets provider": Plant(
        "secrets provider",
        "prod",
        {"secrets_provider": fails(Failure("secretsprovider is missing", "Make a KMS key"))},
        "is missing",
        "KMS key",
    ),
    "the plugin of another release": Plant(
        "aws plugin",
        "dev",
        {"plugins": gives(frozenset({("aws", "6.0.0")}))},
        "aws 6.0.0",
        "pulumi plugin install resource aws 7.51.1",
    ),
}
