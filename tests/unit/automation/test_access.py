"""Tokens and requests: what a person is told when they cannot be had."""

import io
import json
import urllib.error
import urllib.request
from dataclasses import replace
from email.message import Message
from http.client import HTTPMessage
from pathlib import Path
from typing import Any

import pytest

from automation import access, predict
from automation.errors import Failure
from automation.outputs import Outputs

pytestmark = pytest.mark.unit

VALUES = {
    "api_url": "http://127.0.0.1:1/api/$default",
    "token_url": "http://127.0.0.1:1/oauth2/token",
    "user_pool_id": "pool",
    "client_id": "first-client",
    "tenants": {"demo": "first-client", "batch": "second-client"},
    "region": "us-east-1",
}


class Cognito:
    def describe_user_pool_client(self, **asked: str) -> dict[str, Any]:
        return {
            "UserPoolClient": {
                "ClientSecret": f"not-a-secret-of-{asked['ClientId']}",
                "AllowedOAuthScopes": ["models/infer", "models/read"],
            }
        }


class Opener:
    """Answers every request with one document, or one error; keeps what was asked."""

    def __init__(self, answer: object = None, error: Exception | None = None) -> None:
        self.answer, self.error = answer, error
        self.asked: list[Any] = []

    def open(self, request: Any, timeout: float) -> io.BytesIO:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        return io.BytesIO(json.dumps(self.answer).encode())


@pytest.fixture
def outputs(monkeypatch: pytest.MonkeyPatch) -> Outputs:
    monkeypatch.setattr(Outputs, "clients", staticmethod(lambda _service: Cognito()))
    return Outputs(stack="local", values=VALUES, endpoint_url="http://127.0.0.1:1")


def refused(status: int, body: bytes) -> urllib.error.HTTPError:
    return urllib.error.HTTPError("http://127.0.0.1:1", status, "", Message(), io.BytesIO(body))


def use(monkeypatch: pytest.MonkeyPatch, opener: Opener) -> Opener:
    monkeypatch.setattr(access, "opener", lambda _outputs: opener)
    return opener


