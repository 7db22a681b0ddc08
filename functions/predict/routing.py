"""Which version answers. Pure, and quick enough to run on every request."""

from collections.abc import Mapping
from hashlib import blake2b

from contracts.route import FULL_WEIGHT, Route


def share(model: str, key: str) -> int:
    """Where a key lies among the basis points of a model's traffic, 0 to 9,999; always the same."""
    digest = blake2b(f"{model}\0{key}".encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % FULL_WEIGHT


def choose(route: Route, headers: Mapping[str, str], request_id: str) -> int:
    """The version for this request.

    Versions take adjoining ranges in ascending order, so as the newest (or the oldest) version's
    weight grows its range only grows: a key that once met a canary stays with it.
    """
    if len(route.weights) == 1:
        return route.weights[0][0]
    key = request_id
    if route.sticky_header is not None:
        key = headers.get(route.sticky_header) or request_id
    point = share(route.model, key)
    for version, weight in route.weights:
        point -= weight
        if point < 0:
            return version
    raise AssertionError("the weights of a route sum to FULL_WEIGHT")


def main_version(route: Route) -> int:
    """The version that answers most requests, the newest among equals."""
    return max(route.weights, key=lambda entry: (entry[1], entry[0]))[0]


def ready_versions(route: Route) -> tuple[int, ...]:
    """Versions that an environment keeps in memory: those with weight, then those on standby."""
    return (*(version for version, _ in route.weights), *route.standby)
