"""The authorizer function in its archive, behind a REST API, with an issuer that speaks TLS."""

import http.server
import io
import json
import ssl
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import urllib3

from automation.clients import Clients
from components import packaging
from contracts.authorizer import CREDENTIALS, MAX_TOKEN_CHARACTERS, RESULT_TTL_SECONDS
from contracts.env import AuthorizeEnv
from contracts.protocol import SCOPE_READ
from functions.authorize import documents as asking
from functions.authorize.issuer import fetch_keys
from functions.authorize.refusals import IssuerUnavailable
from functions.shared.deadline import Deadline
from tests.emulated.misbehaving_server import Server, certified, hangs, says
from tests.unit.authorize.issuer import (
    AUDIENCE,
    claims,
    key_set,
    public_jwk,
    raw_token,
    rsa_key,
    token,
)

pytestmark = [pytest.mark.emulated, pytest.mark.usefixtures("credentials")]

REGION = "us-east-1"
ROLE = "arn:aws:iam::000000000000:role/authorize"
ECHO = """
import json
def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["requestContext"]["authorizer"])}
"""
KEYS = json.dumps(key_set(public_jwk(rsa_key(), kid="k1"))).encode()


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """A certificate for loopback that this process trusts."""
    bundle = tmp_path / "bundle.pem"
    context = certified(bundle)
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    asking._tls.cache_clear()
    yield context
    asking._tls.cache_clear()


def get(url: str, seconds: float = 3) -> bytes:
    return asking.https_get(url, Deadline.after(seconds))


def test_the_issuer_is_asked_over_tls(trusted: ssl.SSLContext) -> None:
    with Server(says(200, KEYS), tls=trusted) as server:
        found = fetch_keys("https://unused.example", f"{server.url}/keys?set=1")
        assert set(found) == {("k1", "RS256")}
        assert server.requests == ["/keys?set=1"]


@pytest.mark.parametrize("framing", ["length", "end"])
def test_an_issuer_may_close_the_connection_after_its_answer(
    trusted: ssl.SSLContext, framing: str
) -> None:
    body = b" " * 60_000

    def closes(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        if framing == "length":
            handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with Server(closes, tls=trusted) as server:
        assert get(server.url) == body


def test_an_issuer_whose_certificate_is_not_trusted_is_not_listened_to(tmp_path: Path) -> None:
    asking._tls.cache_clear()
    with (
        Server(says(200, KEYS), tls=certified(tmp_path / "unused.pem")) as server,
        pytest.raises(IssuerUnavailable, match="SSLCertVerificationError"),
    ):
        get(server.url)


def redirects(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(302)
    handler.send_header("Location", "/elsewhere")
    handler.send_header("Content-Length", "0")
    handler.end_headers()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (redirects, "answers 302"),
        (says(404, b""), "answers 404"),
        (says(503, b""), "answers 503"),
        (says(200, b"x" * (asking.MAX_DOCUMENT_BYTES + 1)), "more than 65536 bytes"),
        (says(200, b"{}", length=10_000_000), "IncompleteRead"),
    ],
)
def test_what_is_no_plain_answer_of_bounded_size_is_refused(
    trusted: ssl.SSLContext, answer: Any, why: str
) -> None:
    with Server(answer, tls=trusted) as server:
        with pytest.raises(IssuerUnavailable, match=why):
            get(server.url)
        assert server.requests == ["/"]


def drips(handler: http.server.BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(20):
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.1)


@pytest.mark.parametrize("answer", [hangs, drips])
def test_an_issuer_that_is_slow_gets_its_time_and_no_more(
    trusted: ssl.SSLContext, answer: Any
) -> None:
    with Server(answer, tls=trusted) as server:
        started = time.monotonic()
        with pytest.raises(IssuerUnavailable, match="TimeoutError"):
            get(server.url, seconds=0.5)
        assert time.monotonic() - started < 1.2


@dataclass
class Gateway:
    """A REST API with two routes behind the authorizer."""

    url: str
    issuer: Server
    host: str
    sent: list[int] = field(default_factory=list)

    def ask(self, method: str, path: str, text: str | None) -> urllib3.BaseHTTPResponse:
        headers = {} if text is None else {"Authorization": f"Bearer {text}"}
        return urllib3.PoolManager().request(method, f"{self.url}{path}", headers=headers)

    def token(self, **changes: Any) -> str:
        now = int(time.time())
        times = {"iat": now, "nbf": now, "exp": now + 300}
        return token(claims(**({"iss": self.host, "aud": AUDIENCE} | times | changes)))


