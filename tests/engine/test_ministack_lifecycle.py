"""The real emulator: started, recognised, lost, replaced and stopped."""

import base64
import http.client
import io
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
import zipfile
from pathlib import Path

import boto3
import pytest

from emulation import emulator_venv, ministack, processes
from emulation.guard import FORBIDDEN
from emulation.ministack import Emulator, EmulatorError, Running
from tests.engine.workbench import silent, wait_for_end

pytestmark = pytest.mark.engine

FUNCTION = """
import os, sys, tempfile

def handler(event, context):
    print("one line")
    open(os.path.join(tempfile.gettempdir(), "left-behind"), "w").close()
    return {
        "environ": dict(os.environ), "python": sys.executable, "pid": os.getpid(),
        "temporary": tempfile.gettempdir(), "version": list(sys.version_info[:2]),
    }
"""
START = """
import pathlib, sys
from emulation.ministack import Emulator
print(Emulator(pathlib.Path(sys.argv[1])).ensure(lambda text: None).pid)
"""


@pytest.fixture
def emulator(tmp_path: Path):
    emulator = Emulator(tmp_path / "home")
    yield emulator
    emulator.stop()


def client(running: Running, service: str):
    return boto3.client(
        service,
        endpoint_url=running.endpoint_url,
        region_name="eu-central-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def invoke(running: Running) -> dict:
    """What a function that looks around itself sees."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("look.py", FUNCTION)
    functions = client(running, "lambda")
    functions.create_function(
        FunctionName="look",
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/look",
        Handler="look.handler",
        Code={"ZipFile": archive.getvalue()},
    )
    answer = functions.invoke(FunctionName="look")
    return json.loads(answer["Payload"].read())


def test_it_is_started_once_and_then_found(emulator: Emulator):
    assert emulator.running() is None
    first = emulator.ensure(silent)
    assert first.fresh
    assert client(first, "s3").list_buckets()["Buckets"] == []
    again = emulator.ensure(silent)
    assert not again.fresh
    assert (again.pid, again.port, again.instance) == (first.pid, first.port, first.instance)
    assert emulator.running() == again


@pytest.mark.skipif(sys.platform != "linux", reason="reads the list of sockets in /proc")
def test_it_listens_on_loopback_only(emulator: Emulator):
    running = emulator.ensure(silent)
    assert _listening_addresses(running.pid) == {("127.0.0.1", running.port)}


def _listening_addresses(pid: int) -> set[tuple[str, int]]:
    """IPv4 and IPv6 sockets on which the process listens, from /proc."""
    links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
    inodes = {link[len("socket:[") : -1] for link in links if link.startswith("socket:")}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text("ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                address, port = fields[1].split(":")
                octets = bytes.fromhex(address)[::-1]
                found.add((".".join(map(str, octets)), int(port, 16)))
    return found


def test_it_outlives_the_command_that_started_it(emulator: Emulator, tmp_path: Path):
    ended = subprocess.run(
        [sys.executable, "-c", START, str(tmp_path / "home")],
        capture_output=True,
        text=True,
        check=True,
    )
    running = emulator.running()
    assert running is not None
    assert running.pid == int(ended.stdout)
    assert os.getsid(running.pid) == running.pid


def test_two_commands_at_once_start_one_emulator(emulator: Emulator, tmp_path: Path):
    command = [sys.executable, "-c", START, str(tmp_path / "home")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    pids = {process.communicate(timeout=60)[0] for process in started}
    assert len(pids) == 1
    assert emulator.ensure(silent).pid == int(pids.pop())


def test_stopping_ends_it_with_its_functions_and_removes_what_they_left(emulator: Emulator):
    running = emulator.ensure(silent)
    seen = invoke(running)
    assert Path(seen["temporary"], "left-behind").exists()
    assert emulator.stop()
    assert processes.started(running.pid) is None
    wait_for_end(seen["pid"])
    assert not Path(seen["temporary"]).exists()
    assert sorted(path.name for path in emulator.folder.iterdir()) == [
        *("emulator.log", "lock", "port"),
    ]
    assert not emulator.stop()


def test_over_tls_it_ends_by_itself_though_a_client_keeps_a_connection_open(emulator: Emulator):
    running = emulator.ensure(silent, enforcing=True)
    context = ssl.create_default_context(cafile=running.ca_bundle)
    idle = http.client.HTTPSConnection("127.0.0.1", running.port, context=context)
    idle.request("GET", ministack.HEALTH)
    assert idle.getresponse().read()
    asked = time.monotonic()
    assert emulator.stop()
    # After the limit it would have been killed.
    assert time.monotonic() - asked < ministack.STOP_LIMIT_SECONDS / 2
    idle.close()


def test_after_a_restart_it_is_empty_and_says_so_at_the_same_address(emulator: Emulator):
    first = emulator.ensure(silent)
    client(first, "sqs").create_queue(QueueName="gone")
    assert client(first, "sqs").list_queues()["QueueUrls"]
    emulator.stop()
    second = emulator.ensure(silent)
    assert second.endpoint_url == first.endpoint_url
    assert second.instance != first.instance
    assert second.fresh
    assert not client(second, "sqs").list_queues().get("QueueUrls")


def test_a_port_that_another_program_took_meanwhile_is_left_to_it(emulator: Emulator):
    first = emulator.ensure(silent)
    emulator.stop()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        second = emulator.ensure(silent)
    assert second.port != first.port


def test_a_port_that_is_taken_at_the_last_moment_costs_one_more_start(
    emulator: Emulator, monkeypatch
):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        emulator.folder.mkdir(parents=True)
        (emulator.folder / "port").write_text(str(taken), encoding="ascii")
        monkeypatch.setattr(ministack, "is_free", lambda _port: True)
        said: list[str] = []
        running = emulator.ensure(said.append)
    assert running.port != taken
    assert f"starting on port {taken}" in said


def test_a_killed_emulator_is_noticed_and_replaced(emulator: Emulator):
    first = emulator.ensure(silent)
    worker = invoke(first)["pid"]
    os.kill(first.pid, signal.SIGKILL)
    wait_for_end(first.pid)
    wait_for_end(worker)
    assert emulator.running() is None
    said: list[str] = []
    second = emulator.ensure(said.append)
    assert second.fresh
    assert second.instance != first.instance
    assert second.port == first.port
    assert f"the emulator on port {first.port} was ended; starting another" in said


def test_an_emulator_that_hangs_is_ended_and_replaced(emulator: Emulator, monkeypatch):
    monkeypatch.setattr(ministack, "ANSWER_LIMIT_SECONDS", 0.5)
    monkeypatch.setattr(ministack, "STOP_LIMIT_SECONDS", 0.5)
    first = emulator.ensure(silent)
    os.kill(first.pid, signal.SIGSTOP)
    assert emulator.running() is None
    second = emulator.ensure(silent)
    assert second.pid != first.pid
    assert processes.started(first.pid) is None


def test_a_process_that_got_the_old_id_by_chance_is_left_alone(emulator: Emulator):
    with subprocess.Popen(["/bin/sleep", "60"]) as innocent:
        record = {"pid": innocent.pid, "started": "an earlier one", "port": 1, "instance": "x"}
        emulator.folder.mkdir(parents=True)
        (emulator.folder / "state.json").write_text(json.dumps(record), encoding="utf-8")
        assert emulator.running() is None
        assert not emulator.stop()
        (emulator.folder / "state.json").write_text(json.dumps(record), encoding="utf-8")
        assert emulator.ensure(silent).fresh
        assert innocent.poll() is None
        innocent.kill()


def test_an_emulator_that_ends_at_once_is_reported_with_its_last_words(
    emulator: Emulator, monkeypatch, tmp_path: Path
):
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho the sky is falling\nexit 1\n", encoding="utf-8")
    broken.chmod(0o755)
    monkeypatch.setattr(emulator_venv, "ensure", lambda _progress: broken)
    monkeypatch.setattr(emulator_venv, "require_imports", lambda _python: None)
    with pytest.raises(EmulatorError, match="ended at once") as failed:
        emulator.ensure(silent)
    assert "the sky is falling" in str(failed.value)
    assert str(emulator.log) in str(failed.value)
    assert emulator.running() is None


def test_an_emulator_that_never_answers_is_ended_and_reported(
    emulator: Emulator, monkeypatch, tmp_path: Path
):
    mute = tmp_path / "python"
    mute.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid\nexec sleep 60\n", encoding="utf-8")
    mute.chmod(0o755)
    monkeypatch.setattr(emulator_venv, "ensure", lambda _progress: mute)
    monkeypatch.setattr(emulator_venv, "require_imports", lambda _python: None)
    monkeypatch.setattr(ministack, "HEALTH_LIMIT_SECONDS", 2)
    with pytest.raises(EmulatorError, match="does not answer on port"):
        emulator.ensure(silent)
    assert processes.started(int((tmp_path / "pid").read_text(encoding="ascii"))) is None


def test_a_function_sees_nothing_of_the_user_and_runs_on_the_emulator_s_python(
    emulator: Emulator, monkeypatch
):
    for name in ("SOME_SECRET", "AWS_CA_BUNDLE", "HTTPS_PROXY", "AWS_PROFILE", "PYTHONPATH"):
        monkeypatch.setenv(name, "/leaked")
    running = emulator.ensure(silent)
    monkeypatch.undo()
    seen = invoke(running)
    assert "/leaked" not in seen["environ"].values()
    assert seen["environ"]["PATH"] == os.defpath
    assert Path(seen["environ"]["HOME"]).is_relative_to(emulator.folder)
    assert Path(seen["temporary"]).is_relative_to(emulator.folder)
    assert Path(seen["python"]) == emulator_venv.FOLDER / "bin" / "python"
    assert seen["version"] == list(sys.version_info[:2])
    assert seen["environ"]["AWS_REGION"] == "eu-central-1"
    assert seen["environ"]["AWS_ENDPOINT_URL"] == running.endpoint_url


def test_a_machine_gets_a_token_with_the_scope_it_asked_for(emulator: Emulator):
    running = emulator.ensure(silent)
    cognito = client(running, "cognito-idp")
    pool = cognito.create_user_pool(PoolName="machines")["UserPool"]["Id"]
    cognito.create_resource_server(
        UserPoolId=pool,
        Identifier="models",
        Name="models",
        Scopes=[{"ScopeName": name, "ScopeDescription": name} for name in ("read", "infer")],
    )
    made = cognito.create_user_pool_client(
        UserPoolId=pool,
        ClientName="machine",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["models/read", "models/infer"],
    )["UserPoolClient"]
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=10)
    form = {"grant_type": "client_credentials", "scope": "models/infer"}
    form |= {"client_id": made["ClientId"], "client_secret": made["ClientSecret"]}
    connection.request(
        "POST",
        "/oauth2/token",
        body=urllib.parse.urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    assert response.status == 200, answer
    claims = answer["access_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert claims["scope"] == "models/infer"


def test_a_package_that_is_missing_from_the_environment_is_named(monkeypatch):
    python = emulator_venv.ensure(silent)
    monkeypatch.setattr(emulator_venv, "NEEDED", ("cryptography", "no_such_package"))
    with pytest.raises(emulator_venv.EnvironmentFailure, match="no_such_package"):
        emulator_venv.require_imports(python)


def test_a_damaged_environment_is_made_again(monkeypatch, tmp_path: Path):
    monkeypatch.setattr(emulator_venv, "FOLDER", tmp_path / "venv")
    monkeypatch.setattr(emulator_venv, "RUNTIME", tmp_path)
    python = emulator_venv.ensure(silent)
    (tmp_path / "venv" / ".stamp").write_text("of another lock", encoding="ascii")
    python.unlink()
    emulator_venv.require_imports(emulator_venv.ensure(silent))
    said: list[str] = []
    emulator_venv.ensure(said.append)
    assert said == []


def test_a_lock_whose_hashes_do_not_fit_is_refused_and_leaves_no_environment(
    monkeypatch, tmp_path: Path
):
    lock = tmp_path / "lock.txt"
    lock.write_text(f"six==1.17.0 --hash=sha256:{'0' * 64}\n", encoding="utf-8")
    monkeypatch.setattr(emulator_venv, "FOLDER", tmp_path / "venv")
    monkeypatch.setattr(emulator_venv, "RUNTIME", tmp_path)
    monkeypatch.setattr(emulator_venv, "LOCK", lock)
    with pytest.raises(emulator_venv.EnvironmentFailure, match=r"(?s)uv pip.*[Hh]ash"):
        emulator_venv.ensure(silent)
    assert not (tmp_path / "venv" / ".stamp").exists()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost:3000"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Origin": "http://page.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Host": "page.example"}, 403),
        ({"Host": "127.0.0.1.page.example"}, 403),
    ],
    ids=str,
)
def test_a_web_page_of_others_reaches_nothing_of_the_emulator(
    shared: Running, headers: dict[str, str], status: int
) -> None:
    for method, path in (("GET", "/2015-03-31/functions"), ("OPTIONS", "/2015-03-31/functions")):
        connection = http.client.HTTPConnection("127.0.0.1", shared.port, timeout=10)
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == status
        if status == FORBIDDEN:
            assert b"Functions" not in body
            assert answer.getheader("Access-Control-Allow-Origin") is None
        connection.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory):
    emulator = Emulator(tmp_path_factory.mktemp("shared"))
    yield emulator.ensure(silent)
    emulator.stop()
