"""The doctor on a deployed stack, on an emulator that suffers, and with the emulator as AWS."""

import json
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from automation import clients, workspace
from automation.bootstrap.run import bootstrap
from automation.doctor import ask
from automation.doctor.examine import EVERYWHERE, ON_THE_LAPTOP, Diagnosis, doctor, examine
from automation.doctor.finding import Verdict
from automation.workspace import LOCAL
from emulation import ministack
from emulation.ministack import HOST, Emulator
from tests.stack import LocalStack, warmline

pytestmark = pytest.mark.emulated

QUOTA = 149


def listed(home: Path, stack: str = LOCAL) -> tuple[int, dict[str, dict[str, str]]]:
    """Exit code and findings of the command as a person runs it."""
    ended = warmline(home, "doctor", "--stack", stack, "--json")
    return ended.returncode, {one["check"]: one for one in json.loads(ended.stdout)}


def problems(findings: dict[str, dict[str, str]]) -> list[str]:
    return [check for check, one in findings.items() if one["verdict"] == Verdict.PROBLEM]


def test_a_deployed_stack_is_well(local_stack: LocalStack) -> None:
    code, findings = listed(local_stack.home)
    assert code == 0
    assert list(findings) == list(EVERYWHERE | ON_THE_LAPTOP)
    assert {one["verdict"] for one in findings.values()} == {"ok"}
    assert local_stack.outputs.endpoint_url is not None
    assert local_stack.outputs.endpoint_url.partition("://")[2] in findings["emulator"]["found"]