@pytest.fixture(scope="module")
def gateway(
    bare_emulator: str, tmp_path_factory: pytest.TempPathFactory, credentials: None
) -> Iterator[Gateway]:
    bundle = tmp_path_factory.mktemp("issuer") / "bundle.pem"
    documents: dict[str, bytes] = {}

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        says(200, documents[handler.path])(handler)

    clients = Clients(region=REGION, endpoint_url=bare_emulator)
    with Server(answer, tls=certified(bundle)) as issuer:
        documents[asking.DISCOVERY_PATH] = json.dumps(
            {"issuer": issuer.url, "jwks_uri": f"{issuer.url}/keys"}
        ).encode()
        documents["/keys"] = KEYS
        archive = packaging.build("authorize", python_version="machine", architecture="machine")
        environment = {
            AuthorizeEnv.ISSUER: issuer.url,
            AuthorizeEnv.JWKS_URL: "",
            AuthorizeEnv.AUDIENCE: json.dumps([AUDIENCE]),
            AuthorizeEnv.TENANT_CLAIM: "tenant",
            AuthorizeEnv.USAGE_PLANS_OF: "",
            "SSL_CERT_FILE": str(bundle),
        }
        authorizer = made(
            clients, "authorize", archive.path.read_bytes(), archive.handler, environment
        )
        echo = io.BytesIO()
        with zipfile.ZipFile(echo, "w") as file:
            file.writestr("echo.py", ECHO)
        behind = made(clients, "echo", echo.getvalue(), "echo.handler", {})
        api_id = front_door(clients("apigateway"), authorizer, behind)
        url = f"{bare_emulator}/_aws/execute-api/{api_id}/v1"
        yield Gateway(url=url, issuer=issuer, host=issuer.url)


def made(clients: Clients, name: str, code: bytes, handler: str, environment: Any) -> str:
    function = clients("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=ROLE,
        Handler=handler,
        Code={"ZipFile": code},
        Timeout=5,
        Environment={"Variables": {str(key): value for key, value in environment.items()}},
    )
    arn = function["FunctionArn"]
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def front_door(api: Any, authorizer: str, behind: str) -> str:
    api_id = api.create_rest_api(name="front")["id"]
    judge = api.create_authorizer(
        restApiId=api_id,
        name="judge",
        type="TOKEN",
        authorizerUri=authorizer,
        identitySource="method.request.header.Authorization",
        identityValidationExpression=f"^{CREDENTIALS}$",
        authorizerResultTtlInSeconds=RESULT_TTL_SECONDS,
    )["id"]
    (root,) = api.get_resources(restApiId=api_id)["items"]
    places = {"": root["id"]}
    for path, method in (("v2", "GET"), ("v2/models/{model}/infer", "POST")):
        parts = path.split("/")
        for count in range(1, len(parts) + 1):
            name = "/".join(parts[:count])
            if name not in places:
                places[name] = api.create_resource(
                    restApiId=api_id,
                    parentId=places["/".join(parts[: count - 1])],
                    pathPart=parts[count - 1],
                )["id"]
        where = {"restApiId": api_id, "resourceId": places[path], "httpMethod": method}
        api.put_method(**where, authorizationType="CUSTOM", authorizerId=judge)
        api.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=behind)
    api.create_deployment(restApiId=api_id, stageName="v1")
    return api_id


def test_a_good_token_reaches_the_function_behind_with_what_it_stands_for(gateway: Gateway) -> None:
    answer = gateway.ask("POST", "/v2/models/magika/infer", gateway.token())
    assert answer.status == 200, answer.data
    seen = answer.json()
    assert seen["tenant"] == "acme"
    assert seen["scope"] == "models/infer models/read"
    assert seen["client_id"] == seen["principalId"] == "client-7"


def test_one_answer_serves_every_route_of_the_scopes_and_no_other(gateway: Gateway) -> None:
    text = gateway.token(scope=SCOPE_READ)
    assert gateway.ask("GET", "/v2", text).status == 200
    refused = gateway.ask("POST", "/v2/models/magika/infer", text)
    assert refused.status == 403
    assert b"not authorized" in refused.data.lower()
    assert gateway.ask("GET", "/v2", text).status == 200
    assert gateway.ask("GET", "/v2", gateway.token(scope="openid")).status == 403


BAD: dict[str, Callable[[Gateway], str | None]] = {
    "none": lambda _: None,
    "garbage": lambda _: "garbage",
    "expired": lambda gateway: gateway.token(exp=int(time.time()) - 90),
    "early": lambda gateway: gateway.token(iat=int(time.time()) + 90, nbf=None),
    "slash": lambda gateway: gateway.token(iss=f"{gateway.host}/"),
    "audience": lambda gateway: gateway.token(aud="other"),
    "unknown key": lambda gateway: token(claims(iss=gateway.host), kid="k2"),
    "forged": lambda gateway: token(claims(iss=gateway.host), key=rsa_key(1)),
    "cut": lambda gateway: gateway.token()[:-4],
    "no key id": lambda gateway: token(claims(iss=gateway.host), kid=None),
    "huge": lambda gateway: gateway.token(filler="x" * MAX_TOKEN_CHARACTERS),
    "unsigned": lambda gateway: raw_token(
        {"alg": "none", "kid": "k1"}, claims(iss=gateway.host), b"x"
    ),
    "a secret's signature": lambda gateway: raw_token(
        {"alg": "HS256", "kid": "k1"}, claims(iss=gateway.host), b"x" * 32
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_token_that_is_not_good_is_answered_401(gateway: Gateway, kind: str) -> None:
    answer = gateway.ask("GET", "/v2", BAD[kind](gateway))
    assert (answer.status, answer.json()) == (401, {"message": "Unauthorized"})
