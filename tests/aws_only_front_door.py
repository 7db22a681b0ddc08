"""The requests that make what stands before an API on AWS alone; see aws_only.py."""

from collections.abc import Callable, Mapping
from typing import Any

from emulation.aws.calls import Aws
from emulation.aws.shapes import request, tag_list, to_api
from tests.harness import Resource


def _created(service: str, operation: str, **members: str) -> Callable[[Aws, Resource], None]:
    """One call with the resource's inputs; `members` are those that it calls otherwise."""

    def make(aws: Aws, made: Resource) -> None:
        shape = aws.client(service).meta.service_model.operation_model(operation).input_shape
        alike = {name.lower(): name for name in shape.members}
        names = {key: members.get(key) or alike.get(key.lower(), key) for key in made.inputs}
        unknown = {key: name for key, name in names.items() if name not in shape.members}
        assert not unknown, f"{operation} has no member for {sorted(unknown)}"
        aws.call(service, operation, **request(aws, service, operation, names, made.inputs))

    return make


def _web_acl(aws: Aws, made: Resource) -> None:
    names = {
        "scope": "Scope",
        "defaultAction": "DefaultAction",
        "rules": "Rules",
        "visibilityConfig": "VisibilityConfig",
    }
    aws.call(
        "wafv2",
        "CreateWebACL",
        Name=made.outputs["name"],
        Tags=tag_list(made.inputs["tags"]),
        **request(aws, "wafv2", "CreateWebACL", names, made.inputs),
    )


def _web_acl_log(aws: Aws, made: Resource) -> None:
    names = {
        "resourceArn": "ResourceArn",
        "logDestinationConfigs": "LogDestinationConfigs",
        "redactedFields": "RedactedFields",
    }
    shape = aws.client("wafv2").meta.service_model.shape_for("LoggingConfiguration")
    given: dict[str, Any] = {member: made.inputs[name] for name, member in names.items()}
    configuration = {
        member: to_api(shape.members[member], value) for member, value in given.items()
    }
    aws.call("wafv2", "PutLoggingConfiguration", LoggingConfiguration=configuration)


def _api_policy(aws: Aws, made: Resource) -> None:
    operation = {"op": "replace", "path": "/policy", "value": made.inputs["policy"]}
    aws.call(
        "apigateway",
        "UpdateRestApi",
        restApiId=made.inputs["restApiId"],
        patchOperations=[operation],
    )


def _usage_plan(aws: Aws, made: Resource) -> None:
    names = {
        "apiStages": "apiStages",
        "quotaSettings": "quota",
        "tags": "tags",
        "throttleSettings": "throttle",
    }
    given = request(aws, "apigateway", "CreateUsagePlan", names, made.inputs)
    aws.call("apigateway", "CreateUsagePlan", name=made.outputs["name"], **given)


def _http_domain(aws: Aws, made: Resource) -> None:
    names = {"domainName": "DomainName", "tags": "Tags"}
    configuration = made.inputs["domainNameConfiguration"]
    aws.call(
        "apigatewayv2",
        "CreateDomainName",
        DomainNameConfigurations=[
            {
                "CertificateArn": configuration["certificateArn"],
                "EndpointType": configuration["endpointType"],
                "SecurityPolicy": configuration["securityPolicy"],
            }
        ],
        **request(aws, "apigatewayv2", "CreateDomainName", names, made.inputs),
    )


def _record(aws: Aws, made: Resource) -> None:
    (alias,) = made.inputs["aliases"]
    record = {
        "Name": made.inputs["name"],
        "Type": made.inputs["type"],
        "AliasTarget": {
            "DNSName": alias["name"],
            "HostedZoneId": alias["zoneId"],
            "EvaluateTargetHealth": alias["evaluateTargetHealth"],
        },
    }
    aws.call(
        "route53",
        "ChangeResourceRecordSets",
        HostedZoneId=made.inputs["zoneId"],
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    )


FRONT_DOOR: Mapping[str, Callable[[Aws, Resource], None]] = {
    "aws:apigateway/apiKey:ApiKey": _created("apigateway", "CreateApiKey"),
    "aws:apigateway/basePathMapping:BasePathMapping": _created(
        "apigateway", "CreateBasePathMapping", restApi="restApiId", stageName="stage"
    ),
    "aws:apigateway/domainName:DomainName": _created("apigateway", "CreateDomainName"),
    "aws:apigateway/restApiPolicy:RestApiPolicy": _api_policy,
    "aws:apigateway/usagePlan:UsagePlan": _usage_plan,
    "aws:apigateway/usagePlanKey:UsagePlanKey": _created("apigateway", "CreateUsagePlanKey"),
    "aws:apigatewayv2/apiMapping:ApiMapping": _created("apigatewayv2", "CreateApiMapping"),
    "aws:apigatewayv2/domainName:DomainName": _http_domain,
    "aws:route53/record:Record": _record,
    "aws:wafv2/webAcl:WebAcl": _web_acl,
    "aws:wafv2/webAclAssociation:WebAclAssociation": _created("wafv2", "AssociateWebACL"),
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": _web_acl_log,
}
"""Type -> its request."""