def test_the_table_of_a_deployed_stack_fits_80_columns(
    local_stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = local_stack.warmline("doctor")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.rstrip().endswith("Nothing is wrong.")
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_the_local_stack_is_looked_at_over_loopback_alone(
    local_stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached: set[Any] = set()
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        reached.add(address[0])
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    monkeypatch.setenv("WARMLINE_HOME", str(local_stack.home))
    assert doctor(LOCAL).healthy
    assert reached == {HOST}


@pytest.fixture
def ailing(tmp_path: Path) -> Iterator[tuple[Path, Emulator]]:
    """A home whose emulator may be mistreated."""
    emulator = Emulator(tmp_path)
    emulator.ensure(lambda _text: None)
    yield tmp_path, emulator
    emulator.stop()


def test_a_killed_emulator_is_named_and_only_it(ailing: tuple[Path, Emulator]) -> None:
    home, emulator = ailing
    running = emulator.running()
    assert running is not None
    os.kill(running.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while emulator.running() is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    code, findings = listed(home)
    assert (code, problems(findings)) == (1, ["emulator"])
    assert f"process {running.pid} was ended" in findings["emulator"]["found"]


def test_a_hanging_emulator_is_named_and_only_it(ailing: tuple[Path, Emulator]) -> None:
    home, emulator = ailing
    running = emulator.running()
    assert running is not None
    os.kill(running.pid, signal.SIGSTOP)
    try:
        code, findings = listed(home)
    finally:
        os.kill(running.pid, signal.SIGCONT)
    assert (code, problems(findings)) == (1, ["emulator"])
    assert findings["port"]["verdict"] == Verdict.NOT_ASKED


def test_a_stack_of_an_earlier_emulator_is_named_and_only_it(
    ailing: tuple[Path, Emulator],
) -> None:
    home, _ = ailing
    deployed = home / "workspace" / LOCAL / "emulator"
    deployed.parent.mkdir(parents=True)
    deployed.write_text("earlier")
    code, findings = listed(home)
    assert (code, problems(findings)) == (1, ["deployed instance"])


def test_a_port_that_another_program_took_is_named_and_only_it(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        (tmp_path / "emulator").mkdir()
        (tmp_path / "emulator" / "port").write_text(str(other.getsockname()[1]))
        code, findings = listed(tmp_path)
    assert (code, problems(findings)) == (1, ["port"])


@pytest.fixture(scope="module")
def small_account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulator whose account has a quota of `QUOTA` executions."""
    environ_for = ministack.environ_for

    def smaller(scratch: Path, port: int, *, enforcing: bool) -> dict[str, str]:
        environ = environ_for(scratch, port, enforcing=enforcing)
        return environ | {"LAMBDA_ACCOUNT_CONCURRENCY": str(QUOTA)}

    emulator = Emulator(tmp_path_factory.mktemp("small"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ministack, "environ_for", smaller)
        url = emulator.ensure(lambda _text: None).endpoint_url
    yield url
    emulator.stop()


@pytest.fixture
def signed_in(
    small_account: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Diagnosis]]:
    """Examines stack dev as somebody whose AWS is the emulator, with a backend and a plugin."""
    plugin = tmp_path / "pulumi" / "plugins" / f"resource-aws-v{version('pulumi-aws')}"
    plugin.mkdir(parents=True)
    (plugin / "pulumi-resource-aws").write_text("#!/bin/sh\n")
    (plugin / "pulumi-resource-aws").chmod(0o755)
    (tmp_path / "state").mkdir()
    for name, value in {
        "WARMLINE_HOME": str(tmp_path / "home"),
        "AWS_ENDPOINT_URL": small_account,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "PULUMI_HOME": str(tmp_path / "pulumi"),
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "PULUMI_ACCESS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    forget_clients()
    source = workspace.read_stack_file("dev")

    def looked(
        reserved: int | None = None, secretsprovider: str | None = None, **config: Any
    ) -> Diagnosis:
        [group] = source["config"]["warmline:groups"]
        groups = [group | {"reserved_concurrency": reserved}]
        config = {key.replace("__", ":"): value for key, value in config.items()}
        edited = {
            "secretsprovider": secretsprovider,
            "config": source["config"] | {"warmline:groups": groups} | config,
        }
        monkeypatch.setattr(workspace, "read_stack_file", lambda _stack: edited)
        return examine(ask.probes_of("dev"))

    yield looked
    forget_clients()


def forget_clients() -> None:
    """Those of AWS keep the credentials that were there when they were made."""
    clients._client.cache_clear()
    clients._session.cache_clear()


def test_an_account_that_answers_is_well_and_the_rest_is_said_aloud(
    signed_in: Callable[..., Diagnosis], tmp_path: Path
) -> None:
    diagnosis = signed_in()
    assert diagnosis.healthy, diagnosis.as_json()
    nothing_named = ["account", "state bucket", "secrets key", "pipeline"]
    assert diagnosis.of(Verdict.NOT_ASKED) == nothing_named
    code, findings = listed(tmp_path / "home", "dev")
    assert code == 0
    assert findings["credentials"]["found"].startswith("arn:aws:")
    assert findings["backend"]["found"] == f"file://{tmp_path}/state"
    assert findings["lambda quota"]["found"].startswith(f"{QUOTA} executions at once")


def test_a_rest_api_without_a_role_for_its_log_is_named_and_only_it(
    signed_in: Callable[..., Diagnosis], small_account: str
) -> None:
    rest = workspace.read_stack_file("prod")["config"]["warmline:api"]
    diagnosis = signed_in(warmline__api=rest)
    assert diagnosis.of(Verdict.PROBLEM) == ["gateway log"]
    assert "has no role" in diagnosis.findings["gateway log"].found
    aws = clients.Clients(region="us-east-1", endpoint_url=small_account)
    iam, gateway = aws("iam"), aws("apigateway")

    def choose(arn: str) -> None:
        chosen = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": arn}]
        gateway.update_account(patchOperations=chosen)

    role = iam.create_role(RoleName="logs", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    choose(role)
    assert signed_in(warmline__api=rest).findings["gateway log"].verdict is Verdict.OK
    choose(f"{role}-gone")
    diagnosis = signed_in(warmline__api=rest)
    assert diagnosis.of(Verdict.PROBLEM) == ["gateway log"]
    assert f"{role}-gone, which is not there" in diagnosis.findings["gateway log"].found


def test_a_quota_below_the_reservation_is_named_and_only_it(
    signed_in: Callable[..., Diagnosis],
) -> None:
    assert signed_in(QUOTA - 100).healthy
    diagnosis = signed_in(QUOTA - 99)
    assert diagnosis.of(Verdict.PROBLEM) == ["lambda quota"]
    assert diagnosis.findings["lambda quota"].needed.startswith(str(QUOTA + 1))


def test_the_account_that_answers_is_compared_with_the_stack_file(
    signed_in: Callable[..., Diagnosis],
) -> None:
    assert signed_in(aws__allowedAccountIds=["000000000000"]).findings["account"].verdict == "ok"
    diagnosis = signed_in(aws__allowedAccountIds=["111122223333"])
    assert diagnosis.of(Verdict.PROBLEM) == ["account"]


def test_missing_credentials_are_named_and_only_they(
    signed_in: Callable[..., Diagnosis], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert listed_problems(signed_in) == ["credentials"]


def test_a_clock_that_is_an_hour_early_is_named_and_only_it(
    signed_in: Callable[..., Diagnosis], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time
    monkeypatch.setattr(ask.time, "time", lambda: now() + 3600)
    assert listed_problems(signed_in) == ["clock"]


def test_a_backend_that_is_not_there_is_named_and_only_it(
    signed_in: Callable[..., Diagnosis], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}/missing")
    assert listed_problems(signed_in) == ["backend"]


def test_a_plugin_that_is_not_there_is_named_and_only_it(
    signed_in: Callable[..., Diagnosis], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "empty"))
    assert listed_problems(signed_in) == ["aws plugin"]


def test_aws_out_of_reach_is_named_and_only_it(
    signed_in: Callable[..., Diagnosis], monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as closed:
        closed.bind((HOST, 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{HOST}:{closed.getsockname()[1]}")
        assert listed_problems(signed_in) == ["aws"]


def listed_problems(look: Callable[[], Diagnosis]) -> list[str]:
    return look().of(Verdict.PROBLEM)


@pytest.fixture
def standing(
    signed_in: Callable[..., Diagnosis], small_account: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Diagnosis]:
    """Examines stack dev after a bootstrap, with what that says in its file."""
    result = bootstrap(
        "dev",
        repository="octo-org/octo-repo",
        branch="main",
        environment=None,
        dry_run=False,
        show=lambda _line: None,
    )
    monkeypatch.delenv("PULUMI_BACKEND_URL")
    here = f"&endpoint={small_account}&s3ForcePathStyle=true"
    return lambda: signed_in(
        secretsprovider=result.secrets_provider,
        warmline__deployment={
            "backend_url": result.backend_url + here,
            "role_boundary": result.role_boundary,
        },
    )


def test_a_bootstrapped_stack_is_well_and_the_engine_keeps_state_where_its_file_says(
    standing: Callable[[], Diagnosis],
) -> None:
    diagnosis = standing()
    assert diagnosis.healthy, diagnosis.as_json()
    # Releases are read by the committed file, which names neither account nor backend.
    assert diagnosis.of(Verdict.NOT_ASKED) == ["account", "release"]
    assert diagnosis.findings["backend"].found.startswith("s3://warmline-dev-state-000000000000")


def test_what_bootstrap_made_and_somebody_opened_or_took_away_is_named_and_only_that(
    standing: Callable[[], Diagnosis], small_account: str
) -> None:
    there = clients.Clients(region="us-east-1", endpoint_url=small_account)
    bucket = "warmline-dev-state-000000000000-us-east-1"
    there("s3").delete_public_access_block(Bucket=bucket)
    key = there("kms").describe_key(KeyId="alias/warmline-dev-secrets")["KeyMetadata"]["KeyId"]
    there("kms").disable_key(KeyId=key)
    iam = there("iam")
    (provider,) = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
    assert listed_problems(standing) == ["state bucket", "secrets key", "pipeline"]
