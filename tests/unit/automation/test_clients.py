"""Clients for the emulator depend on nothing of the user's configuration."""

import pytest

from automation.clients import Clients

pytestmark = pytest.mark.unit

ENDPOINT = "http://127.0.0.1:4599"


@pytest.fixture
def users_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
    monkeypatch.setenv("AWS_CA_BUNDLE", "/corp/bundle.pem")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "users-key")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://elsewhere.example")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example")


@pytest.mark.usefixtures("users_environment")
def test_an_emulator_client_ignores_profile_keys_proxy_and_certificates_of_the_user() -> None:
    client = Clients(region="us-east-1", endpoint_url=ENDPOINT)("s3")
    assert client.meta.endpoint_url == ENDPOINT
    assert client._request_signer._credentials.access_key == "test"
    session = client._endpoint.http_session
    assert session._verify != "/corp/bundle.pem"
    assert session._proxy_config.proxy_url_for(f"{ENDPOINT}/bucket") is None


def test_a_client_for_an_account_uses_the_users_own_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "users-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "users-secret")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    client = Clients(region="eu-west-1")("sqs")
    assert client.meta.endpoint_url == "https://sqs.eu-west-1.amazonaws.com"
    assert client._request_signer._credentials.access_key == "users-key"
