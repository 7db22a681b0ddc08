"""A Lambda function, its alarms and its registry in memory, which keep AWS's own rules.

Time is a number that passes with each call and each sleep. `faults` decides, at each call, whether
it is refused, lost on the way there or back, or the last one that the process makes; `watch` is
called after each.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from automation.release.machine import Capacity
from automation.release.run import Release, releases
from contracts import registry as items
from contracts.registry import ModelRecord, Tenant, VersionRecord, VersionState
from contracts.release import ReleaseRecord, decode_release
from contracts.route import Route
from tests.unit.models.fake_aws import (
    CLIENTS,
    HOME,
    Crash,
    FakeClient,
    FakeS3,
    FakeStack,
    refused,
    time_out,
)

FUNCTION = "predict"
LIVE = "live"
CALL_SECONDS = 0.1
START = 1_800_000_000.0
NO_CAPACITY = "ProvisionedConcurrencyConfigNotFoundException"

Fault = tuple[str, str]
"""When ("before" or "after" the effect), and what."""


WEIGHTS_ERROR = (
    "InvalidParameterValueException",
    400,
    "Alias with weights can not be used with Provisioned Concurrency",
)
OTHER_VALIDATION_ERROR = (
    "InvalidParameterValueException",
    400,
    "Requested Provisioned Concurrency should not be greater than the unreserved concurrency",
)
ERRORS: dict[str, tuple[str, int, str]] = {
    "throttle": ("TooManyRequestsException", 429, "Rate exceeded"),
    "weights": WEIGHTS_ERROR,
    "other": OTHER_VALIDATION_ERROR,
    "service": ("ServiceException", 500, "try again"),
    "busy": ("ResourceConflictException", 409, "an update is in progress"),
}


def happen(what: str) -> None:
    if what == "crash":
        raise Crash
    if what == "lost":
        time_out()
    raise refused(*ERRORS[what])


class Timed:
    """Stands in the place of `Calls`: lets time pass, makes faults, and has the rules watched."""

    def __init__(self, cloud: "FakeCloud") -> None:
        self.cloud = cloud
        self.names: list[str] = []

    def made(self, name: str, effect: Callable[[], Any]) -> Any:
        cloud = self.cloud
        self.names.append(name)
        cloud.now += CALL_SECONDS
        cloud.pass_time()
        fault = cloud.faults(name)
        if fault is not None and fault[0] == "before":
            happen(fault[1])
        try:
            answer = effect()
        finally:
            cloud.watch(name)
        if fault is not None:
            happen(fault[1])
        return answer


@dataclass
class Fate:
    """What becomes of warm capacity that is asked for."""

    seconds: float = 90
    status: str = "READY"


@dataclass
class FakeCloud(FakeStack):
    """One released function of one stack."""

    now: float = START
    published: dict[str, str] = field(default_factory=lambda: {"1": "a"})
    """Version -> digest of its code; `$LATEST` beside them in `latest`."""
    latest: str = "a"
    images: dict[str, str] = field(default_factory=dict)
    """Version -> the image that it runs; what is not here runs an archive."""
    live: str = "1"
    alias_revision: int = 1
    weights: dict[str, float] = field(default_factory=dict)
    capacity: dict[str, Capacity] = field(default_factory=dict)
    due: dict[str, tuple[float, str]] = field(default_factory=dict)
    """Version -> when its capacity settles, and as what."""
    pending: dict[str, float] = field(default_factory=dict)
    """Version -> until when Lambda makes it ready to run."""
    states: dict[str, str] = field(default_factory=dict)
    """Version -> its state after that; `Active` where nothing is said."""
    fates: dict[str, Fate] = field(default_factory=dict)
    alarms: dict[str, Callable[[], bool]] = field(default_factory=dict)
    """Those of the function, by name: whether it is on."""
    composite_alarms: dict[str, Callable[[], bool]] = field(default_factory=dict)
    answers: dict[str, float] = field(default_factory=dict)
    """Version -> what it answers to the golden request; 1.0 is right."""
    flipped_at: float | None = None
    faults: Callable[[str], Fault | None] = lambda _name: None
    watch: Callable[[str], None] = lambda _name: None
    sleeps: list[float] = field(default_factory=list)
    tenants: list[str] = field(default_factory=list)
    """Named in calls of the function."""

    def __post_init__(self) -> None:
        self.calls = Timed(self)  # type: ignore[assignment]
        self.values |= {
            "tenants": {"demo": "client"},
            "serving_groups": {
                "default": {"function_name": FUNCTION, "provisioned_concurrency": 2}
            },
            "release": {
                "owner": "release",
                "bake_minutes": 15,
                "ready_timeout_minutes": 10,
                "alarms": [],
                "tenant_claim": "client_id",
            },
        }
        tenant = Tenant(claim="client", name="demo", models=frozenset({"*"}))
        route = Route(model="m", revision=1, weights=((1, 10_000),))
        version = VersionRecord(
            model="m", version=1, state=VersionState.READY, manifest="{}", signature=None,
            created_at="2026-11-01T00:00:00Z",
        )  # fmt: skip
        for item in (
            items.encode_tenant(tenant),
            items.encode_route(route),
            items.encode_version(version),
            items.encode_model(ModelRecord(model="m", serving_group="default")),
        ):
            self.items[item["pk"]["S"], item["sk"]["S"]] = item
        tensor = {"name": "y", "datatype": "FP32", "shape": [1], "data": [1.0]}
        self.objects["golden/m/1.json"] = json.dumps(
            {"cases": [{"request": {"inputs": []}, "outputs": [tensor], "tolerance": 0.01}]}
        ).encode()
        self.alarms.setdefault("errors", lambda: False)

    def settings(self, **changes: Any) -> None:
        self.values["release"] |= changes

    def keep_warm(self, environments: int) -> None:
        """What the stack file says of the group from the next `up` on."""
        self.values["serving_groups"]["default"]["provisioned_concurrency"] = environments

    def deploy(self, digest: str) -> str:
        """What `up` does: new code, published; the alias stays where it is."""
        self.latest = digest
        version = str(len(self.published) + 1)
        self.published[version] = digest
        return version

    def give(self, version: str, count: int = 2, status: str = "READY") -> None:
        self.capacity[version] = Capacity(requested=count, status=status, since=self.now)

    def release(self) -> Release:
        return releases(self, clock=self)["default"]

    @property
    def record(self) -> ReleaseRecord | None:
        item = self.items.get(("RELEASE", FUNCTION))
        return None if item is None else decode_release(item)

    def clients(self, service: str) -> Any:
        return {**CLIENTS, "s3": FakeBucket, "lambda": FakeLambda, "cloudwatch": FakeCloudWatch}[
            service
        ](self)

    # The clock that the driver is given.

    def time(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
        self.pass_time()

    def pass_time(self) -> None:
        for version, (when, status) in list(self.due.items()):
            if when <= self.now and version in self.capacity:
                found = self.capacity[version]
                reason = "not enough capacity in the zone" if status == "FAILED" else ""
                self.capacity[version] = Capacity(
                    requested=found.requested, status=status, reason=reason, since=found.since
                )
                del self.due[version]


class FakeBucket(FakeS3):
    def do_put_object(self, **request: Any) -> Any:
        """Golden requests are written over, unlike files of models."""
        if not request["Key"].startswith("golden/"):
            return super().do_put_object(**request)
        self.cloud.objects[request["Key"]] = request["Body"]
        return {}


class FakeLambda(FakeClient):
    service = "lambda"
    cloud: "FakeCloud"

    def do_get_alias(self, **request: Any) -> Any:
        assert request == {"FunctionName": FUNCTION, "Name": LIVE}
        answer: dict[str, Any] = {
            "Name": LIVE,
            "FunctionVersion": self.cloud.live,
            "RevisionId": str(self.cloud.alias_revision),
        }
        if self.cloud.weights:
            answer["RoutingConfig"] = {"AdditionalVersionWeights": dict(self.cloud.weights)}
        return answer

    def do_update_alias(self, **request: Any) -> Any:
        cloud, version = self.cloud, request["FunctionVersion"]
        if request["RevisionId"] != str(cloud.alias_revision):
            raise refused("PreconditionFailedException", 412, "The RevisionId does not match")
        if version not in cloud.published:
            raise refused("ResourceNotFoundException", 404, f"no version {version}")
        self._require_active(version)
        if version != cloud.live:
            cloud.flipped_at = cloud.now
        cloud.live = version
        cloud.weights = dict(request["RoutingConfig"]["AdditionalVersionWeights"])
        cloud.alias_revision += 1
        return {}

    def do_list_versions_by_function(self, **request: Any) -> Any:
        assert request["FunctionName"] == FUNCTION
        known = {"$LATEST": self.cloud.latest, **self.cloud.published}
        start = int(request.get("Marker", 0))
        page = list(known.items())[start : start + 2]
        answer: dict[str, Any] = {
            "Versions": [
                {"Version": version, "CodeSha256": digest, "RevisionId": f"r{version}{digest}"}
                | ({"PackageType": "Image"} if version in self.cloud.images else {})
                for version, digest in page
            ]
        }
        if start + 2 < len(known):
            answer["NextMarker"] = str(start + 2)
        return answer

    def do_publish_version(self, **request: Any) -> Any:
        cloud = self.cloud
        if request["CodeSha256"] != cloud.latest:
            raise refused("InvalidParameterValueException", 400, "CodeSHA256 is different")
        newest = str(len(cloud.published))
        if cloud.published[newest] == cloud.latest:
            return {"Version": newest}
        return {"Version": cloud.deploy(cloud.latest)}

    def do_list_provisioned_concurrency_configs(self, **request: Any) -> Any:
        return {
            "ProvisionedConcurrencyConfigs": [
                {"FunctionArn": f"arn:aws:lambda:{HOME}:1:function:{FUNCTION}:{version}"}
                | _shown(found)
                for version, found in self.cloud.capacity.items()
            ]
        }

    def do_get_function(self, **request: Any) -> Any:
        return {"Code": {"ResolvedImageUri": self.cloud.images[request["Qualifier"]]}}

    def do_get_function_configuration(self, **request: Any) -> Any:
        cloud, version = self.cloud, request["Qualifier"]
        self._require_version(version)
        pending = cloud.pending.get(version, 0) > cloud.now
        return {"State": "Pending" if pending else cloud.states.get(version, "Active")}

    def _require_version(self, version: str) -> None:
        if version not in self.cloud.published:
            raise refused("ResourceNotFoundException", 404, f"no version {version}")

    def _require_active(self, version: str) -> None:
        if self.cloud.pending.get(version, 0) > self.cloud.now:
            raise refused("ResourceConflictException", 409, f"version {version} is Pending")

    def do_get_provisioned_concurrency_config(self, **request: Any) -> Any:
        self._require_version(request["Qualifier"])
        found = self.cloud.capacity.get(request["Qualifier"])
        if found is None:
            raise refused(NO_CAPACITY, 404, "none")
        return _shown(found)

    def do_put_provisioned_concurrency_config(self, **request: Any) -> Any:
        cloud, version = self.cloud, request["Qualifier"]
        count = request["ProvisionedConcurrentExecutions"]
        if version not in cloud.published or count < 1:
            raise refused("InvalidParameterValueException", 400, f"{version}: {count}")
        self._require_active(version)
        if cloud.weights and version in (cloud.live, *cloud.weights):
            raise refused(*WEIGHTS_ERROR)
        fate = cloud.fates.get(version, Fate())
        cloud.capacity[version] = Capacity(requested=count, status="IN_PROGRESS", since=cloud.now)
        cloud.due[version] = (cloud.now + fate.seconds, fate.status)
        return {}

    def do_delete_provisioned_concurrency_config(self, **request: Any) -> Any:
        if self.cloud.capacity.pop(request["Qualifier"], None) is None:
            raise refused(NO_CAPACITY, 404, "none")
        self.cloud.due.pop(request["Qualifier"], None)
        return {}

    def do_invoke(self, **request: Any) -> Any:
        event = json.loads(request["Payload"])
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        assert claims["client_id"] == "client"
        self._require_active(request["Qualifier"])
        self.cloud.tenants += [request["TenantId"]] if "TenantId" in request else []
        value = self.cloud.answers.get(request["Qualifier"], 1.0)
        tensor = {"name": "y", "datatype": "FP32", "shape": [1], "data": [value]}
        body = json.dumps({"outputs": [tensor]})
        return {
            "Payload": BytesIO(
                json.dumps({"statusCode": 200, "isBase64Encoded": False, "body": body}).encode()
            )
        }


class FakeCloudWatch(FakeClient):
    service = "cloudwatch"
    cloud: "FakeCloud"

    def do_describe_alarms(self, **request: Any) -> Any:
        mine = [{"Name": "FunctionName", "Value": FUNCTION}]
        other = [{"Name": "FunctionName", "Value": "another"}]
        shown = [
            {"AlarmName": name, "StateValue": "ALARM" if on() else "OK", "Dimensions": mine}
            for name, on in self.cloud.alarms.items()
        ]
        shown.append({"AlarmName": "foreign", "StateValue": "ALARM", "Dimensions": other})
        start = int(request.get("NextToken", 0))
        composite = [
            {"AlarmName": name, "StateValue": "ALARM" if on() else "OK"}
            for name, on in self.cloud.composite_alarms.items()
        ]
        answer: dict[str, Any] = {
            "MetricAlarms": shown[start : start + 1],
            "CompositeAlarms": [] if start else composite,
        }
        if start + 1 < len(shown):
            answer["NextToken"] = str(start + 1)
        return answer


def _shown(found: Capacity) -> dict[str, Any]:
    answer = {
        "RequestedProvisionedConcurrentExecutions": found.requested,
        "AllocatedProvisionedConcurrentExecutions": found.requested * (found.status == "READY"),
        "Status": found.status,
        "LastModified": _iso(found.since),
    }
    return answer | ({"StatusReason": found.reason} if found.reason else {})


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S+0000")
