"""What the checks may ask of the machine, the stack file, the engine and AWS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from automation.release.open import OpenRelease
from emulation.engine import Engine
from emulation.ministack import Condition
from functions.authorize.documents import Get


@dataclass(frozen=True, kw_only=True)
class EngineFacts:
    """The engine that `up` would use, and what else could give one."""

    engine: Engine | None
    host: Path | None
    """The language host that this engine would start."""
    passed_over: str
    """Why the `pulumi` on PATH is not the one; empty where it is."""
    go: Path | None
    """A Go that can build an engine."""


@dataclass(frozen=True, kw_only=True)
class Space:
    """A folder, or the nearest one above it that exists, and what is free there."""

    folder: Path
    free_gb: float


@dataclass(frozen=True, kw_only=True)
class EmulatorFacts:
    """The emulator of this home, as its record and its port say."""

    condition: Condition
    pid: int | None = None
    instance: str | None = None
    last_port: int | None = None
    port_is_free: bool = True


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Whom AWS takes the credentials for."""

    account: str
    arn: str


@dataclass(frozen=True, kw_only=True)
class Quota:
    """Of Lambda in the account and region: executions at once."""

    executions: int


@dataclass(frozen=True, kw_only=True)
class BucketFacts:
    """How the state bucket is set."""

    versioned: bool
    encrypted_by_own_key: bool
    closed: bool


@dataclass(frozen=True, kw_only=True)
class PipelineFacts:
    """What of a pipeline's footing is there."""

    provider: bool
    boundary: bool


@dataclass(frozen=True, kw_only=True)
class GatewayLog:
    """The role that API Gateway writes logs with in the account and region."""

    role_arn: str
    """Empty where none is set."""
    there: bool
    """Whether that role exists."""


@dataclass(frozen=True, kw_only=True)
class NetworkUse:
    """What the account has in the region."""

    vpcs: int
    interfaces: int
    addresses: int
    own_vpc: bool
    """One with the stack's tags is among them."""


@dataclass(frozen=True, kw_only=True)
class Probes:
    """Each call gives a fact. One that cannot raises `CannotAsk`, `OSError`, or what boto3 raises;
    the check that asked is then *not asked*, unless it knows better.
    """

    stack: str
    python: Callable[[], tuple[int, ...]]
    engine: Callable[[], EngineFacts]
    cache_space: Callable[[], Space]
    home_space: Callable[[], Space]
    use_home: Callable[[], Path]
    """Writes in the home as every command does. Raises `OSError`."""
    source: Callable[[], Mapping[str, Any]]
    """The stack file. Raises `Failure` where it is none."""
    judge: Callable[[], bool]
    """Whether the settings could be judged. Raises `Failure` with all that is wrong in them."""

    emulator_python: Callable[[], Path | None]
    """Of the emulator's environment; None = to be made. Raises `EnvironmentFailure`."""
    emulator: Callable[[], EmulatorFacts]
    remembered_instance: Callable[[], str | None]
    """The emulator that the stack was deployed to."""

    backend: Callable[[], str]
    """Where the engine keeps state. Raises `Failure` where it cannot."""
    secrets_provider: Callable[[], str]
    """What the stack file names. Raises `Failure` where it must name one and does not."""
    plugins: Callable[[], frozenset[tuple[str, str]]]
    """Names and versions of the engine's resource plugins."""
    plugin_wanted: Callable[[], str]
    """The release of pulumi-aws in the lock."""
    clock_skew_seconds: Callable[[], float]
    """AWS's clock less this machine's."""
    caller: Callable[[], Caller]
    services_there: Callable[[], frozenset[str]]
    """Services that boto3 knows in the stack's region."""
    region_status: Callable[[], str]
    """As `account:GetRegionOptStatus` says it."""
    lambda_quota: Callable[[], Quota]
    state_bucket: Callable[[str], BucketFacts]
    """Of the bucket with that name."""
    key_state: Callable[[str], str]
    """Of a key by alias, id or ARN, as KMS says it; `not there` where there is none."""
    pipeline: Callable[[str], PipelineFacts]
    """With the ARN of the boundary."""
    gateway_log: Callable[[], GatewayLog]
    quota: Callable[[str, str], float]
    """By service and code, as applied to the account or AWS's default."""
    network_use: Callable[[], NetworkUse]
    open_releases: Callable[[], list[OpenRelease]]
    """Begun, and not ended; none where the stack is not up."""
    https_get: Get
    """What an issuer publishes. Raises `IssuerUnavailable`."""
