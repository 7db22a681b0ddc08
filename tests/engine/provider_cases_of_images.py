"""Cases of the local provider: repositories of images."""

import json

from tests.engine.provider_world import OTHER_TAGS, TAGS, Case, by_root

LIFE_CYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 30,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)
CASES: dict[str, Case] = {
    "aws:ecr/repository:Repository": Case(
        given=lambda world: {
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": False},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": world["key"]["arn"]}],
            "forceDelete": True,
            "tags": TAGS,
        },
        changed=lambda _: {
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, it: aws.call(
            "ecr",
            "PutImageTagMutability",
            repositoryName=it.id,
            imageTagMutability="MUTABLE",
        ),
        drifts=("imageTagMutability",),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Case(
        given=lambda world: {"repository": world["repository"]["name"], "policy": LIFE_CYCLE},
        changed=lambda _: {"policy": LIFE_CYCLE.replace("30", "31")},
        meddle=lambda aws, it: aws.call(
            "ecr",
            "PutLifecyclePolicy",
            repositoryName=it.id,
            lifecyclePolicyText=LIFE_CYCLE.replace("30", "1"),
        ),
        drifts=("policy",),
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Case(
        given=lambda world: {
            "repository": world["repository"]["name"],
            "policy": by_root("ecr:BatchGetImage"),
        },
        changed=lambda _: {"policy": by_root("ecr:DescribeImages")},
        meddle=lambda aws, it: aws.call(
            "ecr",
            "SetRepositoryPolicy",
            repositoryName=it.id,
            policyText=by_root("ecr:PutImage"),
        ),
        drifts=("policy",),
    ),
}
