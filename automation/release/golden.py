"""Golden requests: what a model version answered once must be answered by a new code version too.

They are requests of your own, never a caller's: the model bucket keeps them, with the answers, as
`golden/<model>/<version>.json`.
"""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from automation.errors import Failure
from automation.models.registry import Registry
from contracts import registry as items
from contracts.protocol import SCOPE_INFER, SCOPE_READ

OK = 200
VALUES, LABEL = "values", "label"
COMPARISONS = (VALUES, LABEL)
DEFAULT_TOLERANCE = 1e-4
"""Relative and absolute: about what another processor or build of ONNX Runtime may change."""
MAX_CASES = 50
SHOWN = 3
"""Differences that are told."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A request of the Open Inference Protocol in JSON, and the outputs it was answered with."""

    request: Mapping[str, Any]
    outputs: Sequence[Mapping[str, Any]]
    compare: str = VALUES
    """`values` = every number within the tolerance; `label` = the largest of each row stands at
    the same place."""
    tolerance: float = DEFAULT_TOLERANCE


@dataclass(frozen=True, kw_only=True)
class Answers:
    """Calls one function as the API would, in the name of a tenant."""

    lambda_: Any
    function: str
    tenant_claim: str
    claim: str
    isolated: bool
    """Each tenant has environments of its own, so a call names the tenant."""

    def get(self, path: str, qualifier: str) -> Mapping[str, Any]:
        return self._call("GET", path, "", qualifier)

    def infer(
        self, model: str, version: int, request: Mapping[str, Any], qualifier: str
    ) -> Sequence[Mapping[str, Any]]:
        """The answer's outputs. Raises `Refused`."""
        path = f"/v2/models/{model}/versions/{version}/infer"
        answer = self._call("POST", path, json.dumps(request), qualifier)
        outputs = answer.get("outputs")
        if not isinstance(outputs, list):
            raise Refused(f"POST {path} answered without outputs")
        return outputs

    def _call(self, method: str, path: str, body: str, qualifier: str) -> Mapping[str, Any]:
        """The JSON of an answer with status 200. Raises `Refused` for any other."""
        event = event_of(method, path, body, {self.tenant_claim: self.claim})
        result = self.lambda_.invoke(
            FunctionName=self.function,
            Qualifier=qualifier,
            Payload=json.dumps(event).encode(),
            **({"TenantId": self.claim} if self.isolated else {}),
        )
        payload = result["Payload"].read()
        if "FunctionError" in result:
            raise Refused(f"{method} {path} made the function fail: {_short(payload)}")
        answer = json.loads(payload)
        text = answer.get("body") or ""
        if answer.get("isBase64Encoded"):
            text = base64.b64decode(text).decode("utf-8", "replace")
        if answer.get("statusCode") != OK:
            raise Refused(
                f"{method} {path} was answered {answer.get('statusCode')}: {_short(text)}"
            )
        return json.loads(text)


class Refused(Exception):
    """The function did not answer as it should."""


def event_of(method: str, path: str, body: str, claims: Mapping[str, str]) -> dict[str, Any]:
    """What API Gateway hands to the inference function (HTTP API, payload format 2.0)."""
    scopes = f"{SCOPE_INFER} {SCOPE_READ}"
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"content-type": "application/json", "host": "release"},
        "requestContext": {
            "requestId": "warmline-release",
            "stage": "$default",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1"},
            "authorizer": {"jwt": {"claims": {**claims, "scope": scopes}, "scopes": None}},
        },
        "body": body,
        "isBase64Encoded": False,
    }


