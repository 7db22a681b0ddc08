"""The `aws` provider of the local stack: Pulumi's protocol on one side, the emulator on the other.

Everything that differs between types lies in the types' own modules; this one holds what is the
same for all: names, differences, previews, refresh, and errors.
"""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import provider_pb2

from emulation import wire
from emulation.aws import invokes
from emulation.aws.calls import Aws, CallFailed
from emulation.aws.resource import Fidelity, Resource, changed
from emulation.serving import HalfCreated, Log, Refused, Servicer, half_created
from emulation.wire import UNKNOWN, Properties

_DEFAULTS = "__defaults"
"""Where pulumi-aws, too, keeps which inputs it chose itself."""

_ADVICE = {
    "ParamValidationError": "botocore's model of the service, which is AWS's own, refuses the "
    "property named above; AWS would too",
    "EndpointConnectionError": "the emulator does not answer: `warmline status` shows whether it "
    "runs, `warmline up` starts it again",
    "BucketNotEmpty": "empty the bucket, or set forceDestroy in the stack first",
    "ConditionalCheckFailed": "something else made this item: delete it there, or drop it here",
    "rotect": "turn the deletion protection off in the stack and run `up` before deleting",
}


class EmulatedAws(Servicer):
    """Creates the program's AWS resources in the emulator."""

    def __init__(self, version: str, types: Mapping[str, Resource], log: Log | None) -> None:
        super().__init__(version)
        self._types = types
        self._log = log
        self._aws: Aws | None = None

    @property
    def aws(self) -> Aws:
        """The connection, made when it is first needed."""
        if self._aws is None:
            try:
                self._aws = Aws.from_environ(self.variables.get("region"))
            except ValueError as error:
                raise Refused(str(error)) from error
        return self._aws

    def Check(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _answer(context, request.urn, lambda: self._check(request))

    def Diff(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _answer(context, request.urn, lambda: self._diff(request))

    def Create(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _answer(context, request.urn, lambda: self._create(request))

    def Read(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _answer(context, request.urn, lambda: self._read(request))

    def Update(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _answer(context, request.urn, lambda: self._update(request))

    def Delete(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _answer(context, request.urn, lambda: self._delete(request))

    def Invoke(self, request: Any, context: grpc.ServicerContext) -> Any:
        return _answer(context, request.tok, lambda: self._invoke(request))

    def _check(self, request: Any) -> Any:
        resource = self._type(request.urn)
        old, new = wire.load(request.olds), wire.load(request.news)
        failures = [
            provider_pb2.CheckFailure(property=name, reason=reason)
            for name, reason in input_problems(resource, new).items()
        ]
        auto = resource.auto_name
        if auto and not failures and new.get(auto.property) is None:
            try:
                kept = old.get(auto.property) if auto.property in old.get(_DEFAULTS, []) else None
                logical = _logical_name(request.urn)
                new[auto.property] = kept or auto.make(logical, request.randomSeed)
                new[_DEFAULTS] = [auto.property]
            except ValueError as error:
                failures.append(
                    provider_pb2.CheckFailure(property=auto.property, reason=str(error))
                )
        return provider_pb2.CheckResponse(inputs=wire.dump(new), failures=failures)

    def _diff(self, request: Any) -> Any:
        resource = self._type(request.urn)
        old, new = wire.load(request.old_inputs), wire.load(request.news)
        ignored = set(request.ignoreChanges)
        differing = [name for name in changed(resource, old, new) if name not in ignored]
        replacing = [name for name in differing if resource.properties[name].replaces]
        named_by_us = set(new.get(_DEFAULTS, []))
        same_identity = bool(resource.identity) and not any(
            name in differing or name in named_by_us for name in resource.identity
        )
        return provider_pb2.DiffResponse(
            changes=provider_pb2.DiffResponse.DIFF_SOME
            if differing
            else provider_pb2.DiffResponse.DIFF_NONE,
            diffs=differing,
            replaces=replacing,
            # The physical thing of this name must go before its successor can have the name.
            deleteBeforeReplace=bool(replacing) and same_identity,
            detailedDiff={
                name: provider_pb2.PropertyDiff(
                    kind=_diff_kind(old.get(name), new.get(name), replaces=name in replacing),
                    inputDiff=True,
                )
                for name in differing
            },
            hasDetailedDiff=True,
        )

    def _create(self, request: Any) -> Any:
        resource = self._type(request.urn)
        inputs = wire.load(request.properties)
        if request.preview:
            unknown = dict.fromkeys(resource.outputs, UNKNOWN)
            return provider_pb2.CreateResponse(properties=wire.dump(unknown | _echo(inputs)))
        if resource.fidelity is Fidelity.SKIPPED or resource.create is None:
            if self._log:
                self._log.warning(
                    f"not in the emulator, kept in state only: {resource.note}", request.urn
                )
            name = _logical_name(request.urn)
            return provider_pb2.CreateResponse(id=name, properties=wire.dump(_echo(inputs)))
        resource_id = resource.create(self.aws, inputs)
        state = self._settled(resource, resource_id, inputs, inputs)
        return provider_pb2.CreateResponse(id=resource_id, properties=wire.dump(state))

    def _update(self, request: Any) -> Any:
        resource = self._type(request.urn)
        old, new = wire.load(request.old_inputs), wire.load(request.news)
        state = wire.load(request.olds)
        if request.preview:
            unknown = dict.fromkeys(resource.unsettled(old, new), UNKNOWN)
            known = _without_inputs(resource, state)
            return provider_pb2.UpdateResponse(properties=wire.dump(known | _echo(new) | unknown))
        if resource.read is None:
            known = _without_inputs(resource, state)
            return provider_pb2.UpdateResponse(properties=wire.dump(known | _echo(new)))
        if resource.update is not None:
            resource.update(self.aws, request.id, old, new)
        return provider_pb2.UpdateResponse(
            properties=wire.dump(self._settled(resource, request.id, new, state))
        )

    def _settled(
        self, resource: Resource, resource_id: str, inputs: Properties, before: Properties
    ) -> Properties:
        """Finishes a resource that exists, and reads what became of it.

        Raises HalfCreated, so that the engine knows the resource and repairs it next time.
        """
        assert resource.read is not None  # noqa: S101 -- callers have handled types without one
        try:
            resource.settle(self.aws, resource_id, inputs)
            found = resource.read(self.aws, resource_id, inputs)
        except CallFailed as error:
            raise HalfCreated(resource_id, before | _echo(inputs), inputs) from error
        if found is None:
            raise HalfCreated(resource_id, before | _echo(inputs), inputs) from Refused(
                "the emulator accepted it and then does not know it; "
                "was it stopped or reset? `warmline status` shows that"
            )
        return _state(resource, inputs, found)

    def _read(self, request: Any) -> Any:
        resource = self._type(request.urn)
        inputs, state = wire.load(request.inputs), wire.load(request.properties)
        if resource.read is None:
            return provider_pb2.ReadResponse(
                id=request.id, properties=request.properties, inputs=request.inputs
            )
        try:
            found = resource.read(self.aws, request.id, state | inputs)
        except CallFailed as error:
            if not error.missing:
                raise
            found = None
        except KeyError as error:
            raise Refused(
                f"it cannot be found by its id alone: {error} is missing, so importing it is not "
                "possible here"
            ) from error
        if found is None:
            return provider_pb2.ReadResponse()
        refreshed = refreshed_inputs(resource, inputs, found)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=wire.dump(_state(resource, refreshed, found)),
            inputs=wire.dump(refreshed),
        )

    def _delete(self, request: Any) -> Any:
        resource = self._type(request.urn)
        if resource.delete is not None:
            try:
                state = wire.load(request.properties) | wire.load(request.old_inputs)
                resource.delete(self.aws, request.id, state)
            except CallFailed as error:
                if not error.missing:
                    raise
        return empty_pb2.Empty()

    def _invoke(self, request: Any) -> Any:
        function = invokes.INVOKES.get(request.tok)
        if function is None:
            raise Refused(
                f"the local stack has no function {request.tok}; it has: "
                f"{', '.join(sorted(invokes.INVOKES))}. Add it to emulation/aws/invokes.py"
            )
        result = wire.dump(function(self.aws, wire.load(request.args)))
        return _invoked(result)

    def _type(self, urn: str) -> Resource:
        token = _type_token(urn)
        if token not in self._types:
            raise Refused(
                f"the local stack has no type {token}; it has: {', '.join(sorted(self._types))}. "
                "Add it to emulation/aws, or leave it out of the local stack"
            )
        return self._types[token]


def input_problems(resource: Resource, inputs: Properties) -> dict[str, str]:
    """Property -> why it is refused: unknown ones are never dropped in silence."""
    problems = {
        name: f"{resource.type} has no property {name!r} in the local stack; it has: "
        f"{', '.join(sorted(resource.properties))}. Add it to the type's table in emulation/aws"
        for name in inputs
        if name not in resource.properties and not name.startswith("__")
    }
    problems |= {
        name: f"{resource.type} needs {name!r}"
        for name, rule in resource.properties.items()
        if rule.required and inputs.get(name) is None
    }
    given = [name for name in resource.one_of if inputs.get(name) is not None]
    if resource.one_of and len(given) != 1:
        problems[resource.one_of[0]] = (
            f"{resource.type} needs exactly one of {' and '.join(resource.one_of)}, "
            f"and has {' and '.join(given) or 'none'}"
        )
    return problems


def refreshed_inputs(resource: Resource, inputs: Properties, found: Properties) -> Properties:
    """The inputs as they are now: what the program said, changed only where reality differs."""
    refreshed = dict(inputs)
    for name, rule in resource.properties.items():
        if rule.kept:
            continue
        declared, seen = inputs.get(name), found.get(name)
        if declared is None:
            # A first read (an import) takes all that the service does not fill in by itself.
            if not rule.computed and not resource.same(name, rule.default, seen):
                refreshed[name] = seen
        elif not resource.covers(name, declared, seen):
            refreshed[name] = seen
    return {name: value for name, value in refreshed.items() if value is not None}


def _state(resource: Resource, inputs: Properties, found: Properties) -> Properties:
    state = found | _echo(inputs)
    if "tags" in resource.properties:
        state["tagsAll"] = inputs.get("tags", {})
    return {
        name: wire.Secret(value) if name in resource.secrets and value is not None else value
        for name, value in state.items()
    }


def _echo(inputs: Properties) -> Properties:
    """The inputs as outputs, without the provider's own notes."""
    return {name: value for name, value in inputs.items() if not name.startswith("__")}


def _without_inputs(resource: Resource, state: Properties) -> Properties:
    return {name: value for name, value in state.items() if name not in resource.properties}


def _diff_kind(old: Any, new: Any, *, replaces: bool) -> Any:
    verb = "ADD" if old is None else "DELETE" if new is None else "UPDATE"
    return provider_pb2.PropertyDiff.Kind.Value(f"{verb}_REPLACE" if replaces else verb)


def _invoked(result: Any) -> Any:
    response = provider_pb2.InvokeResponse()
    getattr(response, "return").CopyFrom(result)  # a reserved word in Python
    return response


def _type_token(urn: str) -> str:
    """The type of a URN, without the types of its parents."""
    return urn.split("::")[2].rpartition("$")[2]


def _logical_name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _answer(context: grpc.ServicerContext, urn: str, work: Callable[[], Any]) -> Any:
    """Runs one request; every problem becomes a text for the person who ran the engine."""
    try:
        return work()
    except HalfCreated as problem:
        half_created(context, problem, explain(urn, problem.__cause__ or problem))
    except (CallFailed, Refused) as error:
        _refuse(context, explain(urn, error))


def _refuse(context: grpc.ServicerContext, message: str) -> NoReturn:
    context.abort(grpc.StatusCode.UNKNOWN, message)
    raise AssertionError("abort raises")


def explain(urn: str, error: BaseException) -> str:
    """The text of an error: which resource, which call, why, and what to do."""
    subject = f"{_logical_name(urn)} ({_type_token(urn)})" if urn.startswith("urn:") else urn
    if not isinstance(error, CallFailed):
        return f"{subject}: {error}"
    advice = next(
        (text for code, text in _ADVICE.items() if code in error.code or code in error.message),
        "the emulator refused the call; AWS may or may not. emulation/aws has the call",
    )
    return (
        f"{subject}: {error.service} {error.operation} failed with {error.code}: "
        f"{error.message.rstrip('.')}. What to do: {advice}"
    )