def test_a_token_is_asked_for_with_the_tenants_own_client_and_the_wanted_scopes(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener = use(monkeypatch, Opener({"access_token": "a.b.c"}))
    assert access.obtain(outputs, tenant="batch", scopes=["models/read"]) == "a.b.c"
    (request,) = opener.asked
    assert request.data == b"grant_type=client_credentials&scope=models%2Fread"
    assert request.get_header("Authorization").startswith("Basic ")


def test_an_unknown_tenant_is_refused_with_the_names_of_those_there_are(outputs: Outputs) -> None:
    with pytest.raises(Failure, match="no tenant 'nobody'") as caught:
        access.obtain(outputs, tenant="nobody")
    assert "batch, demo" in caught.value.way_out


def test_a_refused_scope_names_the_scope_and_what_the_issuer_said(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Opener(error=refused(400, b'{"error": "invalid_scope"}')))
    with pytest.raises(Failure, match=r"models/write.*400.*invalid_scope") as caught:
        access.obtain(outputs, scopes=["models/write"])
    assert "models/infer, models/read)" in caught.value.way_out
    assert "Pulumi.local.yaml" in caught.value.way_out


def test_an_issuer_that_is_down_points_to_status(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, Opener(error=urllib.error.URLError("connection refused")))
    with pytest.raises(Failure, match="connection refused") as caught:
        access.obtain(outputs)
    assert "warmline status" in caught.value.way_out


def test_a_problem_document_is_told_in_its_own_words(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "obtain", lambda *_args, **_options: "a.b.c")
    problem = b'{"title": "Bad tensor", "detail": "inputs[0].shape has 3 axes"}'
    use(monkeypatch, Opener(error=refused(400, problem)))
    with pytest.raises(Failure, match=r"linear answered 400: inputs\[0\]\.shape has 3 axes"):
        predict.infer(outputs, "linear", b"{}")


def test_the_way_out_of_a_problem_document_is_passed_on(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "obtain", lambda *_args, **_options: "a.b.c")
    problem = b'{"detail": "inputs[0].shape[1] is 5; it must be 4.", "action": "Correct it."}'
    use(monkeypatch, Opener(error=refused(400, problem)))
    with pytest.raises(Failure) as caught:
        predict.infer(outputs, "linear", b"{}")
    assert caught.value.way_out == "Correct it."


def test_a_model_that_does_not_answer_may_be_misspelt_unrouted_or_not_the_tenants(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "obtain", lambda *_args, **_options: "a.b.c")
    problem = b'{"detail": "The caller has no model of this name.", "action": "Ask."}'
    use(monkeypatch, Opener(error=refused(404, problem)))
    with pytest.raises(Failure, match="no model of this name") as caught:
        predict.infer(outputs, "linear", b"{}")
    for cause in ("misspelt", "no route", "tenant's `models`"):
        assert cause in caught.value.way_out


def test_a_request_goes_to_the_models_path_with_the_token(
    outputs: Outputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(access, "obtain", lambda *_args, **_options: "a.b.c")
    opener = use(monkeypatch, Opener({"outputs": []}))
    assert predict.infer(outputs, "linear", b"{}") == {"outputs": []}
    (request,) = opener.asked
    assert request.full_url == "http://127.0.0.1:1/api/$default/v2/models/linear/infer"
    assert request.get_header("Authorization") == "Bearer a.b.c"


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"{", "is not JSON"), (b"[]", "has no `inputs`"), (b"{}", "has no `inputs`")],
)
def test_a_file_that_is_no_request_is_refused_before_anything_is_sent(
    content: bytes, said: str, tmp_path: Path
) -> None:
    path = tmp_path / "request.json"
    path.write_bytes(content)
    with pytest.raises(Failure, match=said):
        predict.request_body(path, "linear")


def test_any_file_for_a_misspelt_demo_model_points_to_the_name(tmp_path: Path) -> None:
    path = tmp_path / "README.md"
    path.write_text("# A title")
    with pytest.raises(Failure, match="magikka takes a request in JSON, and only magika") as caught:
        predict.request_body(path, "magikka")
    assert "warmline models list" in caught.value.way_out


def test_a_bad_request_on_standard_input_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"{}")))
    with pytest.raises(Failure, match="standard input has no `inputs`"):
        predict.request_body(Path("-"), "linear")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"absent\.json cannot be read"):
        predict.request_body(tmp_path / "absent.json", "linear")


def test_an_output_that_a_stack_lacks_is_named_with_those_it_has(outputs: Outputs) -> None:
    with pytest.raises(Failure, match="no output 'gpu_url'"):
        _ = outputs["gpu_url"]


@pytest.mark.parametrize(
    ("token_url", "said"),
    [
        ("https://login.example.com/token", "https://login.example.com/token"),
        (None, "documentation"),
    ],
)
def test_a_token_of_an_outside_issuer_is_asked_for_there(
    token_url: str | None, said: str, outputs: Outputs
) -> None:
    values = {**outputs.values, "user_pool_id": None, "token_url": token_url}
    with pytest.raises(Failure, match="outside issuer") as caught:
        access.obtain(replace(outputs, values=values))
    assert said in caught.value.way_out


def test_a_redirect_is_refused_so_that_no_credential_goes_elsewhere(outputs: Outputs) -> None:
    moved = HTTPMessage()
    moved["Location"] = "http://127.0.0.2:1/elsewhere"
    handlers = vars(access.opener(outputs))["handlers"]
    [redirects] = [h for h in handlers if isinstance(h, urllib.request.HTTPRedirectHandler)]
    request = urllib.request.Request("http://127.0.0.1:1/oauth2/token")
    assert redirects.redirect_request(request, io.BytesIO(), 302, "Found", moved, "") is None
