"""The writer's side of the registry table: registers, lists and retires model versions."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from automation.errors import Failure
from automation.models import transaction
from automation.models.failures import NotFound, VersionExists, WrongRegion
from automation.models.stack import Stack
from contracts import registry as items
from contracts.registry import (
    PARTITION_KEY,
    SORT_KEY,
    Item,
    ModelRecord,
    RouteChange,
    VersionRecord,
    VersionState,
)
from contracts.route import Route

IS_NEW = f"attribute_not_exists({PARTITION_KEY})"
_STATE = {"#state": "state"}


@dataclass(frozen=True, kw_only=True)
class Registry:
    """One stack's registry. `home_region` is the only region that may write.

    Conditions hold per region: in a replica two writers could both pass the same one.
    """

    db: Any
    sts: Callable[[], Any]
    """Makes the client that tells who asks; only a change of a route needs it."""
    table: str
    home_region: str

    @classmethod
    def of(cls, stack: Stack) -> "Registry":
        return cls(
            db=stack.clients("dynamodb"),
            sts=lambda: stack.clients("sts"),
            table=stack["registry_table"],
            home_region=stack["region"],
        )

    # Reads: strongly consistent, so that a command sees what the one before it wrote.

    def model(self, model: str) -> ModelRecord | None:
        item = self._get(items.model_key(model))
        return None if item is None else items.decode_model(item)

    def models(self) -> list[ModelRecord]:
        return [items.decode_model(item) for item in self._query("MODELS")]

    def version(self, model: str, version: int) -> VersionRecord | None:
        item = self._get(items.version_key(model, version))
        return None if item is None else items.decode_version(item)

    def versions(self, model: str) -> list[VersionRecord]:
        """Every version, ascending, retired ones included."""
        return [
            items.decode_version(item) for item in self._query(f"MODEL#{model}", prefix="VERSION#")
        ]

    def latest(self, model: str) -> VersionRecord | None:
        """The version with the highest number."""
        newest = self._query(f"MODEL#{model}", prefix="VERSION#", descending=True)
        item = next(newest, None)
        return None if item is None else items.decode_version(item)

    def route(self, model: str) -> Route | None:
        item = self._get(items.route_key(model))
        return None if item is None else items.decode_route(item)

    def change(self, model: str, revision: int) -> RouteChange | None:
        """The audit item of one revision."""
        item = self._get(items.audit_key(model, revision))
        return None if item is None else items.decode_change(item)

    def history(self, model: str) -> Iterator[RouteChange]:
        """Changes of the route, newest first."""
        for item in self._query(f"MODEL#{model}", prefix="AUDIT#", descending=True):
            yield items.decode_change(item)

    # Writes.

    def register(self, record: VersionRecord, *, serving_group: str) -> bool:
        """Make a version known. False = it was there already, with the same content.

        Raises `VersionExists` for other content under this number, and `Failure` when the model
        belongs to another serving group.
        """
        self.require_home_region()
        model = ModelRecord(model=record.model, serving_group=serving_group)
        try:
            self.write(
                self.put(items.encode_version(record), IS_NEW),
                self.put(
                    items.encode_model(model),
                    f"{IS_NEW} OR serving_group = :group",
                    {":group": {"S": serving_group}},
                ),
            )
        except (transaction.Cancelled, transaction.Unanswered) as error:
            self.require_group(record.model, serving_group)
            present = self.version(record.model, record.version)
            if present is None:
                raise _unanswered(f"version {record.version} of {record.model}") from error
            require_same_content(present, record.manifest)
            return present == record
        return True

    def require_group(self, model: str, serving_group: str) -> None:
        """Raises `Failure` when the model's versions live in another serving group."""
        present = self.model(model)
        if present is not None and present.serving_group != serving_group:
            raise Failure(
                f"serving_group is {serving_group!r}; {model} belongs to serving group "
                f"{present.serving_group!r}, because all versions of a model share one function",
                "Push it to the stack of that group, or under another model name.",
            )

    def retire(self, model: str, version: int) -> bool:
        """Take a version out of use for good; its files stay. False = it was retired already.

        Raises `NotFound`, and `Failure` while the route mentions the version.
        """
        self.require_home_region()
        for _attempt in range(transaction.ATTEMPTS):
            record = self.require_version(model, version)
            if record.state is VersionState.RETIRED:
                return False
            route = self.route(model)
            if route is not None and version in route.versions:
                raise Failure(
                    f"version {version} of {model} is {role_of(route, version)} in route revision "
                    f"{route.revision}; a version that a route mentions must stay READY",
                    f"Change the route first: `warmline models route {model} --to ...`.",
                )
            try:
                self.write(
                    self.put(
                        items.encode_version(replace(record, state=VersionState.RETIRED)),
                        "#state = :ready",
                        {":ready": {"S": VersionState.READY}},
                        _STATE,
                    ),
                    self.unchanged_route(model, route),
                )
            except (transaction.Cancelled, transaction.Unanswered):
                continue  # the route or the version changed in between: look again
            return True
        raise _unanswered(f"version {version} of {model}")

    def require_version(self, model: str, version: int) -> VersionRecord:
        """Raises `NotFound`, which names the versions that exist."""
        record = self.version(model, version)
        if record is None:
            known = ", ".join(str(known.version) for known in self.versions(model))
            raise NotFound(
                f"{model} has no version {version}; it has {known or 'none'}",
                "See what is registered: `warmline models list`.",
            )
        return record

    def require_home_region(self) -> None:
        """Raises `WrongRegion` for clients that reach a replica."""
        region = self.db.meta.region_name
        if region != self.home_region:
            raise WrongRegion(
                f"region is {region!r}; the registry's home region is {self.home_region!r}, and "
                "conditions of writes hold in one region only",
                f"Run the command against {self.home_region}.",
            )

    def actor(self) -> str:
        """Who asks: the ARN of the caller's identity."""
        return str(self.sts().get_caller_identity()["Arn"])

    # Parts of a transaction.

    def write(self, *parts: dict[str, Any]) -> None:
        transaction.write(self.db, parts)

    def put(
        self,
        item: Item,
        condition: str,
        values: dict[str, Any] | None = None,
        names: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        return {"Put": {"Item": item, **self._condition(condition, values, names)}}

    def is_ready(self, model: str, version: int) -> dict[str, Any]:
        condition = self._condition("#state = :ready", {":ready": {"S": "READY"}}, _STATE)
        return {"ConditionCheck": {"Key": items.version_key(model, version), **condition}}

    def unchanged_route(self, model: str, route: Route | None) -> dict[str, Any]:
        condition, values = at_revision(route)
        return {
            "ConditionCheck": {
                "Key": items.route_key(model),
                **self._condition(condition, values, None),
            }
        }

    def _condition(
        self, condition: str, values: dict[str, Any] | None, names: dict[str, str] | None
    ) -> dict[str, Any]:
        part: dict[str, Any] = {"TableName": self.table, "ConditionExpression": condition}
        if values:
            part["ExpressionAttributeValues"] = values
        if names:
            part["ExpressionAttributeNames"] = names
        return part

    def _get(self, key: Item) -> Item | None:
        answer = self.db.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    def _query(
        self, partition: str, *, prefix: str = "", descending: bool = False
    ) -> Iterator[Item]:
        condition, values = f"{PARTITION_KEY} = :pk", {":pk": {"S": partition}}
        if prefix:
            condition += f" AND begins_with({SORT_KEY}, :prefix)"
            values[":prefix"] = {"S": prefix}
        request: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ConsistentRead": True,
            "ScanIndexForward": not descending,
        }
        while True:
            page = self.db.query(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]


