"""Service limits that settings are held against, as dated data. Checked 2026-11."""

from typing import Final

LAMBDA_MEMORY_MB: Final = (128, 10_240)
LAMBDA_TMP_MB: Final = (512, 10_240)
LAMBDA_LAYERS: Final = 5
LAMBDA_TENANT_ID: Final = r"[a-zA-Z0-9._:/=+@ -]{1,256}"
"""What names a tenant where each has environments of its own."""
LAMBDA_BODY_BYTES: Final = 4_400_000
"""A request's event is at most 6 MB of JSON, where a binary body is base64."""
SERVING_GROUPS: Final = 20
"""More belong into another stack, or its resources and metrics are too many to look through
(our own)."""
GROUP_NAME_LENGTH: Final = 32
"""What `serving-<group>-predict-<suffix>` leaves of the 64 characters of a function's name."""
GROUP_MODELS: Final = 20
"""What a role's policies, at most 10,240 characters together, can name model by model (our own)."""
HTTP_ROUTES: Final = 300
"""Of one HTTP API."""
REST_RESOURCES: Final = 300
"""Of one REST API: every part of every path, the root among them."""
GATEWAY_INTEGRATION_SECONDS: Final = 29
"""HTTP APIs stop at 30 s and REST APIs at 29 s, whatever the function does."""
GATEWAY_RATE_PER_SECOND: Final = 10_000
GATEWAY_BURST: Final = 5_000
GATEWAY_BODY_BYTES: Final = 10_000_000
"""Of a request; Lambda takes less."""
GATEWAY_HEADER_BYTES: Final = 10_240
"""Of all headers of a request together; of a private API 8,000."""
GATEWAY_QUOTA_REQUESTS: Final = 2**31 - 1
GATEWAY_API_KEYS: Final = 10_000
"""Of an account in a region; cannot be raised."""
GATEWAY_POLICY_CHARACTERS: Final = 8_192
"""Of the resource policy of a REST API."""
GATEWAY_PRIVATE_ENDPOINTS: Final = 100
"""What such a policy can name twice (our own)."""
FIREWALL_RATE_REQUESTS: Final = (10, 2_000_000_000)
"""Of a rate-based rule."""
GATEWAY_AUDIENCES: Final = 50
"""Of one JWT authorizer."""
AUDIENCE_CHARACTERS: Final = 2_500
"""Of all audiences as JSON: what the authorizer function's 4 KB of environment has room for beside
issuer and key URL (our own)."""
SQS_RETENTION_SECONDS: Final = (60, 1_209_600)
SQS_MAXIMUM_CONCURRENCY: Final = (2, 1_000)
"""Of one event source mapping."""
SQS_VISIBILITY_FACTOR: Final = 6
"""AWS asks for a visibility timeout of at least six times the consumer's timeout."""
KMS_DELETION_DAYS: Final = (7, 30)
COGNITO_CLIENTS: Final = 1_000
"""Of one pool."""
COGNITO_TOKEN_MINUTES: Final = (5, 1_440)
LOG_RETENTION_DAYS: Final[frozenset[int]] = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731}
    | {1_096, 1_827, 2_192, 2_557, 2_922, 3_288, 3_653}
)
RUNTIME_HEADROOM_MB: Final = 256
"""What the interpreter, ONNX Runtime and one request need beside the loaded models (our own)."""
EXTRA_PUBLISHERS: Final = 19
"""A code-signing configuration takes 20 profile versions, and one is the stack's own."""
SIGNING_KEYS: Final = 5
"""Keyring entries that leave room for the rest in Lambda's 4 KB of environment (our own)."""
VPC_PREFIX: Final = (16, 25)
"""Prefix lengths of a VPC's addresses: AWS takes /16 to /28, and eight subnets must fit in."""
SUBNET_PREFIX: Final = 28
"""Of the smallest subnet that AWS takes."""
SUBNET_BLOCKS: Final = 8
"""Equal parts of a VPC: a private and a public subnet for each of at most four zones. Never fewer,
so that another zone or a NAT gateway renumbers no subnet (our own)."""
ZONES: Final = (1, 4)
PRIVATE_RANGES: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
"""RFC 1918, and RFC 6598 as AWS allows."""
ZONES_WITHOUT_LAMBDA: Final = ("use1-az3",)
"""Availability zone ids where Lambda takes no subnet (Lambda developer guide, VPC access)."""
READY_TIMEOUT_MINUTES: Final = 60
"""Warm capacity that needs longer is not coming (our own)."""
BAKE_MINUTES: Final = 1_440
"""Both versions' warm capacity is paid for meanwhile (our own)."""
SHORTEST_BAKE_MINUTES: Final = 10
"""Two periods of the stack's alarms (our own)."""
RELEASE_ALARMS: Final = 20
"""Alarms that a stack file names for a release (our own)."""
BUDGET_EMAILS: Final = 10
"""Of one notification of a budget, beside one topic."""
