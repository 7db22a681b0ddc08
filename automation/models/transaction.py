"""One DynamoDB transaction: all of its writes happen, or none does and the reasons are told."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

MAX_ITEMS = 100
"""Items of one TransactWriteItems call (service quota, checked 2026-11)."""
ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 0.05
PASSING = frozenset({"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"})
FAILED = "ConditionalCheckFailed"
SERVER_ERROR = 500


class Cancelled(Exception):
    """A condition did not hold, so nothing was written. `failed` has one flag per item."""

    def __init__(self, codes: Sequence[str]) -> None:
        super().__init__(", ".join(codes))
        self.failed = tuple(code == FAILED for code in codes)


class Unanswered(Exception):
    """The store gave no clear answer: the writes may have happened."""


def write(db: Any, items: Sequence[Mapping[str, Any]]) -> None:
    """Raises `Cancelled`, `Unanswered`, or `ClientError` for a refusal such as missing rights.

    Collisions with other transactions are tried again; conditions protect against writing twice.
    """
    pause = FIRST_PAUSE_SECONDS
    for attempt in range(1, ATTEMPTS + 1):
        try:
            db.transact_write_items(TransactItems=list(items))
        except ClientError as error:
            codes = _codes(error)
            if FAILED in codes:
                raise Cancelled(codes) from error
            if not codes and _status(error) >= SERVER_ERROR:
                raise Unanswered(str(error)) from error
            if attempt == ATTEMPTS or not PASSING.intersection(codes):
                raise
        except BotoCoreError as error:
            raise Unanswered(str(error)) from error
        else:
            return
        time.sleep(pause)
        pause *= 2


def _codes(error: ClientError) -> list[str]:
    reasons: Any = error.response.get("CancellationReasons", [])
    return [str(reason.get("Code", "None")) for reason in reasons]


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
