"""Changes of a route: one transaction with an expected revision and an audit item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from automation.errors import Failure
from automation.models import transaction
from automation.models.failures import Conflict, NotFound
from automation.models.registry import IS_NEW, Registry, at_revision, now
from contracts import registry as items
from contracts.registry import RouteChange, VersionState
from contracts.route import FULL_WEIGHT, Route
from model_images.problems import Problem

MAX_VERSIONS = transaction.MAX_ITEMS - 2
"""Versions that one route may mention: the route and its audit item are the other two items."""
ROUTE, ROLLBACK = "route", "rollback"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A route before and after a command; `changed` False = it was so already."""

    before: Route | None
    after: Route
    changed: bool


def change_route(
    registry: Registry, wanted: Route, *, expect: int | None = None, action: str = ROUTE
) -> Outcome:
    """Make the route of `wanted.model` say what `wanted` says; its revision is not looked at.

    `expect` is the revision that the caller has seen, 0 = no route yet. Raises `Conflict` when
    the route is at another one, or changes meanwhile; `NotFound` or `Failure` when a version is
    missing or retired. Either everything is written or nothing.
    """
    registry.require_home_region()
    model = wanted.model
    before = registry.route(model)
    revision = before.revision if before else 0
    if expect is not None and expect != revision:
        raise Conflict(model, expect, before)
    after = replace(wanted, revision=revision + 1, standby=tuple(sorted(wanted.standby)))
    if before is not None and replace(after, revision=revision) == before:
        return Outcome(before=before, after=before, changed=False)
    require_ready(registry, after)
    change = RouteChange(route=after, action=action, actor=registry.actor(), changed_at=now())
    condition, values = at_revision(before)
    try:
        registry.write(
            registry.put(items.encode_route(after), condition, values),
            registry.put(items.encode_change(change), IS_NEW),
            *(registry.is_ready(model, version) for version in after.versions),
        )
    except (transaction.Cancelled, transaction.Unanswered) as error:
        # A repeated request may meet its own success: the audit item tells whose change it was.
        written = registry.change(model, after.revision)
        if written == change:
            return Outcome(before=before, after=after, changed=True)
        present = registry.route(model)
        if (present.revision if present else 0) != revision:
            raise Conflict(model, revision, present) from error
        require_ready(registry, after)
        if written is not None:
            raise Failure(
                f"the route of {model} is at revision {revision}, but the audit trail already has "
                f"revision {after.revision}: someone removed the route item or put an old one back",
                "Restore the route item of the latest audit item in the registry table.",
            ) from error
        raise Failure(
            f"the registry gave no clear answer; the route of {model} is still at revision "
            f"{revision}",
            "Run the same command again.",
        ) from error
    return Outcome(before=before, after=after, changed=True)


def edited(
    model: str,
    present: Route | None,
    weights: Mapping[int, int],
    *,
    shadow: int | None = None,
    standby: Sequence[int] | None = None,
    sticky_header: str | None = None,
    keep_shadow: bool = True,
    keep_sticky_header: bool = True,
) -> Route:
    """The route with new weights; what is not named stays, unless it has weight now.

    Raises `contracts.route.RouteError`.
    """
    if shadow is None and keep_shadow and present is not None:
        shadow = present.shadow if present.shadow not in weights else None
    if standby is None:
        kept = present.standby if present else ()
        standby = [version for version in kept if version not in weights]
    if sticky_header is None and keep_sticky_header and present is not None:
        sticky_header = present.sticky_header
    return Route(
        model=model,
        revision=present.revision + 1 if present else 1,
        weights=tuple(sorted(weights.items())),
        shadow=shadow,
        standby=tuple(standby),
        sticky_header=sticky_header,
    )


def rollback(
    registry: Registry, model: str, *, to: int | None = None, expect: int | None = None
) -> Outcome:
    """Go back: to the route before the latest change, or with `to` to that version alone.

    Asked twice, the second changes nothing: a rollback is never rolled back, so that a nervous
    repetition does not bring the bad version back.
    """
    present = require_route(registry, model)
    if to is not None:
        wanted = edited(model, present, {to: FULL_WEIGHT})
        return change_route(registry, wanted, expect=expect, action=ROLLBACK)
    if expect is not None and expect != present.revision:
        raise Conflict(model, expect, present)
    latest = registry.change(model, present.revision)
    if latest is not None and latest.action == ROLLBACK:
        return Outcome(before=present, after=present, changed=False)
    earlier = registry.change(model, present.revision - 1)
    if earlier is None:
        raise Failure(
            f"the route of {model} is at revision {present.revision}, and the audit trail holds "
            "none before it",
            f"Name a version: `warmline models rollback {model} --to VERSION`.",
        )
    return change_route(registry, earlier.route, expect=present.revision, action=ROLLBACK)


def require_route(registry: Registry, model: str) -> Route:
    route = registry.route(model)
    if route is None:
        raise NotFound(
            f"{model} has no route yet, so no version of it answers",
            f"Give it one: `warmline models route {model} --to 1=10000`.",
        )
    return route


def require_ready(registry: Registry, route: Route) -> None:
    """Raises `Failure` that names every version which is missing or retired."""
    problems: list[Problem] = []
    if len(route.versions) > MAX_VERSIONS:
        problems.append(
            Problem(
                key="number of versions",
                value=str(len(route.versions)),
                limit=f"at most {MAX_VERSIONS}",
                reason="each is checked in the one transaction that changes the route",
                way_out="Put fewer on standby.",
            )
        )
    for version in route.versions[:MAX_VERSIONS]:
        record = registry.version(route.model, version)
        if record is None or record.state is not VersionState.READY:
            problems.append(
                Problem(
                    key=f"version {version}",
                    value="not registered" if record is None else "retired",
                    limit="READY",
                    reason="a route to it would answer with errors",
                    way_out="Push it first." if record is None else "Push it as a new version.",
                )
            )
    if problems:
        listed = "".join(f"\n  - {problem}. {problem.way_out}" for problem in problems)
        raise Failure(
            f"the route of {route.model} cannot be so:{listed}",
            f"See what is there: `warmline models show {route.model}`.",
        )
