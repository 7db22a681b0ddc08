"""Writes under a version's prefix in the model bucket: each object once, never overwritten."""

import base64
import hashlib
import io
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from botocore.exceptions import ClientError

from automation.errors import Failure
from automation.models.failures import VersionExists
from contracts.manifest import ModelFile
from model_images.files import CHUNK_BYTES

OnBytes = Callable[[int], None]
"""Takes the number of bytes of the file that are sent."""

EXISTS, BUSY, WRONG_CHECKSUM, NOT_FOUND = 412, 409, "BadDigest", 404
ATTEMPTS = 5
PAUSE_SECONDS = 0.2


@dataclass(frozen=True, kw_only=True)
class ModelStore:
    """The bucket. It encrypts with its own default key, so no request names one."""

    s3: Any
    bucket: str

    def claim(self, key: str, content: bytes) -> bytes:
        """Write a small object unless there is one; returns what lies there afterwards."""
        digest = hashlib.sha256(content).digest()
        if self._put(key, io.BytesIO(content), len(content), digest):
            return content
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def upload(self, key: str, file: ModelFile, path: Path, sent: OnBytes) -> None:
        """Have the file in the store, with exactly the bytes that the manifest names.

        S3 compares the body with the digest; a file that is there already is compared here.
        Raises `VersionExists` when other bytes lie under the key.
        """
        if self._holds(key, file):
            sent(file.size_bytes)
            return
        with path.open("rb") as stream:
            body = _Watched(stream, sent)
            written = self._put(key, body, file.size_bytes, bytes.fromhex(file.sha256))
        if not written and not self._holds(key, file):
            raise _gone(key, self.bucket)

    def found(self, key: str, version: str | None = None) -> tuple[int, str] | None:
        """Size in bytes and SHA-256 of an object, or of a version of it; None = there is none."""
        which = {"Bucket": self.bucket, "Key": key}
        if version is not None:
            which["VersionId"] = version
        try:
            head = self.s3.head_object(**which, ChecksumMode="ENABLED")
        except ClientError as error:
            if status_of(error) == NOT_FOUND:
                return None
            raise
        stored = str(head.get("ChecksumSHA256") or "-")
        # One with a hyphen is that of the parts' checksums, not of the object.
        digest = self._digest(which) if "-" in stored else base64.b64decode(stored).hex()
        return int(head["ContentLength"]), digest

    def _holds(self, key: str, file: ModelFile) -> bool:
        """Whether the object exists; raises `VersionExists` when it has other bytes."""
        stored = self.found(key)
        if stored is None:
            return False
        if stored != (file.size_bytes, file.sha256):
            raise VersionExists(
                f"s3://{self.bucket}/{key} holds other bytes than {file.name} has here; files of "
                "a version are never overwritten",
                "Push under the next version number (leave `--version` out).",
            )
        return True

    def _digest(self, which: dict[str, str]) -> str:
        """SHA-256 of an object that was stored without one."""
        body = self.s3.get_object(**which)["Body"]
        digest = hashlib.sha256()
        while chunk := body.read(CHUNK_BYTES):
            digest.update(chunk)
        return digest.hexdigest()

    def _put(self, key: str, body: Any, size: int, sha256: bytes) -> bool:
        """False = an object exists under the key, and stays as it is."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                body.seek(0)
                self.s3.put_object(
                    Bucket=self.bucket,
                    Key=key,
                    Body=body,
                    ContentLength=size,
                    IfNoneMatch="*",
                    ChecksumSHA256=base64.b64encode(sha256).decode(),
                )
            except ClientError as error:
                if status_of(error) == EXISTS:
                    return False
                if error.response["Error"]["Code"] == WRONG_CHECKSUM:
                    raise Failure(
                        f"{key} did not arrive as it was read first: the file changed meanwhile, "
                        "or the connection damaged it",
                        "Push again once nothing writes to the file.",
                    ) from error
                # Another conditional write to this key is under way.
                if status_of(error) != BUSY or attempt == ATTEMPTS:
                    raise
                time.sleep(PAUSE_SECONDS * attempt)
            else:
                return True
        return False


class _Watched:
    """A file that tells how far it was read; the client rewinds it when it sends again."""

    def __init__(self, stream: IO[bytes], sent: OnBytes) -> None:
        self._stream = stream
        self._sent = sent

    def read(self, size: int = -1) -> bytes:
        chunk = self._stream.read(size)
        self._sent(self._stream.tell())
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def status_of(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _gone(key: str, bucket: str) -> Failure:
    return Failure(
        f"s3://{bucket}/{key} was there, and is gone now: something deletes in the model bucket",
        "Find out what; then push again.",
    )
