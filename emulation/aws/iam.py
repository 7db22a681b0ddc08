"""Roles and their inline policies."""

import json

from emulation.aws.calls import Aws
from emulation.aws.resource import AutoName, Property, Resource, put_again
from emulation.aws.shapes import request, retag, seen, tag_list, tag_map
from emulation.wire import Properties

_NAMES = {
    "name": "RoleName",
    "assumeRolePolicy": "AssumeRolePolicyDocument",
    "description": "Description",
    "maxSessionDuration": "MaxSessionDuration",
    "path": "Path",
    "permissionsBoundary": "PermissionsBoundary",
}


def _create(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, "iam", "CreateRole", _NAMES, inputs)
    aws.call("iam", "CreateRole", Tags=tag_list(inputs.get("tags")), **parameters)
    return inputs["name"]


def _read(aws: Aws, name: str, _inputs: Properties) -> Properties:
    role = aws.call("iam", "GetRole", RoleName=name)["Role"]
    found = seen(role, {key: value for key, value in _NAMES.items() if key != "assumeRolePolicy"})
    found.pop("permissionsBoundary", None)
    if "PermissionsBoundary" in role:
        found["permissionsBoundary"] = role["PermissionsBoundary"]["PermissionsBoundaryArn"]
    return found | {
        "assumeRolePolicy": json.dumps(role["AssumeRolePolicyDocument"]),
        "arn": role["Arn"],
        "uniqueId": role["RoleId"],
        "createDate": role["CreateDate"].isoformat(),
        "tags": tag_map(role.get("Tags")),
    }


def _update(aws: Aws, name: str, old: Properties, new: Properties) -> None:
    aws.call(
        "iam",
        "UpdateAssumeRolePolicy",
        RoleName=name,
        PolicyDocument=new["assumeRolePolicy"],
    )
    aws.call(
        "iam",
        "UpdateRole",
        RoleName=name,
        Description=new.get("description", ""),
        MaxSessionDuration=new.get("maxSessionDuration", 3600),
    )
    boundary = new.get("permissionsBoundary")
    if boundary:
        aws.call("iam", "PutRolePermissionsBoundary", RoleName=name, PermissionsBoundary=boundary)
    elif old.get("permissionsBoundary"):
        aws.call("iam", "DeleteRolePermissionsBoundary", RoleName=name)
    retag(aws, "iam", old, new, kind="Role", form=tag_list, RoleName=name)


def _delete(aws: Aws, name: str, _state: Properties) -> None:
    aws.call("iam", "DeleteRole", RoleName=name)


ROLE = Resource(
    type="aws:iam/role:Role",
    note="a function runs as its role; what the role may do is checked with IAM enforcement on",
    auto_name=AutoName(property="name", longest=64),
    identity=("name",),
    outputs=("arn", "createDate", "uniqueId"),
    properties={
        "name": Property(replaces="IAM cannot rename a role"),
        "assumeRolePolicy": Property(required=True, json=True),
        "description": Property(),
        "maxSessionDuration": Property(default=3600),
        "path": Property(default="/", replaces="the path is part of the role's ARN"),
        "permissionsBoundary": Property(),
        "tags": Property(default={}),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)


def _put_policy(aws: Aws, inputs: Properties) -> str:
    role, name = inputs["role"], inputs["name"]
    aws.call(
        "iam", "PutRolePolicy", RoleName=role, PolicyName=name, PolicyDocument=inputs["policy"]
    )
    return f"{role}:{name}"


def _read_policy(aws: Aws, policy_id: str, _inputs: Properties) -> Properties:
    role, _, name = policy_id.partition(":")
    answer = aws.call("iam", "GetRolePolicy", RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": json.dumps(answer["PolicyDocument"])}


def _delete_policy(aws: Aws, policy_id: str, _state: Properties) -> None:
    role, _, name = policy_id.partition(":")
    aws.call("iam", "DeleteRolePolicy", RoleName=role, PolicyName=name)


ROLE_POLICY = Resource(
    type="aws:iam/rolePolicy:RolePolicy",
    note="evaluated only when the emulator runs with IAM enforcement",
    auto_name=AutoName(property="name", longest=128),
    identity=("role", "name"),
    properties={
        "name": Property(replaces="an inline policy is found by its name"),
        "policy": Property(required=True, json=True),
        "role": Property(required=True, replaces="an inline policy is part of its role"),
    },
    create=_put_policy,
    read=_read_policy,
    update=put_again(_put_policy),
    delete=_delete_policy,
)

TYPES = (ROLE, ROLE_POLICY)
