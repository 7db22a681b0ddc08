"""What a stack file says of owners, data that is kept, and money."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from settings import limits
from settings.section import Section, rule
from settings.values import BucketName, Email, Label, Name

BACKEND_PATTERN = r"^(s3|gs|azblob|file|https)://\S+$"
POLICY_ARN_PATTERN = r"^arn:aws[a-z-]*:iam::\d{12}:policy/\S+$"


class Naming(Section):
    """Whose it is: becomes tags on everything that takes tags."""

    owner: Label
    """Team or person to ask; the tag `owner`."""
    cost_centre: Label
    """Who pays; the tag `cost-centre`. In quotes, or YAML reads a number."""
    environment: Name
    """What the stack is for; the tag `environment`."""


class Efs(Section):
    """A file system that hosts share, between a function's own disk and the model bucket."""

    cache_mb: int = Field(ge=64, le=1_048_576)
    """MB of model files that stay there; those used longest ago go first. Paid by use."""
    infrequent_access_days: Literal[1, 7, 14, 30, 60, 90, 180, 270, 365] | None
    """Days without use after which a file moves to cheaper storage, until it is read; null = it
    stays."""
    backup: bool
    """Daily backups; the model bucket has every file anyway."""
    stand_in: Annotated[str, StringConstraints(pattern=r"^/.+$")] | None
    """A folder of this machine in its place, for the laptop cloud; null = a real file system."""


class Deployment(Section):
    """What the stack stands on, as `warmline bootstrap` prints it."""

    backend_url: Annotated[str, StringConstraints(pattern=BACKEND_PATTERN)] | None
    """Where the engine keeps the stack's state; null = where PULUMI_BACKEND_URL or `pulumi login`
    says. On the laptop it must be null."""
    role_boundary: Annotated[str, StringConstraints(pattern=POLICY_ARN_PATTERN)] | None
    """ARN of the policy that every role of the stack has as its permissions boundary; null = none,
    and then a pipeline's apply role may not make them."""


class Storage(Section):
    """How long buckets keep what is no longer current, and what is kept close to functions."""

    noncurrent_version_days: int = Field(ge=1)
    """Days that overwritten and deleted model files and archives are kept."""
    access_log_days: int = Field(ge=1)
    """Days that the log of bucket reads is kept, in a bucket that is made here."""
    access_log_bucket: BucketName | None
    """A bucket for that log that exists, in this account and region; null = one is made."""
    efs: Efs | None
    """A shared cache of model files; null = none, and files come from the bucket."""


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


class Budget(Section):
    """What a month may cost, and who is told besides the alarm topic."""

    monthly_usd: int | None = Field(ge=1)
    """US dollars of a month for all that carries the stack's tags; null = no budget."""
    actual_percent: int = Field(ge=1, le=1_000)
    """Percent of it at which what is spent is told."""
    forecast_percent: int = Field(ge=1, le=1_000)
    """Percent of it at which the forecast of the month is told."""
    notify: tuple[Email, ...] = Field(max_length=limits.BUDGET_EMAILS)
    """Mail addresses that are told."""

    @rule
    def _nobody_waits_for_nothing(self) -> Iterator[str]:
        if self.monthly_usd is None and self.notify:
            yield (
                f"notify is {list(self.notify)} while monthly_usd is null; it must be [] then, "
                "because without a budget nobody is told"
            )
