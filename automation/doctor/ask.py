"""The real probes. Each asks once, however many checks want its answer."""

import email.utils
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import boto3
from botocore.exceptions import BotoCoreError, ClientError, UnknownRegionError

from automation import outputs, workspace
from automation.clients import Clients, unsigned
from automation.doctor.account import SERVICES
from automation.doctor.ask_account import AccountProbes
from automation.doctor.finding import CannotAsk
from automation.doctor.probes import Caller, EmulatorFacts, EngineFacts, Probes, Quota, Space
from automation.errors import Failure
from automation.release.open import OpenRelease, open_releases
from automation.workspace import Reach, region_of
from emulation import emulator_venv
from emulation.emulator_venv import EnvironmentFailure
from emulation.engine import EngineError, bootstrap, build
from emulation.engine.found import HOST, Unusable
from emulation.ministack import Condition, Emulator, is_free
from emulation.paths import ROOT, cache, home
from emulation.processes import TooSlow
from functions.authorize.documents import https_get

ENGINE_LIMIT_SECONDS = 60
STS_REGIONS = {"aws": "us-east-1", "aws-cn": "cn-north-1", "aws-us-gov": "us-gov-west-1"}
"""Enabled in every account of the partition: a region that is not would refuse good credentials."""

Answer = TypeVar("Answer")


def once(ask: Callable[[], Answer]) -> Callable[[], Answer]:
    """The same answer, or the same error, at every later call."""
    answers: list[Answer] = []
    errors: list[Exception] = []

    def answer() -> Answer:
        if errors:
            raise errors[0]
        if not answers:
            try:
                answers.append(ask())
            except (
                *(CannotAsk, Failure, EnvironmentFailure, OSError, BotoCoreError, ClientError),
            ) as error:
                errors.append(error)
                raise
        return answers[0]

    return answer


def probes_of(stack: str) -> Probes:
    """Nothing is asked yet."""
    source = once(lambda: workspace.read_stack_file(stack))
    engine = once(engine_facts)
    aws = Aws(source)
    asked = Asked(source, engine)
    account = AccountProbes(stack, aws.clients)
    return Probes(
        stack=stack,
        python=lambda: sys.version_info[:3],
        engine=engine,
        cache_space=lambda: space(cache()),
        home_space=lambda: space(home()),
        use_home=use_home,
        source=source,
        judge=lambda: workspace.check_settings(stack, source()) is not None,
        emulator_python=emulator_python,
        emulator=once(emulator_facts),
        remembered_instance=lambda: outputs.remembered(workspace.LOCAL),
        backend=asked.backend,
        secrets_provider=lambda: secrets_provider(stack, source()),
        plugins=asked.plugins,
        plugin_wanted=lambda: version("pulumi-aws"),
        clock_skew_seconds=aws.clock_skew_seconds,
        caller=aws.caller,
        services_there=lambda: services_in(region_of(source())),
        region_status=aws.region_status,
        lambda_quota=aws.lambda_quota,
        state_bucket=account.state_bucket,
        key_state=account.key_state,
        pipeline=account.pipeline,
        gateway_log=account.gateway_log,
        quota=account.quota,
        network_use=account.network_use,
        open_releases=lambda: releases_of(stack),
        https_get=https_get,
    )


def releases_of(stack: str) -> list[OpenRelease]:
    try:
        return open_releases(outputs.read(stack), now=time.time())
    except outputs.NotUp:
        return []
    except (Failure, EngineError) as failure:
        raise CannotAsk(str(failure)) from failure


def engine_facts() -> EngineFacts:
    engine, unfit = bootstrap.present(os.environ)
    passed_over = unfit if shutil.which("pulumi") else ""
    if engine is None:
        return EngineFacts(engine=None, host=None, passed_over=passed_over, go=_go())
    path = os.pathsep.join([*map(str, engine.path_entries), os.environ.get("PATH", os.defpath)])
    host = shutil.which(HOST, path=path)
    return EngineFacts(
        engine=engine, host=Path(host) if host else None, passed_over=passed_over, go=None
    )


def _go() -> Path | None:
    try:
        return build.usable_go()
    except (Unusable, subprocess.TimeoutExpired):
        return None


def space(folder: Path) -> Space:
    """Of the folder, or of where it would be made."""
    there = next(path for path in (folder, *folder.parents) if path.is_dir())
    return Space(folder=there, free_gb=shutil.disk_usage(there).free / 1e9)


def use_home() -> Path:
    folder = home()
    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as name:
        written = Path(name) / "written"
        written.write_text("a line\n", encoding="utf-8")
        (Path(name) / "linked").hardlink_to(written)
    return folder


def emulator_python() -> Path | None:
    python = emulator_venv.current()
    if python is not None:
        try:
            emulator_venv.require_imports(python)
        except TooSlow as error:
            raise CannotAsk(str(error)) from error
    return python


