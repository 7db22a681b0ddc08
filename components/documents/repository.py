"""Repository policies and life cycles of container images."""

from components.documents import Document, document


def read_by_functions(region: str, account_id: str, partition: str) -> Document:
    """Lambda may take images for functions of this account and region, and nobody else is named.

    A repository policy has no resource: it is about the repository that it is attached to.
    """
    return document(
        {
            "Sid": "ReadByFunctions",
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {
                    "aws:SourceArn": f"arn:{partition}:lambda:{region}:{account_id}:function:*"
                },
            },
        }
    )


def forget_untagged(days: int) -> Document:
    """Images without a tag go after `days`; signatures have one, as has what was released."""
    return {
        "rules": [
            {
                "rulePriority": 1,
                "description": "images without a tag",
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": days,
                },
                "action": {"type": "expire"},
            }
        ]
    }
