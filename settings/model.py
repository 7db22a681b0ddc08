"""What a stack file may say.

Every key is required: nothing is defaulted, so the difference of two stack files is the whole
difference of two environments. Rules between keys state both values and the reason.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from contracts.manifest import MODEL_NAME
from contracts.registry import ANY_MODEL
from settings import limits
from settings.section import Section, rule

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]{0,39}$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$")]
GroupName = Annotated[str, StringConstraints(pattern=f"^{MODEL_NAME.pattern}$")]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$")]
Origin = Annotated[str, StringConstraints(pattern=r"^https://[^\s/*]+$")]
"""As browsers send it: without path or slash."""
Claim = Annotated[str, StringConstraints(min_length=1, max_length=256)]
ProfileVersionArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:signer:[a-z0-9-]+:\d{12}:/signing-profiles/[A-Za-z0-9_]{2,64}/[A-Za-z0-9]{10}$"
    ),
]
Scope = Literal["models/infer", "models/read", "models/write"]


def _model_name(value: str) -> str:
    if value != ANY_MODEL and not MODEL_NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is no model name: 1 to 63 lower-case letters, digits, '-' and '_' "
            f"(or '{ANY_MODEL}' for every model)"
        )
    return value


def _quoted_off(value: object) -> object:
    if value is False:
        raise ValueError("it is false, which YAML makes of a bare off; write 'off' in quotes")
    return value


def _retention(value: int) -> int:
    if value not in limits.LOG_RETENTION_DAYS:
        allowed = ", ".join(map(str, sorted(limits.LOG_RETENTION_DAYS)))
        raise ValueError(
            f"it is {value}; CloudWatch Logs keeps for {allowed} days, nothing between"
        )
    return value


def _one_as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


ModelName = Annotated[
    str,
    AfterValidator(_model_name),
    Field(json_schema_extra={"pattern": rf"^(\*|{MODEL_NAME.pattern})$"}),
]
RetentionDays = Annotated[
    int,
    AfterValidator(_retention),
    Field(json_schema_extra={"enum": [*sorted(limits.LOG_RETENTION_DAYS)]}),
]


class Naming(Section):
    """Whose it is: becomes tags on everything that takes tags."""

    owner: Label
    """Team or person to ask; the tag `owner`."""
    cost_centre: Label
    """Who pays; the tag `cost-centre`. In quotes, or YAML reads a number."""
    environment: Name
    """What the stack is for; the tag `environment`."""


class Functions(Section):
    """How function archives are built and logged."""

    python_version: Literal["3.12", "3.13", "machine"]
    """`machine` = the interpreter that runs this program; only for the laptop cloud."""
    architecture: Literal["arm64", "x86_64", "machine"]
    """Processor of the functions; `machine` = this one."""
    log_retention_days: RetentionDays
    """Days that log lines and access records are kept."""
    code_signing: Annotated[Literal["enforce", "off"], BeforeValidator(_quoted_off)]
    """`enforce` = archives are signed, and Lambda refuses code that is not.
    `off` stands in quotes, or YAML reads a Boolean."""
    extra_publishers: tuple[ProfileVersionArn, ...] = Field(max_length=limits.EXTRA_PUBLISHERS)
    """Versions of other signer profiles whose code is accepted beside the stack's own."""

    @rule
    def _one_place(self) -> Iterator[str]:
        if (self.python_version == "machine") != (self.architecture == "machine"):
            yield (
                f"python_version is {self.python_version!r} and architecture is "
                f"{self.architecture!r}; both are 'machine' or neither is, because the wheels "
                "of an archive come from one place"
            )

    @rule
    def _machine_does_not_sign(self) -> Iterator[str]:
        if self.code_signing == "enforce" and self.architecture == "machine":
            yield (
                "code_signing is 'enforce' while architecture is 'machine'; it must be 'off' for "
                "archives of this machine, which only the laptop cloud runs, because its signer "
                "writes a receipt in place of a signed archive (on AWS: 'arm64' or 'x86_64')"
            )

    @rule
    def _publishers_need_signing(self) -> Iterator[str]:
        if self.code_signing == "off" and self.extra_publishers:
            yield (
                f"extra_publishers has {len(self.extra_publishers)} entries; it must be [] with "
                "code_signing 'off', where nobody asks who signed"
            )

    @rule
    def _publishers_once(self) -> Iterator[str]:
        if len(set(self.extra_publishers)) != len(self.extra_publishers):
            yield "extra_publishers has an entry twice; each profile version once"


