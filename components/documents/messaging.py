"""Policies of queues and topics."""

from components.documents import Document, deny_without_tls, document

QUEUE_ACTIONS = [
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:PurgeQueue",
    "sqs:ReceiveMessage",
    "sqs:SendMessage",
]


def tls_only_queue(queue_arn: str) -> Document:
    return document(deny_without_tls(QUEUE_ACTIONS, queue_arn))


def alarm_topic(topic_arn: str, account_id: str, partition: str) -> Document:
    """CloudWatch alarms and budgets of this account publish; nobody publishes without TLS."""
    return document(
        {
            "Sid": "PublishAlarms",
            "Effect": "Allow",
            "Principal": {"Service": "cloudwatch.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": topic_arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        },
        {
            "Sid": "PublishBudgets",
            "Effect": "Allow",
            "Principal": {"Service": "budgets.amazonaws.com"},
            "Action": ["sns:Publish"],
            "Resource": topic_arn,
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_id},
                "ArnLike": {"aws:SourceArn": f"arn:{partition}:budgets::{account_id}:*"},
            },
        },
        deny_without_tls(["sns:Publish", "sns:Subscribe"], topic_arn),
    )
