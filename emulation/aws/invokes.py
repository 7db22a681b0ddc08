"""The functions (data sources) that the program calls."""

import base64
from collections.abc import Callable, Mapping

from emulation.aws.calls import Aws
from emulation.wire import Properties


def _caller_identity(aws: Aws, _args: Properties) -> Properties:
    caller = aws.call("sts", "GetCallerIdentity")
    account = caller["Account"]
    return {"id": account, "accountId": account, "arn": caller["Arn"], "userId": caller["UserId"]}


def _availability_zones(aws: Aws, _args: Properties) -> Properties:
    zones = aws.call("ec2", "DescribeAvailabilityZones")["AvailabilityZones"]
    zones.sort(key=lambda zone: zone["ZoneName"])
    return {
        "id": aws.region,
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
        "groupNames": [aws.region],
    }


def _region(aws: Aws, _args: Properties) -> Properties:
    return {
        "id": aws.region,
        "name": aws.region,
        "region": aws.region,
        "description": aws.region,
        "endpoint": f"ec2.{aws.region}.amazonaws.com",
    }


def _partition(_aws: Aws, _args: Properties) -> Properties:
    return PARTITION


def _public_key(aws: Aws, args: Properties) -> Properties:
    key = aws.call("kms", "GetPublicKey", KeyId=args["keyId"])
    body = base64.b64encode(key["PublicKey"]).decode()
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    return {
        "id": key["KeyId"],
        "arn": key["KeyId"],
        "keyId": args["keyId"],
        "customerMasterKeySpec": key.get("KeySpec") or key.get("CustomerMasterKeySpec"),
        "keyUsage": key["KeyUsage"],
        "publicKey": body,
        "publicKeyPem": f"-----BEGIN PUBLIC KEY-----\n{lines}\n-----END PUBLIC KEY-----\n",
        "signingAlgorithms": key.get("SigningAlgorithms", []),
        "encryptionAlgorithms": key.get("EncryptionAlgorithms", []),
    }


PARTITION: Properties = {
    "id": "aws",
    "partition": "aws",
    "dnsSuffix": "amazonaws.com",
    "reverseDnsPrefix": "com.amazonaws",
}

INVOKES: Mapping[str, Callable[[Aws, Properties], Properties]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:kms/getPublicKey:getPublicKey": _public_key,
}
