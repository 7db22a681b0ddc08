"""Routes of the API and the scope that each needs: both kinds of front door, the functions behind
them and whoever judges a token read them here.
"""

import re

from contracts.protocol import SCOPE_INFER, SCOPE_READ

HEALTH_ROUTES = ("GET /v2/health/live", "GET /v2/health/ready")
"""Open to everyone, so they never reach the inference function."""
MODEL_ROUTES = {
    "GET /v2": SCOPE_READ,
    "GET /v2/models/{model}": SCOPE_READ,
    "GET /v2/models/{model}/ready": SCOPE_READ,
    "GET /v2/models/{model}/versions/{version}": SCOPE_READ,
    "GET /v2/models/{model}/versions/{version}/ready": SCOPE_READ,
    "POST /v2/models/{model}/infer": SCOPE_INFER,
    "POST /v2/models/{model}/versions/{version}/infer": SCOPE_INFER,
}
"""Route -> the scope that a token needs. `{name}` stands for one segment of a path."""


def routes_of(model: str) -> dict[str, str]:
    """The routes of one model -> their scopes, for a model that has a function of its own.

    A gateway prefers a segment that is written out to one in braces, so these win over those of
    `MODEL_ROUTES`.
    """
    return {
        route.replace("{model}", model): scope
        for route, scope in MODEL_ROUTES.items()
        if "{model}" in route
    }


def names_a_model(path: str) -> bool:
    """Whether a path of a route is one of `routes_of`, where a model is written out."""
    return _OF_A_MODEL.match(path) is not None


_OF_A_MODEL = re.compile("/v2/models/[^{]")
_PARAMETER = re.compile(r"\{\w+\}")


def with_parameters(route: str, value: str) -> str:
    """The route with `value` in place of each parameter; say, a wildcard."""
    return value.join(_PARAMETER.split(route))


def route_of(method: str, path: str) -> str | None:
    """The route that a gateway takes a request for; `None` where no route has this path.

    `path` stands as the caller wrote it, without a stage.
    """
    asked = f"{method} {path}"
    return next((route for route, known in _PATTERNS.items() if known.fullmatch(asked)), None)


_PATTERNS = {
    route: re.compile("[^/]+".join(map(re.escape, _PARAMETER.split(route))))
    for route in (*HEALTH_ROUTES, *MODEL_ROUTES)
}
