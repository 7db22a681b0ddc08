"""Cases of keys, buckets, tables and roles: how each is made, changed by us, and meddled with."""

from typing import Any

from tests.engine.provider_world import OTHER_TAGS, TAGS, TRUST, Case, by_root, policy


def told(kind: str, percent: int, topic_arn: str) -> dict[str, Any]:
    """A notification of a budget."""
    return {
        "notificationType": kind,
        "comparisonOperator": "GREATER_THAN",
        "threshold": percent,
        "thresholdType": "PERCENTAGE",
        "subscriberSnsTopicArns": [topic_arn],
        "subscriberEmailAddresses": ["ops@example.com"],
    }


CASES: dict[str, Case] = {
    "aws:kms/key:Key": Case(
        given=lambda _: {
            "description": "d",
            "enableKeyRotation": True,
            "deletionWindowInDays": 7,
            "policy": by_root("kms:*"),
            "tags": TAGS,
        },
        changed=lambda _: {
            "description": "e",
            "enableKeyRotation": False,
            "policy": by_root("kms:Decrypt"),
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, key: aws.call("kms", "EnableKeyRotation", KeyId=key.id),
        drifts=("enableKeyRotation",),
    ),
    "aws:kms/alias:Alias": Case(
        given=lambda world: {"name": "alias/case", "targetKeyId": world["key"]["keyId"]},
        changed=lambda world: {"targetKeyId": world["key"]["arn"]},
    ),
    "aws:s3/bucket:Bucket": Case(
        given=lambda _: {"forceDestroy": True, "tags": TAGS},
        changed=lambda _: {"tags": OTHER_TAGS},
        meddle=lambda aws, bucket: aws.call("s3", "DeleteBucketTagging", Bucket=bucket.id),
        drifts=("tags",),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Case(
        given=lambda world: {
            "bucket": world["logs"]["bucket"],
            "versioningConfiguration": {"status": "Enabled"},
        },
        meddle=lambda aws, it: aws.call(
            "s3",
            "PutBucketVersioning",
            Bucket=it.id,
            VersioningConfiguration={"Status": "Suspended"},
        ),
        drifts=("versioningConfiguration",),
        stays=True,
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Case(
        given=lambda world: {
            "bucket": world.bucket,
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": world["key"]["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        changed=lambda _: {
            "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
        },
        meddle=lambda aws, it: aws.call(
            "s3",
            "PutBucketEncryption",
            Bucket=it.id,
            ServerSideEncryptionConfiguration={
                "Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
            },
        ),
        drifts=("rules",),
        stays=True,
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Case(
        given=lambda world: {
            "bucket": world.bucket,
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
        },
        changed=lambda _: {"restrictPublicBuckets": True},
        meddle=lambda aws, it: aws.call(
            "s3",
            "PutPublicAccessBlock",
            Bucket=it.id,
            PublicAccessBlockConfiguration={"BlockPublicAcls": True},
        ),
        drifts=("blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Case(
        given=lambda world: {
            "bucket": world.bucket,
            "rule": {"objectOwnership": "BucketOwnerEnforced"},
        },
        changed=lambda _: {"rule": {"objectOwnership": "BucketOwnerPreferred"}},
        meddle=lambda aws, it: aws.call(
            "s3",
            "PutBucketOwnershipControls",
            Bucket=it.id,
            OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]},
        ),
        drifts=("rule",),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Case(
        given=lambda world: {
            "bucket": world.bucket,
            "policy": by_root("s3:GetObject", f"arn:aws:s3:::{world.bucket}/*"),
        },
        changed=lambda world: {"policy": by_root("s3:PutObject", f"arn:aws:s3:::{world.bucket}/*")},
        meddle=lambda aws, it: aws.call(
            "s3",
            "PutBucketPolicy",
            Bucket=it.id,
            Policy=by_root("s3:*", f"arn:aws:s3:::{it.id}/*"),
        ),
        drifts=("policy",),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Case(
        given=lambda world: {
            "bucket": world.bucket,
            "rules": [
                {
                    "id": "tidy",
                    "status": "Enabled",
                    "filter": {"prefix": ""},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
                    "noncurrentVersionExpiration": {"noncurrentDays": 3},
                    "expiration": {"days": 4},
                }
            ],
        },
        changed=lambda _: {
            "rules": [
                {
                    "id": "tidy",
                    "status": "Enabled",
                    "filter": {"prefix": "logs/"},
                    "expiration": {"days": 5},
                }
            ]
        },
        meddle=lambda aws, it: aws.call(
            "s3",
            "PutBucketLifecycleConfiguration",
            Bucket=it.id,
            LifecycleConfiguration={
                "Rules": [
                    {
                        "ID": "tidy",
                        "Status": "Disabled",
                        "Filter": {"Prefix": "logs/"},
                        "Expiration": {"Days": 5},
                    }
                ]
            },
        ),
        drifts=("rules",),
    ),
    "aws:s3/bucketLogging:BucketLogging": Case(
        given=lambda world: {
            "bucket": world.bucket,
            "targetBucket": world["logs"]["bucket"],
            "targetPrefix": "a/",
        },
        changed=lambda _: {"targetPrefix": "b/"},
    ),
    "aws:s3/bucketObjectv2:BucketObjectv2": Case(
        given=lambda world: {
            "bucket": world.bucket,
            "key": "case.zip",
            "source": world.archive(1),
            "contentType": "application/zip",
        },
        changed=lambda world: {"source": world.archive(2)},
        meddle=lambda aws, it: aws.call(
            "s3",
            "PutObject",
            Bucket=it.state["bucket"],
            Key="case.zip",
            Body=b"other",
            ContentType="application/zip",
        ),
        drifts=("source",),
    ),
    "aws:dynamodb/table:Table": Case(
        given=lambda world: {
            "billingMode": "PAY_PER_REQUEST",
            "hashKey": "pk",
            "rangeKey": "sk",
            "attributes": [{"name": "pk", "type": "S"}, {"name": "sk", "type": "S"}],
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": world["key"]["arn"]},
            "pointInTimeRecovery": {"enabled": True},
            "deletionProtectionEnabled": True,
            "tags": TAGS,
        },
        changed=lambda _: {
            "deletionProtectionEnabled": False,
            "pointInTimeRecovery": {"enabled": False},
            "serverSideEncryption": None,
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, it: aws.call(
            "dynamodb",
            "UpdateContinuousBackups",
            TableName=it.id,
            PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
        ),
        drifts=("pointInTimeRecovery",),
    ),
    "aws:dynamodb/tableItem:TableItem": Case(
        given=lambda world: {
            "tableName": world["table"]["name"],
            "hashKey": "pk",
            "item": '{"pk": {"S": "a"}, "n": {"N": "1"}}',
        },
        changed=lambda _: {"item": '{"pk": {"S": "b"}, "n": {"N": "2"}}'},
        meddle=lambda aws, it: aws.call(
            "dynamodb",
            "PutItem",
            TableName=it.state["tableName"],
            Item={"pk": {"S": "b"}, "n": {"N": "3"}},
        ),
        drifts=("item",),
    ),
    "aws:iam/role:Role": Case(
        given=lambda _: {"assumeRolePolicy": TRUST, "tags": TAGS},
        changed=lambda _: {"description": "d", "maxSessionDuration": 7200, "tags": OTHER_TAGS},
        meddle=lambda aws, it: aws.call(
            "iam", "UpdateRole", RoleName=it.id, Description="d", MaxSessionDuration=3600
        ),
        drifts=("maxSessionDuration",),
    ),
    "aws:iam/rolePolicy:RolePolicy": Case(
        given=lambda world: {"role": world["role"]["name"], "policy": policy("s3:GetObject")},
        changed=lambda _: {"policy": policy("s3:PutObject")},
        meddle=lambda aws, it: aws.call(
            "iam",
            "PutRolePolicy",
            RoleName=it.state["role"],
            PolicyName=it.state["name"],
            PolicyDocument=policy("s3:*"),
        ),
        drifts=("policy",),
    ),
    "aws:budgets/budget:Budget": Case(
        given=lambda world: {
            "accountId": "0" * 12,
            "budgetType": "COST",
            "timeUnit": "MONTHLY",
            "limitAmount": "100",
            "limitUnit": "USD",
            "filterExpression": {"ands": [{"tags": {"key": "a", "values": ["b"]}}]},
            "metrics": "UnblendedCost",
            "notifications": [told("ACTUAL", 80, world["topic"]["arn"])],
            "tags": TAGS,
        },
        changed=lambda world: {
            "limitAmount": "200",
            "notifications": [
                told(kind, 90, world["topic"]["arn"]) for kind in ("ACTUAL", "FORECASTED")
            ],
            "tags": OTHER_TAGS,
        },
        meddle=lambda aws, it: aws.call(
            "budgets",
            "UpdateBudget",
            AccountId=it.state["accountId"],
            NewBudget={
                "BudgetName": it.state["name"],
                "BudgetLimit": {"Amount": "1", "Unit": "USD"},
                "BudgetType": "COST",
                "TimeUnit": "MONTHLY",
            },
        ),
        drifts=("limitAmount",),
    ),
}
