"""What a stack file says of the front door."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, StringConstraints

from settings import limits
from settings.section import Section, once, rule
from settings.values import Origin

EMPTY: Final[Mapping[str, str]] = {
    "custom_domain": "null",
    "firewall": "null",
    "private_endpoints": "[]",
    "usage_plan": "null",
}
"""Key -> how a stack file says that there is none."""
NETWORK: Final = "network"
"""Among the private endpoints: the one of the stack's own network."""
_NEEDS_REST: Final[Mapping[str, str]] = {
    "firewall": "no firewall can stand in front of an HTTP API",
    "private_endpoints": "an HTTP API always answers on the internet",
    "usage_plan": "an HTTP API has no limits per caller",
}


class Cors(Section):
    """Which browser pages may call the API."""

    allow_origins: tuple[Origin, ...] = Field(min_length=1)
    """Origins as browsers send them: scheme and host, no path, no slash at the end, no wildcard."""
    max_age_seconds: int = Field(ge=0, le=86_400)
    """Seconds that a browser remembers the permission."""


class CustomDomain(Section):
    """A name of your own for the API; the address that AWS makes is switched off."""

    name: Annotated[
        str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$")
    ]
    """For example `models.example.com`."""
    certificate_arn: Annotated[
        str,
        StringConstraints(
            pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate/[A-Za-z0-9-]+$"
        ),
    ]
    """Of an issued certificate for the name, in the stack's region."""
    zone_id: Annotated[str, StringConstraints(pattern=r"^Z[A-Z0-9]{1,31}$")] | None
    """Route 53 zone that gets the record; null = the name is pointed to the API elsewhere."""
    minimum_tls: Literal["1.2", "1.3"]
    """Oldest version of TLS that is spoken."""


class Firewall(Section):
    """AWS WAF in front of the API: rules that AWS maintains, and limits."""

    body_bytes: int = Field(ge=1, le=limits.GATEWAY_BODY_BYTES)
    """Largest `Content-Length` that passes; the function's own, lower limit explains itself."""
    requests_per_address: int = Field(
        ge=limits.FIREWALL_RATE_REQUESTS[0], le=limits.FIREWALL_RATE_REQUESTS[1]
    )
    """Requests in five minutes from one address, all tenants behind it together."""


class UsagePlan(Section):
    """What each tenant may ask of the API, beside the limits of all together."""

    rate_limit_per_second: int = Field(ge=1, le=limits.GATEWAY_RATE_PER_SECOND)
    """Requests per second that a tenant may send for long."""
    burst_limit: int = Field(ge=1, le=limits.GATEWAY_BURST)
    """Requests that may come at once before the rate counts."""
    requests_per_day: int = Field(ge=1, le=limits.GATEWAY_QUOTA_REQUESTS)
    """Requests that a tenant may send in a day (UTC)."""


class Api(Section):
    """The front door."""

    kind: Literal["http", "rest"]
    """An HTTP API of API Gateway: cheap, any issuer's tokens. Or a REST API: firewall, private
    endpoint, a plan per tenant, problem documents for what the gateway itself refuses."""
    integration_timeout_seconds: int = Field(ge=1)
    """Seconds that the gateway waits for a function."""
    rate_limit_per_second: int = Field(ge=1, le=limits.GATEWAY_RATE_PER_SECOND)
    """Requests per second that all callers together may send for long."""
    burst_limit: int = Field(ge=1, le=limits.GATEWAY_BURST)
    """Requests that may come at once before the rate counts."""
    cors: Cors | None
    """Which browser pages may call the API; null = none."""
    custom_domain: CustomDomain | None
    """The API's own name; null = the address that AWS makes."""
    firewall: Firewall | None
    """AWS WAF; null = none. Needs kind `rest`."""
    private_endpoints: tuple[
        Annotated[str, StringConstraints(pattern=rf"^({NETWORK}|vpce-[0-9a-f]{{8,17}})$")], ...
    ]
    """VPC endpoints (of `execute-api`) that alone reach the API, by id; `network` = that of the
    network which the stack makes; [] = it answers on the internet. Needs kind `rest`."""
    usage_plan: UsagePlan | None
    """Limits of each tenant; null = none. Needs kind `rest` and an outside issuer."""

    @rule
    def _gateway_waits(self) -> Iterator[str]:
        if self.integration_timeout_seconds > limits.GATEWAY_INTEGRATION_SECONDS:
            yield (
                f"integration_timeout_seconds is {self.integration_timeout_seconds}; it may be at "
                f"most {limits.GATEWAY_INTEGRATION_SECONDS}, because the gateway gives up then "
                "whatever the function does (longer work needs an asynchronous job)"
            )

    @rule
    def _http_has_less(self) -> Iterator[str]:
        if self.kind == "rest":
            return
        for key, why in _NEEDS_REST.items():
            if getattr(self, key):
                yield (
                    f"{key} is set with kind 'http'; it must be {EMPTY[key]}, because {why} (or "
                    "choose kind 'rest')"
                )

    @rule
    def _pages_call_an_http_api(self) -> Iterator[str]:
        if self.kind == "rest" and self.cors is not None:
            yield (
                "cors is set with kind 'rest'; it must be null, because only an HTTP API answers "
                "for CORS by itself (let pages call a server of yours, or choose kind 'http')"
            )

    @rule
    def _old_tls_is_what_http_has(self) -> Iterator[str]:
        domain = self.custom_domain
        if self.kind == "http" and domain is not None and domain.minimum_tls != "1.2":
            yield (
                f"custom_domain.minimum_tls is {domain.minimum_tls!r} with kind 'http'; it must be "
                "'1.2', the only policy that an HTTP API has (or kind 'rest')"
            )

    @rule
    def _private_needs_no_public_name(self) -> Iterator[str]:
        if self.private_endpoints and self.custom_domain is not None:
            yield (
                f"custom_domain is set with private_endpoints {list(self.private_endpoints)}; it "
                "must be null, because a regional name does not lead to a private API (resolve the "
                "API's own name through the endpoint's private DNS)"
            )

    @rule
    def _private_endpoints_once(self) -> Iterator[str]:
        yield from once("private_endpoints is", self.private_endpoints, "endpoint")

    @rule
    def _private_endpoints_fit_a_policy(self) -> Iterator[str]:
        count = len(self.private_endpoints)
        if count > limits.GATEWAY_PRIVATE_ENDPOINTS:
            yield (
                f"private_endpoints has {count} entries; at most "
                f"{limits.GATEWAY_PRIVATE_ENDPOINTS} are possible, because the API's policy names "
                f"each and takes {limits.GATEWAY_POLICY_CHARACTERS} characters (let networks share "
                "an endpoint, by peering or a transit gateway)"
            )

    @rule
    def _a_plan_limits_more_than_all_are(self) -> Iterator[str]:
        plan = self.usage_plan
        if plan is None:
            return
        for key in ("rate_limit_per_second", "burst_limit"):
            mine, all_together = getattr(plan, key), getattr(self, key)
            if mine > all_together:
                yield (
                    f"usage_plan.{key} is {mine}; it may be at most {key} {all_together}, because "
                    "no tenant gets more than all of them together (lower it, or raise the other)"
                )
