"""Examples for `policies.rules.encryption`."""

from policies.tokens import Token
from tests.unit.policies.examples.shape import (
    ABSENT,
    ACCOUNT_ROOT,
    AT,
    KEY_ARN,
    MARKER,
    POLICY,
    Broken,
    Example,
    Path,
    document,
)


def key_missing(path: Path, said: str) -> tuple[Broken, ...]:
    return (
        Broken(path, ABSENT, f"{said} is absent"),
        Broken(path, "", f"{said} is absent"),
        Broken(path, "alias/aws/s3", f"{said} is a key that AWS manages"),
        Broken(path, 7, f"{said} is not text"),
    )


EXAMPLES: tuple[Example, ...] = (
    Example(
        rule="efs-file-system-customer-key",
        on=Token.FILE_SYSTEM,
        props={"encrypted": True, "kmsKeyId": KEY_ARN},
        broken=(
            Broken(("encrypted",), False, "encrypted is not true"),
            Broken(("encrypted",), ABSENT, "encrypted is not true"),
            *key_missing(("kmsKeyId",), "kmsKeyId"),
        ),
    ),
    Example(
        rule="s3-bucket-customer-key",
        on=Token.BUCKET_ENCRYPTION,
        props={
            "bucket": "models",
            "rules": [
                {
                    "bucketKeyEnabled": True,
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": KEY_ARN,
                    },
                }
            ],
        },
        broken=(
            Broken(("rules",), ABSENT, "rules is absent"),
            Broken(("rules",), [], "rules is absent"),
            Broken(
                ("rules", 0, "applyServerSideEncryptionByDefault", "sseAlgorithm"),
                "AES256",
                "rules[0].applyServerSideEncryptionByDefault.sseAlgorithm is not a KMS algorithm",
            ),
            *key_missing(
                ("rules", 0, "applyServerSideEncryptionByDefault", "kmsMasterKeyId"),
                "rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId",
            ),
        ),
    ),
    Example(
        rule="dynamodb-table-customer-key",
        on=Token.TABLE,
        props={"serverSideEncryption": {"enabled": True, "kmsKeyArn": KEY_ARN}},
        broken=(
            Broken(("serverSideEncryption",), ABSENT, "serverSideEncryption.enabled is not true"),
            Broken(
                ("serverSideEncryption", "enabled"),
                False,
                "serverSideEncryption.enabled is not true",
            ),
            *key_missing(("serverSideEncryption", "kmsKeyArn"), "serverSideEncryption.kmsKeyArn"),
        ),
    ),
    Example(
        rule="sqs-queue-customer-key",
        on=Token.QUEUE,
        props={"kmsMasterKeyId": KEY_ARN},
        broken=key_missing(("kmsMasterKeyId",), "kmsMasterKeyId"),
    ),
    Example(
        rule="sns-topic-customer-key",
        on=Token.TOPIC,
        props={"kmsMasterKeyId": KEY_ARN},
        broken=key_missing(("kmsMasterKeyId",), "kmsMasterKeyId"),
    ),
    Example(
        rule="logs-group-customer-key",
        on=Token.LOG_GROUP,
        props={"kmsKeyId": KEY_ARN},
        broken=key_missing(("kmsKeyId",), "kmsKeyId"),
    ),
    Example(
        rule="lambda-environment-customer-key",
        on=Token.FUNCTION,
        props={"environment": {"variables": {"API_KEY": MARKER}}, "kmsKeyArn": KEY_ARN},
        broken=key_missing(("kmsKeyArn",), "kmsKeyArn"),
        exempt=((("environment",), ABSENT), (("environment", "variables"), {})),
    ),
    Example(
        rule="kms-key-rotates",
        on=Token.KEY,
        props={"enableKeyRotation": True},
        broken=(
            Broken(("enableKeyRotation",), False, "enableKeyRotation is not true"),
            Broken(("enableKeyRotation",), ABSENT, "enableKeyRotation is not true"),
            Broken(("enableKeyRotation",), "yes", "enableKeyRotation is not true or false"),
        ),
        fine=((("customerMasterKeySpec",), "SYMMETRIC_DEFAULT"),),
        exempt=((("customerMasterKeySpec",), "ECC_NIST_P256"),),
    ),
    Example(
        rule="kms-key-root-administers",
        on=Token.KEY,
        documents=POLICY,
        props={
            "policy": document(
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": ACCOUNT_ROOT},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            )
        },
        broken=(
            Broken(("bypassPolicyLockoutSafetyCheck",), True, "bypassPolicyLockoutSafetyCheck is"),
            Broken(("policy",), ABSENT, "policy is absent"),
            Broken(("policy",), MARKER, "policy is not a JSON object"),
            Broken((*AT, "Effect"), "Deny", "gives the account root no administration"),
            Broken((*AT, "Action"), "kms:Decrypt", "gives the account root no administration"),
            Broken((*AT, "Resource"), KEY_ARN, "gives the account root no administration"),
            Broken(
                (*AT, "Principal", "AWS"),
                f"arn:aws:iam::111122223333:role/{MARKER}",
                "policy.Statement gives the account root no administration",
            ),
            Broken(
                (*AT, "Condition"),
                {"StringEquals": {"aws:SourceAccount": "111122223333"}},
                "gives the account root no administration",
            ),
        ),
        fine=(
            ((*AT, "Principal", "AWS"), [ACCOUNT_ROOT]),
            ((*AT, "Action"), ["kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"]),
        ),
    ),
    Example(
        rule="ecr-repository-customer-key",
        on=Token.IMAGE_REPOSITORY,
        props={"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": KEY_ARN}]},
        broken=(
            Broken(("encryptionConfigurations",), ABSENT, "encryptionConfigurations is absent"),
            Broken(
                ("encryptionConfigurations", 0, "encryptionType"),
                "AES256",
                "encryptionConfigurations[0].encryptionType is not KMS",
            ),
            Broken(
                ("encryptionConfigurations", 0, "kmsKey"),
                ABSENT,
                "encryptionConfigurations[0].kmsKey is absent",
            ),
            Broken(
                ("encryptionConfigurations", 0, "kmsKey"),
                "arn:aws:kms:eu-west-1:111122223333:alias/aws/ecr",
                "encryptionConfigurations[0].kmsKey is a key that AWS manages",
            ),
        ),
        fine=((("encryptionConfigurations", 0, "encryptionType"), "KMS_DSSE"),),
    ),
)
