"""User pools, and the clients that get tokens from them."""

from emulation.aws.calls import Aws, CallFailed
from emulation.aws.resource import AutoName, Property, Resource
from emulation.aws.shapes import request, seen
from emulation.wire import Properties

_SERVICE = "cognito-idp"
_POOL = {
    "name": "PoolName",
    "adminCreateUserConfig": "AdminCreateUserConfig",
    "deletionProtection": "DeletionProtection",
    "tags": "UserPoolTags",
}


def _create(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, _SERVICE, "CreateUserPool", _POOL, inputs)
    return aws.call(_SERVICE, "CreateUserPool", **parameters)["UserPool"]["Id"]


def _read(aws: Aws, pool_id: str, _inputs: Properties) -> Properties:
    pool = aws.call(_SERVICE, "DescribeUserPool", UserPoolId=pool_id)["UserPool"]
    names = {name: member for name, member in _POOL.items() if name not in ("name", "tags")}
    return seen(pool, names) | {
        "name": pool["Name"],
        "arn": pool["Arn"],
        "creationDate": pool["CreationDate"].isoformat(),
        "endpoint": f"cognito-idp.{aws.region}.amazonaws.com/{pool_id}",
        "tags": pool.get("UserPoolTags", {}),
    }


def _update(aws: Aws, pool_id: str, _old: Properties, new: Properties) -> None:
    # The call resets what it is not given.
    parameters = request(aws, _SERVICE, "UpdateUserPool", _POOL, new)
    parameters.pop("PoolName", None)
    parameters.setdefault("UserPoolTags", {})
    parameters.setdefault("DeletionProtection", "INACTIVE")
    parameters.setdefault("AdminCreateUserConfig", {"AllowAdminCreateUserOnly": False})
    aws.call(_SERVICE, "UpdateUserPool", UserPoolId=pool_id, **parameters)


def _delete(aws: Aws, pool_id: str, _state: Properties) -> None:
    pool = aws.call(_SERVICE, "DescribeUserPool", UserPoolId=pool_id)["UserPool"]
    if pool.get("DeletionProtection") == "ACTIVE":
        # The emulator would delete it all the same; AWS answers this.
        raise CallFailed(
            _SERVICE,
            "DeleteUserPool",
            "InvalidParameterException",
            f"the user pool {pool_id} cannot be deleted because its deletion protection is ACTIVE",
        )
    aws.call(_SERVICE, "DeleteUserPool", UserPoolId=pool_id)


USER_POOL = Resource(
    type="aws:cognito/userPool:UserPool",
    note="signs tokens with its own keys; their issuer has AWS's form, and answers locally",
    auto_name=AutoName(property="name", longest=128),
    outputs=("arn", "creationDate", "endpoint"),
    properties={
        "name": Property(replaces="UpdateUserPool of the pinned botocore has no name"),
        "adminCreateUserConfig": Property(computed=True, partial=True),
        "deletionProtection": Property(default="INACTIVE"),
        "tags": Property(default={}),
    },
    create=_create,
    read=_read,
    update=_update,
    delete=_delete,
)

_SERVER = {
    "identifier": "Identifier",
    "name": "Name",
    "scopes": "Scopes",
    "userPoolId": "UserPoolId",
}


def _create_server(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, _SERVICE, "CreateResourceServer", _SERVER, inputs)
    aws.call(_SERVICE, "CreateResourceServer", **parameters)
    return f"{inputs['userPoolId']}|{inputs['identifier']}"


def _read_server(aws: Aws, server_id: str, _inputs: Properties) -> Properties:
    pool_id, _, identifier = server_id.partition("|")
    answer = aws.call(_SERVICE, "DescribeResourceServer", UserPoolId=pool_id, Identifier=identifier)
    found = seen(answer["ResourceServer"], _SERVER)
    scopes = found.get("scopes", [])
    return found | {
        "scopeIdentifiers": sorted(f"{identifier}/{scope['scopeName']}" for scope in scopes)
    }


def _update_server(aws: Aws, _id: str, _old: Properties, new: Properties) -> None:
    parameters = request(aws, _SERVICE, "UpdateResourceServer", _SERVER, new)
    aws.call(_SERVICE, "UpdateResourceServer", **({"Scopes": []} | parameters))


def _delete_server(aws: Aws, server_id: str, _state: Properties) -> None:
    pool_id, _, identifier = server_id.partition("|")
    aws.call(_SERVICE, "DeleteResourceServer", UserPoolId=pool_id, Identifier=identifier)


RESOURCE_SERVER = Resource(
    type="aws:cognito/resourceServer:ResourceServer",
    auto_name=AutoName(property="name", longest=256),
    identity=("userPoolId", "identifier"),
    outputs=("scopeIdentifiers",),
    properties={
        "identifier": Property(required=True, replaces="tokens name scopes by it"),
        "name": Property(),
        "scopes": Property(unordered=True),
        "userPoolId": Property(required=True, replaces="a resource server belongs to one pool"),
    },
    create=_create_server,
    read=_read_server,
    update=_update_server,
    delete=_delete_server,
    unsettled=lambda old, new: (
        {"scopeIdentifiers"} if old.get("scopes") != new.get("scopes") else set()
    ),
)

