"""What a deployment asks of AWS, by IAM's service prefix, in exact actions.

`reads` tell what exists and how it is set: a preview and a refresh. None of them reads data: no
object, item, message or log line; of images, what their signatures need. `writes` make, change
and delete. IAM and KMS have statements of their own in `ci`, which narrow them further. Names are
those of the service authorization reference, 2026-11; that every creation in the stacks of the
clone is covered is a test.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Actions:
    """Of one service, separated by blanks."""

    reads: str
    writes: str


ACTIONS: Mapping[str, Actions] = {
    "apigateway": Actions(
        reads="GET", writes="DELETE PATCH POST PUT SetWebACL UpdateRestApiPolicy"
    ),
    "cloudwatch": Actions(
        reads="DescribeAlarms GetDashboard ListTagsForResource",
        writes="DeleteAlarms DeleteDashboards PutCompositeAlarm PutDashboard PutMetricAlarm "
        "TagResource UntagResource",
    ),
    "cognito-idp": Actions(
        reads="DescribeResourceServer DescribeUserPool DescribeUserPoolClient "
        "DescribeUserPoolDomain GetUserPoolMfaConfig ListTagsForResource",
        writes="CreateResourceServer CreateUserPool CreateUserPoolClient CreateUserPoolDomain "
        "DeleteResourceServer DeleteUserPool DeleteUserPoolClient DeleteUserPoolDomain "
        "SetUserPoolMfaConfig TagResource UntagResource UpdateResourceServer UpdateUserPool "
        "UpdateUserPoolClient UpdateUserPoolDomain",
    ),
    "dynamodb": Actions(
        reads="DescribeContinuousBackups DescribeTable DescribeTimeToLive ListTagsOfResource",
        # The program writes the items of tenants, and reads back what it wrote.
        writes="CreateTable DeleteItem DeleteTable GetItem PutItem TagResource UntagResource "
        "UpdateContinuousBackups UpdateItem UpdateTable UpdateTimeToLive",
    ),
    "ec2": Actions(
        reads="DescribeAddresses DescribeAddressesAttribute DescribeAvailabilityZones "
        "DescribeFlowLogs DescribeInternetGateways DescribeManagedPrefixLists DescribeNatGateways "
        "DescribeNetworkAcls DescribeNetworkInterfaces DescribePrefixLists DescribeRouteTables "
        "DescribeSecurityGroupRules DescribeSecurityGroups DescribeSubnets DescribeTags "
        "DescribeVpcAttribute DescribeVpcEndpoints DescribeVpcs",
        writes="AllocateAddress AssociateRouteTable AttachInternetGateway "
        "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateFlowLogs "
        # A mount target's interface is made in the name of who makes the target.
        "CreateInternetGateway CreateNatGateway CreateNetworkInterface CreateRoute "
        "CreateRouteTable CreateSecurityGroup "
        "CreateSubnet CreateTags CreateVpc CreateVpcEndpoint DeleteFlowLogs "
        "DeleteInternetGateway DeleteNatGateway DeleteNetworkInterface DeleteRoute "
        "DeleteRouteTable DeleteSecurityGroup DeleteSubnet DeleteTags DeleteVpc "
        "DeleteVpcEndpoints DetachInternetGateway DisassociateAddress DisassociateRouteTable "
        "ModifySecurityGroupRules ModifySubnetAttribute ModifyVpcAttribute ModifyVpcEndpoint "
        "ReleaseAddress ReplaceRoute RevokeSecurityGroupEgress RevokeSecurityGroupIngress",
    ),
    "ecr": Actions(reads="GetAuthorizationToken", writes=""),
    "elasticfilesystem": Actions(
        reads="DescribeAccessPoints DescribeBackupPolicy DescribeFileSystemPolicy "
        "DescribeFileSystems DescribeLifecycleConfiguration DescribeMountTargetSecurityGroups "
        "DescribeMountTargets DescribeReplicationConfigurations ListTagsForResource",
        writes="CreateAccessPoint CreateFileSystem CreateMountTarget DeleteAccessPoint "
        "DeleteFileSystem DeleteFileSystemPolicy DeleteMountTarget "
        "ModifyMountTargetSecurityGroups PutBackupPolicy PutFileSystemPolicy "
        "PutLifecycleConfiguration TagResource UntagResource UpdateFileSystem "
        "UpdateFileSystemProtection",
    ),
    "lambda": Actions(
        reads="GetAlias GetCodeSigningConfig GetEventSourceMapping GetFunction "
        "GetFunctionCodeSigningConfig GetFunctionConcurrency GetFunctionConfiguration "
        "GetFunctionRecursionConfig GetPolicy GetProvisionedConcurrencyConfig ListTags "
        "ListVersionsByFunction",
        writes="AddPermission CreateAlias CreateCodeSigningConfig CreateEventSourceMapping "
        "CreateFunction DeleteAlias DeleteCodeSigningConfig DeleteEventSourceMapping "
        "DeleteFunction DeleteFunctionCodeSigningConfig DeleteFunctionConcurrency "
        "DeleteProvisionedConcurrencyConfig PublishVersion PutFunctionCodeSigningConfig "
        "PutFunctionConcurrency PutProvisionedConcurrencyConfig RemovePermission TagResource "
        "UntagResource UpdateAlias UpdateCodeSigningConfig UpdateEventSourceMapping "
        "UpdateFunctionCode UpdateFunctionConfiguration",
    ),
    "logs": Actions(
        # Whoever makes an access log needs to see deliveries too.
        reads="DescribeLogGroups DescribeQueryDefinitions DescribeResourcePolicies "
        "GetLogDelivery ListLogDeliveries ListTagsForResource",
        writes="AssociateKmsKey CreateLogDelivery CreateLogGroup DeleteLogDelivery DeleteLogGroup "
        "DeleteQueryDefinition DeleteRetentionPolicy DisassociateKmsKey PutQueryDefinition "
        "PutResourcePolicy PutRetentionPolicy TagResource UntagResource UpdateLogDelivery",
    ),
    "s3": Actions(
        reads="GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLogging "
        "GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
        "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning "
        "GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration "
        "GetReplicationConfiguration ListBucket",
        # Archives are uploaded and read back; emptying a bucket needs the versions.
        writes="CreateBucket DeleteBucket DeleteBucketPolicy DeleteObject DeleteObjectVersion "
        "GetObject GetObjectTagging GetObjectVersion ListBucketVersions "
        "PutBucketLogging PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock "
        "PutBucketTagging PutBucketVersioning PutEncryptionConfiguration "
        "PutLifecycleConfiguration PutObject PutObjectTagging",
    ),
    "signer": Actions(
        reads="DescribeSigningJob GetSigningProfile ListTagsForResource",
        writes="CancelSigningProfile PutSigningProfile StartSigningJob TagResource UntagResource",
    ),
    "sns": Actions(
        reads="GetSubscriptionAttributes GetTopicAttributes ListTagsForResource",
        writes="CreateTopic DeleteTopic SetTopicAttributes Subscribe TagResource Unsubscribe "
        "UntagResource",
    ),
    "sqs": Actions(
        reads="GetQueueAttributes GetQueueUrl ListQueueTags",
        writes="CreateQueue DeleteQueue SetQueueAttributes TagQueue UntagQueue",
    ),
    "wafv2": Actions(
        reads="GetLoggingConfiguration GetWebACL GetWebACLForResource ListTagsForResource",
        writes="AssociateWebACL CreateWebACL DeleteLoggingConfiguration DeleteWebACL "
        "DisassociateWebACL PutLoggingConfiguration TagResource UntagResource UpdateWebACL",
    ),
}

GLOBAL: Mapping[str, Actions] = {
    "budgets": Actions(
        reads="ListTagsForResource ViewBudget",
        writes="ModifyBudget TagResource UntagResource",
    ),
}
"""Services that answer in no region of their own."""
RECORDS: Mapping[str, Actions] = {
    "route53": Actions(
        reads="GetChange GetHostedZone ListResourceRecordSets",
        writes="ChangeResourceRecordSets",
    ),
}
"""For the record of an API's own name, in a zone that was there before."""
IMAGES: Mapping[str, Actions] = {
    "ecr": Actions(
        # An image's signature is read before it is deployed; Lambda asks for both of its deployer.
        reads="BatchGetImage DescribeRepositories GetDownloadUrlForLayer GetLifecyclePolicy "
        "GetRepositoryPolicy ListTagsForResource",
        writes="CreateRepository DeleteLifecyclePolicy DeleteRepository DeleteRepositoryPolicy "
        "PutImageScanningConfiguration PutImageTagMutability PutLifecyclePolicy "
        "SetRepositoryPolicy TagResource UntagResource",
    ),
}
"""For the repository of a stack's images."""
NAMED_OTHERWISE: Mapping[str, tuple[str, ...]] = {
    **{
        f"budgets:{verb}{what}": ("budgets:ModifyBudget",)
        for verb in ("Create", "Update", "Delete")
        for what in ("Budget", "Notification")
    },
    "budgets:DescribeBudget": ("budgets:ViewBudget",),
    "budgets:DescribeNotificationsForBudget": ("budgets:ViewBudget",),
    "budgets:DescribeSubscribersForNotification": ("budgets:ViewBudget",),
    "s3:DeleteBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3:DeleteBucketLifecycle": ("s3:PutLifecycleConfiguration",),
    "s3:DeleteBucketOwnershipControls": ("s3:PutBucketOwnershipControls",),
    "s3:DeleteBucketTagging": ("s3:PutBucketTagging",),
    "s3:DeleteObjects": ("s3:DeleteObject", "s3:DeleteObjectVersion"),
    "s3:DeletePublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
    "s3:GetBucketEncryption": ("s3:GetEncryptionConfiguration",),
    "s3:GetBucketLifecycleConfiguration": ("s3:GetLifecycleConfiguration",),
    "s3:GetPublicAccessBlock": ("s3:GetBucketPublicAccessBlock",),
    "s3:HeadBucket": ("s3:ListBucket",),
    "s3:HeadObject": ("s3:GetObject", "s3:GetObjectVersion"),
    "s3:ListObjectVersions": ("s3:ListBucketVersions",),
    "s3:PutBucketEncryption": ("s3:PutEncryptionConfiguration",),
    "s3:PutBucketLifecycleConfiguration": ("s3:PutLifecycleConfiguration",),
    "s3:PutPublicAccessBlock": ("s3:PutBucketPublicAccessBlock",),
}
"""Calls, as `service:Operation`, that the actions of IAM have other names for."""


def reads(of: Mapping[str, Actions] = ACTIONS) -> list[str]:
    return sorted(_each(of, "reads"))


def writes(of: Mapping[str, Actions] = ACTIONS) -> list[str]:
    return sorted(_each(of, "writes"))


def _each(of: Mapping[str, Actions], kind: str) -> Iterator[str]:
    for service, actions in of.items():
        for action in getattr(actions, kind).split():
            yield f"{service}:{action}"
