"""Which route a request is, and which scope it needs."""

import pytest

from contracts.api_routes import HEALTH_ROUTES, MODEL_ROUTES, route_of, with_parameters
from contracts.protocol import SCOPE_INFER, SCOPE_READ

pytestmark = pytest.mark.unit

EVERY_ROUTE = (*HEALTH_ROUTES, *MODEL_ROUTES)


@pytest.mark.parametrize("route", EVERY_ROUTE)
def test_a_request_of_each_route_is_that_route_and_no_other(route: str) -> None:
    for value in ("magika", "7", "ready", "infer", "a.b", "%2F"):
        method, path = with_parameters(route, value).split()
        assert route_of(method, path) == route


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v2/"),
        ("POST", "/v2"),
        ("get", "/v2"),
        ("GET", "/prod/v2"),
        ("GET", "/v2/models"),
        ("GET", "/v2/models/"),
        ("GET", "/v2/models/a/"),
        ("GET", "/v2/models/a/infer"),
        ("POST", "/v2/models/a/ready"),
        ("POST", "/v2/models/a/b/infer"),
        ("POST", "/v2/models//infer"),
        ("DELETE", "/v2/models/a"),
        ("GET", "/v2/health"),
        ("GET", "/v2/health/live/x"),
        ("GET", "/v2/models/a\n/ready/x"),
    ],
)
def test_what_is_no_route_is_none(method: str, path: str) -> None:
    assert route_of(method, path) is None


def test_only_inference_needs_the_scope_to_infer() -> None:
    for route, scope in MODEL_ROUTES.items():
        assert scope == (SCOPE_INFER if route.endswith("/infer") else SCOPE_READ)
