"""The steps of what a REST API writes its access log with: a role that API Gateway has once for an
account and region."""

import json
import time
from collections.abc import Iterator
from typing import Any

from botocore.exceptions import ClientError

from automation.bootstrap.step import Step, absent_as_none
from automation.bootstrap.wanted import Bootstrap, mapping, pairs
from components.documents.role import gateway_trust

WRITES_LOGS = "iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
ATTEMPTS, PAUSE_SECONDS = 12, 5.0
"""IAM tells API Gateway of a new role within seconds, and promises nothing."""


def gateway_log(to: Bootstrap) -> Iterator[Step]:
    """Whatever role is set stays, whoever set it: other APIs of the account write with it, too."""
    gateway, iam = to.clients("apigateway"), to.clients("iam")
    name = to.footing.gateway_log_role
    role = {"RoleName": name}
    arn = f"arn:{to.footing.account.partition}:{WRITES_LOGS}"

    def set_already() -> Any:
        return gateway.get_account().get("cloudwatchRoleArn")

    def ours() -> Any:
        return absent_as_none(lambda: iam.get_role(**role)["Role"])

    def foreign(_found: Any) -> str:
        there = None if set_already() else ours()
        tags = mapping(there.get("Tags", [])) if there else {}
        if there is None or tags.get("project") == to.tags.project:
            return ""
        return (
            f"role {name} exists and is not this bootstrap's: it lacks the tag "
            f"project={to.tags.project}. Rename or remove it, or set it as API Gateway's own if it "
            "writes logs: aws apigateway update-account --patch-operations "
            f"op=replace,path=/cloudwatchRoleArn,value={there['Arn']}"
        )

    def make() -> None:
        iam.create_role(
            **role,
            AssumeRolePolicyDocument=json.dumps(gateway_trust()),
            # Of no one stack: it outlives each of them.
            Tags=pairs(to.tags_of(name) | {"stack": "all"}),
        )
        iam.get_waiter("role_exists").wait(**role)

    def attached() -> Any:
        found = iam.list_attached_role_policies(**role)["AttachedPolicies"]
        return arn if arn in {each["PolicyArn"] for each in found} else None

    def choose() -> None:
        for attempt in range(1, ATTEMPTS + 1):
            if set_already():
                return
            try:
                gateway.update_account(
                    patchOperations=[
                        {
                            "op": "replace",
                            "path": "/cloudwatchRoleArn",
                            "value": to.footing.iam(f"role/{name}"),
                        }
                    ]
                )
            except ClientError as error:
                refused = error.response["Error"]["Code"] == "BadRequestException"
                if not refused or attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_SECONDS)
            else:
                return

    yield Step(
        what=f"role {name}",
        read=lambda: set_already() or ours(),
        wanted=lambda: set_already() or {},
        write=make,
        against=foreign,
    )
    yield Step(
        what=f"policy attached to role {name}",
        read=lambda: set_already() or attached(),
        wanted=lambda: set_already() or arn,
        write=lambda: iam.attach_role_policy(**role, PolicyArn=arn),
    )
    yield Step(
        what="role that API Gateway writes access logs with",
        read=set_already,
        wanted=set_already,
        write=choose,
    )
