"""What a stack file says of keys that exist already."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import StringConstraints

from settings.section import Section, once, rule
from settings.values import Name

KeyArn = Annotated[
    str,
    StringConstraints(
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/(mrk-[0-9a-f]{32}|[0-9a-f-]{36})$"
    ),
]
"""Of a key itself: an alias can come to mean another one."""


class SigningKey(Section):
    """A key for manifests that is there already."""

    name: Name
    """One of `signing_keys`."""
    arn: KeyArn
    """Of type ECC_NIST_P256, for signing."""


class Keys(Section):
    """Keys that are used in place of making them; the policy of each has to let its services in
    (docs/components/EncryptionKeys.md)."""

    models: KeyArn | None
    """Encrypts model files; null = a key is made."""
    registry: KeyArn | None
    """Encrypts the registry table; null = a key is made."""
    logs: KeyArn | None
    """Encrypts log groups; null = a key is made."""
    queues: KeyArn | None
    """Encrypts queues and the alarm topic; null = a key is made."""
    code: KeyArn | None
    """Encrypts archives and the environment of functions; null = a key is made."""
    signing: tuple[SigningKey, ...]
    """Signing keys that exist; those of `signing_keys` that are not here are made."""

    @property
    def encryption(self) -> dict[str, str]:
        """Data class -> ARN, of those that exist."""
        given = {name: getattr(self, name) for name in type(self).model_fields if name != "signing"}
        return {name: arn for name, arn in given.items() if arn is not None}

    @property
    def all_arns(self) -> dict[str, str]:
        """Place in the section -> ARN."""
        return self.encryption | {
            f"signing.{index}.arn": key.arn for index, key in enumerate(self.signing)
        }

    @rule
    def _each_name_once(self) -> Iterator[str]:
        yield from once("signing has names", (key.name for key in self.signing), "name")

    @rule
    def _each_key_for_one_thing(self) -> Iterator[str]:
        arns = list(self.all_arns.values())
        if twice := sorted({arn for arn in arns if arns.count(arn) > 1}):
            yield (
                f"{', '.join(where for where, arn in self.all_arns.items() if arn in twice)} are "
                "the same key; each class of data has one of its own, so that who may read the "
                "one cannot read the other"
            )
