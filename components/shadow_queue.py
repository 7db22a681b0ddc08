"""ShadowQueue: copies of requests on their way to a shadow version."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.derived import visibility_seconds
from components.documents.messaging import tls_only_queue
from components.render import rendered
from components.tags import DataClass, Tags
from settings import Shadow


@dataclass(frozen=True, kw_only=True)
class ShadowQueueArgs:
    consumer_timeout_seconds: int
    kms_key_arn: pulumi.Input[str]
    shadow: Shadow
    tags: Tags


class ShadowQueue(pulumi.ComponentResource):
    """An encrypted queue with its dead-letter queue, both TLS-only."""

    queue_arn: pulumi.Output[str]
    queue_url: pulumi.Output[str]
    queue_name: pulumi.Output[str]
    dead_letter_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: ShadowQueueArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:ShadowQueue", name, {}, opts)
        self._args = args
        dead_letters = self._queue(
            f"{name}-dlq", retention_seconds=args.shadow.dead_letter_retention_seconds
        )
        queue = self._queue(
            name,
            retention_seconds=args.shadow.retention_seconds,
            visibility_timeout_seconds=visibility_seconds(args.consumer_timeout_seconds),
            redrive_policy=rendered(
                redrive_policy,
                dead_letter_arn=dead_letters.arn,
                count=args.shadow.max_receive_count,
            ),
        )
        self.queue_arn = queue.arn
        self.queue_url = queue.url
        self.queue_name = queue.name
        self.dead_letter_name = dead_letters.name
        self.register_outputs(
            {
                "queue_arn": self.queue_arn,
                "queue_url": self.queue_url,
                "queue_name": self.queue_name,
                "dead_letter_name": self.dead_letter_name,
            }
        )

    def _queue(
        self,
        name: str,
        *,
        retention_seconds: int,
        visibility_timeout_seconds: int | None = None,
        redrive_policy: pulumi.Input[str] | None = None,
    ) -> aws.sqs.Queue:
        child = pulumi.ResourceOptions(parent=self)
        queue = aws.sqs.Queue(
            name,
            kms_master_key_id=self._args.kms_key_arn,
            message_retention_seconds=retention_seconds,
            visibility_timeout_seconds=visibility_timeout_seconds,
            redrive_policy=redrive_policy,
            tags=self._args.tags.named(name, DataClass.QUEUES),
            opts=child,
        )
        aws.sqs.QueuePolicy(
            name,
            queue_url=queue.url,
            policy=rendered(tls_only_queue, queue_arn=queue.arn),
            opts=child,
        )
        return queue


def redrive_policy(dead_letter_arn: str, count: int) -> dict[str, object]:
    return {"deadLetterTargetArn": dead_letter_arn, "maxReceiveCount": count}
