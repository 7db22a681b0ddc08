"""Who reaches a private REST API."""

from collections.abc import Sequence

from components.documents import Document, document


def through_endpoints(execution_arn: str, vpc_endpoints: Sequence[str]) -> Document:
    """Whoever comes through one of the VPC endpoints; a method's authorizer judges them then."""
    return document(
        {
            "Sid": "CallThroughEndpoints",
            "Effect": "Allow",
            "Principal": "*",
            "Action": ["execute-api:Invoke"],
            "Resource": f"{execution_arn}/*",
            "Condition": {"StringEquals": {"aws:SourceVpce": list(vpc_endpoints)}},
        }
    )
