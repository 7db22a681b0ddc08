"""EncryptionKeys: one key per data class, and the keys that sign manifests and images."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account import Account
from components.documents import key
from components.tags import DataClass, Tags
from settings import Keys, Protection

_ENCRYPTED = tuple(data for data in DataClass if data is not DataClass.NONE)


@dataclass(frozen=True, kw_only=True)
class EncryptionKeysArgs:
    account: Account
    alias_prefix: str
    """Aliases are `alias/<prefix>-<data class>`, `alias/<prefix>-signing-<name>` and
    `alias/<prefix>-image-signing-<name>`."""
    signing_keys: tuple[str, ...]
    """Whoever may use one makes models trusted."""
    existing: Keys
    """Keys that are used in place of making them."""
    models_on_efs: bool
    """The models' key encrypts a file system too."""
    image_signing_keys: tuple[str, ...] = ()
    """Whoever may use one makes code trusted."""
    protection: Protection
    tags: Tags


class EncryptionKeys(pulumi.ComponentResource):
    """Rotated symmetric keys, one per data class, and an ECDSA P-256 key per signing key name.

    Those that exist already are used as they are.
    """

    models_arn: pulumi.Output[str]
    registry_arn: pulumi.Output[str]
    logs_arn: pulumi.Output[str]
    queues_arn: pulumi.Output[str]
    code_arn: pulumi.Output[str]
    signing_arns: Mapping[str, pulumi.Output[str]]
    keyring: pulumi.Output[str]
    """JSON object: signing key name -> base64 of the DER public key."""
    image_signing_arns: Mapping[str, pulumi.Output[str]]
    image_keyring: pulumi.Output[dict[str, str]]
    """Image signing key name -> base64 of the DER public key."""

    def __init__(
        self, name: str, args: EncryptionKeysArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:EncryptionKeys", name, {}, opts)
        self._args = args
        given = args.existing.encryption
        arns = {
            data: pulumi.Output.from_input(given[data.value])
            if data.value in given
            else self._encryption_key(name, data)
            for data in _ENCRYPTED
        }
        self.models_arn = arns[DataClass.MODELS]
        self.registry_arn = arns[DataClass.REGISTRY]
        self.logs_arn = arns[DataClass.LOGS]
        self.queues_arn = arns[DataClass.QUEUES]
        self.code_arn = arns[DataClass.CODE]
        signing = {key.name: key.arn for key in args.existing.signing}
        self.signing_arns = {
            key: pulumi.Output.from_input(signing[key])
            if key in signing
            else self._signing_key(name, f"signing-{key}", f"signs model manifests ({key})")
            for key in args.signing_keys
        }
        self.keyring = self._public_keys(self.signing_arns).apply(
            lambda ring: json.dumps(ring, sort_keys=True, separators=(",", ":"))
        )
        self.image_signing_arns = {
            key: self._signing_key(name, f"image-signing-{key}", f"signs images ({key})")
            for key in args.image_signing_keys
        }
        self.image_keyring = self._public_keys(self.image_signing_arns)
        self.register_outputs(
            {
                "models_arn": self.models_arn,
                "registry_arn": self.registry_arn,
                "logs_arn": self.logs_arn,
                "queues_arn": self.queues_arn,
                "code_arn": self.code_arn,
                "signing_arns": dict(self.signing_arns),
                "keyring": self.keyring,
                "image_signing_arns": dict(self.image_signing_arns),
                "image_keyring": self.image_keyring,
            }
        )

    def _encryption_key(self, name: str, data: DataClass) -> pulumi.Output[str]:
        logical = f"{name}-{data.value}"
        made = aws.kms.Key(
            logical,
            description=f"{self._args.alias_prefix}: {data.value}",
            enable_key_rotation=True,
            deletion_window_in_days=self._args.protection.key_deletion_days,
            policy=json.dumps(
                key.encryption_key(data, self._args.account, on_efs=self._args.models_on_efs),
                sort_keys=True,
            ),
            tags=self._args.tags.named(logical, data),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protection.protect),
        )
        self._alias(logical, data.value, made)
        return made.arn

    def _signing_key(self, name: str, suffix: str, purpose: str) -> pulumi.Output[str]:
        logical = f"{name}-{suffix}"
        made = aws.kms.Key(
            logical,
            description=f"{self._args.alias_prefix}: {purpose}",
            key_usage="SIGN_VERIFY",
            customer_master_key_spec="ECC_NIST_P256",
            deletion_window_in_days=self._args.protection.key_deletion_days,
            policy=json.dumps(key.signing_key(self._args.account), sort_keys=True),
            tags=self._args.tags.named(logical),
            opts=pulumi.ResourceOptions(parent=self, protect=self._args.protection.protect),
        )
        self._alias(logical, suffix, made)
        return made.arn

    def _alias(self, logical: str, suffix: str, target: aws.kms.Key) -> None:
        aws.kms.Alias(
            logical,
            name=f"alias/{self._args.alias_prefix}-{suffix}",
            target_key_id=target.key_id,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _public_keys(self, arns: Mapping[str, pulumi.Output[str]]) -> pulumi.Output[dict[str, str]]:
        return pulumi.Output.all(**{key: self._public_key(arn) for key, arn in arns.items()})

    def _public_key(self, key_arn: pulumi.Output[str]) -> pulumi.Output[str]:
        found = aws.kms.get_public_key_output(
            key_id=key_arn, opts=pulumi.InvokeOutputOptions(parent=self)
        )
        return found.public_key
