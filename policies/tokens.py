"""Provider type tokens that rules apply to; a test finds each in the installed `pulumi_aws`."""

from enum import StrEnum


class Token(StrEnum):
    ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
    API = "aws:apigatewayv2/api:Api"
    API_ROUTE = "aws:apigatewayv2/route:Route"
    API_STAGE = "aws:apigatewayv2/stage:Stage"
    BUCKET = "aws:s3/bucket:Bucket"
    BUCKET_ENCRYPTION = (
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
    BUCKET_PUBLIC_ACCESS_BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
    BUCKET_VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
    BUDGET = "aws:budgets/budget:Budget"
    CODE_SIGNING_CONFIG = "aws:lambda/codeSigningConfig:CodeSigningConfig"
    DEFAULT_SECURITY_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    EGRESS_RULE = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
    ELASTIC_IP = "aws:ec2/eip:Eip"
    EVENT_SOURCE_MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
    FLOW_LOG = "aws:ec2/flowLog:FlowLog"
    FUNCTION = "aws:lambda/function:Function"
    FUNCTION_ALIAS = "aws:lambda/alias:Alias"
    FUNCTION_PERMISSION = "aws:lambda/permission:Permission"
    IAM_POLICY = "aws:iam/policy:Policy"
    INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
    INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"
    KEY = "aws:kms/key:Key"
    LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
    NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
    QUEUE = "aws:sqs/queue:Queue"
    QUEUE_POLICY = "aws:sqs/queuePolicy:QueuePolicy"
    ROLE = "aws:iam/role:Role"
    ROLE_ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
    ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
    ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
    SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
    SECURITY_GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
    SIGNING_PROFILE = "aws:signer/signingProfile:SigningProfile"
    SUBNET = "aws:ec2/subnet:Subnet"
    TABLE = "aws:dynamodb/table:Table"
    TOPIC = "aws:sns/topic:Topic"
    TOPIC_POLICY = "aws:sns/topicPolicy:TopicPolicy"
    USER_POOL = "aws:cognito/userPool:UserPool"
    VPC = "aws:ec2/vpc:Vpc"
    VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

    # Earlier names of the bucket types, kept by the provider for old states only.
    BUCKET_V2 = "aws:s3/bucketV2:BucketV2"
    BUCKET_ACL_V2 = "aws:s3/bucketAclV2:BucketAclV2"
    BUCKET_ENCRYPTION_V2 = (
        "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
    )
    BUCKET_LIFECYCLE_V2 = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
    BUCKET_LOGGING_V2 = "aws:s3/bucketLoggingV2:BucketLoggingV2"
    BUCKET_VERSIONING_V2 = "aws:s3/bucketVersioningV2:BucketVersioningV2"
