"""Identity: who issues the tokens that the API accepts."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account import Account
from components.derived import domain_name
from components.tags import Tags
from contracts.protocol import SCOPE_INFER, SCOPE_READ, SCOPE_WRITE
from settings import Identity as IdentitySettings
from settings import Protection, TenantSettings

RESOURCE_SERVER = "models"
"""What stands before the slash in every scope."""
SCOPES = {
    SCOPE_INFER: "Ask models for predictions",
    SCOPE_READ: "Read the metadata of models",
    SCOPE_WRITE: "Change models and their routes",
}


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    account: Account
    tenants: tuple[TenantSettings, ...]
    """Each gets a client with its scopes."""
    token_validity_minutes: int
    protection: Protection
    endpoint_url: str | None
    """Where the laptop cloud answers; None = AWS."""
    tags: Tags


@dataclass(frozen=True, kw_only=True)
class Access:
    """What tokens are checked against, and how a caller is known: of our pool, or of any issuer."""

    issuer: pulumi.Input[str]
    audience: pulumi.Input[list[str]]
    """As a token's `aud` or `client_id` says it."""
    claims: Mapping[str, pulumi.Input[str]]
    """Tenant name -> value of the tenant claim in its tokens."""
    token_url: pulumi.Input[str] | None
    user_pool_id: pulumi.Input[str] | None
    user_pool_arn: pulumi.Input[str] | None
    """None with an outside issuer."""


class Identity(pulumi.ComponentResource):
    """A Cognito pool that no person signs up to: one client with a secret per tenant."""

    user_pool_id: pulumi.Output[str]
    token_url: pulumi.Output[str]
    client_ids: Mapping[str, pulumi.Output[str]]
    """Tenant name -> client id."""
    access: Access

    def __init__(
        self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:Identity", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        pool = aws.cognito.UserPool(
            name,
            admin_create_user_config={"allow_admin_create_user_only": True},
            deletion_protection="ACTIVE" if args.protection.deletion_protection else "INACTIVE",
            tags=args.tags.named(name),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protection.protect),
        )
        server = aws.cognito.ResourceServer(
            name,
            user_pool_id=pool.id,
            identifier=RESOURCE_SERVER,
            name=RESOURCE_SERVER,
            scopes=[
                {
                    "scope_name": scope.removeprefix(f"{RESOURCE_SERVER}/"),
                    "scope_description": text,
                }
                for scope, text in SCOPES.items()
            ],
            opts=child,
        )
        domain = aws.cognito.UserPoolDomain(
            name,
            user_pool_id=pool.id,
            domain=domain_name(args.tags.project, args.tags.stack, args.account),
            # A pool has one domain, so another can come only after it.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.client_ids = {
            tenant.name: aws.cognito.UserPoolClient(
                f"{name}-{tenant.name}",
                name=tenant.name,
                user_pool_id=pool.id,
                generate_secret=True,
                allowed_oauth_flows_user_pool_client=True,
                allowed_oauth_flows=["client_credentials"],
                allowed_oauth_scopes=list(tenant.scopes),
                access_token_validity=args.token_validity_minutes,
                token_validity_units={"access_token": "minutes"},
                enable_token_revocation=True,
                prevent_user_existence_errors="ENABLED",
                # A client may only ask for scopes that the resource server already has.
                opts=pulumi.ResourceOptions(parent=self, depends_on=[server]),
            ).id
            for tenant in args.tenants
        }
        region = args.account.region
        self.user_pool_id = pool.id
        host = (
            pulumi.Output.concat("https://", domain.domain, f".auth.{region}.amazoncognito.com")
            if args.endpoint_url is None
            else pulumi.Output.from_input(args.endpoint_url)
        )
        self.token_url = pulumi.Output.concat(host, "/oauth2/token")
        self.access = Access(
            issuer=pulumi.Output.concat(f"https://cognito-idp.{region}.amazonaws.com/", pool.id),
            audience=pulumi.Output.all(*self.client_ids.values()).apply(list),
            claims=self.client_ids,
            token_url=self.token_url,
            user_pool_id=self.user_pool_id,
            user_pool_arn=pool.arn,
        )
        self.register_outputs(
            {
                "user_pool_id": self.user_pool_id,
                "token_url": self.token_url,
                "client_ids": dict(self.client_ids),
            }
        )


def outside_issuer(identity: IdentitySettings, tenants: tuple[TenantSettings, ...]) -> Access:
    """An issuer that exists already, as its settings say it; nothing is made."""
    if identity.issuer is None:
        raise ValueError("identity.issuer is null; an outside issuer needs its URL")
    return Access(
        issuer=identity.issuer,
        audience=list(identity.audience),
        claims={t.name: t.claim_value for t in tenants if t.claim_value is not None},
        token_url=identity.token_url,
        user_pool_id=None,
        user_pool_arn=None,
    )