@dataclass(frozen=True, kw_only=True)
class Golden:
    """The golden requests of a serving group's models, and who sends them."""

    s3: Any
    bucket: str
    registry: Registry
    group: str
    lambda_: Any
    function: str
    tenant_claim: str
    claims: Sequence[str]
    """Claim values of the stack's tenants."""
    isolated: bool = False

    def check(self, qualifier: str) -> str:
        """What a code version answers otherwise than recorded, in words; empty = nothing.

        Asks for the server's metadata, whether each model version that a route mentions is ready,
        and each of their golden requests.
        """
        found: list[str] = []
        try:
            self._answers("").get("/v2", qualifier)
            for model, version in self.routed():
                found += self._differences(model, version, qualifier)
        except Refused as error:
            found.append(str(error))
        more = f", and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        return "; ".join(found[:SHOWN]) + more

    def routed(self) -> list[tuple[str, int]]:
        """The model versions of the group that a route mentions."""
        return [
            (record.model, version)
            for record in self.registry.models()
            if record.serving_group == self.group
            and (route := self.registry.route(record.model)) is not None
            for version in sorted(route.versions)
        ]

    def unrecorded(self) -> list[str]:
        """Model versions that only have their readiness checked."""
        return [f"{model} {v}" for model, v in self.routed() if not self.cases(model, v)]

    def record(
        self,
        model: str,
        version: int,
        request: Mapping[str, Any],
        *,
        qualifier: str,
        compare: str = VALUES,
        tolerance: float = DEFAULT_TOLERANCE,
    ) -> int:
        """Ask now, and keep the answer; how many cases the version has afterwards.

        A request that is there already gets the new answer. Raises `Failure`.
        """
        self.registry.require_version(model, version)
        try:
            outputs = self._answers(model).infer(model, version, request, qualifier)
        except Refused as error:
            raise Failure(
                str(error), f"Mend the request: `warmline models show {model}` names the inputs."
            ) from error
        case = Case(request=request, outputs=outputs, compare=compare, tolerance=tolerance)
        cases = [one for one in self.cases(model, version) if one.request != request]
        cases.append(case)
        if len(cases) > MAX_CASES:
            raise Failure(
                f"{model} {version} has {len(cases) - 1} golden requests; at most {MAX_CASES}, "
                "because a release sends them all before the alias moves",
                f"Delete s3://{self.bucket}/{golden_key(model, version)} and record fewer.",
            )
        body = json.dumps({"cases": [vars(one) for one in cases]}, indent=1).encode()
        self.s3.put_object(
            Bucket=self.bucket,
            Key=golden_key(model, version),
            Body=body,
            ContentType="application/json",
        )
        return len(cases)

    def cases(self, model: str, version: int) -> list[Case]:
        """Raises `Failure` for a file that is no record of golden requests."""
        key = golden_key(model, version)
        try:
            body = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ("NoSuchKey", "404"):
                return []
            raise
        try:
            return [Case(**one) for one in json.loads(body)["cases"]]
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(
                f"s3://{self.bucket}/{key} holds no golden requests: {error!r}",
                f"Delete it and record anew: warmline release record {model} FILE",
            ) from error

    def _differences(self, model: str, version: int, qualifier: str) -> list[str]:
        answers = self._answers(model)
        answers.get(f"/v2/models/{model}/versions/{version}/ready", qualifier)
        found: list[str] = []
        for number, case in enumerate(self.cases(model, version), 1):
            outputs = answers.infer(model, version, case.request, qualifier)
            if differs := difference(case, outputs):
                found.append(f"golden request {number} of {model} {version}: {differs}")
        return found

    def _answers(self, model: str) -> Answers:
        """In the name of the first tenant that may use the model. Raises `Failure`."""
        for claim in self.claims:
            found: Any = self.registry.db.get_item(
                TableName=self.registry.table, Key=items.tenant_key(claim), ConsistentRead=True
            )
            if "Item" not in found:
                continue
            if not model or items.decode_tenant(found["Item"]).may_use(model):
                return Answers(
                    lambda_=self.lambda_,
                    function=self.function,
                    tenant_claim=self.tenant_claim,
                    claim=claim,
                    isolated=self.isolated,
                )
        raise Failure(
            f"no tenant of the stack may use {model or 'the API'}, so no golden request can be "
            "sent",
            "Name the model among a tenant's `models` in the stack file, and bring the stack up.",
        )


def difference(case: Case, outputs: Sequence[Mapping[str, Any]]) -> str:
    """How an answer differs from the recorded one, in words; empty = not."""
    answered = {tensor.get("name"): tensor for tensor in outputs}
    for wanted in case.outputs:
        name = wanted["name"]
        found = answered.get(name)
        if found is None:
            return f"output {name} is missing"
        for member in ("datatype", "shape"):
            if found.get(member) != wanted[member]:
                return f"output {name} has {member} {found.get(member)}, not {wanted[member]}"
        if len(found["data"]) != len(wanted["data"]):
            return f"output {name} has {len(found['data'])} elements, not {len(wanted['data'])}"
        compare = _labels if case.compare == LABEL else _values
        if differs := compare(wanted, found["data"], case.tolerance):
            return f"output {name}: {differs}"
    return ""


def _values(wanted: Mapping[str, Any], found: Sequence[Any], tolerance: float) -> str:
    for index, (old, new) in enumerate(zip(wanted["data"], found, strict=True)):
        if old == new:
            continue
        numbers = isinstance(old, int | float) and isinstance(new, int | float)
        if numbers and math.isclose(old, new, rel_tol=tolerance, abs_tol=tolerance):
            continue
        return f"element {index} is {new}, not {old} (tolerance {tolerance:g})"
    return ""


def _labels(wanted: Mapping[str, Any], found: Sequence[Any], _tolerance: float) -> str:
    shape = wanted["shape"]
    width = shape[-1] if shape else 1
    for row, start in enumerate(range(0, len(found), max(1, width))):
        old, new = wanted["data"][start : start + width], found[start : start + width]
        before, after = old.index(max(old)), new.index(max(new))
        if before != after:
            return f"the label of row {row} is {after}, not {before}"
    return ""


def golden_key(model: str, version: int) -> str:
    return f"golden/{model}/{version}.json"


def _short(text: bytes | str) -> str:
    shown = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return shown[:200]
