"""Well-shaped stand-ins for what AWS computes: ids, ARNs, URLs, versions.

Previews without plugins and graphs under mocks use them, so that policies can judge documents that
name other resources. Every ARN carries the account that AWS's own documentation uses.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

ACCOUNT_ID = "123456789012"
PUBLIC_KEY = (
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEjlM7b6C/e0YluzBmfAH7YH75+Lio"
    "D+9bMAYocDGHsqNz6x294DMYNm0Gn4Om9ZAAU8c2M8sEGyHFXhqGwfQAtA=="
)
"""A P-256 public key as DER in base64; its private key is the number seven."""


def physical(
    type_: str, logical_name: str, inputs: Mapping[str, Any], region: str
) -> tuple[str, dict[str, Any]]:
    """Id and computed outputs of a resource with these inputs (in the provider's spelling)."""
    suffix = hashlib.sha256(logical_name.encode()).hexdigest()[:7]
    named = inputs.get("name") or inputs.get("bucket")
    name = named if isinstance(named, str) else f"{logical_name}-{suffix}"
    texts = dict(_texts(inputs))
    try:
        computed = {"name": name} | _computed(type_, name, texts, region)
    except KeyError:  # what it is made of is not known, so neither is what it becomes
        computed = {"name": name}
    return str(computed.get("id", name)), computed


def _texts(inputs: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """Every input that is text; one inside a map under its path, as `destination.s3.bucket`."""
    for key, value in inputs.items():
        if isinstance(value, str):
            yield f"{within}{key}", value
        elif isinstance(value, Mapping):
            yield from _texts(cast("Mapping[str, Any]", value), f"{within}{key}.")


def _as_uuid(digest: str) -> str:
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"


def _computed(  # noqa: PLR0912, PLR0915 - one case a type
    type_: str, name: str, inputs: Mapping[str, str], region: str
) -> dict[str, Any]:
    def arn(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{region}:{ACCOUNT_ID}:{resource}"

    digest = hashlib.sha256(name.encode()).hexdigest()
    match type_:
        case "aws:kms/key:Key":
            key_id = _as_uuid(digest)
            return {"id": key_id, "keyId": key_id, "arn": arn("kms", f"key/{key_id}")}
        case "aws:s3/bucket:Bucket":
            return {"id": name, "bucket": name, "arn": f"arn:aws:s3:::{name}"}
        case "aws:s3/bucketObjectv2:BucketObjectv2":
            return {"versionId": digest[:32], "etag": digest[:32], "id": inputs["key"]}
        case "aws:ecr/repository:Repository":
            return {
                "arn": arn("ecr", f"repository/{name}"),
                "registryId": ACCOUNT_ID,
                "repositoryUrl": f"{ACCOUNT_ID}.dkr.ecr.{region}.amazonaws.com/{name}",
            }
        case "aws:dynamodb/table:Table":
            return {"arn": arn("dynamodb", f"table/{name}")}
        case "aws:iam/role:Role":
            return {"arn": f"arn:aws:iam::{ACCOUNT_ID}:role/{name}"}
        case "aws:cloudwatch/logGroup:LogGroup":
            return {"arn": arn("logs", f"log-group:{name}")}
        case "aws:lambda/function:Function":
            function = arn("lambda", f"function:{name}")
            return {
                "arn": function,
                "version": "7",
                "qualifiedArn": f"{function}:7",
                "invokeArn": function,
            }
        case "aws:lambda/alias:Alias":
            alias = arn("lambda", f"function:{inputs['functionName']}:{name}")
            invoke = f"arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{alias}"
            return {"id": alias, "arn": alias, "invokeArn": f"{invoke}/invocations"}
        case "aws:signer/signingProfile:SigningProfile":
            profile, version = f"{inputs['namePrefix']}{digest[:26]}", digest[:10]
            profile_arn = arn("signer", f"/signing-profiles/{profile}")
            return {
                "id": profile,
                "name": profile,
                "version": version,
                "arn": profile_arn,
                "versionArn": f"{profile_arn}/{version}",
            }
        case "aws:signer/signingJob:SigningJob":
            # Another version or another profile is another job.
            made_of = (inputs["source.s3.key"], inputs["source.s3.version"], inputs["profileName"])
            job = _as_uuid(hashlib.sha256(" ".join(made_of).encode()).hexdigest())
            signed = {
                "bucket": inputs["destination.s3.bucket"],
                "key": f"{inputs['destination.s3.prefix']}{job}.zip",
            }
            return {"id": job, "jobId": job, "signedObjects": [{"s3s": [signed]}]}
        case "aws:lambda/codeSigningConfig:CodeSigningConfig":
            config = arn("lambda", f"code-signing-config:csc-{digest[:17]}")
            return {"id": config, "arn": config, "configId": f"csc-{digest[:17]}"}
        case "aws:cognito/userPool:UserPool":
            pool = f"{region}_{digest[:9]}"
            return {
                "id": pool,
                "arn": arn("cognito-idp", f"userpool/{pool}"),
                "endpoint": f"cognito-idp.{region}.amazonaws.com/{pool}",
            }
        case "aws:cognito/userPoolClient:UserPoolClient":
            return {"id": digest[:26], "clientSecret": "not-a-secret"}
        case "aws:apigatewayv2/api:Api":
            api = digest[:10]
            return {
                "id": api,
                "arn": f"arn:aws:apigateway:{region}::/apis/{api}",
                "executionArn": arn("execute-api", api),
                "apiEndpoint": f"https://{api}.execute-api.{region}.amazonaws.com",
            }
        case "aws:apigatewayv2/stage:Stage":
            host = f"https://{inputs['apiId']}.execute-api.{region}.amazonaws.com"
            return {"invokeUrl": f"{host}/"}
        case "aws:apigateway/restApi:RestApi":
            api = digest[:10]
            return {
                "id": api,
                "rootResourceId": digest[10:20],
                "arn": f"arn:aws:apigateway:{region}::/restapis/{api}",
                "executionArn": arn("execute-api", api),
            }
        case "aws:apigateway/stage:Stage":
            api, stage = inputs["restApi"], inputs["stageName"]
            return {
                "arn": f"arn:aws:apigateway:{region}::/restapis/{api}/stages/{stage}",
                "invokeUrl": f"https://{api}.execute-api.{region}.amazonaws.com/{stage}",
            }
        case "aws:apigateway/resource:Resource" | "aws:apigateway/authorizer:Authorizer":
            return {"id": digest[:8]}
        case "aws:apigateway/domainName:DomainName":
            host = f"d-{digest[:10]}.execute-api.{region}.amazonaws.com"
            return {"regionalDomainName": host, "regionalZoneId": f"Z{digest[:12].upper()}"}
        case "aws:wafv2/webAcl:WebAcl":
            acl = arn("wafv2", f"regional/webacl/{name}/{_as_uuid(digest)}")
            return {"id": _as_uuid(digest), "arn": acl}
        case "aws:sqs/queue:Queue":
            url = f"https://sqs.{region}.amazonaws.com/{ACCOUNT_ID}/{name}"
            return {"id": url, "url": url, "arn": arn("sqs", name)}
        case "aws:sns/topic:Topic":
            topic = arn("sns", name)
            return {"id": topic, "arn": topic}
        case "aws:budgets/budget:Budget":
            return {"arn": f"arn:aws:budgets::{ACCOUNT_ID}:budget/{name}"}
        case "aws:cloudwatch/metricAlarm:MetricAlarm":
            return {"arn": arn("cloudwatch", f"alarm:{name}")}
        case "aws:cloudwatch/compositeAlarm:CompositeAlarm":
            return {"arn": arn("cloudwatch", f"alarm:{inputs['alarmName']}")}
        case type_ if type_ in _NETWORK:
            id_ = f"{_NETWORK[type_]}-{digest[:17]}"
            described = {"id": id_, "arn": arn(*_network_arn(type_, id_))}
            if type_.endswith(":VpcEndpoint"):
                described["prefixListId"] = f"pl-{digest[:8]}"
            return described
        case _:
            return {}


_NETWORK: Mapping[str, str] = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "sg",
    "aws:ec2/eip:Eip": "eipalloc",
    "aws:ec2/flowLog:FlowLog": "fl",
    "aws:ec2/internetGateway:InternetGateway": "igw",
    "aws:ec2/natGateway:NatGateway": "nat",
    "aws:ec2/routeTable:RouteTable": "rtb",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "rtbassoc",
    "aws:ec2/securityGroup:SecurityGroup": "sg",
    "aws:ec2/subnet:Subnet": "subnet",
    "aws:ec2/vpc:Vpc": "vpc",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "vpce",
    "aws:efs/accessPoint:AccessPoint": "fsap",
    "aws:efs/fileSystem:FileSystem": "fs",
    "aws:efs/mountTarget:MountTarget": "fsmt",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "sgr",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "sgr",
}
"""Types whose id starts with a short name and goes on in hexadecimal digits -> that name."""


def _network_arn(type_: str, id_: str) -> tuple[str, str]:
    """Service and resource part of the ARN."""
    service, kind = ("elasticfilesystem" if ":efs/" in type_ else "ec2"), type_.rpartition(":")[2]
    words = re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower()
    return service, f"{words.removeprefix('default-')}/{id_}"