def emulator_facts() -> EmulatorFacts:
    emulator = Emulator(home())
    condition, record = emulator.look()
    if condition in (Condition.ENDED, Condition.HANGS):
        holder = emulator.in_hands_of()
        if holder is not None:
            raise CannotAsk(f"another command (process {holder}) starts or stops the emulator")
    last = emulator.last_port()
    held = condition in (Condition.ANSWERS, Condition.HANGS)
    return EmulatorFacts(
        condition=condition,
        pid=record.pid if record else None,
        instance=record.instance if record else None,
        last_port=last,
        port_is_free=not held and (last is None or is_free(last)),
    )


def secrets_provider(stack: str, source: Mapping[str, Any]) -> str:
    workspace.require_secrets_provider(stack, source)
    return str(
        source.get("secretsprovider") or "the engine's own choice, as deletion_protection is off"
    )


class Asked:
    """What the engine's command line says in the user's own environment."""

    def __init__(
        self, source: Callable[[], Mapping[str, Any]], engine: Callable[[], EngineFacts]
    ) -> None:
        self._source = source
        self._engine = engine

    def backend(self) -> str:
        return str(self._ask("whoami", "--json").get("url"))

    def plugins(self) -> frozenset[tuple[str, str]]:
        try:
            listed = self._ask("plugin", "ls", "--json")
        except Failure as failure:
            raise CannotAsk(failure.cause) from failure
        return frozenset(
            (each["name"], str(each.get("version")))
            for each in listed
            if each["kind"] == "resource"
        )

    def _ask(self, *arguments: str) -> Any:
        engine = self._engine().engine
        if engine is None:
            raise CannotAsk("there is no engine to ask")
        command = workspace.command_for(engine, Reach.ACCOUNT, self._readable())
        try:
            ended = subprocess.run(
                [command.command, "--non-interactive", *arguments],
                capture_output=True,
                text=True,
                errors="replace",
                stdin=subprocess.DEVNULL,
                cwd=ROOT,
                env=command.environ,
                timeout=ENGINE_LIMIT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            said = f"no answer in {ENGINE_LIMIT_SECONDS} s"
        else:
            if ended.returncode == 0:
                return _parsed(ended.stdout)
            said = ended.stderr.strip() or f"code {ended.returncode}"
        raise Failure(f"`pulumi {' '.join(arguments)}`: {said}", workspace.STATE_WAY_OUT)

    def _readable(self) -> Mapping[str, Any]:
        try:
            return self._source()
        except Failure:
            return {}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise CannotAsk(f"the engine's answer is no JSON: {text[:80]!r}") from None


class Aws:
    """Calls to AWS. One that cannot succeed after an earlier one failed is not made."""

    def __init__(self, source: Callable[[], Mapping[str, Any]]) -> None:
        self._source = source
        self.clock_skew_seconds = once(self._clock_skew_seconds)
        self.caller = once(self._caller)

    def _clock_skew_seconds(self) -> float:
        # Unsigned: any answer carries the time, a refusal too.
        client = unsigned("sts", self._sts_region())
        before = time.time()
        try:
            answer = client.get_caller_identity()
        except ClientError as error:
            answer = error.response
        here = (before + time.time()) / 2
        said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
        try:
            return email.utils.parsedate_to_datetime(said).timestamp() - here
        except (TypeError, ValueError):
            raise CannotAsk(f"the answer of AWS's STS carries no time: {said!r}") from None

    def _caller(self) -> Caller:
        self.clock_skew_seconds()
        said = Clients(region=self._sts_region())("sts").get_caller_identity()
        return Caller(account=said["Account"], arn=said["Arn"])

    def region_status(self) -> str:
        self.caller()
        client = Clients(region=self._sts_region())("account")
        return client.get_region_opt_status(RegionName=self._region())["RegionOptStatus"]

    def clients(self) -> Clients:
        """Of the stack's region. Raises what refuses the credentials."""
        self.caller()
        return Clients(region=self._region())

    def lambda_quota(self) -> Quota:
        said = self.clients()("lambda").get_account_settings()
        return Quota(executions=said["AccountLimit"]["ConcurrentExecutions"])

    def _sts_region(self) -> str:
        try:
            return STS_REGIONS.get(partition_of(self._region()), self._region())
        except UnknownRegionError:
            return STS_REGIONS["aws"]

    def _region(self) -> str:
        try:
            return region_of(self._source())
        except Failure:
            return region_of({})


def partition_of(region: str) -> str:
    """Raises `UnknownRegionError`."""
    return boto3.Session().get_partition_for_region(region)


def services_in(region: str) -> frozenset[str]:
    """Those of the program that boto3's data has in the region."""
    session = boto3.Session()
    try:
        partition = partition_of(region)
    except UnknownRegionError:
        return frozenset()
    return frozenset(
        service
        for service in SERVICES
        if region in session.get_available_regions(service, partition_name=partition)
    )