def at_revision(route: Route | None) -> tuple[str, dict[str, Any] | None]:
    """The condition that the stored route is still this one."""
    if route is None:
        return IS_NEW, None
    return "revision = :revision", {":revision": {"N": str(route.revision)}}


def role_of(route: Route, version: int) -> str:
    """What a version does in a route, in words."""
    weight = dict(route.weights).get(version)
    if weight is not None:
        return f"weighted with {weight} basis points"
    return "the shadow" if version == route.shadow else "on standby"


def require_same_content(present: VersionRecord, manifest: str) -> None:
    """Raises `VersionExists` unless the version is READY with this very manifest."""
    subject = f"version {present.version} of {present.model}"
    another = "Leave `--version` out to take the next free number."
    if present.manifest != manifest:
        raise VersionExists(
            f"{subject} exists with other content ({_differences(present.manifest, manifest)}); a "
            "version never changes once it is registered",
            another,
        )
    if present.state is VersionState.RETIRED:
        raise VersionExists(f"{subject} is retired, and retiring is for good", another)


def _differences(registered: str, wanted: str) -> str:
    """`max_batch_size is 32, not 8`; of the files, only that they differ."""
    old, new = json.loads(registered), json.loads(wanted)
    found = [
        f"{name} is {old.get(name)}, not {new[name]}"
        if isinstance(new[name], str | int)
        else f"{name} differ"
        for name in sorted(new)
        if old.get(name) != new[name]
    ]
    return ", ".join(found)


def now() -> str:
    """UTC, ISO 8601 with microseconds: two changes of one caller never share it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def _unanswered(subject: str) -> Failure:
    return Failure(
        f"the registry gave no clear answer about {subject}",
        "Look with `warmline models list`, then run the same command again.",
    )
