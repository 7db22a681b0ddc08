"""Every step of a bootstrap, in order, as a table over boto3's clients."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from automation.bootstrap.step import Step, absent_as_none, holds, same_document
from automation.clients import Clients
from components.documents import Document, ci
from components.documents.ci import Footing
from components.tags import DataClass, Tags

KEPT_DAYS = 90
"""That overwritten state can be brought back; what a restore needs is mostly hours old."""
NOT_MADE = "(not made yet)"
"""Stands for a key's ARN where bootstrap only looks."""
PUBLIC_ACCESS_BLOCK = dict.fromkeys(
    ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
)
LIFECYCLE: list[dict[str, Any]] = [
    {
        "ID": "end-old-versions",
        "Status": "Enabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": KEPT_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
        # Locks that came and went leave only a marker behind.
        "Expiration": {"ExpiredObjectDeleteMarker": True},
    }
]
FOREIGN: dict[str, Any] = {"owner": "another"}
S3_OWN_KEY = "AES256"
"""What S3 encrypts with where nobody chose: no choice of somebody else."""


@dataclass(frozen=True, kw_only=True)
class Bootstrap:
    """What is to be there, for whom."""

    footing: Footing
    repository: str
    branch: str
    environment: str | None
    tags: Tags
    clients: Clients
    key_arns: dict[str, str] = field(default_factory=dict)
    """Alias -> ARN, as soon as it is known."""

    def steps(self) -> list[Step]:
        """In the order in which they can be made."""
        footing, account = self.footing, self.footing.account
        whom = ci.subjects(self.repository, branch=self.branch, environment=self.environment)
        return [
            *self._key(footing.state_alias, "state of Pulumi", ci.state_key(account)),
            *self._key(footing.secrets_alias, "secrets in that state", ci.secrets_key(account)),
            *self._bucket(),
            self._provider(),
            self._policy(footing.boundary, self._boundary),
            self._policy(f"{footing.prefix}-see", lambda: ci.see(footing)),
            *self._role(footing.plan, whom["plan"], {"state": self._state(ci.read_state)}),
            *self._role(
                footing.apply,
                whom["apply"],
                {
                    "state": self._state(ci.write_state),
                    "change": lambda: ci.change(footing),
                    "roles": lambda: ci.manage_roles(footing),
                },
            ),
        ]

    def _tags(self, name: str) -> dict[str, str]:
        return self.tags.named(name, DataClass.NONE)

    def _foreign(self, what: str, theirs: Mapping[str, str]) -> str:
        """Why a thing of that name is not taken: it does not carry the stack's tags."""
        mark = {"project": self.tags.project, "stack": self.tags.stack}
        if holds(mark, theirs):
            return ""
        said = " and ".join(f"{name}={value}" for name, value in mark.items())
        return (
            f"{what} exists and is not this bootstrap's: it lacks the tags {said}. Rename or "
            "remove it, or give it those tags if it is to be taken over"
        )

    def _boundary(self) -> Document:
        return self._state(ci.boundary)()

    def _state(self, build: Callable[..., Document]) -> Callable[[], Document]:
        def built() -> Document:
            return build(
                self.footing,
                state_key_arn=self._arn(self.footing.state_alias),
                secrets_key_arn=self._arn(self.footing.secrets_alias),
            )

        return built

    def _arn(self, alias: str) -> str:
        return self.key_arns.get(alias, NOT_MADE)

    def _key(self, alias: str, data: str, policy: Document) -> Iterator[Step]:
        kms = self.clients("kms")
        tags = self._tags(alias)

        def described() -> Any:
            """Found by its alias; or, where a run was cut off before that, by its tags."""
            found = absent_as_none(lambda: kms.describe_key(KeyId=alias)["KeyMetadata"])
            found = found or self._unnamed_key(alias)
            if found is not None:
                self.key_arns[alias] = found["Arn"]
            return found

        def against(found: Any) -> str:
            if found["KeyManager"] != "CUSTOMER" or found["KeyState"] != "Enabled":
                return (
                    f"{alias} names key {found['KeyId']}, which is {found['KeyState']}; state "
                    "under a key that cannot be used is lost. Cancel its deletion and enable "
                    "it, or point the alias at another key"
                )
            return self._foreign(alias, self._key_tags(found["KeyId"]))

        def make() -> None:
            made = kms.create_key(
                Description=f"{self.footing.prefix}: {data}",
                Policy=json.dumps(policy),
                Tags=[{"TagKey": name, "TagValue": value} for name, value in tags.items()],
            )
            self.key_arns[alias] = made["KeyMetadata"]["Arn"]

        yield Step(what=f"key of {alias}", read=described, wanted=dict, write=make, against=against)
        yield Step(
            what=alias,
            read=lambda: kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"],
            wanted=lambda: self._arn(alias),
            write=lambda: kms.create_alias(AliasName=alias, TargetKeyId=self._arn(alias)),
        )
        yield Step(
            what=f"rotation of {alias}",
            read=lambda: (
                alias in self.key_arns and kms.get_key_rotation_status(KeyId=self._arn(alias))
            ),
            wanted=lambda: {"KeyRotationEnabled": True},
            write=lambda: kms.enable_key_rotation(KeyId=self._arn(alias)),
        )
        yield _document(
            f"policy of {alias}",
            lambda: (
                alias in self.key_arns
                and kms.get_key_policy(KeyId=self._arn(alias), PolicyName="default")["Policy"]
            ),
            lambda: policy,
            lambda text: kms.put_key_policy(
                KeyId=self._arn(alias), PolicyName="default", Policy=text
            ),
        )

    def _key_tags(self, key: str) -> dict[str, str]:
        pages = self.clients("kms").get_paginator("list_resource_tags").paginate(KeyId=key)
        return {tag["TagKey"]: tag["TagValue"] for page in pages for tag in page["Tags"]}

    def _unnamed_key(self, alias: str) -> Any:
        kms = self.clients("kms")
        for page in kms.get_paginator("list_keys").paginate():
            for key in page["Keys"]:
                found = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
                if found["KeyManager"] != "CUSTOMER" or found["KeyState"] != "Enabled":
                    continue
                wanted = {"Name": alias, "project": self.tags.project, "stack": self.tags.stack}
                if holds(wanted, self._key_tags(key["KeyId"])):
                    return found
        return None

    def _bucket(self) -> Iterator[Step]:
        s3, region = self.clients("s3"), self.footing.account.region
        name = {"Bucket": self.footing.bucket}
        tags = self._tags(self.footing.bucket)
        place = {} if region == "us-east-1" else {"LocationConstraint": region}

        def make() -> None:
            s3.create_bucket(
                **name,
                **({"CreateBucketConfiguration": place} if place else {}),
                ObjectLockEnabledForBucket=True,
                ObjectOwnership="BucketOwnerEnforced",
            )
            s3.get_waiter("bucket_exists").wait(**name)

        def there() -> Any:
            try:
                return s3.head_bucket(**name, ExpectedBucketOwner=self.footing.account.id)
            except ClientError as error:
                if error.response["Error"]["Code"] == "403":
                    return FOREIGN
                raise

        def their_tags() -> dict[str, str]:
            found = absent_as_none(lambda: s3.get_bucket_tagging(**name)["TagSet"]) or []
            return _mapping(found)

        def foreign(found: Any) -> str:
            if found is FOREIGN:
                return (
                    f"bucket {self.footing.bucket} belongs to another account, or these "
                    "credentials may not see it; state would go to somebody else. Look with "
                    f"`aws s3api head-bucket --bucket {self.footing.bucket}`"
                )
            theirs = their_tags()
            if not theirs and not s3.list_objects_v2(**name, MaxKeys=1).get("Contents"):
                return ""  # a run was cut off before it could say whose it is
            return self._foreign(f"bucket {self.footing.bucket}", theirs)

        def other_key(found: Any) -> str:
            default = found[0]["ApplyServerSideEncryptionByDefault"]
            named = default.get("KMSMasterKeyID")
            if default["SSEAlgorithm"] == S3_OWN_KEY or named == self._arn(
                self.footing.state_alias
            ):
                return ""
            return (
                f"bucket {self.footing.bucket} encrypts with {named or default['SSEAlgorithm']}; "
                f"{self.footing.state_alias} is expected, and what is there stays readable only "
                "with the other key. Look who changed it, and set it back"
            )

        def encryption() -> list[dict[str, Any]]:
            key = self._arn(self.footing.state_alias)
            by = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
            return [{"ApplyServerSideEncryptionByDefault": by}]

        yield Step(
            what=f"bucket {self.footing.bucket}",
            read=there,
            wanted=dict,
            write=make,
            against=foreign,
        )
        yield Step(
            what="tags of the bucket",
            read=lambda: their_tags() or None,
            wanted=lambda: tags,
            write=lambda: s3.put_bucket_tagging(
                **name, Tagging={"TagSet": _pairs(their_tags() | tags)}
            ),
        )
        yield Step(
            what="public access block of the bucket",
            read=lambda: s3.get_public_access_block(**name)["PublicAccessBlockConfiguration"],
            wanted=lambda: PUBLIC_ACCESS_BLOCK,
            write=lambda: s3.put_public_access_block(
                **name, PublicAccessBlockConfiguration=PUBLIC_ACCESS_BLOCK
            ),
        )
        owned = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        yield Step(
            what="ownership of the bucket's objects",
            read=lambda: s3.get_bucket_ownership_controls(**name)["OwnershipControls"],
            wanted=lambda: owned,
            write=lambda: s3.put_bucket_ownership_controls(**name, OwnershipControls=owned),
        )
        yield Step(
            what="versioning of the bucket",
            read=lambda: s3.get_bucket_versioning(**name).get("Status"),
            wanted=lambda: "Enabled",
            write=lambda: s3.put_bucket_versioning(
                **name, VersioningConfiguration={"Status": "Enabled"}
            ),
        )
        locked = {"ObjectLockEnabled": "Enabled"}
        yield Step(
            what="lock of the bucket, by which versioning cannot be suspended",
            read=lambda: s3.get_object_lock_configuration(**name)["ObjectLockConfiguration"],
            wanted=lambda: locked,
            write=lambda: s3.put_object_lock_configuration(**name, ObjectLockConfiguration=locked),
        )
        yield Step(
            what="encryption of the bucket",
            read=lambda: s3.get_bucket_encryption(**name)["ServerSideEncryptionConfiguration"][
                "Rules"
            ],
            wanted=encryption,
            write=lambda: s3.put_bucket_encryption(
                **name,
                ServerSideEncryptionConfiguration={
                    "Rules": [rule | {"BucketKeyEnabled": True} for rule in encryption()]
                },
            ),
            against=other_key,
        )
        yield Step(
            what="lifecycle of the bucket",
            read=lambda: s3.get_bucket_lifecycle_configuration(**name)["Rules"],
            wanted=lambda: LIFECYCLE,
            write=lambda: s3.put_bucket_lifecycle_configuration(
                **name, LifecycleConfiguration={"Rules": LIFECYCLE}
            ),
        )
        yield _document(
            "policy of the bucket",
            lambda: s3.get_bucket_policy(**name)["Policy"],
            lambda: ci.state_bucket(self.footing, self._arn(self.footing.state_alias)),
            lambda text: s3.put_bucket_policy(**name, Policy=text),
        )

    def _provider(self) -> Step:
        iam, arn = self.clients("iam"), self.footing.provider_arn

        def write() -> None:
            """An account has one for GitHub; another's is used, and learns our audience."""
            there = absent_as_none(
                lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
            )
            if there is None:
                iam.create_open_id_connect_provider(
                    Url=f"https://{ci.GITHUB}",
                    ClientIDList=[ci.AUDIENCE],
                    Tags=_pairs(self._tags(ci.GITHUB)),
                )
            else:
                iam.add_client_id_to_open_id_connect_provider(
                    OpenIDConnectProviderArn=arn, ClientID=ci.AUDIENCE
                )

        def read() -> Any:
            found = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
            return {"audience": ci.AUDIENCE if ci.AUDIENCE in found["ClientIDList"] else None}

        return Step(
            what=f"OIDC provider {ci.GITHUB}",
            read=read,
            wanted=lambda: {"audience": ci.AUDIENCE},
            write=write,
        )

    def _policy(self, name: str, wanted: Callable[[], Document]) -> Step:
        iam, arn = self.clients("iam"), self.footing.iam(f"policy/{name}")

        def read() -> Any:
            found = iam.get_policy(PolicyArn=arn)["Policy"]
            version = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])
            return version["PolicyVersion"]["Document"]

        def write(text: str) -> None:
            if absent_as_none(lambda: iam.get_policy(PolicyArn=arn)) is None:
                iam.create_policy(
                    PolicyName=name, PolicyDocument=text, Tags=_pairs(self._tags(name))
                )
                iam.get_waiter("policy_exists").wait(PolicyArn=arn)
                return
            # IAM keeps five versions, and refuses a sixth.
            for old in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
                if not old["IsDefaultVersion"]:
                    iam.delete_policy_version(PolicyArn=arn, VersionId=old["VersionId"])
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

        def against(_found: Any) -> str:
            theirs = iam.list_policy_tags(PolicyArn=arn)["Tags"]
            return self._foreign(f"policy {name}", _mapping(theirs))

        return _document(f"policy {name}", read, wanted, write, against)

    def _role(
        self, name: str, whom: list[str], policies: Mapping[str, Callable[[], Document]]
    ) -> Iterator[Step]:
        iam, role = self.clients("iam"), {"RoleName": name}
        trust = ci.github_trust(self.footing.provider_arn, whom)
        see = self.footing.iam(f"policy/{self.footing.prefix}-see")

        def make() -> None:
            iam.create_role(
                **role,
                AssumeRolePolicyDocument=json.dumps(trust),
                PermissionsBoundary=self.footing.boundary_arn,
                Tags=_pairs(self._tags(name)),
            )
            iam.get_waiter("role_exists").wait(**role)

        def foreign(found: Any) -> str:
            return self._foreign(f"role {name}", _mapping(found.get("Tags", [])))

        yield Step(
            what=f"role {name}",
            read=lambda: iam.get_role(**role)["Role"],
            wanted=dict,
            write=make,
            against=foreign,
        )
        yield _document(
            f"who takes role {name}",
            lambda: iam.get_role(**role)["Role"]["AssumeRolePolicyDocument"],
            lambda: trust,
            lambda text: iam.update_assume_role_policy(**role, PolicyDocument=text),
        )
        yield Step(
            what=f"boundary of role {name}",
            read=lambda: (
                iam.get_role(**role)["Role"]
                .get("PermissionsBoundary", {})
                .get("PermissionsBoundaryArn")
            ),
            wanted=lambda: self.footing.boundary_arn,
            write=lambda: iam.put_role_permissions_boundary(
                **role, PermissionsBoundary=self.footing.boundary_arn
            ),
        )
        yield Step(
            what=f"policies attached to role {name}",
            read=lambda: (
                [
                    each["PolicyArn"]
                    for each in iam.list_attached_role_policies(**role)["AttachedPolicies"]
                ]
                or None
            ),
            wanted=lambda: [see],
            write=lambda: iam.attach_role_policy(**role, PolicyArn=see),
        )
        for policy, wanted in policies.items():
            yield _document(
                f"policy {policy} of role {name}",
                lambda policy=policy: iam.get_role_policy(**role, PolicyName=policy)[
                    "PolicyDocument"
                ],
                wanted,
                lambda text, policy=policy: iam.put_role_policy(
                    **role, PolicyName=policy, PolicyDocument=text
                ),
            )


def _document(
    what: str,
    read: Callable[[], Any],
    wanted: Callable[[], Document],
    write: Callable[[str], Any],
    against: Callable[[Any], str] = lambda _found: "",
) -> Step:
    """A policy document: ours word for word, or written anew."""

    def as_wanted() -> Any:
        found = read()
        return {"same": same_document(wanted(), found)} if found else None

    return Step(
        what=what,
        read=as_wanted,
        wanted=lambda: {"same": True},
        write=lambda: write(json.dumps(wanted(), separators=(",", ":"))),
        against=against,
    )


def _pairs(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": name, "Value": value} for name, value in tags.items()]


def _mapping(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair["Value"] for pair in pairs}
