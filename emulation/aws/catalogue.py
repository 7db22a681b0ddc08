"""Every resource type of the local stack, and how much of it the emulator really has."""

from collections.abc import Mapping

from emulation.aws import (
    apigateway,
    apigateway_stage,
    apigatewayv2,
    budgets,
    cloudwatch,
    cognito,
    dynamodb,
    ecr,
    iam,
    kms,
    lambda_,
    lambda_callers,
    lambda_warm,
    logs,
    s3,
    sns,
    sqs,
)
from emulation.aws.resource import Fidelity, Resource

_SERVICES = (
    apigateway,
    apigateway_stage,
    apigatewayv2,
    budgets,
    cloudwatch,
    cognito,
    dynamodb,
    ecr,
    iam,
    kms,
    lambda_,
    lambda_callers,
    lambda_warm,
    logs,
    s3,
    sns,
    sqs,
)

TYPES: Mapping[str, Resource] = {
    resource.type: resource for service in _SERVICES for resource in service.TYPES
}

FIDELITY: Mapping[str, tuple[Fidelity, str]] = {
    token: (resource.fidelity, resource.note) for token, resource in sorted(TYPES.items())
}
"""Type token -> fidelity and one line on what differs from AWS; `warmline status` prints it."""
