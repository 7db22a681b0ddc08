"""A plan that limits each tenant of a REST API by itself."""

import pulumi
import pulumi_aws as aws

from components.front_door import InferenceApiArgs
from components.tags import Tags
from contracts.authorizer import usage_key
from settings import UsagePlan


def plans_of(tags: Tags) -> str:
    """Under which name the tenants' keys are made: the key of a tenant differs between stacks."""
    return f"{tags.project}-{tags.stack}"


def usage_plan(
    name: str,
    plan: UsagePlan,
    args: InferenceApiArgs,
    stage: aws.apigateway.Stage,
    opts: pulumi.ResourceOptions,
) -> None:
    """One plan; its limits hold for each key by itself, and every tenant has a key.

    The keys open nothing: the API takes them from the authorizer function alone.
    """
    made = aws.apigateway.UsagePlan(
        name,
        api_stages=[{"api_id": stage.rest_api, "stage": stage.stage_name}],
        throttle_settings={
            "rate_limit": plan.rate_limit_per_second,
            "burst_limit": plan.burst_limit,
        },
        quota_settings={"limit": plan.requests_per_day, "period": "DAY"},
        tags=args.tags.named(name),
        opts=opts,
    )
    of = plans_of(args.tags)
    for tenant, claim in args.access.claims.items():
        key = aws.apigateway.ApiKey(
            f"{name}-{tenant}",
            value=pulumi.Output.from_input(claim).apply(lambda text: usage_key(of, text)),
            tags=args.tags.named(f"{name}-{tenant}"),
            opts=opts,
        )
        aws.apigateway.UsagePlanKey(
            f"{name}-{tenant}",
            key_id=key.id,
            key_type="API_KEY",
            usage_plan_id=made.id,
            opts=opts,
        )
