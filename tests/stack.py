"""One deployed local stack for a whole test session, in a home of its own.

A level's conftest imports the fixture: `from tests.stack import local_stack`. A person's own stack
in `.warmline/home` is neither seen nor touched.
"""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from automation.outputs import Outputs
from emulation.aws.calls import CALLS_VARIABLE
from emulation.ministack import Emulator, Running
from emulation.paths import ROOT

UP_LIMIT_SECONDS = 600
"""Includes a first build of the engine."""
LOG_LIMIT_SECONDS = 20
OTHER_GROUP = {
    "name": "risk",
    "models": ["fraud"],
    "reserved_concurrency": 1,
    "memory_cache_mb": 256,
    "shadow": False,
}
"""What a second serving group of the tests' stacks has other than the first."""


@dataclass(frozen=True)
class LocalStack:
    """A running stack with the demo model, and what a test needs to speak to it."""

    home: Path
    outputs: Outputs
    kind: str = "http"
    """Of the front door."""

    def warmline(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command as a person would, on this stack."""
        return warmline(self.home, *arguments)

    @property
    def calls_file(self) -> Path:
        """Where the calls of the stack's provider are noted."""
        return self.home / "calls"

    def emulator(self) -> Running:
        running = Emulator(self.home).running()
        assert running is not None
        return running

    def client(self, service: str) -> Any:
        return self.outputs.clients(service)

    def token(self, scope: str = "models/infer models/read", tenant: str | None = None) -> str:
        """An access token. `tenant` is a name from the stack file, or a client id."""
        client_id = self.outputs["client_id"]
        if tenant is not None:
            client_id = self.outputs["tenants"].get(tenant, tenant)
        described = self.client("cognito-idp").describe_user_pool_client(
            UserPoolId=self.outputs["user_pool_id"], ClientId=client_id
        )
        return self.token_of(client_id, described["UserPoolClient"]["ClientSecret"], scope)

    def token_of(self, client_id: str, secret: str, scope: str = "models/infer models/read") -> str:
        """An access token of any client of the user pool."""
        answer = urllib3.PoolManager().request(
            "POST",
            self.outputs["token_url"],
            fields={"grant_type": "client_credentials", "scope": scope},
            encode_multipart=False,
            headers=urllib3.make_headers(basic_auth=f"{client_id}:{secret}"),
        )
        assert answer.status == 200, answer.data
        return answer.json()["access_token"]

    def wait_for_routes(self) -> None:
        """Wait until no function holds a route, version or tenant that was read before now."""
        time.sleep(self._route_ttl_seconds + 0.2)

    @cached_property
    def _route_ttl_seconds(self) -> float:
        settings = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8"))
        return settings["config"]["warmline:groups"][0]["route_ttl_seconds"]

    def wait_for_log(
        self,
        wanted: Callable[[dict[str, Any]], bool],
        *,
        since: float,
        log_group: str | None = None,
    ) -> list[dict[str, Any]]:
        """The functions' JSON log lines after `since` (seconds of the epoch) that are wanted.

        `log_group`: of one function alone. Fails when there is none within `LOG_LIMIT_SECONDS`.
        """
        deadline = time.monotonic() + LOG_LIMIT_SECONDS
        seen: list[dict[str, Any]] = []
        while time.monotonic() < deadline:
            seen = list(self.log_lines(since, log_group))
            found = [line for line in seen if wanted(line)]
            if found:
                return found
            time.sleep(0.25)
        pytest.fail(f"no such log line in {LOG_LIMIT_SECONDS} s among {seen[-5:]}")

    def log_lines(self, since: float, log_group: str | None = None) -> Iterator[dict[str, Any]]:
        """Those that are there now; see `wait_for_log`."""
        logs = self.client("logs")
        groups = [group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]]
        for name in groups if log_group is None else [log_group]:
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=name, startTime=int(since * 1000)
            )
            for event in (event for page in pages for event in page["events"]):
                try:
                    line = json.loads(event["message"])
                except ValueError:
                    continue
                if isinstance(line, dict):
                    yield line


def warmline(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = {"WARMLINE_HOME": str(home), CALLS_VARIABLE: str(home / "calls")}
    return subprocess.run(
        [str(ROOT / ".venv" / "bin" / "warmline"), *arguments],
        env=os.environ | variables,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=UP_LIMIT_SECONDS,
        check=False,
    )


@contextmanager
def deployed(home: Path, *, enforcing: bool, kind: str = "http") -> Iterator[LocalStack]:
    """A stack in a home of its own, up inside the block and down after it.

    `enforcing`: each function has no more than its role, and everything goes over TLS; `kind`: of
    the front door.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WARMLINE_LOCAL_STACK", str(stack_file_of(kind, home)))
        yield from _deployed(home, enforcing=enforcing, kind=kind)


def stack_file_of(kind: str, folder: Path) -> Path:
    """The local stack file with this kind of front door, and a second serving group."""
    content = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text(encoding="utf-8"))
    content["config"]["warmline:api"]["kind"] = kind
    [default] = content["config"]["warmline:groups"]
    content["config"]["warmline:groups"] = [default, default | OTHER_GROUP]
    path = folder / f"Pulumi.{kind}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def _deployed(home: Path, *, enforcing: bool, kind: str) -> Iterator[LocalStack]:
    try:
        up = warmline(home, "up", "--json", *(["--enforce-iam"] if enforcing else []))
        assert up.returncode == 0, up.stderr
        emulator = json.loads(warmline(home, "status", "--json").stdout)["emulator"]
        with pytest.MonkeyPatch.context() as patch:
            if enforcing:
                # Where every HTTP client of the tests looks for certificates.
                patch.setenv("SSL_CERT_FILE", emulator["ca_bundle"])
            yield LocalStack(
                home,
                Outputs(
                    stack="local",
                    values=json.loads(up.stdout)["outputs"],
                    endpoint_url=emulator["endpoint_url"],
                    ca_bundle=Path(emulator["ca_bundle"]) if enforcing else None,
                ),
                kind,
            )
    finally:
        down = warmline(home, "down")
    assert down.returncode == 0, down.stderr


@pytest.fixture(scope="session")
def local_stack(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[LocalStack]:
    """`warmline up` before the first test that asks for it, `warmline down` after the last.

    A parameter is the kind of its front door.
    """
    kind = getattr(request, "param", "http")
    enforcing = bool(request.config.getoption("--enforce-iam", default=False))
    with deployed(tmp_path_factory.mktemp("home"), enforcing=enforcing, kind=kind) as made:
        yield made
