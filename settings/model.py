"""What a stack file may say.

Every key is required: nothing is defaulted, so the difference of two stack files is the whole
difference of two environments. Rules between keys state both values and the reason.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from contracts.manifest import MODEL_NAME
from contracts.registry import ANY_MODEL
from settings import limits

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9 ._@-]{0,63}$")]
HttpsUrl = Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$")]
Scope = Literal["models/infer", "models/read", "models/write"]
SCOPES: tuple[Scope, ...] = ("models/infer", "models/read", "models/write")


def _model_name(value: str) -> str:
    if value != ANY_MODEL and not MODEL_NAME.fullmatch(value):
        raise ValueError(
            f"{value!r} is no model name: 1 to 63 lower-case letters, digits, '-' and '_' "
            f"(or '{ANY_MODEL}' for every model)"
        )
    return value


def _retention(value: int) -> int:
    if value not in limits.LOG_RETENTION_DAYS:
        allowed = ", ".join(map(str, sorted(limits.LOG_RETENTION_DAYS)))
        raise ValueError(f"CloudWatch Logs keeps for {allowed} days, nothing between")
    return value


def _one_as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


ModelName = Annotated[str, AfterValidator(_model_name)]
RetentionDays = Annotated[int, AfterValidator(_retention)]


class Section(BaseModel):
    """A part of a stack file. A subclass states its rules between keys in `problems`."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True
    )

    def problems(self) -> Iterator[str]:
        """Each broken rule as one line that starts with the key."""
        yield from ()

    @model_validator(mode="after")
    def _rules(self) -> "Section":
        found = list(self.problems())
        if found:
            raise ValueError("\n".join(found))
        return self


class Naming(Section):
    """Whose it is: becomes tags on everything that takes tags."""

    owner: Label
    cost_centre: Label
    environment: Name


class Functions(Section):
    """How function archives are built and logged."""

    python_version: Literal["3.12", "3.13", "machine"]
    """`machine` = the interpreter that runs this program; only for the laptop cloud."""
    architecture: Literal["arm64", "x86_64", "machine"]
    log_retention_days: RetentionDays

    def problems(self) -> Iterator[str]:
        if (self.python_version == "machine") != (self.architecture == "machine"):
            yield (
                f"python_version is {self.python_version!r} and architecture is "
                f"{self.architecture!r}; both are 'machine' or neither is, because the wheels "
                "of an archive come from one place"
            )


class Serving(Section):
    """One serving group: the inference function and its caches."""

    group: ModelName
    memory_mb: int = Field(ge=limits.LAMBDA_MEMORY_MB[0], le=limits.LAMBDA_MEMORY_MB[1])
    timeout_seconds: int = Field(ge=1)
    reserved_concurrency: int | None = Field(ge=1)
    """Executions kept for, and allowed to, the inference function; null = the account's pool."""
    tmp_mb: int = Field(ge=limits.LAMBDA_TMP_MB[0], le=limits.LAMBDA_TMP_MB[1])
    memory_cache_mb: int = Field(ge=16)
    disk_cache_mb: int = Field(ge=16)
    max_body_bytes: int = Field(ge=1_024, le=limits.LAMBDA_BODY_BYTES)
    route_ttl_seconds: int = Field(ge=1, le=300)

    def problems(self) -> Iterator[str]:
        room = self.memory_mb - limits.RUNTIME_HEADROOM_MB
        if self.memory_cache_mb > room:
            yield (
                f"memory_cache_mb is {self.memory_cache_mb}; it may be at most {room} "
                f"(memory_mb {self.memory_mb} less {limits.RUNTIME_HEADROOM_MB} for the runtime), "
                "or a full cache ends in an out-of-memory kill"
            )
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
    dead_letter_retention_seconds: int = Field(
        ge=limits.SQS_RETENTION_SECONDS[0], le=limits.SQS_RETENTION_SECONDS[1]
    )
    max_receive_count: int = Field(ge=1, le=1_000)
    batch_size: int = Field(ge=1, le=10)
    maximum_concurrency: int = Field(
        ge=limits.SQS_MAXIMUM_CONCURRENCY[0], le=limits.SQS_MAXIMUM_CONCURRENCY[1]
    )

    def problems(self) -> Iterator[str]:
        # A message keeps the age it had when it moves to the dead-letter queue.
        if self.dead_letter_retention_seconds <= self.retention_seconds:
            yield (
                f"dead_letter_retention_seconds is {self.dead_letter_retention_seconds}; it must "
                f"be above retention_seconds {self.retention_seconds}, because a message's age "
                "goes on counting in the dead-letter queue"
            )


class Cors(Section):
    """Which browser pages may call the API."""

    allow_origins: tuple[HttpsUrl, ...] = Field(min_length=1)
    max_age_seconds: int = Field(ge=0, le=86_400)


class Api(Section):
    """The front door."""

    kind: Literal["http"]
    integration_timeout_seconds: int = Field(ge=1)
    rate_limit_per_second: int = Field(ge=1, le=limits.GATEWAY_RATE_PER_SECOND)
    burst_limit: int = Field(ge=1, le=limits.GATEWAY_BURST)
    cors: Cors | None

    def problems(self) -> Iterator[str]:
        if self.integration_timeout_seconds > limits.GATEWAY_INTEGRATION_SECONDS:
            yield (
                f"integration_timeout_seconds is {self.integration_timeout_seconds}; it may be at "
                f"most {limits.GATEWAY_INTEGRATION_SECONDS}, because the gateway gives up then "
                "whatever the function does"
            )


