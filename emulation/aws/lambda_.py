"""Functions and aliases."""

from typing import Any

from emulation.aws.calls import Aws, CallFailed
from emulation.aws.resource import AutoName, Property, Resource, changed, wait_until
from emulation.aws.shapes import request, retag, seen
from emulation.wire import Properties

_CONFIGURATION = {
    "deadLetterConfig": "DeadLetterConfig",
    "description": "Description",
    "environment": "Environment",
    "ephemeralStorage": "EphemeralStorage",
    "handler": "Handler",
    "kmsKeyArn": "KMSKeyArn",
    "loggingConfig": "LoggingConfig",
    "memorySize": "MemorySize",
    "role": "Role",
    "runtime": "Runtime",
    "timeout": "Timeout",
    "tracingConfig": "TracingConfig",
}
_CODE = {"s3Bucket": "S3Bucket", "s3Key": "S3Key", "s3ObjectVersion": "S3ObjectVersion"}
_CLEARED: dict[str, Any] = {
    "deadLetterConfig": {"TargetArn": ""},
    "description": "",
    "environment": {"Variables": {}},
    "ephemeralStorage": {"Size": 512},
    "kmsKeyArn": "",
    "memorySize": 128,
    "timeout": 3,
    "tracingConfig": {"Mode": "PassThrough"},
}
"""What a property that the program no longer gives goes back to."""
_UNPUBLISHED = frozenset({"publish", "reservedConcurrentExecutions", "tags"})
"""The properties that are no part of a version."""


def _create(aws: Aws, inputs: Properties) -> str:
    name = inputs["name"]
    aws.call(
        "lambda",
        "CreateFunction",
        FunctionName=name,
        Code={member: inputs[given] for given, member in _CODE.items() if inputs.get(given)},
        Architectures=inputs.get("architectures"),
        Publish=inputs.get("publish", False),
        Tags=inputs.get("tags") or None,
        **request(aws, "lambda", "CreateFunction", _CONFIGURATION, inputs),
    )
    return name


def _settle(aws: Aws, name: str, inputs: Properties) -> None:
    _wait(aws, name)
    reserved = inputs.get("reservedConcurrentExecutions", -1)
    if reserved >= 0:
        aws.call(
            "lambda",
            "PutFunctionConcurrency",
            FunctionName=name,
            ReservedConcurrentExecutions=reserved,
        )
    else:
        aws.call("lambda", "DeleteFunctionConcurrency", FunctionName=name)


def _wait(aws: Aws, name: str) -> None:
    """Waits until the function may be changed again. Raises CallFailed when it failed."""

    def settled() -> bool:
        about = aws.call("lambda", "GetFunctionConfiguration", FunctionName=name)
        if about.get("State") == "Failed" or about.get("LastUpdateStatus") == "Failed":
            reason = about.get("StateReason") or about.get("LastUpdateStatusReason") or "no reason"
            raise CallFailed("lambda", "GetFunctionConfiguration", "Failed", f"{name}: {reason}")
        return about.get("State", "Active") == "Active" and (
            about.get("LastUpdateStatus", "Successful") == "Successful"
        )

    wait_until(settled, f"the function {name} becoming active")


def _read(aws: Aws, name: str, inputs: Properties) -> Properties:
    function = aws.call("lambda", "GetFunction", FunctionName=name)
    about = function["Configuration"]
    arn = about["FunctionArn"]
    found = seen(about, _CONFIGURATION)
    variables = about.get("Environment", {}).get("Variables") or None
    found["environment"] = {"variables": variables} if variables else None
    version = _latest_version(aws, name) if inputs.get("publish") else "$LATEST"
    reserved = function.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1)
    # The origin of the code cannot be asked for, only its digest.
    ours = inputs.get("codeSha256") in (None, about["CodeSha256"])
    return found | {
        "name": name,
        "arn": arn,
        "invokeArn": _invoke_arn(aws, arn),
        "qualifiedArn": f"{arn}:{version}",
        "qualifiedInvokeArn": _invoke_arn(aws, f"{arn}:{version}"),
        "version": version,
        "codeSha256": about["CodeSha256"],
        "sourceCodeSize": about["CodeSize"],
        "architectures": about.get("Architectures"),
        "publish": inputs.get("publish"),
        "reservedConcurrentExecutions": reserved,
        "tags": function.get("Tags", {}),
        **{given: inputs.get(given) if ours else None for given in _CODE},
    }


def _latest_version(aws: Aws, name: str) -> str:
    numbers, marker = [], None
    while True:
        page = aws.call("lambda", "ListVersionsByFunction", FunctionName=name, Marker=marker)
        numbers += [int(one["Version"]) for one in page["Versions"] if one["Version"].isdigit()]
        marker = page.get("NextMarker")
        if not marker:
            return str(max(numbers)) if numbers else "$LATEST"


