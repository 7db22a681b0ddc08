"""`warmline token`: an access token for a tenant, by client credentials."""

import base64
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from typing import Any

from automation.errors import Failure
from automation.outputs import Outputs
from contracts.protocol import SCOPE_INFER, SCOPE_READ

SCOPES = (SCOPE_INFER, SCOPE_READ)
"""What a caller of models needs; `models/write` is asked for by name."""
TIMEOUT_SECONDS = 10


def obtain(result: Outputs, *, tenant: str | None = None, scopes: Iterable[str] = SCOPES) -> str:
    """An access token; the client's secret is read from Cognito at this moment and not kept.

    Raises `Failure` for a tenant that the stack does not have, and when the issuer refuses.
    """
    pool = result.values.get("user_pool_id")
    if pool is None:
        raise Failure(
            f"stack {result.stack} takes the tokens of an outside issuer, which keeps the secrets",
            f"Ask it for one: {result.values.get('token_url') or 'its documentation says where'}",
        )
    client_id = _client_id(result, tenant)
    described = result.clients("cognito-idp").describe_user_pool_client(
        UserPoolId=str(pool), ClientId=client_id
    )
    secret = described["UserPoolClient"]["ClientSecret"]
    allowed = described["UserPoolClient"].get("AllowedOAuthScopes") or []
    form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
    basic = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    body = urllib.parse.urlencode(form).encode()
    try:
        answer = post(result, str(result["token_url"]), body, headers, seconds=TIMEOUT_SECONDS)
        return answer["access_token"]
    except urllib.error.HTTPError as error:
        detail = error.read().decode("utf-8", "replace").strip()
        raise Failure(
            f"{result['token_url']} refused a token for scope {form['scope']!r}: "
            f"{error.code} {detail}",
            f"Ask for scopes that the tenant's client has ({', '.join(allowed) or 'none'}), or "
            f"give the tenant more in Pulumi.{result.stack}.yaml, warmline:tenants.",
        ) from error


def post(
    result: Outputs, url: str, body: bytes, headers: dict[str, str], *, seconds: float
) -> dict[str, Any]:
    """The JSON that an address of the stack answers.

    Raises `Failure` where nothing answers, and `HTTPError` for a refusal, which each caller reads.
    """
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - the stack's own output
    try:
        with opener(result).open(request, timeout=seconds) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        raise
    except urllib.error.URLError as error:
        raise Failure(
            f"{url} does not answer: {error.reason}",
            f"See what runs: warmline status; bring it up: warmline up --stack {result.stack}",
        ) from error


def opener(result: Outputs) -> urllib.request.OpenerDirector:
    """Opens addresses of the stack and follows no redirect, which would take the credentials
    along; those of the emulator never go through a proxy."""
    if result.endpoint_url is None:
        return urllib.request.build_opener(_NoRedirects)
    return urllib.request.build_opener(
        _NoRedirects,
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=result.ca_bundle)),
    )


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: object, **_options: object) -> None:
        return None


def _client_id(result: Outputs, tenant: str | None) -> str:
    if tenant is None:
        return str(result["client_id"])
    tenants = dict(result["tenants"])
    if tenant not in tenants:
        raise Failure(
            f"stack {result.stack} has no tenant {tenant!r}",
            f"Tenants: {', '.join(sorted(tenants)) or 'none'} (set in Pulumi.{result.stack}.yaml).",
        )
    return str(tenants[tenant])