class Identity(Section):
    """Who issues tokens: a Cognito pool made here, or any OIDC issuer."""

    kind: Literal["cognito", "issuer"]
    issuer: HttpsUrl | None
    """Compared byte for byte with the token's `iss`: a trailing slash counts."""
    audience: Annotated[tuple[str, ...], Field(strict=False), BeforeValidator(_one_as_list)]
    tenant_claim: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_:/.-]{1,128}$")]
    token_url: HttpsUrl | None
    token_validity_minutes: int = Field(
        ge=limits.COGNITO_TOKEN_MINUTES[0], le=limits.COGNITO_TOKEN_MINUTES[1]
    )

    def problems(self) -> Iterator[str]:
        if self.kind == "cognito":
            for key, value in (("issuer", self.issuer), ("token_url", self.token_url)):
                if value is not None:
                    yield f"{key} is {value!r}; it must be null with kind 'cognito', which makes it"
            if self.audience:
                yield (
                    f"audience is {list(self.audience)}; it must be [] with kind 'cognito', whose "
                    "audience is the tenants' clients"
                )
            if self.tenant_claim != "client_id":
                yield (
                    f"tenant_claim is {self.tenant_claim!r}; it must be 'client_id' with kind "
                    "'cognito', because machine tokens of a pool carry no other tenant claim"
                )
        else:
            if self.issuer is None:
                yield "issuer is null; kind 'issuer' needs its URL exactly as in the tokens"
            if not self.audience:
                yield "audience is []; kind 'issuer' needs at least one, or no token is accepted"


class TenantSettings(Section):
    """A caller."""

    name: Name
    claim_value: str | None
    """Value of `identity.tenant_claim` in its tokens; null with Cognito (its client's id)."""
    scopes: tuple[Scope, ...]
    """What its Cognito client may ask for; [] with an outside issuer, which decides itself."""
    models: tuple[ModelName, ...] = Field(min_length=1)


class Storage(Section):
    """How long buckets keep what is no longer current."""

    noncurrent_version_days: int = Field(ge=1)
    access_log_days: int = Field(ge=1)


class Protection(Section):
    """What guards data against a mistaken command."""

    protect: bool
    """Pulumi refuses to delete the stateful resources."""
    deletion_protection: bool
    """AWS refuses to delete the registry table and the user pool."""
    force_destroy: bool
    """Buckets are emptied when the stack is destroyed."""
    key_deletion_days: int = Field(ge=limits.KMS_DELETION_DAYS[0], le=limits.KMS_DELETION_DAYS[1])

    def problems(self) -> Iterator[str]:
        if self.force_destroy and (self.protect or self.deletion_protection):
            yield (
                f"force_destroy is true while protect is {self.protect} and deletion_protection is "
                f"{self.deletion_protection}; buckets that are emptied on destroy are not protected"
            )


class Observability(Section):
    """When someone is told."""

    function_errors_per_5_minutes: int = Field(ge=1)
    function_throttles_per_5_minutes: int = Field(ge=1)
    duration_percent_of_timeout: int = Field(ge=10, le=100)
    api_server_errors_per_5_minutes: int = Field(ge=1)
    api_latency_p99_ms: int = Field(ge=1)
    stale_reads_per_5_minutes: int = Field(ge=1)


class Settings(Section):
    """A whole stack file."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    endpoint_url: Annotated[str, StringConstraints(pattern=r"^http://127\.0\.0\.1:\d+$")] | None
    """Where the laptop cloud answers; null = AWS."""
    naming: Naming
    functions: Functions
    serving: Serving
    shadow: Shadow
    api: Api
    identity: Identity
    tenants: tuple[TenantSettings, ...] = Field(min_length=1)
    signing_keys: tuple[Name, ...] = Field(min_length=1, max_length=limits.SIGNING_KEYS)
    """Keys that manifests may be signed with; the first signs, all verify."""
    storage: Storage
    protection: Protection
    observability: Observability

    def problems(self) -> Iterator[str]:
        yield from self._timeouts()
        yield from self._tenants()
        if len(set(self.signing_keys)) != len(self.signing_keys):
            yield f"signing_keys is {list(self.signing_keys)}; each name once"

    def _timeouts(self) -> Iterator[str]:
        timeout, gateway = self.serving.timeout_seconds, self.api.integration_timeout_seconds
        if timeout >= gateway:
            yield (
                f"serving.timeout_seconds is {timeout}; it must be below "
                f"api.integration_timeout_seconds {gateway}, or the gateway gives up while the "
                "function still works (longer work needs an asynchronous job)"
            )
        visibility = limits.SQS_VISIBILITY_FACTOR * timeout
        if self.shadow.retention_seconds <= visibility:
            yield (
                f"shadow.retention_seconds is {self.shadow.retention_seconds}; it must be above "
                f"{visibility} ({limits.SQS_VISIBILITY_FACTOR} x serving.timeout_seconds), or a "
                "message expires before it can be received twice"
            )

    def _tenants(self) -> Iterator[str]:
        names = [tenant.name for tenant in self.tenants]
        if len(set(names)) != len(names):
            yield f"tenants has names {names}; each name once"
        claims = [t.claim_value for t in self.tenants if t.claim_value is not None]
        if len(set(claims)) != len(claims):
            yield "tenants has a claim_value twice; one value means one tenant"
        for tenant in self.tenants:
            key = f"tenants.{tenant.name}"
            if self.identity.kind == "cognito":
                if tenant.claim_value is not None:
                    yield f"{key}.claim_value must be null with identity.kind 'cognito'"
                if not tenant.scopes:
                    yield f"{key}.scopes is []; its client needs at least one with 'cognito'"
            else:
                if tenant.claim_value is None:
                    yield (
                        f"{key}.claim_value is null; with identity.kind 'issuer' it is the value "
                        f"of the claim {self.identity.tenant_claim!r}"
                    )
                if tenant.scopes:
                    yield f"{key}.scopes must be [] with identity.kind 'issuer', which grants them"
