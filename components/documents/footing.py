"""What a stack of an account stands on, by name: the names are derived, and so known beforehand."""

from dataclasses import dataclass

from components.account import Account

GITHUB = "token.actions.githubusercontent.com"


def role_path(project: str, stack: str) -> str:
    """Of every role that the stack makes: a pipeline can change and pass on only these."""
    return f"/{project}/{stack}/"


@dataclass(frozen=True, kw_only=True)
class Footing:
    """What a stack of an account stands on, by name."""

    account: Account
    project: str
    stack: str
    zone_id: str | None = None
    """Of the API's own name, in Route 53."""
    repositories: tuple[str, ...] = ()
    """ARNs of those that functions' images lie in, beside the stack's own."""

    @property
    def prefix(self) -> str:
        return f"{self.project}-{self.stack}"

    @property
    def path(self) -> str:
        return role_path(self.project, self.stack)

    @property
    def bucket(self) -> str:
        """An account's id and region make it unique, as names of buckets are the whole world's."""
        return f"{self.prefix}-state-{self.account.id}-{self.account.region}"

    @property
    def bucket_arn(self) -> str:
        return f"arn:{self.account.partition}:s3:::{self.bucket}"

    @property
    def state_alias(self) -> str:
        return f"alias/{self.prefix}-state"

    @property
    def secrets_alias(self) -> str:
        return f"alias/{self.prefix}-secrets"

    @property
    def plan(self) -> str:
        return f"{self.prefix}-plan"

    @property
    def apply(self) -> str:
        return f"{self.prefix}-apply"

    @property
    def see(self) -> str:
        return f"{self.prefix}-see"

    @property
    def change(self) -> str:
        return f"{self.prefix}-change"

    @property
    def change_named(self) -> str:
        return f"{self.prefix}-change-named"

    @property
    def boundary(self) -> str:
        return f"{self.prefix}-boundary"

    @property
    def boundary_arn(self) -> str:
        return self.iam(f"policy/{self.boundary}")

    @property
    def provider_arn(self) -> str:
        return self.iam(f"oidc-provider/{GITHUB}")

    @property
    def gateway_log_role(self) -> str:
        """All stacks and regions of the account share it."""
        return f"{self.project}-api-gateway-logs"

    @property
    def backend_url(self) -> str:
        return f"s3://{self.bucket}?region={self.account.region}"

    @property
    def secrets_provider(self) -> str:
        return f"awskms://{self.secrets_alias}?region={self.account.region}"

    def iam(self, resource: str) -> str:
        return f"arn:{self.account.partition}:iam::{self.account.id}:{resource}"

    def kms(self, resource: str) -> str:
        return self.here("kms", resource)

    def here(self, service: str, resource: str) -> str:
        """In the stack's account and region."""
        account = self.account
        return f"arn:{account.partition}:{service}:{account.region}:{account.id}:{resource}"
