"""`python -m emulation.echo aws|eks|kubernetes ADDRESS`: providers that can only preview.

They give back what they are given, with well-shaped placeholders for what AWS would compute, so
that `preview` of every stack runs through the real engine, and the policy pack judges every
document, with no credentials, no plugin and no network. They say nothing about AWS: only the
program, its settings and its policies are tried.
"""

import os
import sys
from collections.abc import Callable, Mapping
from importlib.metadata import version
from typing import Any, NoReturn

import grpc
from google.protobuf.struct_pb2 import Struct
from pulumi.runtime.proto import provider_pb2, resource_pb2, resource_pb2_grpc

from emulation import placeholders, wire
from emulation.serving import Servicer, serve_provider
from emulation.wire import Properties

VERSIONS = {"aws": version("pulumi-aws"), "eks": "4.4.0", "kubernetes": "4.34.2"}
"""Package -> the release that the program is written for."""


class Echo(Servicer):
    """Passes inputs through; refuses everything that would change something."""

    def __init__(self, package: str) -> None:
        super().__init__(VERSIONS[package])
        self._package = package

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.CheckResponse(inputs=request.news)

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        old, new = wire.load(request.old_inputs), wire.load(request.news)
        ignored = set(request.ignoreChanges)
        names = sorted((old.keys() | new.keys()) - ignored)
        differing = [name for name in names if _differs(old.get(name), new.get(name))]
        some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=some if differing else none, diffs=differing)

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        if not request.preview:
            self._refuse(context, f"create {request.urn}")
        # In a preview the SDK takes every output that is missing here as unknown.
        inputs = wire.load(request.properties)
        if self._package != "aws":
            return provider_pb2.CreateResponse(properties=request.properties)
        type_, name = request.urn.split("::")[2].rpartition("$")[2], request.urn.split("::")[-1]
        region = _region(self.variables, {})["name"]
        id_, computed = placeholders.physical(type_, name, inputs, region)
        return provider_pb2.CreateResponse(id=id_, properties=wire.dump(inputs | computed))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        if not request.preview:
            self._refuse(context, f"update {request.urn}")
        outputs = wire.load(request.olds) | wire.load(request.news)
        return provider_pb2.UpdateResponse(properties=wire.dump(outputs))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        self._refuse(context, f"delete {request.urn}")

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        return provider_pb2.ReadResponse(
            id=request.id, properties=request.properties, inputs=request.inputs
        )

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        function = INVOKES.get(request.tok)
        if function is None:
            _abort(
                context,
                f"a preview without plugins has no answer to {request.tok}; it has: "
                f"{', '.join(sorted(INVOKES))}. Add one to emulation/echo.py, or preview with "
                f"the real plugin: pulumi plugin install resource {self._package}",
            )
        response = provider_pb2.InvokeResponse()
        try:
            answer = wire.dump(function(self.variables, wire.load(request.args)))
        except ValueError as error:
            _abort(context, str(error))
        getattr(response, "return").CopyFrom(answer)  # a reserved word in Python
        return response

    def Construct(self, request: Any, context: grpc.ServicerContext) -> Any:
        if request.type not in COMPONENTS:
            _abort(
                context,
                f"a preview without plugins cannot construct {request.type}; it can construct: "
                f"{', '.join(sorted(COMPONENTS))}. Add it to emulation/echo.py",
            )
        if not request.dryRun:
            self._refuse(context, f"construct {request.name}")
        with grpc.insecure_channel(request.monitorEndpoint) as channel:
            monitor = resource_pb2_grpc.ResourceMonitorStub(channel)
            registered = monitor.RegisterResource(
                resource_pb2.RegisterResourceRequest(
                    type=request.type,
                    name=request.name,
                    parent=request.parent,
                    object=request.inputs,
                    protect=request.protect,
                    acceptSecrets=True,
                )
            )
            monitor.RegisterResourceOutputs(
                resource_pb2.RegisterResourceOutputsRequest(urn=registered.urn, outputs=Struct())
            )
        return provider_pb2.ConstructResponse(urn=registered.urn)

    def _refuse(self, context: grpc.ServicerContext, what: str) -> NoReturn:
        _abort(
            context,
            f"this provider only previews and will not {what}. Deploy with the real plugin: "
            f"pulumi plugin install resource {self._package}, without .warmline/bin/preview on "
            "PATH; the local stack has a provider of its own (`warmline up`)",
        )


COMPONENTS = frozenset({"eks:index:Cluster"})


def _differs(old: Any, new: Any) -> bool:
    return wire.has_unknown(new) or old != new


def _abort(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")


def _caller_identity(_config: Mapping[str, str], _args: Properties) -> Properties:
    return {
        "id": placeholders.ACCOUNT_ID,
        "accountId": placeholders.ACCOUNT_ID,
        "arn": f"arn:aws:iam::{placeholders.ACCOUNT_ID}:user/preview",
        "userId": "PREVIEW",
    }


def _region(config: Mapping[str, str], _args: Properties) -> Properties:
    name = config.get("region") or os.environ.get("AWS_REGION")
    if not name:
        raise ValueError("no region is set: give the stack the key aws:region, or set AWS_REGION")
    return {"id": name, "name": name, "region": name, "description": name}


def _partition(config: Mapping[str, str], args: Properties) -> Properties:
    name = _region(config, args)["name"]
    if name.startswith("cn-"):
        return {"id": "aws-cn", "partition": "aws-cn", "dnsSuffix": "amazonaws.com.cn"}
    partition = "aws-us-gov" if name.startswith("us-gov-") else "aws"
    return {"id": partition, "partition": partition, "dnsSuffix": "amazonaws.com"}


def _public_key(_config: Mapping[str, str], args: Properties) -> Properties:
    return {"id": args["keyId"], "keyId": args["keyId"], "publicKey": placeholders.PUBLIC_KEY}


def _availability_zones(config: Mapping[str, str], args: Properties) -> Properties:
    region = _region(config, args)["name"]
    names = [f"{region}{letter}" for letter in "abcd"]
    ids = [f"zone-az{number}" for number in range(1, 5)]
    return {"id": region, "names": names, "zoneIds": ids, "groupNames": [region]}


INVOKES: Mapping[str, Callable[[Mapping[str, str], Properties], Properties]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:kms/getPublicKey:getPublicKey": _public_key,
}


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[1] not in VERSIONS:  # noqa: PLR2004 -- package and address
        sys.exit(f"usage: python -m emulation.echo {'|'.join(VERSIONS)} ADDRESS")
    serve_provider(Echo(sys.argv[1]))
