"""Resource types that cost nothing while they stand, and why.

A type that is here may still cost by use; what a request costs is in `capacity.traffic`.
"""

from collections.abc import Mapping
from typing import Final

_REASONS: Final[Mapping[str, tuple[str, ...]]] = {
    "IAM costs nothing (IAM user guide)": (
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
    ),
    "part of its REST API, which is paid by request (API Gateway pricing); no cache is set": (
        "aws:apigateway/apiKey:ApiKey",
        "aws:apigateway/authorizer:Authorizer",
        "aws:apigateway/deployment:Deployment",
        "aws:apigateway/integration:Integration",
        "aws:apigateway/method:Method",
        "aws:apigateway/methodSettings:MethodSettings",
        "aws:apigateway/resource:Resource",
        "aws:apigateway/response:Response",
        "aws:apigateway/restApi:RestApi",
        "aws:apigateway/restApiPolicy:RestApiPolicy",
        "aws:apigateway/stage:Stage",
        "aws:apigateway/usagePlan:UsagePlan",
        "aws:apigateway/usagePlanKey:UsagePlanKey",
    ),
    "part of its HTTP API, which is paid by request (API Gateway pricing)": (
        "aws:apigatewayv2/api:Api",
        "aws:apigatewayv2/authorizer:Authorizer",
        "aws:apigatewayv2/integration:Integration",
        "aws:apigatewayv2/route:Route",
        "aws:apigatewayv2/stage:Stage",
    ),
    "domain names are free, and so are public ACM certificates (API Gateway and ACM pricing)": (
        "aws:apigateway/basePathMapping:BasePathMapping",
        "aws:apigateway/domainName:DomainName",
        "aws:apigatewayv2/apiMapping:ApiMapping",
        "aws:apigatewayv2/domainName:DomainName",
    ),
    "an alias record is free in a zone that is there already (Route 53 pricing)": (
        "aws:route53/record:Record",
    ),
    "budgets without actions are free (AWS Budgets pricing)": ("aws:budgets/budget:Budget",),
    "a saved query is free; each run pays for what it scans (CloudWatch pricing)": (
        "aws:cloudwatch/queryDefinition:QueryDefinition",
    ),
    "machine clients pay for tokens, not for pools or clients (Cognito developer guide, costs)": (
        "aws:cognito/resourceServer:ResourceServer",
        "aws:cognito/userPool:UserPool",
        "aws:cognito/userPoolClient:UserPoolClient",
        "aws:cognito/userPoolDomain:UserPoolDomain",
    ),
    "an item costs what its table stores (DynamoDB pricing)": ("aws:dynamodb/tableItem:TableItem",),
    "a VPC, its ways and its groups are free (Amazon VPC pricing)": (
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        "aws:ec2/internetGateway:InternetGateway",
        "aws:ec2/route:Route",
        "aws:ec2/routeTable:RouteTable",
        "aws:ec2/routeTableAssociation:RouteTableAssociation",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/subnet:Subnet",
        "aws:ec2/vpc:Vpc",
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    ),
    "part of its file system, which is paid by what is in it (Amazon EFS pricing)": (
        "aws:efs/accessPoint:AccessPoint",
        "aws:efs/backupPolicy:BackupPolicy",
        "aws:efs/fileSystemPolicy:FileSystemPolicy",
        "aws:efs/mountTarget:MountTarget",
    ),
    "part of its repository, which is paid by what is in it (Amazon ECR pricing)": (
        "aws:ecr/lifecyclePolicy:LifecyclePolicy",
        "aws:ecr/repositoryPolicy:RepositoryPolicy",
    ),
    "part of its key (AWS KMS pricing)": ("aws:kms/alias:Alias",),
    "part of its function, which is paid by use (AWS Lambda pricing)": (
        "aws:lambda/alias:Alias",
        "aws:lambda/permission:Permission",
    ),
    "priced from the stack's settings, as warm capacity": (
        "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
    ),
    "part of its bucket, which is paid by what is in it (Amazon S3 pricing)": (
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketLogging:BucketLogging",
        "aws:s3/bucketObjectv2:BucketObjectv2",
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "aws:s3/bucketVersioning:BucketVersioning",
    ),
    "signing for Lambda is free (Lambda developer guide, code signing)": (
        "aws:lambda/codeSigningConfig:CodeSigningConfig",
        "aws:signer/signingJob:SigningJob",
        "aws:signer/signingProfile:SigningProfile",
    ),
    "topics are paid by message, and mail of alarms is within the free tier (SNS pricing)": (
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
    ),
    "queues are paid by request (SQS pricing); the polling is the mapping's": (
        "aws:sqs/queue:Queue",
        "aws:sqs/queuePolicy:QueuePolicy",
    ),
    "part of its web ACL (AWS WAF pricing)": (
        "aws:wafv2/webAclAssociation:WebAclAssociation",
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
    ),
}
FREE: Final[Mapping[str, str]] = {
    type_: reason for reason, types in _REASONS.items() for type_ in types
}
"""Type -> why it costs nothing while it stands, with the source."""
