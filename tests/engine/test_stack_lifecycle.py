"""The local stack through the real engine: what changes, what is repaired, what stays behind."""

import json
import os
import signal
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from rich.console import Console

from automation.day2 import drift
from automation.day2.differences import Difference
from automation.day2.owners import Owner
from automation.errors import Failure
from automation.report import Report
from automation.workspace import LOCAL
from tests.engine.workbench import Workbench, destroy

pytestmark = pytest.mark.engine

FUNCTION = "aws:lambda/function:Function"
ALIAS = "aws:lambda/alias:Alias"
BUCKET = "aws:s3/bucket:Bucket"
QUEUE = "aws:sqs/queue:Queue"
TABLE = "aws:dynamodb/table:Table"
STEPS_BEFORE_THE_FAULT = 25
LIMIT_SECONDS = 30


def health(bench: Workbench) -> int:
    (stage,) = bench.resources("aws:apigatewayv2/stage:Stage").values()
    url = f"{stage['invokeUrl'].rstrip('/')}/v2/health/live"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=LIMIT_SECONDS) as answer:
        return answer.status


def test_a_deployed_stack_answers(bench: Workbench) -> None:
    assert health(bench) == 200


def test_a_second_up_changes_nothing(bench: Workbench) -> None:
    report = bench.up()
    assert report.unchanged, report.changes
    assert report.packs


@dataclass(frozen=True)
class Change:
    """One deployment of three changes: a setting, a bucket's name, and a function's code."""

    report: Report
    function: dict[str, Any]
    bucket: dict[str, Any]
    alias: dict[str, Any]
    """As they were before."""


@pytest.fixture(scope="module")
def change(bench: Workbench) -> Change:
    function = bench.resources(FUNCTION)["serving-predict"]
    bucket = bench.resources(BUCKET)["store-models"]
    alias = bench.resources(ALIAS)["health"]
    bench.set("groups", timeout_seconds=21)
    bench.add_code("functions/health/__init__.py", after="\nCHANGED = True\n")
    renaming = (
        "import pulumi\n"
        "def renamed(args):\n"
        f"    if args.type_ == {BUCKET!r} and args.name == 'store-models':\n"
        "        return pulumi.ResourceTransformationResult(\n"
        "            {**args.props, 'bucket': 'warmline-renamed'}, args.opts)\n"
        "pulumi.runtime.register_stack_transformation(renamed)\n"
    )
    bench.add_code("__main__.py", before=renaming)
    return Change(bench.up(), function, bucket, alias)


def test_a_timeout_changes_in_place(bench: Workbench, change: Change) -> None:
    assert change.report.changes["update"] >= 1
    deployed = bench.clients("lambda").get_function_configuration(
        FunctionName=change.function["name"]
    )
    assert deployed["FunctionArn"] == change.function["arn"]
    assert deployed["Timeout"] == 21


def test_a_renamed_bucket_is_replaced(bench: Workbench, change: Change) -> None:
    assert change.report.changes["replace"] >= 1
    names = {b["Name"] for b in bench.clients("s3").list_buckets()["Buckets"]}
    assert "warmline-renamed" in names
    assert change.bucket["bucket"] not in names


def test_a_functions_code_change_moves_the_alias_to_a_new_version(
    bench: Workbench, change: Change
) -> None:
    alias = bench.clients("lambda").get_alias(
        FunctionName=change.alias["functionName"], Name=change.alias["name"]
    )
    assert int(alias["FunctionVersion"]) > int(change.alias["functionVersion"])
    assert health(bench) == 200


def changed_behind_its_back(bench: Workbench) -> set[tuple[str, str, str]]:
    """Changes five things in the emulator; type, name and property of each."""
    functions, sqs = bench.clients("lambda"), bench.clients("sqs")
    health = bench.resources(FUNCTION)["health"]["name"]
    functions.update_function_configuration(FunctionName=health, Timeout=9)
    version = functions.publish_version(FunctionName=health)["Version"]
    functions.update_alias(FunctionName=health, Name="live", FunctionVersion=version)
    sqs.delete_queue(QueueUrl=bench.resources(QUEUE)["serving-shadow"]["url"])
    models = bench.resources(BUCKET)["store-models"]["bucket"]
    bench.clients("s3").delete_bucket_policy(Bucket=models)
    table = bench.resources(TABLE)["registry"]["arn"]
    bench.clients("dynamodb").tag_resource(
        ResourceArn=table, Tags=[{"Key": "owner", "Value": "someone"}]
    )
    return {
        (FUNCTION, "health", "timeout"),
        (ALIAS, "health", "functionVersion"),
        (QUEUE, "serving-shadow", ""),
        ("aws:sqs/queuePolicy:QueuePolicy", "serving-shadow", ""),  # goes with its queue
        ("aws:s3/bucketPolicy:BucketPolicy", "store-models", ""),
        (TABLE, "registry", "tags"),
    }


def told(found: list[Difference]) -> set[tuple[str, str, str]]:
    return {(each.type, each.name, each.path) for each in found}


