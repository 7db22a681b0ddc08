"""Where the files of a model version come from: the source behind, a disk cache in front.

A source hands a file over as a stream. S3 is one; another tier, such as a shared file system,
joins as a source that asks the next one for what it lacks.
"""

from collections.abc import Callable
from typing import Protocol

from contracts.manifest import Manifest, ModelFile, object_key
from functions.shared.aws import AwsClient, ObjectMissing, StoreTimeout, StoreUnavailable
from functions.shared.deadline import Deadline
from functions.shared.errors import DeadlineExceeded, ModelUnavailable


class Source(Protocol):
    """A tier that has every file."""

    def fetch(
        self,
        manifest: Manifest,
        file: ModelFile,
        write: Callable[[bytes], None],
        deadline: Deadline,
    ) -> None:
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
    ) -> None:
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
