"""ModelRegistry: routes, model versions and tenants, as items of one table."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.documents.role import read_registry
from components.render import rendered
from components.tags import DataClass, Tags
from contracts.registry import PARTITION_KEY, SORT_KEY, Item, Tenant, encode_tenant
from settings import Protection, TenantSettings


@dataclass(frozen=True, kw_only=True)
class ModelRegistryArgs:
    kms_key_arn: pulumi.Input[str]
    tenants: tuple[TenantSettings, ...]
    claims: Mapping[str, pulumi.Input[str]]
    """Tenant name -> value of the tenant claim in its tokens."""
    protection: Protection
    tags: Tags


class ModelRegistry(pulumi.ComponentResource):
    """An on-demand table with point-in-time recovery; tenants are items that this stack owns."""

    table_name: pulumi.Output[str]
    table_arn: pulumi.Output[str]

    def __init__(
        self, name: str, args: ModelRegistryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:ModelRegistry", name, {}, opts)
        table = aws.dynamodb.Table(
            name,
            billing_mode="PAY_PER_REQUEST",
            hash_key=PARTITION_KEY,
            range_key=SORT_KEY,
            attributes=[
                {"name": PARTITION_KEY, "type": "S"},
                {"name": SORT_KEY, "type": "S"},
            ],
            server_side_encryption={"enabled": True, "kms_key_arn": args.kms_key_arn},
            point_in_time_recovery={"enabled": True},
            deletion_protection_enabled=args.protection.deletion_protection,
            tags=args.tags.named(name, DataClass.REGISTRY),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protection.protect),
        )
        for tenant in args.tenants:
            aws.dynamodb.TableItem(
                f"{name}-tenant-{tenant.name}",
                table_name=table.name,
                hash_key=PARTITION_KEY,
                range_key=SORT_KEY,
                item=rendered(
                    tenant_item,
                    claim=args.claims[tenant.name],
                    name=tenant.name,
                    models=tenant.models,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.table_name = table.name
        self.table_arn = table.arn
        self._key_arn = args.kms_key_arn
        self.register_outputs({"table_name": self.table_name, "table_arn": self.table_arn})

    def read_policy_of(self, *models: str) -> pulumi.Output[str]:
        """Policy document for a role that reads tenants, and the items of these models; none =
        every item."""
        return rendered(
            read_registry, table_arn=self.table_arn, key_arn=self._key_arn, models=models
        )


def tenant_item(claim: str, name: str, models: list[str]) -> Item:
    """A tenant item in DynamoDB's own form."""
    return encode_tenant(Tenant(claim=claim, name=name, models=frozenset(models)))
