"""What reaches the engine in runs that must not reach an account."""

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automation import environment

pytestmark = pytest.mark.unit

ACCOUNT = {
    "AWS_PROFILE": "prod",
    "AWS_ACCESS_KEY_ID": "fake-key",
    "AWS_SECRET_ACCESS_KEY": "fake-secret",
    "AWS_SESSION_TOKEN": "fake-session",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/tokens/web",
    "AWS_ROLE_ARN": "arn:aws:iam::111122223333:role/deploy",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/credentials",
    "AWS_CA_BUNDLE": "/corp.pem",
    "AWS_ENDPOINT_URL_S3": "https://elsewhere",
    "PULUMI_ACCESS_TOKEN": "fake-token",
    "PULUMI_CONFIG_PASSPHRASE": "fake",
    "PULUMI_BACKEND_URL": "s3://state-of-prod",
    "PULUMI_IGNORE_AMBIENT_PLUGINS": "yes",
    "GITHUB_TOKEN": "fake-token",
    "KUBECONFIG": "/root/.kube/config",
    "SOME_FUTURE_CLOUD_TOKEN": "fake-token",
}


def sealed(environ: dict[str, str]) -> dict[str, str]:
    return environment.sealed(
        environ,
        first_on_path=[Path("/clone/bin/local"), Path("/engine")],
        home=Path("/clone/home"),
        passphrase_file=Path("/clone/home/passphrase"),
    )


def test_nothing_that_could_reach_an_account_passes() -> None:
    result = sealed(ACCOUNT | {"HOME": "/home/me"})
    assert not set(ACCOUNT.values()) & set(result.values())
    assert result["HOME"] == "/home/me"


@given(st.dictionaries(st.sampled_from(["AWS_", "PULUMI_", "GOOGLE_", "X_"]), st.just("leak")))
def test_a_variable_that_is_not_listed_stays_outside(environ: dict[str, str]) -> None:
    assert "leak" not in sealed({f"{name}NEW_TOKEN": v for name, v in environ.items()}).values()


def test_boto3_finds_no_credentials_in_files_or_instance_metadata() -> None:
    result = sealed({})
    assert result["AWS_CONFIG_FILE"] == result["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert result["AWS_EC2_METADATA_DISABLED"] == "true"


def test_the_launchers_come_first_on_the_path() -> None:
    result = sealed({"PATH": "/usr/local/bin:/usr/bin"})
    assert result["PATH"] == "/clone/bin/local:/engine:/usr/local/bin:/usr/bin"


def test_state_login_and_passphrase_stay_in_the_home() -> None:
    result = sealed({})
    assert result["PULUMI_BACKEND_URL"] == "file:///clone/home/state"
    assert result["PULUMI_HOME"] == "/clone/home/pulumi"
    assert result["PULUMI_CONFIG_PASSPHRASE_FILE"] == "/clone/home/passphrase"


def test_a_home_whose_name_means_something_in_a_url_is_still_that_folder() -> None:
    home = Path("/w arm ü/50%20 #1?")
    result = environment.sealed({}, first_on_path=[], home=home, passphrase_file=home / "p")
    parts = urlsplit(result["PULUMI_BACKEND_URL"])
    assert unquote(parts.path) == str(home / "state")
    assert (parts.query, parts.fragment) == ("", "")


def test_the_emulator_is_never_asked_through_a_proxy() -> None:
    assert sealed({"NO_PROXY": "corp.example"})["NO_PROXY"] == "corp.example,127.0.0.1,localhost"
    assert sealed({"HTTPS_PROXY": "http://proxy"})["no_proxy"] == "127.0.0.1,localhost"


def test_a_package_index_of_the_user_still_serves_the_build() -> None:
    settings = {"UV_INDEX_URL": "https://index.example", "PIP_CERT": "/corp.pem"}
    assert settings.items() <= sealed(settings).items()


def test_a_run_against_an_account_keeps_the_users_environment() -> None:
    result = environment.own(ACCOUNT | {"PATH": "/usr/bin"}, first_on_path=[Path("/engine")])
    assert result["PATH"] == "/engine:/usr/bin"
    assert {name: result[name] for name in ACCOUNT} == ACCOUNT
