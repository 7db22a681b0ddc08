"""What a stack file says of functions."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from contracts.api_routes import MODEL_ROUTES, routes_of
from contracts.registry import ANY_MODEL
from settings import limits
from settings.launch import Images, Launch
from settings.section import Section, once, rule
from settings.values import GroupName, ModelName, ProfileVersionArn, RetentionDays


def _quoted_off(value: object) -> object:
    if value is False:
        raise ValueError("it is false, which YAML makes of a bare off; write 'off' in quotes")
    return value


class Functions(Section):
    """How function archives are built and logged."""

    python_version: Literal["3.12", "3.13", "machine"]
    """`machine` = the interpreter that runs this program; only for the laptop cloud."""
    architecture: Literal["arm64", "x86_64", "machine"]
    """Processor of the functions; `machine` = this one."""
    log_retention_days: RetentionDays
    """Days that log lines and access records are kept."""
    code_signing: Annotated[Literal["enforce", "archives", "off"], BeforeValidator(_quoted_off)]
    """`enforce` = every function is an archive that is signed, and Lambda refuses code that is not;
    `archives` = the same for archives, while images are signed in their own way.
    `off` stands in quotes, or YAML reads a Boolean."""
    extra_publishers: tuple[ProfileVersionArn, ...] = Field(max_length=limits.EXTRA_PUBLISHERS)
    """Versions of other signer profiles whose code is accepted beside the stack's own."""
    images: Images
    """Where images of functions lie, and who signs them."""

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
        if self.code_signing != "off" and self.architecture == "machine":
            yield (
                f"code_signing is {self.code_signing!r} while architecture is 'machine'; it must "
                "be 'off' for archives of this machine, which only the laptop cloud runs, because "
                "its signer writes a receipt in place of a signed archive (on AWS: 'arm64' or "
                "'x86_64')"
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
        yield from once("extra_publishers is", self.extra_publishers, "profile version")


class Serving(Section):
    """One serving group: its models, its inference function and its caches."""

    name: GroupName
    """Name of the group; models are registered into it."""
    models: tuple[ModelName, ...] = Field(min_length=1, max_length=limits.GROUP_MODELS)
    """Models that the group serves; `["*"]` = every model that no other group lists."""
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
    shadow: bool
    """Whether a queue carries copies of requests to shadow versions (`warmline:shadow`)."""
    launch: Launch
    """How environments of the function come to be."""

    @property
    def is_default(self) -> bool:
        """It serves every model that no other group lists."""
        return self.models == (ANY_MODEL,)

    @property
    def routes(self) -> dict[str, str]:
        """Routes of the API that lead to the group -> the scope that a token needs."""
        if self.is_default:
            return MODEL_ROUTES
        return {k: v for model in self.models for k, v in routes_of(model).items()}

    @rule
    def _all_or_some(self) -> Iterator[str]:
        if ANY_MODEL in self.models and not self.is_default:
            yield (
                f"models is {list(self.models)}; it must be ['{ANY_MODEL}'] alone, or names "
                "without it, because whoever serves every other model needs no list"
            )

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