class Serving(Section):
    """One serving group: the inference function and its caches."""

    group: GroupName
    """Name of the group; models are registered into it."""
    memory_mb: int = Field(ge=limits.LAMBDA_MEMORY_MB[0], le=limits.LAMBDA_MEMORY_MB[1])
    """MB of the inference function; processor time grows with it (one core at 1,769)."""
    timeout_seconds: int = Field(ge=1)
    """Seconds after which Lambda ends a call; below `api.integration_timeout_seconds`."""
    reserved_concurrency: int | None = Field(ge=1)
    """Executions kept for, and allowed to, the inference function; null = the account's pool."""
    tmp_mb: int = Field(ge=limits.LAMBDA_TMP_MB[0], le=limits.LAMBDA_TMP_MB[1])
    """MB of the function's `/tmp`."""
    memory_cache_mb: int = Field(ge=16)
    """MB of loaded models that stay in memory; the least recently used go first."""
    disk_cache_mb: int = Field(ge=16)
    """MB of model files that stay in `/tmp`."""
    max_body_bytes: int = Field(ge=1_024, le=limits.LAMBDA_BODY_BYTES)
    """Bytes of the largest request body that is read; a larger one is answered with 413."""
    route_ttl_seconds: int = Field(ge=1, le=300)
    """Seconds that a route, version or tenant is used before it is read anew."""

    @rule
    def _memory_cache_fits(self) -> Iterator[str]:
        room = self.memory_mb - limits.RUNTIME_HEADROOM_MB
        if self.memory_cache_mb > room:
            yield (
                f"memory_cache_mb is {self.memory_cache_mb}; it may be at most {room} "
                f"(memory_mb {self.memory_mb} less {limits.RUNTIME_HEADROOM_MB} for the runtime), "
                "or a full cache ends in an out-of-memory kill"
            )

    @rule
    def _disk_cache_fits(self) -> Iterator[str]:
        if self.disk_cache_mb > self.tmp_mb:
            yield (
                f"disk_cache_mb is {self.disk_cache_mb}; it may be at most tmp_mb {self.tmp_mb}, "
                "or the cache fills the temporary folder before it evicts"
            )


class Shadow(Section):
    """The queue that carries copies of requests to shadow versions. It holds request data."""

    retention_seconds: int = Field(
        ge=limits.SQS_RETENTION_SECONDS[0], le=limits.SQS_RETENTION_SECONDS[1]
    )
    """Seconds after which a copy is dropped unread."""
    dead_letter_retention_seconds: int = Field(
        ge=limits.SQS_RETENTION_SECONDS[0], le=limits.SQS_RETENTION_SECONDS[1]
    )
    """Seconds that a failed copy is kept, counted from when it was sent."""
    max_receive_count: int = Field(ge=1, le=1_000)
    """Deliveries before a copy moves to the dead-letter queue."""
    batch_size: int = Field(ge=1, le=10)
    """Copies that one call of the function gets at most."""
    maximum_concurrency: int = Field(
        ge=limits.SQS_MAXIMUM_CONCURRENCY[0], le=limits.SQS_MAXIMUM_CONCURRENCY[1]
    )
    """Executions of the inference function that copies may use at the same time."""

    @rule
    def _dead_letters_outlive(self) -> Iterator[str]:
        # A message keeps the age it had when it moves to the dead-letter queue.
        if self.dead_letter_retention_seconds <= self.retention_seconds:
            yield (
                f"dead_letter_retention_seconds is {self.dead_letter_retention_seconds}; it must "
                f"be above retention_seconds {self.retention_seconds}, because a message's age "
                "goes on counting in the dead-letter queue"
            )


class Cors(Section):
    """Which browser pages may call the API."""

    allow_origins: tuple[Origin, ...] = Field(min_length=1)
    """Origins as browsers send them: scheme and host, no path, no slash at the end, no wildcard."""
    max_age_seconds: int = Field(ge=0, le=86_400)
    """Seconds that a browser remembers the permission."""


class Api(Section):
    """The front door."""

    kind: Literal["http"]
    """An HTTP API of API Gateway."""
    integration_timeout_seconds: int = Field(ge=1)
    """Seconds that the gateway waits for a function."""
    rate_limit_per_second: int = Field(ge=1, le=limits.GATEWAY_RATE_PER_SECOND)
    """Requests per second that all callers together may send for long."""
    burst_limit: int = Field(ge=1, le=limits.GATEWAY_BURST)
    """Requests that may come at once before the rate counts."""
    cors: Cors | None
    """Which browser pages may call the API; null = none."""

    @rule
    def _gateway_waits(self) -> Iterator[str]:
        if self.integration_timeout_seconds > limits.GATEWAY_INTEGRATION_SECONDS:
            yield (
                f"integration_timeout_seconds is {self.integration_timeout_seconds}; it may be at "
                f"most {limits.GATEWAY_INTEGRATION_SECONDS}, because the gateway gives up then "
                "whatever the function does"
            )


