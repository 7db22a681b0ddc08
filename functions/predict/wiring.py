"""Connects the application to AWS: the one place where its ports meet their implementations.

Everything that an inference needs is imported here, while the environment initialises: there the
CPU is not rationed by the memory setting.
"""

from collections.abc import Mapping

from functions.predict.app import Environment, Ports
from functions.predict.config import Config
from functions.predict.disk import Disk
from functions.predict.efs import SharedFolder
from functions.predict.models import MIB, ModelCache
from functions.predict.onnx_model import open_onnx
from functions.predict.registry import CachedRegistry, DynamoTable
from functions.predict.shadow import QueueSender
from functions.predict.tiers import S3Source, Source
from functions.shared.aws import AwsClient
from functions.shared.trace import LAMBDA_VARIABLE


def connect(config: Config, environ: Mapping[str, str]) -> Ports:
    client = AwsClient.from_environ(environ)
    source: Source = S3Source(client, config.model_bucket)
    if config.efs_folder:
        source = SharedFolder.below(
            config.efs_folder, limit_bytes=config.efs_cache_mb * MIB, behind=source
        )
    models = ModelCache(
        keyring=config.keyring,
        disk=Disk.in_temporary_folder(environ, limit_bytes=config.disk_cache_mb * MIB),
        source=source,
        runtime=open_onnx,
        memory_limit_bytes=config.memory_cache_mb * MIB,
    )
    return Ports(
        serving_group=config.serving_group,
        version=environ.get("AWS_LAMBDA_FUNCTION_VERSION", "unknown"),
        tenant_claim=config.tenant_claim,
        max_body_bytes=config.max_body_bytes,
        registry=CachedRegistry(
            DynamoTable(client, config.registry_table), ttl_seconds=config.route_ttl_seconds
        ),
        models=models,
        shadow=QueueSender(client, config.shadow_queue_url) if config.shadow_queue_url else None,
        lambda_trace=lambda: environ.get(LAMBDA_VARIABLE, ""),
        environment=Environment(init_type=environ.get("AWS_LAMBDA_INITIALIZATION_TYPE", "")),
    )
