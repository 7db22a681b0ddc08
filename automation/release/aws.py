"""One function as Lambda and CloudWatch show it, and the calls that move it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own: no connection, no answer in time
    HTTPClientError,
)

from automation.errors import Failure
from automation.release.machine import READY, Capacity
from contracts.release import ALIAS

LATEST = "$LATEST"
THROTTLES = frozenset({"TooManyRequestsException", "ThrottlingException", "Throttling"})
OVERTAKEN = frozenset({"PreconditionFailedException", "ResourceConflictException"})
"""Someone changed the function or alias since it was looked at, or is just doing so."""
NO_CAPACITY = frozenset(
    {"ProvisionedConcurrencyConfigNotFoundException", "ResourceNotFoundException"}
)
WEIGHTS = "weights"
"""In the text of the refusal of warm capacity while an alias has weights."""
SERVER_ERROR = 500
_MOVING = frozenset(
    {
        *("Version", "FunctionArn", "RevisionId", "LastModified", "ResponseMetadata"),
        *("State", "StateReason", "StateReasonCode", "MasterArn", "Description"),
        *("LastUpdateStatus", "LastUpdateStatusReason", "LastUpdateStatusReasonCode"),
        *("SnapStart", "RuntimeVersionConfig", "ConfigSha256"),
    }
)
"""Members of a configuration in which a version differs from `$LATEST` with the same content."""


class Unlucky(Exception):
    """A call was refused or lost in a way that a new look and another try can mend."""


def lucky(error: Exception) -> Exception:
    """`Unlucky` for a throttle, the weights refusal, being overtaken, and for lost answers and
    server errors, after which only a new look tells what happened; else the error itself."""
    if isinstance(error, ConnectionError | HTTPClientError):
        return Unlucky(str(error))
    if isinstance(error, BotoCoreError) or not isinstance(error, ClientError):
        return error
    about = error.response.get("Error", {})
    code, text = about.get("Code", ""), about.get("Message", "")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    weights = code == "InvalidParameterValueException" and WEIGHTS in text.lower()
    if code in THROTTLES | OVERTAKEN or weights or status >= SERVER_ERROR:
        return Unlucky(str(error))
    return error


@dataclass(frozen=True, kw_only=True)
class Alias:
    version: str
    revision: str
    weights: Mapping[str, float]


@dataclass(frozen=True, kw_only=True)
class ReleasedFunction:
    """A function behind the alias `live`."""

    lambda_: Any
    cloudwatch: Any
    name: str
    more_alarms: tuple[str, ...] = ()
    """Watched beside the alarms that have the function as a dimension: those that page for its
    group, which read several metrics, and what the stack file names."""

    def alias(self) -> Alias:
        found = self.lambda_.get_alias(FunctionName=self.name, Name=ALIAS)
        routing = found.get("RoutingConfig") or {}
        return Alias(
            version=found["FunctionVersion"],
            revision=found["RevisionId"],
            weights=routing.get("AdditionalVersionWeights") or {},
        )

    def versions(self) -> dict[str, Mapping[str, Any]]:
        """Configuration by version: `$LATEST` and the published ones, oldest first."""
        pages = _pages(self.lambda_.list_versions_by_function, FunctionName=self.name)
        return {one["Version"]: one for page in pages for one in page["Versions"]}

    def state(self, version: str) -> str:
        """Whether Lambda has made a version ready to run; empty = there is no such version."""
        try:
            found = self.lambda_.get_function_configuration(
                FunctionName=self.name, Qualifier=version
            )
        except ClientError as error:
            if _code(error) == "ResourceNotFoundException":
                return ""
            raise
        return found.get("State", "Active")

    def image(self, version: str) -> str | None:
        """The image of a version, or of the code that becomes it; None = it is an archive."""
        versions = self.versions()
        known = version if version in versions else LATEST
        if versions[known].get("PackageType", "Zip") != "Image":
            return None
        found = self.lambda_.get_function(FunctionName=self.name, Qualifier=known)
        return str(found["Code"]["ResolvedImageUri"])

    def capacity(self, *versions: str) -> dict[str, Capacity]:
        """Warm capacity by version: what Lambda lists, and `versions` in any case.

        Raises `Failure` for warm capacity on the alias itself.
        """
        found: dict[str, Capacity] = {}
        for page in self._listed():
            for one in page.get("ProvisionedConcurrencyConfigs", ()):
                qualifier = one["FunctionArn"].rpartition(":")[2]
                if not qualifier.isdecimal():
                    raise Failure(
                        f"{self.name} has warm capacity on the alias {qualifier}; it belongs on "
                        "published versions, because a move of an alias that has it leaves weights",
                        "Delete it, then run the same command again: aws lambda "
                        f"delete-provisioned-concurrency-config --function-name {self.name} "
                        f"--qualifier {qualifier}",
                    )
                found[qualifier] = _capacity(one)
        # The laptop's emulator lists nothing, and tells of one version at a time.
        for version in versions:
            if version not in found and (one := self._capacity_of(version)) is not None:
                found[version] = one
        return found

    def _listed(self) -> Iterator[Mapping[str, Any]]:
        try:
            yield from _pages(
                self.lambda_.list_provisioned_concurrency_configs, FunctionName=self.name
            )
        except ClientError as error:
            if _code(error) != "ProvisionedConcurrencyConfigNotFoundException":
                raise

    def _capacity_of(self, version: str) -> Capacity | None:
        """None = it has none, or does not exist, as a version that a dry run plans to publish."""
        try:
            return _capacity(
                self.lambda_.get_provisioned_concurrency_config(
                    FunctionName=self.name, Qualifier=version
                )
            )
        except ClientError as error:
            if _code(error) in NO_CAPACITY:
                return None
            raise

    def alarms(self) -> dict[str, str]:
        """State by name of the alarms that watch the function or are named beside them.

        An alarm that was named and does not exist is not in the answer.
        """
        found: dict[str, str] = {}
        for page in _pages(
            self.cloudwatch.describe_alarms,
            "NextToken",
            AlarmTypes=["MetricAlarm", "CompositeAlarm"],
        ):
            for one in [*page.get("MetricAlarms", ()), *page.get("CompositeAlarms", ())]:
                dimensions = {d["Name"]: d["Value"] for d in one.get("Dimensions", ())}
                ours = dimensions.get("FunctionName") == self.name
                if ours or one["AlarmName"] in self.more_alarms:
                    found[one["AlarmName"]] = one["StateValue"]
        return found

    def publish(self, latest: Mapping[str, Any]) -> str:
        """Make a version of exactly the code and configuration that were looked at."""
        made = self.lambda_.publish_version(
            FunctionName=self.name,
            CodeSha256=latest["CodeSha256"],
            RevisionId=latest["RevisionId"],
        )
        return made["Version"]

    def warm(self, version: str, count: int) -> None:
        self.lambda_.put_provisioned_concurrency_config(
            FunctionName=self.name, Qualifier=version, ProvisionedConcurrentExecutions=count
        )

    def cool(self, version: str) -> None:
        try:
            self.lambda_.delete_provisioned_concurrency_config(
                FunctionName=self.name, Qualifier=version
            )
        except ClientError as error:
            if _code(error) != "ProvisionedConcurrencyConfigNotFoundException":
                raise

    def move(self, version: str, revision: str) -> None:
        """Point the alias at a version, without weights, if nobody changed it meanwhile."""
        self.lambda_.update_alias(
            FunctionName=self.name,
            Name=ALIAS,
            FunctionVersion=version,
            RoutingConfig={"AdditionalVersionWeights": {}},
            RevisionId=revision,
        )


def unpublished(versions: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether `$LATEST` is other code or configuration than the newest version."""
    newest = newest_of(versions)
    if not newest:
        return True
    latest, published = versions[LATEST], versions[newest]
    members = (latest.keys() | published.keys()) - _MOVING
    return any(latest.get(name) != published.get(name) for name in members)


def newest_of(versions: Mapping[str, Any]) -> str:
    """The published version with the highest number; empty = none."""
    numbers = [int(version) for version in versions if version.isdecimal()]
    return str(max(numbers)) if numbers else ""


def _capacity(found: Mapping[str, Any]) -> Capacity:
    requested = int(found["RequestedProvisionedConcurrentExecutions"])
    since = found.get("LastModified")
    return Capacity(
        requested=requested,
        status=found.get("Status", READY),
        reason=found.get("StatusReason", ""),
        since=datetime.fromisoformat(since).timestamp() if since else 0,
    )


def _pages(
    call: Callable[..., Any], marker: str = "Marker", **request: Any
) -> Iterator[Mapping[str, Any]]:
    answer_marker = marker if marker == "NextToken" else f"Next{marker}"
    while True:
        page = call(**request)
        yield page
        if not page.get(answer_marker):
            return
        request[marker] = page[answer_marker]


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "")
