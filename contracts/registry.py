"""The model registry: the items of one DynamoDB table, and their wire form.

Items are in DynamoDB's own JSON (`{"S": ...}`), the form that the low-level client and the signed
HTTP request of the functions share, so there is one codec and no Decimal. Numbers are whole.

| partition key    | sort key           | what                                            |
|------------------|--------------------|-------------------------------------------------|
| MODELS           | <model>            | the model exists, and its serving group         |
| MODEL#<model>    | VERSION#<10 digits>| a model version: state, manifest, signature     |
| MODEL#<model>    | ROUTE              | the route                                       |
| MODEL#<model>    | AUDIT#<10 digits>  | the route at this revision, and who made it so  |
| TENANT#<claim>   | TENANT             | a caller and the models it may use              |
| RELEASE          | <function>         | a code release, see `contracts.release`         |
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from contracts.manifest import Signature
from contracts.route import Route, RouteError

PARTITION_KEY = "pk"
SORT_KEY = "sk"
ANY_MODEL = "*"

Item = dict[str, dict[str, Any]]


class RegistryError(ValueError):
    """An item that cannot be what it claims to be."""


class VersionState(StrEnum):
    READY = "READY"
    RETIRED = "RETIRED"


@dataclass(frozen=True, kw_only=True)
class VersionRecord:
    """A registered model version, as stored: the manifest is verified by who uses it."""

    model: str
    version: int
    state: VersionState
    manifest: str
    """Canonical JSON text."""
    signature: Signature | None
    created_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True, kw_only=True)
class ModelRecord:
    """A model: all of its versions live in one serving group."""

    model: str
    serving_group: str


@dataclass(frozen=True, kw_only=True)
class Tenant:
    """A caller. `models` lists names, or holds `ANY_MODEL`."""

    claim: str
    """Value of the token claim that identifies it (with Cognito, the client id)."""
    name: str
    models: frozenset[str]

    def may_use(self, model: str) -> bool:
        return ANY_MODEL in self.models or model in self.models


@dataclass(frozen=True, kw_only=True)
class RouteChange:
    """An audit item: one change of a route."""

    route: Route
    """What the route became; a rollback reads it."""
    action: str
    actor: str
    """ARN of the caller, as the token service tells it."""
    changed_at: str
    """ISO 8601, UTC."""


def key(partition: str, sort: str) -> Item:
    return {PARTITION_KEY: {"S": partition}, SORT_KEY: {"S": sort}}


def model_key(model: str) -> Item:
    return key("MODELS", model)


def version_key(model: str, version: int) -> Item:
    return key(f"MODEL#{model}", f"VERSION#{version:010d}")


def route_key(model: str) -> Item:
    return key(f"MODEL#{model}", "ROUTE")


def audit_key(model: str, revision: int) -> Item:
    return key(f"MODEL#{model}", f"AUDIT#{revision:010d}")


def tenant_key(claim: str) -> Item:
    return key(f"TENANT#{claim}", "TENANT")


def encode_model(record: ModelRecord) -> Item:
    return model_key(record.model) | {
        "model": {"S": record.model},
        "serving_group": {"S": record.serving_group},
    }


def decode_model(item: Mapping[str, Any]) -> ModelRecord:
    """Raises `RegistryError` for an item with a missing or misshapen attribute."""
    with _reading("model"):
        return ModelRecord(model=item["model"]["S"], serving_group=item["serving_group"]["S"])


def encode_version(record: VersionRecord) -> Item:
    item = version_key(record.model, record.version) | {
        "model": {"S": record.model},
        "version": {"N": str(record.version)},
        "state": {"S": record.state},
        "manifest": {"S": record.manifest},
        "created_at": {"S": record.created_at},
    }
    if record.signature is not None:
        item["signing_key"] = {"S": record.signature.key}
        item["signature"] = {"S": record.signature.value}
    return item


def decode_version(item: Mapping[str, Any]) -> VersionRecord:
    """Raises `RegistryError` for an item with a missing or misshapen attribute."""
    with _reading("version"):
        signature = None
        if "signature" in item:
            signature = Signature(key=item["signing_key"]["S"], value=item["signature"]["S"])
        return VersionRecord(
            model=item["model"]["S"],
            version=int(item["version"]["N"]),
            state=VersionState(item["state"]["S"]),
            manifest=item["manifest"]["S"],
            signature=signature,
            created_at=item["created_at"]["S"],
        )


def encode_route(route: Route) -> Item:
    item = route_key(route.model) | {
        "model": {"S": route.model},
        "revision": {"N": str(route.revision)},
        "weights": {"M": {str(version): {"N": str(w)} for version, w in route.weights}},
        "standby": {"L": [{"N": str(version)} for version in route.standby]},
    }
    if route.shadow is not None:
        item["shadow"] = {"N": str(route.shadow)}
    if route.sticky_header is not None:
        item["sticky_header"] = {"S": route.sticky_header}
    return item


def decode_route(item: Mapping[str, Any]) -> Route:
    """Raises `RegistryError` for an item that is no legal route."""
    with _reading("route"):
        weights = {int(v): int(w["N"]) for v, w in item["weights"]["M"].items()}
        return Route(
            model=item["model"]["S"],
            revision=int(item["revision"]["N"]),
            weights=tuple(sorted(weights.items())),
            shadow=int(item["shadow"]["N"]) if "shadow" in item else None,
            standby=tuple(int(version["N"]) for version in item["standby"]["L"]),
            sticky_header=item["sticky_header"]["S"] if "sticky_header" in item else None,
        )


def encode_tenant(tenant: Tenant) -> Item:
    return tenant_key(tenant.claim) | {
        "claim": {"S": tenant.claim},
        "name": {"S": tenant.name},
        "models": {"L": [{"S": model} for model in sorted(tenant.models)]},
    }


def decode_tenant(item: Mapping[str, Any]) -> Tenant:
    """Raises `RegistryError` for an item with a missing or misshapen attribute."""
    with _reading("tenant"):
        return Tenant(
            claim=item["claim"]["S"],
            name=item["name"]["S"],
            models=frozenset(model["S"] for model in item["models"]["L"]),
        )


def encode_change(change: RouteChange) -> Item:
    route = change.route
    return (
        encode_route(route)
        | audit_key(route.model, route.revision)
        | {
            "action": {"S": change.action},
            "actor": {"S": change.actor},
            "changed_at": {"S": change.changed_at},
        }
    )


def decode_change(item: Mapping[str, Any]) -> RouteChange:
    """Raises `RegistryError` for an item with a missing or misshapen attribute."""
    with _reading("audit"):
        return RouteChange(
            route=decode_route(item),
            action=item["action"]["S"],
            actor=item["actor"]["S"],
            changed_at=item["changed_at"]["S"],
        )


class _reading:  # noqa: N801 - reads as a verb at its call sites
    """Turns what goes wrong while an item is read into one error that names its kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, KeyError | TypeError | AttributeError | ValueError | RouteError):
            raise RegistryError(f"{self.kind} item is misshapen: {error!r}") from error
