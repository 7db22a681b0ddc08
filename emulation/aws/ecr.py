"""Repositories of container images."""

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Property, Resource, put_again
from emulation.aws.shapes import retag, tag_list, tag_map
from emulation.wire import Properties


def _create(aws: Aws, inputs: Properties) -> str:
    encryption = (inputs.get("encryptionConfigurations") or [{}])[0]
    wanted = {"encryptionType": encryption.get("encryptionType", "AES256")}
    if encryption.get("kmsKey"):
        wanted["kmsKey"] = encryption["kmsKey"]
    aws.call(
        "ecr",
        "CreateRepository",
        repositoryName=inputs["name"],
        imageTagMutability=inputs.get("imageTagMutability", "MUTABLE"),
        imageScanningConfiguration=_scanning(inputs),
        encryptionConfiguration=wanted,
        tags=tag_list(inputs.get("tags")),
    )
    return inputs["name"]


def _scanning(inputs: Properties) -> Properties:
    return {"scanOnPush": (inputs.get("imageScanningConfiguration") or {}).get("scanOnPush", False)}


def _read(aws: Aws, name: str, _inputs: Properties) -> Properties:
    (about,) = aws.call("ecr", "DescribeRepositories", repositoryNames=[name])["repositories"]
    arn = about["repositoryArn"]
    return {
        "name": name,
        "arn": arn,
        "registryId": about["registryId"],
        "repositoryUrl": about["repositoryUri"],
        "imageTagMutability": about["imageTagMutability"],
        "imageScanningConfiguration": about["imageScanningConfiguration"],
        "encryptionConfigurations": [about["encryptionConfiguration"]],
        "tags": tag_map(aws.call("ecr", "ListTagsForResource", resourceArn=arn)["tags"]),
    }


def _update(aws: Aws, name: str, old: Properties, new: Properties) -> None:
    aws.call(
        "ecr",
        "PutImageTagMutability",
        repositoryName=name,
        imageTagMutability=new.get("imageTagMutability", "MUTABLE"),
    )
    aws.call(
        "ecr",
        "PutImageScanningConfiguration",
        repositoryName=name,
        imageScanningConfiguration=_scanning(new),
    )
    (about,) = aws.call("ecr", "DescribeRepositories", repositoryNames=[name])["repositories"]
    retag(
        aws,
        "ecr",
        old,
        new,
        form=tag_list,
        members=("tags", "tagKeys"),
        resourceArn=about["repositoryArn"],
    )


def _delete(aws: Aws, name: str, state: Properties) -> None:
    aws.call(
        "ecr", "DeleteRepository", repositoryName=name, force=bool(state.get("forceDelete", False))
    )


REPOSITORY = Resource(
    type="aws:ecr/repository:Repository",
    note="pushed to and pulled from, with tags that never move; nothing is scanned, and no "
    "function runs an image",
    auto_name=AutoName(property="name", longest=256, lower=True),
    identity=("name",),
    outputs=("arn", "registryId", "repositoryUrl"),
    properties={
        "name": Property(replaces="a repository cannot be renamed"),
        "encryptionConfigurations": Property(
            default=[{"encryptionType": "AES256"}], replaces="the key is given once"
        ),
        "forceDelete": Property(default=False, kept="used when the repository is deleted"),
        "imageScanningConfiguration": Property(default={"scanOnPush": False}),
        "imageTagMutability": Property(default="MUTABLE"),
        "tags": Property(default={}),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)


def _text_of_a_repository(type_: str, note: str, what: str, *, put: str, text: str) -> Resource:
    """A document that a repository has one of; `text` is what the calls name it."""

    def create(aws: Aws, inputs: Properties) -> str:
        given = {"repositoryName": inputs["repository"], text: inputs["policy"]}
        aws.call("ecr", f"{put}{what}", **given)
        return inputs["repository"]

    def read(aws: Aws, name: str, _inputs: Properties) -> Properties:
        return {
            "repository": name,
            "policy": aws.call("ecr", f"Get{what}", repositoryName=name)[text],
        }

    def delete(aws: Aws, name: str, _state: Properties) -> None:
        aws.call("ecr", f"Delete{what}", repositoryName=name)

    return Resource(
        type=type_,
        note=note,
        identity=("repository",),
        properties={
            "repository": Property(required=True, replaces="it belongs to one repository"),
            "policy": Property(required=True, json=True),
        },
        create=create,
        read=read,
        update=put_again(create),
        delete=delete,
    )


LIFE_CYCLE = _text_of_a_repository(
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "stored; no image ever expires",
    "LifecyclePolicy",
    put="Put",
    text="lifecyclePolicyText",
)
POLICY = _text_of_a_repository(
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "evaluated only when the emulator runs with IAM enforcement",
    "RepositoryPolicy",
    put="Set",
    text="policyText",
)

TYPES = (REPOSITORY, LIFE_CYCLE, POLICY)
