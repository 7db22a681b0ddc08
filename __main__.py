"""The composition root: settings in, components wired, outputs out."""

from collections.abc import Mapping
from functools import partial

import pulumi
import pulumi_aws as aws

import settings
from components import packaging, provider_version
from components.account import Account
from components.budget import Budget, BudgetArgs
from components.code_signing import CodeSigning, CodeSigningArgs
from components.confinement import confine_roles
from components.documents.footing import role_path
from components.encryption_keys import EncryptionKeys, EncryptionKeysArgs
from components.function import Function, FunctionArgs, FunctionCommon
from components.identity import Identity, IdentityArgs, outside_issuer
from components.image_repository import ImageRepository, ImageRepositoryArgs
from components.inference_api import InferenceApi, InferenceApiArgs
from components.model_file_system import ModelFileSystem, ModelFileSystemArgs, stand_in
from components.model_registry import ModelRegistry, ModelRegistryArgs
from components.model_store import ModelStore, ModelStoreArgs
from components.network import FunctionNetwork, Network, NetworkArgs
from components.observability import Observability, ObservabilityArgs
from components.serving_group import ServingGroup, ServingGroupArgs
from components.tags import Tags
from components.token_authorizer import TokenAuthorizer, TokenAuthorizerArgs
from contracts.env import HealthEnv

provider_version.require()
stack = pulumi.get_stack()
config = settings.load(pulumi.Config(), stack)
name = f"{pulumi.get_project()}-{stack}"
confine_roles(role_path(pulumi.get_project(), stack), config.deployment.role_boundary)
account = Account(
    id=aws.get_caller_identity().account_id,
    region=config.region,
    partition=aws.get_partition().partition,
)
naming, protection, images = config.naming, config.protection, config.functions.images
package = partial(
    packaging.build,
    python_version=config.functions.python_version,
    architecture=config.functions.architecture,
)
tags = Tags(
    project=pulumi.get_project(),
    stack=stack,
    environment=naming.environment,
    owner=naming.owner,
    cost_centre=naming.cost_centre,
)

keys = EncryptionKeys(
    "keys",
    EncryptionKeysArgs(
        account=account,
        alias_prefix=name,
        signing_keys=config.signing_keys,
        existing=config.keys,
        models_on_efs=config.storage.efs is not None,
        image_signing_keys=images.signing_keys,
        protection=protection,
        tags=tags,
    ),
)
store = ModelStore(
    "store",
    ModelStoreArgs(
        account=account,
        models_key_arn=keys.models_arn,
        code_key_arn=keys.code_arn,
        storage=config.storage,
        protection=protection,
        tags=tags,
    ),
)
if config.identity.kind == "cognito":
    pool = Identity(
        "identity",
        IdentityArgs(
            account=account,
            tenants=config.tenants,
            token_validity_minutes=config.identity.token_validity_minutes,
            protection=protection,
            endpoint_url=config.endpoint_url,
            tags=tags,
        ),
    )
    access = pool.access
else:
    access = outside_issuer(config.identity, config.tenants)
registry = ModelRegistry(
    "registry",
    ModelRegistryArgs(
        kms_key_arn=keys.registry_arn,
        tenants=config.tenants,
        claims=access.claims,
        protection=protection,
        tags=tags,
    ),
)
signing = None
if config.functions.code_signing != "off":
    signing = CodeSigning(
        "signing",
        CodeSigningArgs(
            name_prefix=name,
            extra_publishers=config.functions.extra_publishers,
            tags=tags,
        ),
    )
networks: dict[str, FunctionNetwork] = {}
endpoint_ids: Mapping[str, pulumi.Output[str]] = {}
if config.network.kind != "none":
    network = Network(
        "network",
        NetworkArgs(account=account, network=config.network, log_key_arn=keys.logs_arn, tags=tags),
    )
    networks = dict.fromkeys(config.network.functions, network.joined)
    endpoint_ids = network.endpoint_ids
