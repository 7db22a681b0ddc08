"""A world in which the doctor finds nothing, and what its probes may answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from botocore.exceptions import (
    ClientError,
)

from automation.doctor.footing import ADDRESSES, GPU_VCPUS, INTERFACES, VPCS
from automation.doctor.probes import (
    BucketFacts,
    Caller,
    EmulatorFacts,
    EngineFacts,
    GatewayLog,
    NetworkUse,
    PipelineFacts,
    Probes,
    Quota,
    Space,
)
from emulation.engine import Engine
from emulation.ministack import Condition

ENGINE = Engine(command=Path("/engine/pulumi"), version="v3.274.1", origin="path")
ENGINE_FACTS = EngineFacts(
    engine=ENGINE, host=Path("/engine/pulumi-language-python"), passed_over="", go=None
)
NO_ENGINE = EngineFacts(engine=None, host=None, passed_over="", go=None)
EMULATOR = EmulatorFacts(
    condition=Condition.ANSWERS, pid=41, instance="aa11", last_port=4567, port_is_free=False
)
BOUNDARY = "arn:aws:iam::111122223333:policy/warmline-dev-boundary"
LOG_ROLE = "arn:aws:iam::111122223333:role/warmline-api-gateway-logs"
ISSUER = "https://login.example.com"
SOURCE: dict[str, Any] = {
    "secretsprovider": "awskms://alias/secrets?region=eu-central-1",
    "config": {
        "aws:region": "eu-central-1",
        "aws:allowedAccountIds": ["111122223333"],
        "warmline:groups": [{"reserved_concurrency": 20}, {"reserved_concurrency": 30}],
        "warmline:deployment": {"backend_url": "s3://state", "role_boundary": BOUNDARY},
        "warmline:network": {
            "kind": "create",
            "zones": 2,
            "egress": "nat_per_zone",
            "interface_endpoints": ["sqs"],
            "functions": ["predict"],
        },
        "warmline:gpu": {"max_vcpus": 8},
        "warmline:api": {"kind": "rest"},
        "warmline:identity": {"kind": "issuer", "issuer": ISSUER, "jwks_url": None},
    },
}


def gives(value: Any) -> Callable[[], Any]:
    return lambda: value


def fails(error: Exception) -> Callable[..., Any]:
    def ask(*_asked: str) -> NoReturn:
        raise error

    return ask


QUOTAS = {
    ("vpc", VPCS): 5.0,
    ("vpc", INTERFACES): 5000.0,
    ("ec2", ADDRESSES): 5.0,
    ("ec2", GPU_VCPUS): 64.0,
}
BUCKET = BucketFacts(versioned=True, encrypted_by_own_key=True, closed=True)
USE = NetworkUse(vpcs=2, interfaces=40, addresses=3, own_vpc=False)


def quotas(code: str = "", limit: float = 0) -> Callable[[str, str], float]:
    """As in a healthy account, but for one."""
    return lambda service, asked: limit if asked == code else QUOTAS[service, asked]


def publishes(issuer: str = ISSUER, keys: Any = ({"kid": "k1"},)) -> Callable[..., bytes]:
    """What an issuer answers, by the end of the URL."""
    discovery = {"issuer": issuer, "jwks_uri": f"{ISSUER}/keys"}

    def get(url: str, _deadline: object) -> bytes:
        return json.dumps({"keys": keys} if url.endswith("/keys") else discovery).encode()

    return get


def of_any(value: Any) -> Callable[[str], Any]:
    return lambda _name: value


def fails_to(error: Exception) -> Callable[..., Any]:
    """Whatever it is asked."""

    def ask(*_: object) -> NoReturn:
        raise error

    return ask


def refused(code: str, text: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": text}}, "GetCallerIdentity")


def healthy(stack: str) -> Probes:
    return Probes(
        stack=stack,
        python=gives((3, 12, 1)),
        engine=gives(ENGINE_FACTS),
        cache_space=gives(Space(folder=Path("/cache"), free_gb=40)),
        home_space=gives(Space(folder=Path("/home"), free_gb=40)),
        use_home=gives(Path("/home")),
        source=gives(SOURCE),
        judge=gives(True),
        emulator_python=gives(Path("/emulator/python")),
        emulator=gives(EMULATOR),
        remembered_instance=gives("aa11"),
        backend=gives("s3://state"),
        secrets_provider=gives("awskms://alias/secrets"),
        plugins=gives(frozenset({("aws", "7.51.1"), ("eks", "1.0.0")})),
        plugin_wanted=gives("7.51.1"),
        clock_skew_seconds=gives(2.0),
        caller=gives(Caller(account="111122223333", arn="arn:aws:iam::111122223333:user/ada")),
        services_there=gives(
            frozenset({"apigateway", "apigatewayv2", "cloudwatch", "cognito-idp", "dynamodb"})
            | {"ec2", "ecr", "efs", "kms", "lambda", "logs", "s3"}
            | {"signer", "sns", "sqs", "wafv2"}
        ),
        region_status=gives("ENABLED_BY_DEFAULT"),
        lambda_quota=gives(Quota(executions=1000)),
        state_bucket=of_any(BUCKET),
        key_state=of_any("Enabled"),
        pipeline=of_any(PipelineFacts(provider=True, boundary=True)),
        gateway_log=gives(GatewayLog(role_arn=LOG_ROLE, there=True)),
        quota=quotas(),
        network_use=gives(USE),
        open_releases=gives([]),
        https_get=publishes(),
    )
