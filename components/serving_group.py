"""ServingGroup: models that share a function, and with it a role, memory and crash domain."""

from dataclasses import dataclass

import pulumi

from components.documents.role import send_and_receive
from components.encryption_keys import EncryptionKeys
from components.function import Function, FunctionArgs, FunctionCommon, QueueSource
from components.model_file_system import SharedCache
from components.model_registry import ModelRegistry
from components.model_store import ModelStore
from components.packaging import Package
from components.render import rendered
from components.shadow_queue import ShadowQueue, ShadowQueueArgs
from contracts.env import PredictEnv
from settings import Serving, Shadow


@dataclass(frozen=True, kw_only=True)
class ServingGroupArgs:
    common: FunctionCommon
    package: Package
    serving: Serving
    shadow: Shadow
    released: bool
    """`warmline release` moves the alias; see `FunctionArgs`."""
    tenant_claim: str
    registry: ModelRegistry
    store: ModelStore
    keys: EncryptionKeys
    cache: SharedCache | None = None
    """Where model files lie that other hosts share; None = nowhere."""


class ServingGroup(pulumi.ComponentResource):
    """The inference function, and the queue through which it calls itself for shadow versions.

    The name of a group is added to `name`, unless it is the default group.
    """

    inference: Function
    queue_name: pulumi.Output[str] | None
    """Of the shadow requests; None = there is no queue."""
    dead_letter_name: pulumi.Output[str] | None
    """As `queue_name`."""
    described: dict[str, pulumi.Input[object]]
    """What commands need to know of it; an entry of the stack's output `serving_groups`."""

    def __init__(
        self, name: str, args: ServingGroupArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        if not args.serving.is_default:
            name = f"{name}-{args.serving.name}"
        super().__init__("warmline:components:ServingGroup", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        serving = args.serving
        # The default group serves models that nobody has named yet: it may read all.
        listed = () if serving.is_default else serving.models
        policies = {
            "registry": args.registry.read_policy_of(*listed),
            "models": args.store.read_policy_of(*listed),
        }
        queue, source = None, None
        if serving.shadow:
            queue = ShadowQueue(
                f"{name}-shadow",
                ShadowQueueArgs(
                    consumer_timeout_seconds=serving.timeout_seconds,
                    kms_key_arn=args.keys.queues_arn,
                    shadow=args.shadow,
                    tags=args.common.tags,
                ),
                child,
            )
            source = QueueSource(
                queue_arn=queue.queue_arn,
                batch_size=args.shadow.batch_size,
                maximum_concurrency=args.shadow.maximum_concurrency,
            )
            policies["shadow"] = rendered(
                send_and_receive, queue_arn=queue.queue_arn, key_arn=args.keys.queues_arn
            )
        self.inference = Function(
            f"{name}-predict",
            FunctionArgs(
                common=args.common,
                package=args.package,
                memory_mb=serving.memory_mb,
                timeout_seconds=serving.timeout_seconds,
                tmp_mb=serving.tmp_mb,
                released=args.released,
                launch=serving.launch,
                reserved_concurrency=serving.reserved_concurrency,
                environment={
                    PredictEnv.SERVING_GROUP: serving.name,
                    PredictEnv.REGISTRY_TABLE: args.registry.table_name,
                    PredictEnv.MODEL_BUCKET: args.store.bucket_name,
                    PredictEnv.KEYRING: args.keys.keyring,
                    PredictEnv.SHADOW_QUEUE_URL: queue.queue_url if queue else "",
                    PredictEnv.TENANT_CLAIM: args.tenant_claim,
                    PredictEnv.ROUTE_TTL_SECONDS: str(serving.route_ttl_seconds),
                    PredictEnv.MEMORY_CACHE_MB: str(serving.memory_cache_mb),
                    PredictEnv.DISK_CACHE_MB: str(serving.disk_cache_mb),
                    PredictEnv.MAX_BODY_BYTES: str(serving.max_body_bytes),
                    **_shared(args.cache),
                },
                mount=args.cache.mount if args.cache else None,
                policies=policies,
                source=source,
            ),
            child,
        )
        self.serving = serving
        self.queue_name = queue.queue_name if queue else None
        self.dead_letter_name = queue.dead_letter_name if queue else None
        self.described = {
            "function_name": self.inference.function_name,
            "models": list(serving.models),
            "memory_cache_mb": serving.memory_cache_mb,
            "disk_cache_mb": serving.disk_cache_mb,
            "provisioned_concurrency": serving.launch.provisioned_concurrency,
            "tenancy": serving.launch.tenancy,
        }
        self.register_outputs(
            {
                "queue_name": self.queue_name,
                "dead_letter_name": self.dead_letter_name,
                "described": self.described,
            }
        )

    def labelled(self, what: str) -> str:
        """`predict` for the default group, `fraud-predict` for the group fraud."""
        return what if self.serving.is_default else f"{self.serving.name}-{what}"


def _shared(cache: SharedCache | None) -> dict[str, str]:
    if cache is None:
        return {}
    return {PredictEnv.EFS_FOLDER: cache.folder, PredictEnv.EFS_CACHE_MB: str(cache.cache_mb)}
