"""A function by hand that can be released: real versions and a real alias on the emulator.

`python -m tests.emulated.released OUTPUTS LINE` releases it in a process of its own, which stops
before the step whose line starts so, until a test kills it.
"""

import io
import json
import signal
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from automation.clients import Clients
from automation.outputs import Outputs
from automation.release.driver import Pace
from automation.release.run import Release, Request, releases
from contracts import registry as items
from contracts.registry import ModelRecord, Tenant, VersionRecord, VersionState
from contracts.route import FULL_WEIGHT, Route
from tests.emulated.registries import create_registry

REGION = "eu-central-1"
PACE = Pace(poll_seconds=0.2, lease_seconds=3, first_pause_seconds=0.1)
BAKE_SECONDS = 2.0
HANDLER = """
import json

def handler(event, context):
    tensor = {{"name": "y", "datatype": "FP32", "shape": [1], "data": [{value}]}}
    return {{"statusCode": 200, "body": json.dumps({{"outputs": [tensor]}})}}
"""


@dataclass
class Released:
    """The function, and what a release of it needs of a stack."""

    outputs: Outputs
    name: str
    shown: list[str] = field(default_factory=list)
    at: dict[str, Callable[[], object]] = field(default_factory=dict)
    """Start of a shown line -> what a test does then, once."""

    def client(self, service: str) -> Any:
        return self.outputs.clients(service)

    def deploy(self, value: float) -> str:
        """Publish code that answers `value`; the alias stays."""
        functions = self.client("lambda")
        functions.update_function_code(FunctionName=self.name, ZipFile=_archive(value))
        return functions.publish_version(FunctionName=self.name)["Version"]

    def release(self) -> Release:
        return releases(self.outputs, pace=PACE, show=self._show)["default"]

    def _show(self, text: str) -> None:
        self.shown.append(text)
        for start in [start for start in self.at if text.startswith(start)]:
            self.at.pop(start)()

    def alias(self) -> tuple[str, dict[str, float]]:
        """The version that the alias names, and weights."""
        found = self.client("lambda").get_alias(FunctionName=self.name, Name="live")
        routing = found.get("RoutingConfig") or {}
        return found["FunctionVersion"], routing.get("AdditionalVersionWeights") or {}

    def answer(self) -> float:
        """What callers of the alias get."""
        answer = self.client("lambda").invoke(
            FunctionName=self.name, Qualifier="live", Payload=b"{}"
        )
        return json.loads(json.load(answer["Payload"])["body"])["outputs"][0]["data"][0]

    def warm(self) -> set[str]:
        """The versions with warm capacity, which the emulator keeps as a record."""
        functions = self.client("lambda")
        versions = functions.list_versions_by_function(FunctionName=self.name)["Versions"]
        numbers = [one["Version"] for one in versions if one["Version"].isdecimal()]
        return set(self.release().function.capacity(*numbers))

    @property
    def metric(self) -> str:
        """One of its own: the emulator's alarms do not look at dimensions."""
        return f"{self.name}-failures"

    def alarm(self) -> None:
        """Let the function's alarm go on."""
        metric = {
            "MetricName": self.metric,
            "Dimensions": [{"Name": "FunctionName", "Value": self.name}],
            "Value": 9.0,
        }
        self.client("cloudwatch").put_metric_data(Namespace="test", MetricData=[metric])


def made(endpoint_url: str, name: str) -> Released:
    """Version 1, which answers 1, live and warm; one model with a golden request; one alarm."""
    clients = Clients(region=REGION, endpoint_url=endpoint_url)
    functions = clients("lambda")
    functions.create_function(
        FunctionName=name,
        Runtime="python3.12",
        Handler="index.handler",
        Role="arn:aws:iam::000000000000:role/none",
        Code={"ZipFile": _archive(1.0)},
        Publish=True,
    )
    functions.create_alias(FunctionName=name, Name="live", FunctionVersion="1")
    functions.put_provisioned_concurrency_config(
        FunctionName=name, Qualifier="1", ProvisionedConcurrentExecutions=2
    )
    create_registry(clients("dynamodb"), name)
    version = VersionRecord(
        model="m",
        version=1,
        state=VersionState.READY,
        manifest="{}",
        signature=None,
        created_at="2026-11-01T00:00:00Z",
    )
    put = partial(clients("dynamodb").put_item, TableName=name)
    put(Item=items.encode_tenant(Tenant(claim="c", name="demo", models=frozenset({"*"}))))
    put(Item=items.encode_model(ModelRecord(model="m", serving_group="default")))
    put(Item=items.encode_version(version))
    put(Item=items.encode_route(Route(model="m", revision=1, weights=((1, FULL_WEIGHT),))))
    clients("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    clients("cloudwatch").put_metric_alarm(
        AlarmName=f"{name}-failures",
        Namespace="test",
        MetricName=f"{name}-failures",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Threshold=1,
        Period=60,
        EvaluationPeriods=1,
        Statistic="Sum",
        TreatMissingData="notBreaching",
    )
    settings = {
        "owner": "release",
        "bake_minutes": BAKE_SECONDS / 60,
        "ready_timeout_minutes": 1,
        "alarms": [],
        "tenant_claim": "client_id",
    }
    group = {"function_name": name, "models": ["*"], "provisioned_concurrency": 2}
    values = {
        "model_bucket": name,
        "registry_table": name,
        "region": REGION,
        "tenants": {"demo": "c"},
        "release": settings,
        "serving_groups": {"default": group},
        "images": {},
    }
    released = Released(Outputs(stack="by-hand", values=values, endpoint_url=endpoint_url), name)
    released.release().golden.record("m", 1, {"inputs": []}, qualifier="live")
    return released


def _archive(value: float) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("index.py", HANDLER.format(value=value))
    return buffer.getvalue()


def _stop_at(line: str) -> Callable[[str], None]:
    def show(text: str) -> None:
        print(text, flush=True)
        if text.startswith(line):
            signal.pause()

    return show


if __name__ == "__main__":
    given = Outputs(stack="by-hand", **json.loads(sys.argv[1]))
    releases(given, pace=PACE, show=_stop_at(sys.argv[2]))["default"].run(Request())
