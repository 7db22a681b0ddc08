"""Where the files of a model version come from: the source behind, a disk cache in front.

A source hands a file over as a stream. S3 is one; a shared file system is another, which asks the
next one for what it lacks (`efs.py`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from contracts.manifest import Manifest, ModelFile, object_key
from contracts.metrics import Tier
from functions.shared.aws import AwsClient, ObjectMissing, StoreTimeout, StoreUnavailable
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, ModelUnavailable


@dataclass(frozen=True)
class Fetched:
    """How a source got a file."""

    tier: Tier = Tier.STORE
    refused: bool = False
    """A cache on the way did not take it."""
    corrupt: int = 0
    """1 = a cache on the way had other bytes under its digest."""
    evicted: int = 0
    """How many files a cache on the way removed to make room."""
    again: "Source | None" = None
    """Who to ask where the bytes turn out wrong: some are of a file that others could write to
    while it was read."""


class Source(Protocol):
    """A tier that has every file."""

    def fetch(
        self,
        manifest: Manifest,
        file: ModelFile,
        write: Callable[[bytes], None],
        deadline: Deadline,
    ) -> Fetched:
        """Hand the file's bytes to `write`, in order; what `write` raises comes out here.

        Whoever writes checks the digest. Raises `ModelUnavailable`, `StoreMisconfigured`,
        `DeadlineExceeded`.
        """
        ...


class S3Source:
    """The model bucket."""

    def __init__(self, client: AwsClient, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def fetch(
        self,
        manifest: Manifest,
        file: ModelFile,
        write: Callable[[bytes], None],
        deadline: Deadline,
    ) -> Fetched:
        what = f"{file.name} of {manifest.model} version {manifest.version}"
        key = object_key(manifest.model, manifest.version, file.name)
        try:
            self._client.get_object(self._bucket, key, write, deadline)
        except ObjectMissing:
            raise ModelUnavailable(f"{what} is not in the model store") from None
        except StoreTimeout:
            raise DeadlineExceeded(f"{what} did not arrive from the model store in time") from None
        except StoreUnavailable:
            raise ModelUnavailable(
                f"{what} cannot be read from the model store now", retry_after_seconds=1
            ) from None
        return Fetched()
