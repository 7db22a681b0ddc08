"""Rules between the front door and the rest of a stack file.

Each yields its findings as lines that start with a key.
"""

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from contracts.api_routes import HEALTH_ROUTES
from settings import limits
from settings.access import TenantSettings
from settings.api import EMPTY, NETWORK
from settings.compute import Serving
from settings.section import each

if TYPE_CHECKING:
    from settings.root import Settings


def function_ends_before_the_gateway(settings: "Settings") -> Iterator[str]:
    gateway = settings.api.integration_timeout_seconds

    def check(entry: tuple[str, Serving]) -> Iterator[str]:
        key, timeout = entry[0], entry[1].timeout_seconds
        if timeout >= gateway:
            yield (
                f"{key}.timeout_seconds is {timeout}; it must be below "
                f"api.integration_timeout_seconds {gateway}, or the gateway gives up while "
                "the function still works (longer work needs an asynchronous job)"
            )

    yield from each(settings.keyed, check)


def routes_fit_the_gateway(settings: "Settings") -> Iterator[str]:
    routes = [*HEALTH_ROUTES, *(r for group in settings.groups for r in group.routes)]
    if settings.api.kind == "http":
        count, limit, what = len(routes), limits.HTTP_ROUTES, "routes"
    else:
        paths = (route.partition(" ")[2].split("/") for route in routes)
        nodes = {"/".join(path[:end]) for path in paths for end in range(1, len(path) + 1)}
        # Beside them there is one for every path without a route.
        count, limit, what = len(nodes) + 1, limits.REST_RESOURCES, "resources"
    if count > limit:
        listed = sum(len(group.models) for group in settings.groups if not group.is_default)
        yield (
            f"groups lists {listed} models by name, which makes {count} {what} with api.kind "
            f"{settings.api.kind!r}; at most {limit} are possible, because the gateway tells "
            "groups apart by route (models of the default group need none, other groups can have "
            "a stack of their own)"
        )


def the_firewall_lets_the_function_answer(settings: "Settings") -> Iterator[str]:
    firewall = settings.api.firewall
    if firewall is None:
        return

    def check(entry: tuple[str, Serving]) -> Iterator[str]:
        key, served = entry[0], entry[1].max_body_bytes
        if firewall.body_bytes <= served:
            yield (
                f"api.firewall.body_bytes is {firewall.body_bytes}; it must be above "
                f"{key}.max_body_bytes {served}, or the firewall refuses "
                "what the function would serve, or would refuse in words that help"
            )

    yield from each(settings.keyed, check)


def http_finds_keys_itself(settings: "Settings") -> Iterator[str]:
    if settings.api.kind == "http" and settings.identity.jwks_url is not None:
        yield (
            f"identity.jwks_url is {settings.identity.jwks_url!r} with api.kind 'http'; it must be "
            "null, because an HTTP API reads the issuer's discovery document and nothing else "
            "(an issuer without one needs kind 'rest')"
        )


def plans_need_a_key_that_no_caller_sends(settings: "Settings") -> Iterator[str]:
    if settings.api.usage_plan is not None and settings.identity.kind == "cognito":
        yield (
            "api.usage_plan is set with identity.kind 'cognito'; it must be null, because "
            "behind a pool's authorizer the gateway takes a plan's key from a header, a second "
            "secret of every caller (with identity.kind 'issuer' the authorizer function says "
            "whose plan a token counts to)"
        )


def tenants_fit_the_gateway(settings: "Settings") -> Iterator[str]:
    count, of_a_pool = len(settings.tenants), settings.identity.kind == "cognito"
    kind = settings.api.kind
    if of_a_pool and kind == "http" and count > limits.GATEWAY_AUDIENCES:
        yield (
            f"tenants has {count} entries; at most {limits.GATEWAY_AUDIENCES} are possible "
            "with identity.kind 'cognito' and api.kind 'http', because each is an audience of one "
            "authorizer (more callers need an outside issuer with one audience, or kind 'rest')"
        )
    if of_a_pool and kind == "rest" and count > limits.COGNITO_CLIENTS:
        yield (
            f"tenants has {count} entries; at most {limits.COGNITO_CLIENTS} are possible with "
            "identity.kind 'cognito', because each is a client of one pool (more callers need an "
            "outside issuer)"
        )
    if settings.api.usage_plan is not None and count > limits.GATEWAY_API_KEYS:
        yield (
            f"tenants has {count} entries with api.usage_plan set; at most "
            f"{limits.GATEWAY_API_KEYS} are possible, because each has a key and an account has no "
            "more in a region (set usage_plan null, or divide the tenants among accounts)"
        )


def the_network_has_its_endpoint(settings: "Settings") -> Iterator[str]:
    if NETWORK not in settings.api.private_endpoints:
        return
    network = settings.network
    if network.kind != "create":
        yield (
            f"api.private_endpoints has {NETWORK!r} while network.kind is {network.kind!r}; it "
            "must be 'create', whose endpoint is meant (of an existing network name the endpoint's "
            "id, vpce-...)"
        )
    elif "execute-api" not in network.interface_endpoints:
        yield (
            f"api.private_endpoints has {NETWORK!r} while network.interface_endpoints is "
            f"{list(network.interface_endpoints)}; it must have 'execute-api', or nobody reaches "
            "the API (add it with egress 'endpoints', or name an endpoint's id)"
        )


def isolated_tenants_have_names_that_lambda_takes(settings: "Settings") -> Iterator[str]:
    isolated = [key for key, group in settings.keyed if group.launch.tenancy == "isolated"]

    def check(entry: tuple[int, TenantSettings]) -> Iterator[str]:
        value = entry[1].claim_value
        if value is not None and not re.fullmatch(limits.LAMBDA_TENANT_ID, value):
            yield (
                f"tenants.{entry[0]}.claim_value is {value!r} while {isolated[0]}.launch.tenancy "
                f"is 'isolated'; it must match {limits.LAMBDA_TENANT_ID}, because Lambda takes no "
                "other name of a tenant (choose another identity.tenant_claim, or tenancy 'shared')"
            )

    if isolated:
        yield from each(enumerate(settings.tenants), check)


def the_laptop_has_a_plain_front_door(settings: "Settings") -> Iterator[str]:
    if settings.endpoint_url is None:
        return
    api = settings.api
    for key, value, why in (
        ("custom_domain", api.custom_domain, "answers under its own address alone"),
        ("firewall", api.firewall, "has a firewall that blocks nothing"),
        ("private_endpoints", api.private_endpoints, "isolates nothing"),
        ("usage_plan", api.usage_plan, "takes a plan's key from a header alone"),
    ):
        if value:
            yield (
                f"api.{key} is set while endpoint_url is {settings.endpoint_url!r}; it must be "
                f"{EMPTY[key]} for the laptop cloud, which {why}"
            )


RULES: Final[tuple[Callable[["Settings"], Iterator[str]], ...]] = (
    function_ends_before_the_gateway,
    routes_fit_the_gateway,
    the_firewall_lets_the_function_answer,
    http_finds_keys_itself,
    plans_need_a_key_that_no_caller_sends,
    tenants_fit_the_gateway,
    the_network_has_its_endpoint,
    isolated_tenants_have_names_that_lambda_takes,
    the_laptop_has_a_plain_front_door,
)
