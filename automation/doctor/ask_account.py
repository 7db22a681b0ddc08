"""Real probes of what a stack stands on in its account, and of quotas."""

from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from automation.bootstrap.step import absent_as_none
from automation.clients import Clients
from automation.doctor.probes import BucketFacts, GatewayLog, NetworkUse, PipelineFacts
from automation.workspace import NAMESPACE
from components.documents.footing import GITHUB


class AccountProbes:
    """`clients` raises what refuses the credentials, before anything is asked of a service."""

    def __init__(self, stack: str, clients: Callable[[], Clients]) -> None:
        self._stack = stack
        self._clients = clients

    def state_bucket(self, name: str) -> BucketFacts:
        s3: Any = self._clients()("s3")
        rules = absent_as_none(
            lambda: s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"][
                "Rules"
            ]
        )
        block = absent_as_none(
            lambda: s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        )
        default = rules[0]["ApplyServerSideEncryptionByDefault"] if rules else {}
        return BucketFacts(
            versioned=s3.get_bucket_versioning(Bucket=name).get("Status") == "Enabled",
            encrypted_by_own_key="KMSMasterKeyID" in default,
            closed=bool(block) and all(block.values()),
        )

    def key_state(self, key: str) -> str:
        kms = self._clients()("kms")
        found = absent_as_none(lambda: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])
        return found or "not there"

    def pipeline(self, boundary_arn: str) -> PipelineFacts:
        iam = self._clients()("iam")
        listed = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        return PipelineFacts(
            provider=any(each["Arn"].endswith(f":oidc-provider/{GITHUB}") for each in listed),
            boundary=absent_as_none(lambda: iam.get_policy(PolicyArn=boundary_arn)) is not None,
        )

    def gateway_log(self) -> GatewayLog:
        arn = self._clients()("apigateway").get_account().get("cloudwatchRoleArn") or ""
        if not arn:
            return GatewayLog(role_arn="", there=False)
        name = arn.rpartition("/")[2]
        found = absent_as_none(lambda: self._clients()("iam").get_role(RoleName=name))
        return GatewayLog(role_arn=arn, there=found is not None)

    def quota(self, service: str, code: str) -> float:
        quotas, which = (
            self._clients()("service-quotas"),
            {"ServiceCode": service, "QuotaCode": code},
        )
        try:
            found = quotas.get_service_quota(**which)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchResourceException":
                raise
            found = quotas.get_aws_default_service_quota(**which)
        return float(found["Quota"]["Value"])

    def network_use(self) -> NetworkUse:
        ec2 = self._clients()("ec2")
        vpcs = _all(ec2, "describe_vpcs", "Vpcs")
        own = {("project", NAMESPACE), ("stack", self._stack)}
        return NetworkUse(
            vpcs=len(vpcs),
            interfaces=len(_all(ec2, "describe_network_interfaces", "NetworkInterfaces")),
            addresses=len(ec2.describe_addresses()["Addresses"]),
            own_vpc=any(
                own <= {(tag["Key"], tag["Value"]) for tag in vpc.get("Tags", [])} for vpc in vpcs
            ),
        )


def _all(ec2: Any, operation: str, member: str) -> list[dict[str, Any]]:
    return [each for page in ec2.get_paginator(operation).paginate() for each in page[member]]