def _invoke_arn(aws: Aws, arn: str) -> str:
    """What API Gateway calls an alias, a version or a function."""
    return f"arn:aws:apigateway:{aws.region}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _update(aws: Aws, name: str, old: Properties, new: Properties) -> None:
    arn = aws.call("lambda", "GetFunctionConfiguration", FunctionName=name)["FunctionArn"]
    retag(aws, "lambda", old, new, Resource=arn)
    differing = set(changed(FUNCTION, old, new))
    if differing & _CODE.keys() or "architectures" in differing:
        aws.call(
            "lambda",
            "UpdateFunctionCode",
            FunctionName=name,
            Architectures=new.get("architectures") or ["x86_64"],
            **request(aws, "lambda", "UpdateFunctionCode", _CODE, new),
        )
        _wait(aws, name)
    if differing & _CONFIGURATION.keys():
        cleared = {
            _CONFIGURATION[given]: value
            for given, value in _CLEARED.items()
            if given in differing and new.get(given) is None
        }
        wanted = request(aws, "lambda", "UpdateFunctionConfiguration", _CONFIGURATION, new)
        aws.call("lambda", "UpdateFunctionConfiguration", FunctionName=name, **(cleared | wanted))
        _wait(aws, name)
    if new.get("publish") and _moves_version(old, new):
        aws.call("lambda", "PublishVersion", FunctionName=name)


def _moves_version(old: Properties, new: Properties) -> bool:
    """Whether the outputs about the newest version change."""
    differing = set(changed(FUNCTION, old, new))
    published = bool(new.get("publish")) and bool(differing - _UNPUBLISHED)
    return published or "publish" in differing


def _unsettled(old: Properties, new: Properties) -> set[str]:
    moved: set[str] = set()
    if set(changed(FUNCTION, old, new)) & _CODE.keys():
        moved |= {"codeSha256", "sourceCodeSize"}
    if _moves_version(old, new):
        moved |= {"qualifiedArn", "qualifiedInvokeArn", "version"}
    return moved


def _delete(aws: Aws, name: str, _state: Properties) -> None:
    aws.call("lambda", "DeleteFunction", FunctionName=name)


FUNCTION = Resource(
    type="aws:lambda/function:Function",
    note="the code really runs, on the emulator's own Python whatever runtime and architecture "
    "say; memory and disk limits and tracing are noted only",
    auto_name=AutoName(property="name", longest=64),
    identity=("name",),
    outputs=(
        "arn",
        "codeSha256",
        "invokeArn",
        "qualifiedArn",
        "qualifiedInvokeArn",
        "sourceCodeSize",
        "version",
    ),
    properties={
        "name": Property(replaces="Lambda cannot rename a function"),
        "architectures": Property(default=["x86_64"]),
        "deadLetterConfig": Property(),
        "description": Property(),
        "environment": Property(),
        "ephemeralStorage": Property(default={"size": 512}),
        "handler": Property(required=True),
        "kmsKeyArn": Property(),
        "loggingConfig": Property(computed=True, partial=True),
        "memorySize": Property(default=128),
        "publish": Property(kept="used when the function changes"),
        "reservedConcurrentExecutions": Property(default=-1),
        "role": Property(required=True),
        "runtime": Property(required=True),
        "s3Bucket": Property(required=True),
        "s3Key": Property(required=True),
        "s3ObjectVersion": Property(),
        "tags": Property(default={}),
        "timeout": Property(default=3),
        "tracingConfig": Property(default={"mode": "PassThrough"}),
    },
    create=_create,
    settle=_settle,
    read=_read,
    update=_update,
    delete=_delete,
    unsettled=_unsettled,
)


def _alias_of(arn: str) -> tuple[str, str]:
    """The function's and the alias's name in an alias's ARN."""
    function, _, alias = arn.partition(":function:")[2].partition(":")
    return function, alias


def _create_alias(aws: Aws, inputs: Properties) -> str:
    answer = aws.call(
        "lambda",
        "CreateAlias",
        FunctionName=inputs["functionName"],
        Name=inputs["name"],
        FunctionVersion=inputs["functionVersion"],
        Description=inputs.get("description"),
    )
    return answer["AliasArn"]


def _read_alias(aws: Aws, arn: str, inputs: Properties) -> Properties:
    function, name = _alias_of(arn)
    alias = aws.call("lambda", "GetAlias", FunctionName=function, Name=name)
    names = {"functionVersion": "FunctionVersion", "description": "Description"}
    return seen(alias, names) | {
        "name": name,
        "functionName": as_declared(inputs.get("functionName"), arn.removesuffix(f":{name}")),
        "arn": arn,
        "invokeArn": _invoke_arn(aws, arn),
    }


def as_declared(declared: str | None, arn: str) -> str:
    """A function may be named by its name or its ARN: the program's form, if it is the same."""
    name = arn.partition(":function:")[2]
    return arn if declared == arn else name


def _update_alias(aws: Aws, arn: str, _old: Properties, new: Properties) -> None:
    function, name = _alias_of(arn)
    aws.call(
        "lambda",
        "UpdateAlias",
        FunctionName=function,
        Name=name,
        FunctionVersion=new["functionVersion"],
        Description=new.get("description", ""),
    )


def _delete_alias(aws: Aws, arn: str, _state: Properties) -> None:
    function, name = _alias_of(arn)
    aws.call("lambda", "DeleteAlias", FunctionName=function, Name=name)


ALIAS = Resource(
    type="aws:lambda/alias:Alias",
    note="moves between versions; weights between versions are not honoured, so not offered",
    auto_name=AutoName(property="name", longest=128),
    identity=("functionName", "name"),
    outputs=("arn", "invokeArn"),
    properties={
        "description": Property(),
        "functionName": Property(required=True, replaces="an alias belongs to one function"),
        "functionVersion": Property(required=True),
        "name": Property(replaces="Lambda cannot rename an alias"),
    },
    create=_create_alias,
    read=_read_alias,
    update=_update_alias,
    delete=_delete_alias,
)

TYPES = (FUNCTION, ALIAS)