class Identity(Section):
    """Who issues tokens: a Cognito pool made here, or any OIDC issuer."""

    kind: Literal["cognito", "issuer"]
    """`cognito` makes a pool with a client per tenant; `issuer` trusts one that exists."""
    issuer: HttpsUrl | None
    """Compared byte for byte with the token's `iss`: a trailing slash counts."""
    audience: Annotated[
        tuple[Claim, ...],
        Field(strict=False, max_length=limits.GATEWAY_AUDIENCES),
        BeforeValidator(_one_as_list),
    ]
    """Values of a token's `aud` that are accepted; [] with Cognito (the tenants' clients)."""
    tenant_claim: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:/.-]{1,128}$")]
    """Claim that says which tenant a token belongs to; `client_id` with Cognito."""
    token_url: HttpsUrl | None
    """Where callers get tokens, for the outputs; null with Cognito, which makes it."""
    token_validity_minutes: int = Field(
        ge=limits.COGNITO_TOKEN_MINUTES[0], le=limits.COGNITO_TOKEN_MINUTES[1]
    )
    """Minutes that a token of the pool is valid; not used with an outside issuer."""

    @rule
    def _pool_has_no_issuer(self) -> Iterator[str]:
        if self.kind == "cognito" and self.issuer is not None:
            yield f"issuer is {self.issuer!r}; it must be null with kind 'cognito', which makes it"

    @rule
    def _pool_has_no_token_url(self) -> Iterator[str]:
        if self.kind == "cognito" and self.token_url is not None:
            yield (
                f"token_url is {self.token_url!r}; it must be null with kind 'cognito', which "
                "makes it"
            )

    @rule
    def _pool_has_no_audience(self) -> Iterator[str]:
        if self.kind == "cognito" and self.audience:
            yield (
                f"audience is {list(self.audience)}; it must be [] with kind 'cognito', whose "
                "audience is the tenants' clients"
            )

    @rule
    def _pool_tells_clients(self) -> Iterator[str]:
        if self.kind == "cognito" and self.tenant_claim != "client_id":
            yield (
                f"tenant_claim is {self.tenant_claim!r}; it must be 'client_id' with kind "
                "'cognito', because machine tokens of a pool carry no other tenant claim"
            )

    @rule
    def _issuer_is_named(self) -> Iterator[str]:
        if self.kind == "issuer" and self.issuer is None:
            yield "issuer is null; kind 'issuer' needs its URL exactly as in the tokens"

    @rule
    def _issuer_has_audience(self) -> Iterator[str]:
        if self.kind == "issuer" and not self.audience:
            yield "audience is []; kind 'issuer' needs at least one, or no token is accepted"


class TenantSettings(Section):
    """A caller."""

    name: Name
    """How people call it; the tenant item and its Cognito client are named so."""
    claim_value: Claim | None
    """Value of `identity.tenant_claim` in its tokens; null with Cognito (its client's id)."""
    scopes: tuple[Scope, ...]
    """What its Cognito client may ask for; [] with an outside issuer, which decides itself."""
    models: tuple[ModelName, ...] = Field(min_length=1)
    """Models that it may use; `*` = all."""


class Storage(Section):
    """How long buckets keep what is no longer current."""

    noncurrent_version_days: int = Field(ge=1)
    """Days that overwritten and deleted model files and archives are kept."""
    access_log_days: int = Field(ge=1)
    """Days that the log of bucket reads is kept."""


class Protection(Section):
    """What guards data against a mistaken command."""

    protect: bool
    """Pulumi refuses to delete the stateful resources."""
    deletion_protection: bool
    """AWS refuses to delete the registry table and the user pool."""
    force_destroy: bool
    """Buckets are emptied when the stack is destroyed."""
    key_deletion_days: int = Field(ge=limits.KMS_DELETION_DAYS[0], le=limits.KMS_DELETION_DAYS[1])
    """Days between the order to delete a key and its end."""

    @rule
    def _protected_or_emptied(self) -> Iterator[str]:
        if self.force_destroy and (self.protect or self.deletion_protection):
            yield (
                f"force_destroy is true while protect is {self.protect} and deletion_protection is "
                f"{self.deletion_protection}; buckets that are emptied on destroy are not protected"
            )


class Observability(Section):
    """When someone is told. Counts are those at which an alarm goes off."""

    function_errors_per_5_minutes: int = Field(ge=1)
    """Calls of a function that failed or were killed."""
    function_throttles_per_5_minutes: int = Field(ge=1)
    """Calls of a function that met a concurrency limit."""
    duration_percent_of_timeout: int = Field(ge=10, le=100)
    """Percent of a function's timeout that its slowest calls (99th percentile) may take."""
    api_server_errors_per_5_minutes: int = Field(ge=1)
    """Answers of the gateway with a status of 500 or more."""
    api_latency_p99_ms: int = Field(ge=1)
    """Milliseconds that the slowest requests (99th percentile) may take."""
    stale_reads_per_5_minutes: int = Field(ge=1)
    """Requests routed from memory because the registry could not be read."""
