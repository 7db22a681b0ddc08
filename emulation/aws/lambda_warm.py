"""Provisioned concurrency of published versions, which the emulator notes and does not keep."""

from emulation.aws.calls import Aws
from emulation.aws.resource import Fidelity, Property, Resource, put_again
from emulation.wire import Properties


def _put(aws: Aws, inputs: Properties) -> str:
    aws.call(
        "lambda",
        "PutProvisionedConcurrencyConfig",
        FunctionName=inputs["functionName"],
        Qualifier=inputs["qualifier"],
        ProvisionedConcurrentExecutions=int(inputs["provisionedConcurrentExecutions"]),
    )
    return f"{inputs['functionName']},{inputs['qualifier']}"


def _read(aws: Aws, id_: str, _inputs: Properties) -> Properties:
    function, qualifier = id_.split(",")
    about = aws.call(
        "lambda", "GetProvisionedConcurrencyConfig", FunctionName=function, Qualifier=qualifier
    )
    return {
        "functionName": function,
        "qualifier": qualifier,
        "provisionedConcurrentExecutions": about["RequestedProvisionedConcurrentExecutions"],
    }


def _delete(aws: Aws, id_: str, _state: Properties) -> None:
    function, qualifier = id_.split(",")
    aws.call(
        "lambda", "DeleteProvisionedConcurrencyConfig", FunctionName=function, Qualifier=qualifier
    )


_ELSEWHERE = "warm environments belong to one version"
PROVISIONED_CONCURRENCY = Resource(
    type="aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
    fidelity=Fidelity.RECORD,
    note="stored; nothing is kept warm, and the first call of a version is cold all the same",
    identity=("functionName", "qualifier"),
    properties={
        "functionName": Property(required=True, replaces=_ELSEWHERE),
        "qualifier": Property(required=True, replaces=_ELSEWHERE),
        "provisionedConcurrentExecutions": Property(required=True),
    },
    create=_put,
    read=_read,
    update=put_again(_put),
    delete=_delete,
)

TYPES = (PROVISIONED_CONCURRENCY,)
