"""The composition root: settings in, components wired, outputs out."""

from typing import Any

import pulumi
import pulumi_aws as aws

import settings
from components import packaging
from components.account import Account
from components.documents import role
from components.encryption_keys import EncryptionKeys, EncryptionKeysArgs
from components.function import Function, FunctionArgs, QueueSource
from components.identity import Identity, IdentityArgs, outside_issuer
from components.inference_api import InferenceApi, InferenceApiArgs
from components.model_registry import ModelRegistry, ModelRegistryArgs
from components.model_store import ModelStore, ModelStoreArgs
from components.observability import Observability, ObservabilityArgs
from components.render import rendered
from components.shadow_queue import ShadowQueue, ShadowQueueArgs
from components.tags import Tags
from contracts.env import HealthEnv, PredictEnv

stack = pulumi.get_stack()
config = settings.load(pulumi.Config(), stack)
name = f"{pulumi.get_project()}-{stack}"
account = Account(
    id=aws.get_caller_identity().account_id,
    region=config.region,
    partition=aws.get_partition().partition,
)
naming, protection, serving, shadow = (
    config.naming,
    config.protection,
    config.serving,
    config.shadow,
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
            domain_prefix=name,
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
shadow_queue = ShadowQueue(
    "shadow",
    ShadowQueueArgs(
        consumer_timeout_seconds=serving.timeout_seconds,
        kms_key_arn=keys.queues_arn,
        shadow=shadow,
        tags=tags,
    ),
)
read_registry = rendered(
    role.read_registry, table_arn=registry.table_arn, key_arn=keys.registry_arn
)


def function(name: str, **arguments: Any) -> Function:
    """A function of this stack: what every one has in common, and `arguments`."""
    package = packaging.build(
        name,
        python_version=config.functions.python_version,
        architecture=config.functions.architecture,
    )
    return Function(
        name,
        FunctionArgs(
            package=package,
            artefacts=store.artefacts,
            log_key_arn=keys.logs_arn,
            log_retention_days=config.functions.log_retention_days,
            environment_key_arn=keys.code_arn,
            tags=tags,
            **arguments,
        ),
    )


health = function(
    "health",
    memory_mb=256,
    timeout_seconds=5,
    environment={HealthEnv.REGISTRY_TABLE: registry.table_name},
    policies={"registry": read_registry},
)
predict = function(
    "predict",
    memory_mb=serving.memory_mb,
    timeout_seconds=serving.timeout_seconds,
    tmp_mb=serving.tmp_mb,
    reserved_concurrency=serving.reserved_concurrency,
    environment={
        PredictEnv.SERVING_GROUP: serving.group,
        PredictEnv.REGISTRY_TABLE: registry.table_name,
        PredictEnv.MODEL_BUCKET: store.bucket_name,
        PredictEnv.KEYRING: keys.keyring,
        PredictEnv.SHADOW_QUEUE_URL: shadow_queue.queue_url,
        PredictEnv.TENANT_CLAIM: config.identity.tenant_claim,
        PredictEnv.ROUTE_TTL_SECONDS: str(serving.route_ttl_seconds),
        PredictEnv.MEMORY_CACHE_MB: str(serving.memory_cache_mb),
        PredictEnv.DISK_CACHE_MB: str(serving.disk_cache_mb),
        PredictEnv.MAX_BODY_BYTES: str(serving.max_body_bytes),
    },
    policies={
        "registry": read_registry,
        "models": rendered(role.read_models, bucket_arn=store.bucket_arn, key_arn=keys.models_arn),
        "shadow": rendered(
            role.send_and_receive, queue_arn=shadow_queue.queue_arn, key_arn=keys.queues_arn
        ),
    },
    source=QueueSource(
        queue_arn=shadow_queue.queue_arn,
        batch_size=shadow.batch_size,
        maximum_concurrency=shadow.maximum_concurrency,
    ),
)
api = InferenceApi(
    "api",
    InferenceApiArgs(
        inference=predict,
        health=health,
        access=access,
        api=config.api,
        log_key_arn=keys.logs_arn,
        log_retention_days=config.functions.log_retention_days,
        tags=tags,
    ),
)
observability = Observability(
    "observability",
    ObservabilityArgs(
        account=account,
        functions={"predict": predict, "health": health},
        api_id=api.api_id,
        serving_group=serving.group,
        dead_letter_queue_name=shadow_queue.dead_letter_name,
        thresholds=config.observability,
        kms_key_arn=keys.queues_arn,
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
    "serving_group": serving.group,
    "alarm_topic_arn": observability.topic_arn,
    "region": account.region,
    "stack": stack,
}.items():
    pulumi.export(output, value)