def test_what_was_changed_behind_its_back_is_told_and_nothing_else_and_then_mended(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    changes = changed_behind_its_back(bench)
    moved = Owner(
        type=ALIAS,
        within="warmline:components:Function",
        properties=frozenset({"functionVersion"}),
        by="somebody",
        reason="may",
        applies=lambda _config: True,
    )
    monkeypatch.setattr(drift, "OWNERS", (moved,))

    found = drift.drift(LOCAL, Console(quiet=True))
    assert told(found.owned) == {(ALIAS, "health", "functionVersion")}
    assert told(found.unexplained) == changes - told(found.owned)

    assert bench.up().changes["create"] >= 3
    names = {url.rsplit("/", 1)[-1] for url in bench.clients("sqs").list_queues()["QueueUrls"]}
    assert {queue["name"] for queue in bench.resources(QUEUE).values()} <= names
    mended = drift.drift(LOCAL, Console(quiet=True))
    assert (mended.clean, mended.owned) == (True, [])


def kill_after(steps: int, kill: Callable[[], None]) -> Callable[[str], None]:
    """A progress function that strikes once, in the middle of a deployment."""
    left = [steps]

    def show(_text: str) -> None:
        left[0] -= 1
        if left[0] == 0:
            kill()

    return show


def test_an_emulator_killed_in_the_middle_of_up_is_recovered_from(fresh_bench: Workbench) -> None:
    pid = fresh_bench.running.pid
    strike = kill_after(STEPS_BEFORE_THE_FAULT, lambda: os.kill(pid, signal.SIGKILL))
    with pytest.raises(Failure):
        fresh_bench.up(strike)
    assert fresh_bench.emulator.running() is None
    fresh_bench.up()
    assert health(fresh_bench) == 200


def test_an_engine_killed_in_the_middle_of_up_is_recovered_from(fresh_bench: Workbench) -> None:
    locks = fresh_bench.home / "state" / ".pulumi" / "locks"

    def kill_engine() -> None:
        (lock,) = locks.rglob("*.json")
        os.kill(json.loads(lock.read_text())["pid"], signal.SIGKILL)

    with pytest.raises(Failure):
        fresh_bench.up(kill_after(STEPS_BEFORE_THE_FAULT, kill_engine))
    assert list(locks.rglob("*.json"))
    fresh_bench.up()
    assert health(fresh_bench) == 200


def test_a_state_that_is_cut_off_in_the_middle_is_recovered_from(bench: Workbench) -> None:
    state = bench.home / "state" / ".pulumi" / "stacks" / "warmline" / "local.json"
    copy = state.with_name("local.json.bak")
    assert json.loads(copy.read_text())
    before = bench.running.instance
    state.write_text(state.read_text()[:1_000])
    bench.up()
    assert bench.running.instance == before
    assert health(bench) == 200
    assert bench.up().unchanged


def test_up_leaves_an_alias_alone_that_a_release_moves(bench: Workbench) -> None:
    functions, name = bench.clients("lambda"), bench.resources(FUNCTION)["serving-predict"]["name"]

    def live() -> str:
        return functions.get_alias(FunctionName=name, Name="live")["FunctionVersion"]

    stays = live()
    bench.set("release", owner="release")
    bench.set("groups", timeout_seconds=19)
    bench.up()
    newest = bench.resources(FUNCTION)["serving-predict"]["version"]
    assert live() == stays != newest

    functions.update_alias(FunctionName=name, Name="live", FunctionVersion=newest)
    bench.set("groups", timeout_seconds=18)
    bench.up()
    assert live() == newest != bench.resources(FUNCTION)["serving-predict"]["version"]


def test_destroy_leaves_nothing_in_the_emulator(bench: Workbench) -> None:
    destroy(bench)
    assert {kind: left for kind, left in inventory(bench).items() if left} == {}


def inventory(bench: Workbench) -> dict[str, list[Any]]:
    """What is left of each kind, asked of the emulator itself."""
    client = bench.clients
    keys = [
        client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        for key in client("kms").list_keys()["Keys"]
    ]
    return {
        "buckets": client("s3").list_buckets()["Buckets"],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "functions": client("lambda").list_functions()["Functions"],
        "event sources": client("lambda").list_event_source_mappings()["EventSourceMappings"],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "topics": client("sns").list_topics()["Topics"],
        "roles": client("iam").list_roles()["Roles"],
        "log groups": client("logs").describe_log_groups()["logGroups"],
        "alarms": client("cloudwatch").describe_alarms()["MetricAlarms"],
        "dashboards": client("cloudwatch").list_dashboards()["DashboardEntries"],
        "apis": client("apigatewayv2").get_apis()["Items"],
        "user pools": client("cognito-idp").list_user_pools(MaxResults=10)["UserPools"],
        "key aliases": [
            alias
            for alias in client("kms").list_aliases()["Aliases"]
            if not alias["AliasName"].startswith("alias/aws/")
        ],
        "keys": [k for k in keys if k["KeyState"] != "PendingDeletion"],
    }
