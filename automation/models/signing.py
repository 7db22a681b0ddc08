"""Signs manifests with the stack's KMS key, and reads signatures back."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from automation.errors import Failure
from automation.models.stack import Stack
from contracts.manifest import SIGNATURE_ALGORITHM, Manifest, Signature

INVALID = "KMSInvalidSignatureException"


@dataclass(frozen=True, kw_only=True)
class Signer:
    """The signing key of a stack; `key` is its name in the keyring that functions pin."""

    kms: Any
    key: str
    key_arn: str

    @classmethod
    def of(cls, stack: Stack) -> "Signer":
        return cls(
            kms=stack.clients("kms"),
            key=stack["signing_key_name"],
            key_arn=stack["signing_key_arn"],
        )

    def sign(self, manifest: Manifest) -> Signature:
        """One KMS call; the private key never leaves KMS."""
        answer = self.kms.sign(
            KeyId=self.key_arn,
            Message=manifest.digest(),
            MessageType="DIGEST",
            SigningAlgorithm=SIGNATURE_ALGORITHM,
        )
        return Signature(key=self.key, value=base64.b64encode(answer["Signature"]).decode())

    def require_valid(self, manifest: Manifest, signature: Signature, where: str) -> None:
        """Raises `Failure` unless this key made the signature for this manifest."""
        try:
            value = base64.b64decode(signature.value, validate=True)
            if signature.key != self.key:
                raise ValueError(signature.key)
            self.kms.verify(
                KeyId=self.key_arn,
                Message=manifest.digest(),
                MessageType="DIGEST",
                SigningAlgorithm=SIGNATURE_ALGORITHM,
                Signature=value,
            )
        except (ClientError, binascii.Error, ValueError) as error:
            if isinstance(error, ClientError) and error.response["Error"]["Code"] != INVALID:
                raise
            raise Failure(
                f"{where} is no signature of key {self.key!r} for this manifest",
                "Someone else wrote it: find out who, then push under the next version number.",
            ) from error


def to_bytes(signature: Signature) -> bytes:
    """The signature file that lies beside a manifest in the store."""
    document = {"key": signature.key, "value": signature.value}
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def from_bytes(raw: bytes) -> Signature:
    """What cannot be read becomes a signature that verifies nowhere."""
    try:
        document = json.loads(raw)
        return Signature(key=str(document["key"]), value=str(document["value"]))
    except (ValueError, KeyError, TypeError):
        return Signature(key="", value="")
