"""ImageRepository: where the container images of functions lie."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.account import Account
from components.documents import repository as documents
from components.tags import DataClass, Tags
from settings import Images, Protection


@dataclass(frozen=True, kw_only=True)
class ImageRepositoryArgs:
    account: Account
    kms_key_arn: pulumi.Input[str]
    images: Images
    protection: Protection
    tags: Tags


class ImageRepository(pulumi.ComponentResource):
    """A private repository: encrypted, scanned on push, whose tags never move.

    Signatures lie beside the images that they are about, under a tag made of the image's digest.
    """

    name: pulumi.Output[str]
    uri: pulumi.Output[str]
    """What an image's URI starts with, up to the `@` before its digest."""

    def __init__(
        self, name: str, args: ImageRepositoryArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("warmline:components:ImageRepository", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = args.account
        repository = aws.ecr.Repository(
            name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.kms_key_arn}],
            force_delete=args.protection.force_destroy,
            tags=args.tags.named(name, DataClass.CODE),
            opts=pulumi.ResourceOptions(parent=self, protect=args.protection.protect),
        )
        aws.ecr.LifecyclePolicy(
            name,
            repository=repository.name,
            policy=json.dumps(documents.forget_untagged(args.images.untagged_days)),
            opts=child,
        )
        aws.ecr.RepositoryPolicy(
            name,
            repository=repository.name,
            policy=json.dumps(
                documents.read_by_functions(account.region, account.id, account.partition),
                sort_keys=True,
            ),
            opts=child,
        )
        self.name = repository.name
        self.uri = repository.repository_url
        self.register_outputs({"name": self.name, "uri": self.uri})
