"""The steps of the OIDC provider, the policies and the two roles of a pipeline."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from automation.bootstrap.step import Step, absent_as_none
from automation.bootstrap.wanted import Bootstrap, document_step, mapping, pairs
from components.documents import Document, ci


def provider(to: Bootstrap) -> Step:
    iam, arn = to.clients("iam"), to.footing.provider_arn

    def write() -> None:
        """An account has one for GitHub; another's is used, and learns our audience."""
        there = absent_as_none(
            lambda: iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn)
        )
        if there is None:
            iam.create_open_id_connect_provider(
                Url=f"https://{ci.GITHUB}",
                ClientIDList=[ci.AUDIENCE],
                Tags=pairs(to.tags_of(ci.GITHUB)),
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


def policy(to: Bootstrap, name: str, wanted: Callable[[], Document]) -> Step:
    iam, arn = to.clients("iam"), to.footing.iam(f"policy/{name}")

    def read() -> Any:
        found = iam.get_policy(PolicyArn=arn)["Policy"]
        version = iam.get_policy_version(PolicyArn=arn, VersionId=found["DefaultVersionId"])
        return version["PolicyVersion"]["Document"]

    def write(text: str) -> None:
        if absent_as_none(lambda: iam.get_policy(PolicyArn=arn)) is None:
            iam.create_policy(PolicyName=name, PolicyDocument=text, Tags=pairs(to.tags_of(name)))
            iam.get_waiter("policy_exists").wait(PolicyArn=arn)
            return
        # IAM keeps five versions, and refuses a sixth.
        for old in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
            if not old["IsDefaultVersion"]:
                iam.delete_policy_version(PolicyArn=arn, VersionId=old["VersionId"])
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=text, SetAsDefault=True)

    def against(_found: Any) -> str:
        theirs = iam.list_policy_tags(PolicyArn=arn)["Tags"]
        return to.foreign(f"policy {name}", mapping(theirs))

    return document_step(f"policy {name}", read, wanted, write, against)


def role(
    to: Bootstrap,
    name: str,
    trust: Document,
    *,
    attached: list[str],
    inline: Mapping[str, Callable[[], Document]],
) -> Iterator[Step]:
    iam, role = to.clients("iam"), {"RoleName": name}
    arns = [to.footing.iam(f"policy/{policy}") for policy in attached]

    def make() -> None:
        iam.create_role(
            **role,
            AssumeRolePolicyDocument=json.dumps(trust),
            PermissionsBoundary=to.footing.boundary_arn,
            Tags=pairs(to.tags_of(name)),
        )
        iam.get_waiter("role_exists").wait(**role)

    def foreign(found: Any) -> str:
        return to.foreign(f"role {name}", mapping(found.get("Tags", [])))

    def theirs() -> list[str]:
        found = iam.list_attached_role_policies(**role)["AttachedPolicies"]
        return [each["PolicyArn"] for each in found]

    def attach() -> None:
        for arn in set(theirs()) - set(arns):
            iam.detach_role_policy(**role, PolicyArn=arn)
        for arn in arns:
            iam.attach_role_policy(**role, PolicyArn=arn)

    def others() -> list[str]:
        """Inline policies that somebody else put there."""
        pages = iam.get_paginator("list_role_policies").paginate(**role)
        return [each for page in pages for each in page["PolicyNames"] if each not in inline]

    def remove() -> None:
        for policy in others():
            iam.delete_role_policy(**role, PolicyName=policy)

    yield Step(
        what=f"role {name}",
        read=lambda: iam.get_role(**role)["Role"],
        wanted=dict,
        write=make,
        against=foreign,
    )
    yield document_step(
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
        wanted=lambda: to.footing.boundary_arn,
        write=lambda: iam.put_role_permissions_boundary(
            **role, PermissionsBoundary=to.footing.boundary_arn
        ),
    )
    yield Step(
        what=f"policies attached to role {name}",
        read=lambda: ({"attached": theirs()}),
        wanted=lambda: {"attached": arns},
        write=attach,
    )
    yield Step(
        what=f"policies that are no document of ours in role {name}",
        read=lambda: {"others": others()},
        wanted=lambda: {"others": []},
        write=remove,
    )
    for policy, wanted in inline.items():
        yield document_step(
            f"policy {policy} of role {name}",
            lambda policy=policy: iam.get_role_policy(**role, PolicyName=policy)["PolicyDocument"],
            wanted,
            lambda text, policy=policy: iam.put_role_policy(
                **role, PolicyName=policy, PolicyDocument=text
            ),
        )
