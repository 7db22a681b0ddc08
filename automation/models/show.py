"""How model commands show what they found: JSON documents, and lines for people."""

import itertools
import json
from typing import TYPE_CHECKING, Any

from automation.models.registry import Registry
from contracts.manifest import Manifest
from contracts.registry import ModelRecord, RouteChange, VersionRecord
from contracts.route import Route

if TYPE_CHECKING:
    from automation.models.push import Pushed
    from automation.models.routes import Outcome

HISTORY = 20
"""Changes that `show` tells, newest first."""


def route(found: Route | None) -> dict[str, Any] | None:
    if found is None:
        return None
    return {
        "revision": found.revision,
        "weights": {str(version): weight for version, weight in found.weights},
        "shadow": found.shadow,
        "standby": list(found.standby),
        "sticky_header": found.sticky_header,
    }


def outcome(found: "Outcome") -> dict[str, Any]:
    return {
        "changed": found.changed,
        "before": route(found.before),
        "after": route(found.after),
    }


def change(found: RouteChange) -> dict[str, Any]:
    return {
        "action": found.action,
        "actor": found.actor,
        "changed_at": found.changed_at,
        "route": route(found.route),
    }


def version(found: VersionRecord) -> dict[str, Any]:
    return {
        "model": found.model,
        "version": found.version,
        "state": str(found.state),
        "created_at": found.created_at,
        "signing_key": found.signature.key if found.signature else None,
        "manifest": json.loads(Manifest.parse(found.manifest.encode()).canonical()),
    }


def pushed(found: "Pushed") -> dict[str, Any]:
    return {
        "model": found.manifest.model,
        "version": found.manifest.version,
        "created": found.created,
        "signing_key": found.signature.key if found.signature else None,
        "manifest": json.loads(found.manifest.canonical()),
    }


def model(registry: Registry, record: ModelRecord, *, history: bool = False) -> dict[str, Any]:
    document: dict[str, Any] = {
        "model": record.model,
        "serving_group": record.serving_group,
        "route": route(registry.route(record.model)),
        "versions": [_summary(found) for found in registry.versions(record.model)],
    }
    if history:
        changes = itertools.islice(registry.history(record.model), HISTORY)
        document["history"] = [change(found) for found in changes]
    return document


def _summary(found: VersionRecord) -> dict[str, Any]:
    manifest = Manifest.parse(found.manifest.encode())
    return {
        "version": found.version,
        "state": str(found.state),
        "created_at": found.created_at,
        "signing_key": found.signature.key if found.signature else None,
        "size_bytes": manifest.size_bytes,
        "max_batch_size": manifest.max_batch_size,
    }


def route_line(found: Route | None) -> str:
    """`revision 3: 1 90 %, 2 10 %; shadow 3; standby 4; sticky by x-user`."""
    return _route_text(route(found))


def model_lines(document: dict[str, Any]) -> list[str]:
    lines = [
        f"{document['model']} (serving group {document['serving_group']})",
        f"  route      {_route_text(document['route'])}",
    ]
    lines += [
        f"  version {found['version']:<3}{found['state']:<8} {found['size_bytes']:>12} bytes  "
        f"{_when(found['created_at'])}  signed with {found['signing_key'] or 'nothing'}"
        for found in document["versions"]
    ]
    lines += [
        f"  {_when(found['changed_at'])}  {found['action']:<8} {_route_text(found['route'])}  "
        f"by {found['actor']}"
        for found in document.get("history", [])
    ]
    return lines


def _when(time: str) -> str:
    """The registry's UTC time, to the second."""
    return f"{time[:19]}Z"


def _route_text(found: dict[str, Any] | None) -> str:
    if found is None:
        return "none (no version answers)"
    weights = ", ".join(f"{v} {int(w) / 100:g} %" for v, w in found["weights"].items())
    parts = [f"revision {found['revision']}: {weights}"]
    if found["shadow"] is not None:
        parts.append(f"shadow {found['shadow']}")
    if found["standby"]:
        parts.append(f"standby {', '.join(map(str, found['standby']))}")
    if found["sticky_header"] is not None:
        parts.append(f"sticky by {found['sticky_header']}")
    return "; ".join(parts)
