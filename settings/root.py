"""A whole stack file, and the rules between its sections."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.registry import ANY_MODEL
from settings import compatibility, front_door, limits
from settings.access import Identity, TenantSettings
from settings.api import Api
from settings.compute import Functions, Serving, Shadow
from settings.features import switched_on
from settings.keys import Keys
from settings.launch import Layer
from settings.network import Network
from settings.observability import Observability
from settings.operations import Budget, Deployment, Naming, Protection, Storage
from settings.release import Release
from settings.section import Section, each, once, rule
from settings.values import Name


class Settings(Section):
    """A whole stack file."""

    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
    endpoint_url: Annotated[str, StringConstraints(pattern=r"^https?://127\.0\.0\.1:\d+$")] | None
    """Where the laptop cloud answers; null = AWS."""
    naming: Naming
    deployment: Deployment
    functions: Functions
    groups: tuple[Serving, ...] = Field(min_length=1, max_length=limits.SERVING_GROUPS)
    shadow: Shadow
    api: Api
    identity: Identity
    tenants: tuple[TenantSettings, ...] = Field(min_length=1)
    signing_keys: tuple[Name, ...] = Field(min_length=1, max_length=limits.SIGNING_KEYS)
    """Keys that manifests may be signed with; the first signs, all verify."""
    keys: Keys
    network: Network
    storage: Storage
    protection: Protection
    observability: Observability
    release: Release
    budget: Budget

    @rule
    def _the_laptop_keeps_its_own_state(self) -> Iterator[str]:
        if self.endpoint_url is not None and self.deployment.backend_url is not None:
            yield (
                f"deployment.backend_url is {self.deployment.backend_url!r} while endpoint_url is "
                f"{self.endpoint_url!r}; it must be null for the laptop cloud, whose state stays "
                "in its home"
            )

    @rule
    def _launches(self) -> Iterator[str]:
        for key, _ in self.keyed:
            yield from compatibility.problems(switched_on(self, key))

    @rule
    def _slow_requests_can_be_seen(self) -> Iterator[str]:
        promised = self.observability.objectives
        if promised is None:
            return

        def check(entry: tuple[str, Serving]) -> Iterator[str]:
            key, group = entry
            if promised.latency_ms >= group.timeout_seconds * 1000:
                yield (
                    f"observability.objectives.latency_ms is {promised.latency_ms} while "
                    f"{key}.timeout_seconds is {group.timeout_seconds}; it must be less than "
                    f"{group.timeout_seconds * 1000}, because what takes longer is stopped and "
                    "counts as failed, never as slow"
                )

        yield from each(self.keyed, check)

    @rule
    def _the_front_door_fits(self) -> Iterator[str]:
        yield from each(front_door.RULES, lambda check: check(self))

    @property
    def keyed(self) -> list[tuple[str, Serving]]:
        """The groups, each with its key."""
        return [(f"groups.{index}", group) for index, group in enumerate(self.groups)]

    @rule
    def _one_group_serves_the_rest(self) -> Iterator[str]:
        names = [group.name for group in self.groups if group.is_default]
        if len(names) != 1:
            yield (
                f"groups has {len(names)} with models ['{ANY_MODEL}'] "
                f"({', '.join(names) or 'none'}); it must be exactly one, which serves every model "
                "that no other group lists"
            )

    @rule
    def _group_names_once(self) -> Iterator[str]:
        yield from once("groups has names", (group.name for group in self.groups), "name")

    @rule
    def _a_model_is_of_one_group(self) -> Iterator[str]:
        groups_of: dict[str, list[str]] = {}
        for group in self.groups:
            for model in () if group.is_default else group.models:
                groups_of.setdefault(model, []).append(group.name)
        for model, names in groups_of.items():
            if len(names) > 1:
                yield (
                    f"groups lists model {model!r} in {' and '.join(names)}; it may stand once, "
                    "because all versions of a model share one function"
                )

    @rule
    def _layers_are_signed_by_those_listed(self) -> Iterator[str]:
        if self.functions.code_signing == "off":
            return
        listed = self.functions.extra_publishers

        def check(entry: tuple[str, Layer]) -> Iterator[str]:
            publisher = entry[1].publisher
            if publisher is not None and publisher not in listed:
                yield (
                    f"{entry[0]}.publisher is {publisher!r}; it must be one "
                    f"of functions.extra_publishers {list(listed)}, or Lambda refuses the layer "
                    f"{entry[1].arn}"
                )

        def check_all(entry: tuple[str, Serving]) -> Iterator[str]:
            key, group = entry
            layers = enumerate(group.launch.layers)
            yield from each(((f"{key}.launch.layers.{i}", layer) for i, layer in layers), check)

        yield from each(self.keyed, check_all)

    @rule
    def _warm_environments_are_allowed(self) -> Iterator[str]:
        def check(entry: tuple[str, Serving]) -> Iterator[str]:
            key, group = entry
            warm, reserved = group.launch.provisioned_concurrency, group.reserved_concurrency
            if reserved is not None and warm > reserved:
                yield (
                    f"{key}.launch.provisioned_concurrency is {warm}; it must be at most "
                    f"{key}.reserved_concurrency {reserved}, because Lambda keeps no more warm "
                    "than may run"
                )

        yield from each(self.keyed, check)

    @rule
    def _images_have_a_repository(self) -> Iterator[str]:
        if self.functions.images.signing_keys:
            return

        def check(entry: tuple[str, Serving]) -> Iterator[str]:
            if entry[1].launch.package == "image":
                yield (
                    f"{entry[0]}.launch.package is 'image' while functions.images.signing_keys is "
                    "[]; it must name a key that signs images, or nobody can check who made this "
                    "one"
                )

        yield from each(self.keyed, check)

    @rule
    def _images_lie_in_the_region(self) -> Iterator[str]:
        region = self.region

        def check(entry: tuple[str, Serving]) -> Iterator[str]:
            image = entry[1].launch.image
            if image is not None and f".dkr.ecr.{region}." not in image:
                yield (
                    f"{entry[0]}.launch.image is {image!r}; it must lie in aws:region {region!r}, "
                    "because Lambda takes images from its own region only"
                )

        yield from each(self.keyed, check)

    @rule
    def _only_the_laptop_has_a_folder_for_efs(self) -> Iterator[str]:
        efs = self.storage.efs
        if (
            efs is not None
            and efs.stand_in is not None
            and self.functions.architecture != "machine"
        ):
            yield (
                f"storage.efs.stand_in is {efs.stand_in!r} while functions.architecture is "
                f"{self.functions.architecture!r}; it must be null on AWS, where functions see no "
                "folder of this machine"
            )

    @rule
    def _the_laptop_isolates_nothing(self) -> Iterator[str]:
        if self.functions.architecture == "machine" and self.network.kind != "none":
            yield (
                f"network.kind is {self.network.kind!r} while functions.architecture is "
                "'machine'; it must be 'none' for the laptop cloud, whose emulator keeps a VPC as "
                "a record and isolates nothing"
            )

    @rule
    def _copies_reach_the_dead_letters(self) -> Iterator[str]:
        shadow = self.shadow

        def check(entry: tuple[str, Serving]) -> Iterator[str]:
            key, timeout, count = entry[0], entry[1].timeout_seconds, shadow.max_receive_count
            hidden = count * limits.SQS_VISIBILITY_FACTOR * timeout
            if entry[1].shadow and shadow.retention_seconds <= hidden:
                yield (
                    f"shadow.retention_seconds is {shadow.retention_seconds}; it must be above "
                    f"{hidden} (shadow.max_receive_count {count} x {limits.SQS_VISIBILITY_FACTOR} "
                    f"x {key}.timeout_seconds {timeout}), or a copy that fails expires unseen "
                    "before it reaches the dead-letter queue"
                )

        yield from each(self.keyed, check)

    @rule
    def _requests_keep_executions(self) -> Iterator[str]:
        copies = self.shadow.maximum_concurrency

        def check(entry: tuple[str, Serving]) -> Iterator[str]:
            key, reserved = entry[0], entry[1].reserved_concurrency
            if entry[1].shadow and reserved is not None and copies >= reserved:
                yield (
                    f"shadow.maximum_concurrency is {copies}; it must be below "
                    f"{key}.reserved_concurrency {reserved}, or copies take every execution and "
                    "requests are throttled"
                )

        yield from each(self.keyed, check)

    @rule
    def _signing_keys_once(self) -> Iterator[str]:
        yield from once("signing_keys is", self.signing_keys, "name")

    @rule
    def _existing_signing_keys_are_named(self) -> Iterator[str]:
        for index, key in enumerate(self.keys.signing):
            if key.name not in self.signing_keys:
                yield (
                    f"keys.signing.{index}.name is {key.name!r}; it must be one of signing_keys "
                    f"{list(self.signing_keys)}, or nothing is signed or verified with it"
                )

    @rule
    def _keys_are_in_the_region(self) -> Iterator[str]:
        for where, arn in self.keys.all_arns.items():
            if arn.split(":")[3] != self.region:
                yield (
                    f"keys.{where} is {arn!r}; it must be in {self.region}, because services use "
                    "keys of their own region alone"
                )

    @rule
    def _tenant_names_once(self) -> Iterator[str]:
        yield from once("tenants has names", (tenant.name for tenant in self.tenants), "name")

    @rule
    def _claim_values_once(self) -> Iterator[str]:
        claims = [t.claim_value for t in self.tenants if t.claim_value is not None]
        if len(set(claims)) != len(claims):
            yield "tenants has a claim_value twice; one value means one tenant"

    @rule
    def _claim_values(self) -> Iterator[str]:
        kind = self.identity.kind

        def check(entry: tuple[int, TenantSettings]) -> Iterator[str]:
            key, value = f"tenants.{entry[0]}.claim_value", entry[1].claim_value
            if kind == "cognito" and value is not None:
                yield (
                    f"{key} is {value!r}; it must be null with identity.kind 'cognito', which "
                    "makes the client whose id it is"
                )
            if kind == "issuer" and value is None:
                yield (
                    f"{key} is null; with identity.kind 'issuer' it is the value of "
                    "identity.tenant_claim in the caller's tokens"
                )

        yield from each(enumerate(self.tenants), check)

    @rule
    def _scopes(self) -> Iterator[str]:
        kind = self.identity.kind

        def check(entry: tuple[int, TenantSettings]) -> Iterator[str]:
            key, scopes = f"tenants.{entry[0]}.scopes", entry[1].scopes
            if kind == "cognito" and not scopes:
                yield (
                    f"{key} is []; with identity.kind 'cognito' a client needs at least one scope"
                )
            if kind == "issuer" and scopes:
                yield (
                    f"{key} is {list(scopes)}; it must be [] with identity.kind 'issuer', which "
                    "grants scopes itself"
                )

        yield from each(enumerate(self.tenants), check)