_CLIENT = {
    "name": "ClientName",
    "accessTokenValidity": "AccessTokenValidity",
    "allowedOauthFlows": "AllowedOAuthFlows",
    "allowedOauthFlowsUserPoolClient": "AllowedOAuthFlowsUserPoolClient",
    "allowedOauthScopes": "AllowedOAuthScopes",
    "enableTokenRevocation": "EnableTokenRevocation",
    "explicitAuthFlows": "ExplicitAuthFlows",
    "generateSecret": "GenerateSecret",
    "preventUserExistenceErrors": "PreventUserExistenceErrors",
    "tokenValidityUnits": "TokenValidityUnits",
    "userPoolId": "UserPoolId",
}


def _create_client(aws: Aws, inputs: Properties) -> str:
    parameters = request(aws, _SERVICE, "CreateUserPoolClient", _CLIENT, inputs)
    answer = aws.call(_SERVICE, "CreateUserPoolClient", **parameters)
    return answer["UserPoolClient"]["ClientId"]


def _read_client(aws: Aws, client_id: str, inputs: Properties) -> Properties:
    answer = aws.call(
        _SERVICE,
        "DescribeUserPoolClient",
        UserPoolId=inputs["userPoolId"],
        ClientId=client_id,
    )
    client = answer["UserPoolClient"]
    return seen(client, _CLIENT) | {
        "clientSecret": client.get("ClientSecret"),
        "generateSecret": "ClientSecret" in client,
    }


def _update_client(aws: Aws, client_id: str, _old: Properties, new: Properties) -> None:
    # The call resets what it is not given.
    parameters = request(aws, _SERVICE, "UpdateUserPoolClient", _CLIENT, new)
    aws.call(_SERVICE, "UpdateUserPoolClient", ClientId=client_id, **parameters)


def _delete_client(aws: Aws, client_id: str, state: Properties) -> None:
    aws.call(_SERVICE, "DeleteUserPoolClient", UserPoolId=state["userPoolId"], ClientId=client_id)


USER_POOL_CLIENT = Resource(
    type="aws:cognito/userPoolClient:UserPoolClient",
    auto_name=AutoName(property="name", longest=128),
    outputs=("clientSecret",),
    secrets=frozenset({"clientSecret"}),
    properties={
        "name": Property(),
        "accessTokenValidity": Property(computed=True),
        "allowedOauthFlows": Property(unordered=True),
        "allowedOauthFlowsUserPoolClient": Property(default=False),
        "allowedOauthScopes": Property(unordered=True),
        "enableTokenRevocation": Property(computed=True),
        "explicitAuthFlows": Property(computed=True, unordered=True),
        "generateSecret": Property(
            default=False, replaces="a client gets its secret at its creation or never"
        ),
        "preventUserExistenceErrors": Property(computed=True),
        "tokenValidityUnits": Property(computed=True, partial=True),
        "userPoolId": Property(required=True, replaces="a client belongs to one pool"),
    },
    create=_create_client,
    read=_read_client,
    update=_update_client,
    delete=_delete_client,
)


def _create_domain(aws: Aws, inputs: Properties) -> str:
    domain = inputs["domain"]
    aws.call(_SERVICE, "CreateUserPoolDomain", Domain=domain, UserPoolId=inputs["userPoolId"])
    return domain


def _read_domain(aws: Aws, domain: str, _inputs: Properties) -> Properties | None:
    answer = aws.call(_SERVICE, "DescribeUserPoolDomain", Domain=domain)
    about = answer.get("DomainDescription") or {}
    if not about.get("UserPoolId"):
        return None
    return {
        "domain": domain,
        "userPoolId": about["UserPoolId"],
        "awsAccountId": about.get("AWSAccountId"),
        "version": about.get("Version"),
    }


def _delete_domain(aws: Aws, domain: str, state: Properties) -> None:
    aws.call(_SERVICE, "DeleteUserPoolDomain", Domain=domain, UserPoolId=state["userPoolId"])


USER_POOL_DOMAIN = Resource(
    type="aws:cognito/userPoolDomain:UserPoolDomain",
    note="noted; tokens come from the emulator's own address, /oauth2/token",
    identity=("domain",),
    outputs=("awsAccountId", "version"),
    properties={
        "domain": Property(required=True, replaces="Cognito cannot rename a domain"),
        "userPoolId": Property(required=True, replaces="a domain belongs to one pool"),
    },
    create=_create_domain,
    read=_read_domain,
    delete=_delete_domain,
)

TYPES = (USER_POOL, RESOURCE_SERVER, USER_POOL_CLIENT, USER_POOL_DOMAIN)
