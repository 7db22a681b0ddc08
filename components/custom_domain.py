"""A name of one's own for an API of either kind."""

import pulumi
import pulumi_aws as aws

from components.front_door import FrontDoor, InferenceApiArgs, rest_tls
from settings import CustomDomain


def custom_domain(
    name: str,
    domain: CustomDomain,
    args: InferenceApiArgs,
    door: FrontDoor,
    parent: pulumi.Resource,
) -> pulumi.Output[str]:
    """Leads the name to the API's stage; the address under it."""
    child = pulumi.ResourceOptions(parent=parent)
    make = _rest if args.api.kind == "rest" else _http
    target, zone = make(name, domain, args, door, child)
    if domain.zone_id is not None:
        aws.route53.Record(
            name,
            zone_id=domain.zone_id,
            name=domain.name,
            type="A",
            aliases=[{"name": target, "zone_id": zone, "evaluate_target_health": False}],
            opts=child,
        )
    return pulumi.Output.from_input(f"https://{domain.name}")


def _http(
    name: str,
    domain: CustomDomain,
    args: InferenceApiArgs,
    door: FrontDoor,
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    made = aws.apigatewayv2.DomainName(
        name,
        domain_name=domain.name,
        domain_name_configuration={
            "certificate_arn": domain.certificate_arn,
            "endpoint_type": "REGIONAL",
            "security_policy": "TLS_1_2",
        },
        tags=args.tags.named(name),
        opts=opts,
    )
    aws.apigatewayv2.ApiMapping(
        name, api_id=door.api_id, domain_name=made.domain_name, stage=door.stage_name, opts=opts
    )
    address = made.domain_name_configuration
    return (
        address.apply(lambda found: found.target_domain_name or ""),
        address.apply(lambda found: found.hosted_zone_id or ""),
    )


def _rest(
    name: str,
    domain: CustomDomain,
    args: InferenceApiArgs,
    door: FrontDoor,
    opts: pulumi.ResourceOptions,
) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    made = aws.apigateway.DomainName(
        name,
        domain_name=domain.name,
        regional_certificate_arn=domain.certificate_arn,
        endpoint_configuration={"types": "REGIONAL"},
        **rest_tls(domain),
        tags=args.tags.named(name),
        opts=opts,
    )
    aws.apigateway.BasePathMapping(
        name,
        rest_api=door.api_id,
        stage_name=door.stage_name,
        domain_name=made.domain_name,
        opts=opts,
    )
    return made.regional_domain_name, made.regional_zone_id