cache = stand_in(config.storage.efs)
if config.storage.efs is not None and cache is None:
    file_system = ModelFileSystem(
        "model-files",
        ModelFileSystemArgs(
            network=networks["predict"],
            kms_key_arn=keys.models_arn,
            efs=config.storage.efs,
            tags=tags,
        ),
    )
    cache = file_system.cache
repository = None
if images.signing_keys:
    repository = ImageRepository(
        "images",
        ImageRepositoryArgs(
            account=account,
            kms_key_arn=keys.code_arn,
            images=images,
            protection=protection,
            tags=tags,
        ),
    )
common = FunctionCommon(
    artefacts=store.artefacts,
    signing=signing,
    log_key_arn=keys.logs_arn,
    log_retention_days=config.functions.log_retention_days,
    environment_key_arn=keys.code_arn,
    networks=networks,
    tags=tags,
)
health = Function(
    "health",
    FunctionArgs(
        common=common,
        package=package("health"),
        memory_mb=256,
        timeout_seconds=5,
        environment={HealthEnv.REGISTRY_TABLE: registry.table_name},
        policies={"registry": registry.read_policy_of()},
    ),
)
groups = [
    ServingGroup(
        "serving",
        ServingGroupArgs(
            common=common,
            package=package("predict"),
            serving=serving,
            shadow=config.shadow,
            released=config.release.owner == "release",
            tenant_claim=config.identity.tenant_claim,
            registry=registry,
            store=store,
            keys=keys,
            cache=cache,
        ),
    )
    for serving in config.groups
]
judge = None
if config.api.kind == "rest" and config.identity.kind == "issuer":
    judge = TokenAuthorizer(
        "authorize",
        TokenAuthorizerArgs(
            common=common,
            package=package("authorize"),
            identity=config.identity,
            usage_plans=config.api.usage_plan is not None,
        ),
    ).function
api = InferenceApi(
    "api",
    InferenceApiArgs(
        groups=groups,
        health=health,
        access=access,
        judge=judge,
        api=config.api,
        tenant_claim=config.identity.tenant_claim,
        endpoint_ids=endpoint_ids,
        log_key_arn=keys.logs_arn,
        log_retention_days=config.functions.log_retention_days,
        tags=tags,
    ),
)
observability = Observability(
    "observability",
    ObservabilityArgs(
        account=account,
        groups=groups,
        functions={"health": health},
        judge=judge,
        api=api.metrics,
        access_log_name=api.access_log_name,
        shadow=config.shadow,
        thresholds=config.observability,
        kms_key_arn=keys.queues_arn,
        tags=tags,
    ),
)
if config.budget.monthly_usd is not None:
    Budget(
        "budget",
        BudgetArgs(
            account=account,
            topic_arn=observability.topic_arn,
            monthly_usd=config.budget.monthly_usd,
            limits=config.budget,
            tags=tags,
        ),
    )

signing_key = config.signing_keys[0]
for output, value in {
    "api_url": api.url,
    "token_url": access.token_url,
    "client_id": access.claims[config.tenants[0].name],
    "user_pool_id": access.user_pool_id,
    "tenants": dict(access.claims),
    "model_bucket": store.bucket_name,
    "registry_table": registry.table_name,
    "signing_key_arn": keys.signing_arns[signing_key],
    "signing_key_name": signing_key,
    "serving_groups": {
        group.serving.name: group.described
        | {"alarms": observability.page_alarms[group.serving.name]}
        for group in groups
    },
    "release": config.release.model_dump() | {"tenant_claim": config.identity.tenant_claim},
    "alarm_topic_arn": observability.topic_arn,
    "page_topic_arn": observability.page_topic_arn,
    "images": {}
    if repository is None
    else {
        "repository": repository.uri,
        "signing_keys": dict(keys.image_signing_arns),
        "keyring": keys.image_keyring,
    },
    "region": account.region,
    "stack": stack,
}.items():
    pulumi.export(output, value)
