"""Who reaches a private REST API."""

from collections.abc import Sequence

from components.documents import Document, document


def through_endpoints(execution_arn: str, vpc_endpoints: Sequence[str]) -> Document:
    """Whoever comes through one of the VPC endpoints; a method's authorizer judges them then.

    That others are not allowed is not enough: behind an authorizer function the gateway lets in
    whom either of both allows, and only a denial goes before it (API Gateway developer guide,
    authorization flow).
    """
    named = {"aws:SourceVpce": list(vpc_endpoints)}
    everyone = {
        "Principal": "*",
        "Action": ["execute-api:Invoke"],
        "Resource": f"{execution_arn}/*",
    }
    return document(
        {
            "Sid": "CallThroughEndpoints",
            "Effect": "Allow",
            **everyone,
            "Condition": {"StringEquals": named},
        },
        {
            "Sid": "DenyOtherEndpoints",
            "Effect": "Deny",
            **everyone,
            # Also holds where there is no endpoint at all.
            "Condition": {"StringNotEquals": named},
        },
    )
