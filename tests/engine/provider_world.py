"""What the cases of the local provider are made of, and what they build upon."""

import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from emulation.aws.calls import Aws
from emulation.wire import Asset, Properties
from tests.provider_calls import Driven

ROOT_ARN = "arn:aws:iam::000000000000:root"


def policy(action: str, resource: str = "*", **principal: Any) -> str:
    statement = {"Sid": "a", "Effect": "Allow", "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | principal]})


def by_root(action: str, resource: str = "*") -> str:
    return policy(action, resource, Principal={"AWS": ROOT_ARN})


TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "lambda.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


@dataclass
class World:
    """What the cases build upon; made through the provider, so it is tried on the way."""

    provider: Any
    aws: Aws
    folder: Path
    made: dict[str, Driven] = field(default_factory=dict)

    def build(self) -> "World":
        self._make("key", "aws:kms/key:Key", policy=by_root("kms:*"))
        self._make("bucket", "aws:s3/bucket:Bucket", forceDestroy=True)
        self._make("logs", "aws:s3/bucket:Bucket", forceDestroy=True)
        self._make(
            "versioning",
            "aws:s3/bucketVersioning:BucketVersioning",
            bucket=self.bucket,
            versioningConfiguration={"status": "Enabled"},
        )
        self._make("role", "aws:iam/role:Role", assumeRolePolicy=TRUST)
        self._make(
            "table",
            "aws:dynamodb/table:Table",
            billingMode="PAY_PER_REQUEST",
            hashKey="pk",
            attributes=[{"name": "pk", "type": "S"}],
        )
        self._make("queue", "aws:sqs/queue:Queue")
        self._make("topic", "aws:sns/topic:Topic")
        self._make(
            "alarm",
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            comparisonOperator="GreaterThanThreshold",
            threshold=1,
            evaluationPeriods=1,
            metricQueries=[
                {
                    "id": "bad",
                    "metric": {
                        "namespace": "n",
                        "metricName": "m",
                        "dimensions": {"d": "v"},
                        "period": 300,
                        "stat": "Sum",
                    },
                },
                {"id": "burn", "expression": "bad * 2", "label": "burn", "returnData": True},
            ],
        )
        self._make("repository", "aws:ecr/repository:Repository")
        self._make("pool", "aws:cognito/userPool:UserPool")
        self._make("api", "aws:apigatewayv2/api:Api", protocolType="HTTP")
        self._make("rest", "aws:apigateway/restApi:RestApi")
        self._make(
            "resource",
            "aws:apigateway/resource:Resource",
            restApi=self.rest,
            parentId=self["rest"]["rootResourceId"],
            pathPart="v2",
        )
        self._make(
            "method",
            "aws:apigateway/method:Method",
            restApi=self.rest,
            resourceId=self.resource,
            httpMethod="GET",
            authorization="NONE",
        )
        self._make("deployment", "aws:apigateway/deployment:Deployment", restApi=self.rest)
        self._make(
            "stage",
            "aws:apigateway/stage:Stage",
            restApi=self.rest,
            deployment=self.made["deployment"].id,
            stageName="world",
        )
        for number in (1, 2):
            self._make(
                f"code{number}",
                "aws:s3/bucketObjectv2:BucketObjectv2",
                bucket=self.bucket,
                key=f"code-{number}.zip",
                source=self.archive(number),
            )
        self._make("function", "aws:lambda/function:Function", **self.function(), publish=True)
        self.made["function"].update({**self.function(), "publish": True, "timeout": 4})
        self._make(
            "alias",
            "aws:lambda/alias:Alias",
            name="fixed",
            functionName=self["function"]["name"],
            functionVersion="1",
        )
        return self

    def _make(self, label: str, type_: str, **inputs: Any) -> None:
        self.made[label] = Driven(self.provider, type_, f"world-{label}").create(inputs)

    def __getitem__(self, label: str) -> Properties:
        return self.made[label].state

    @property
    def bucket(self) -> str:
        return self["bucket"]["bucket"]

    @property
    def api(self) -> str:
        return self.made["api"].id

    @property
    def rest(self) -> str:
        return self.made["rest"].id

    @property
    def resource(self) -> str:
        return self.made["resource"].id

    @property
    def pool(self) -> str:
        return self.made["pool"].id

    def archive(self, number: int) -> Asset:
        path = self.folder / f"code-{number}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("h.py", f"def handler(event, context):\n    return {number}\n")
        return Asset(path=str(path), hash=sha256(path.read_bytes()).hexdigest())

    def function(self, number: int = 1) -> Properties:
        code = self[f"code{number}"]
        return {
            "role": self["role"]["arn"],
            "runtime": "python3.12",
            "handler": "h.handler",
            "s3Bucket": self.bucket,
            "s3Key": code["key"],
            "s3ObjectVersion": code["versionId"],
        }

    def destroy(self) -> None:
        for resource in reversed(self.made.values()):
            resource.delete()


@dataclass(frozen=True)
class Case:
    """`given` -> `changed` by an update; `meddle` then changes `drifts` from outside."""

    given: Callable[[World], Properties]
    changed: Callable[[World], Mapping[str, Any]] | None = None
    meddle: Callable[[Aws, Driven], Any] | None = None
    drifts: tuple[str, ...] = ()
    stays: bool = False
    """AWS, too, keeps something after the deletion: a default takes its place. Or the emulator
    never had it, and so cannot tell."""


TAGS, OTHER_TAGS = {"a": "b", "c": "d"}, {"c": "e", "f": "g"}
