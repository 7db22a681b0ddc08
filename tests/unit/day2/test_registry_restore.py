"""A restore of the registry against tables in memory: interrupted, overtaken, and over."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner

from automation import cli
from automation.day2 import backups, registry_restore
from automation.day2.registry_restore import Restored
from automation.errors import Failure
from contracts import registry as items
from contracts.registry import Item, ModelRecord
from tests.unit.models.fake_aws import TABLE, FakeStack, refused

pytestmark = pytest.mark.unit

MODELS = [items.encode_model(ModelRecord(model=name, serving_group="default")) for name in "abcdef"]


@dataclass
class Tables(FakeStack):
    """Tables and backups of DynamoDB, paged by two."""

    tables: dict[str, list[Item]] = field(default_factory=lambda: {TABLE: []})
    backups: dict[str, list[Item]] = field(default_factory=dict)
    """Name -> items; the ARN is `arn:` and the name."""
    made_at: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """Name -> when it was made, where that matters."""
    starting: int = 2
    """So often a new table is told to be not ready yet."""
    calls_made: list[str] = field(default_factory=list)
    before_put: Callable[[int], Any] = lambda _count: None

    def __post_init__(self) -> None:
        self.values["stack"] = "local"
        self.meta = type("Meta", (), {"region_name": self.client_region})

    def clients(self, service: str) -> Any:
        return self if service == "dynamodb" else super().clients(service)

    def create_backup(self, **request: Any) -> Any:
        name = request["BackupName"]
        self.backups[name] = copy.deepcopy(self.tables[request["TableName"]])
        return {"BackupDetails": {"BackupArn": f"arn:{name}"}}

    def describe_backup(self, **_: Any) -> Any:
        return {"BackupDescription": {"BackupDetails": {"BackupStatus": "AVAILABLE"}}}

    def list_backups(self, **request: Any) -> Any:
        names = sorted(self.backups)
        after = str(request.get("ExclusiveStartBackupArn", ""))[4:]
        start = names.index(after) + 1 if after else 0
        page = names[start : start + 2]
        more = {"LastEvaluatedBackupArn": f"arn:{page[-1]}"} if start + 2 < len(names) else {}
        return {"BackupSummaries": [self._summary(name) for name in page]} | more

    def _summary(self, name: str) -> dict[str, Any]:
        return {
            "BackupArn": f"arn:{name}",
            "BackupName": name,
            "TableName": TABLE,
            "BackupCreationDateTime": self.made_at.get(name, datetime(2026, 11, 25, tzinfo=UTC)),
            "BackupStatus": "AVAILABLE",
        }

    def restore_table_from_backup(self, **request: Any) -> None:
        self._restored(request, self.backups[request["BackupArn"][4:]])

    def restore_table_to_point_in_time(self, **request: Any) -> None:
        self._restored(request, self.tables[request["SourceTableName"]])

    def _restored(self, request: dict[str, Any], content: list[Item]) -> None:
        assert request["SSESpecificationOverride"]["KMSMasterKeyId"] == "key"
        self.calls_made.append("restore")
        self.tables[request["TargetTableName"]] = copy.deepcopy(content)
        self.starting = 2

    def describe_table(self, **request: Any) -> Any:
        name = request["TableName"]
        if name not in self.tables:
            raise refused("ResourceNotFoundException", 400)
        status = "ACTIVE"
        if name != TABLE and self.starting:
            self.starting -= 1
            status = "CREATING"
        described = {"TableStatus": status, "TableArn": f"arn:{name}"}
        return {"Table": described | {"SSEDescription": {"KMSMasterKeyArn": "key"}}}

    def list_tags_of_resource(self, **_: Any) -> Any:
        return {"Tags": [{"Key": "owner", "Value": "us"}]}

    def tag_resource(self, **request: Any) -> None:
        assert request["Tags"] == [{"Key": "owner", "Value": "us"}]
        self.calls_made.append("tag")

    def delete_table(self, **request: Any) -> None:
        del self.tables[request["TableName"]]

    def scan(self, **request: Any) -> Any:
        assert request["ConsistentRead"]
        start = request.get("ExclusiveStartKey", 0)
        page = self.tables[request["TableName"]][start : start + 2]
        more = start + 2 < len(self.tables[request["TableName"]])
        return {"Items": copy.deepcopy(page)} | ({"LastEvaluatedKey": start + 2} if more else {})

    def put_item(self, **request: Any) -> None:
        table = self.tables[request["TableName"]]
        self.before_put(len(table))
        there = [one for one in table if (one["pk"], one["sk"]) == _key(request["Item"])]
        assert request["ConditionExpression"] == "attribute_not_exists(pk)"
        if there:
            raise refused("ConditionalCheckFailedException", 400)
        table.append(request["Item"])

    def query(self, **_: Any) -> Any:
        return {"Items": []}


def _key(item: Item) -> tuple[Any, Any]:
    return item["pk"], item["sk"]


def silent(_text: str) -> None:
    return None


def run(stack: Tables, *, dry_run: bool = False) -> Restored:
    return registry_restore.restore(
        stack, backup="latest", moment=None, overwrite=False, dry_run=dry_run, progress=silent
    )


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Tables:
    """With a backup of six models, and nothing in the registry any more."""
    monkeypatch.setattr(backups, "POLL_SECONDS", 0.0)
    made = Tables(tables={TABLE: list(MODELS)})
    backups.create(made, silent)
    made.tables[TABLE] = []
    return made


def test_every_page_comes_back_and_the_table_beside_goes(stack: Tables) -> None:
    result = run(stack)
    assert (result.written, result.same) == (6, 0)
    assert stack.tables == {TABLE: MODELS}
    assert stack.calls_made == ["restore", "tag"]


def test_a_dry_run_compares_and_writes_nothing(stack: Tables) -> None:
    assert run(stack, dry_run=True).written == 6
    assert stack.tables == {TABLE: []}


def test_the_latest_is_the_newest_of_this_stack(stack: Tables) -> None:
    stack.backups["warmline-local-registry-99991231T000000.000000Z"] = MODELS[:1]
    stack.backups["warmline-prod-registry-99999999T000000.000000Z"] = []
    stack.backups["zzz"] = []
    assert run(stack).written == 1
    assert [one.name[:23] for one in backups.known(stack)] == ["warmline-local-registry"] * 2


@pytest.mark.parametrize(
    "name",
    [
        "warmline-local-registry-zzz",
        "warmline-local-registry-99991231T000000.000000Z-more",
        "warmline-local-registry-east-registry-99991231T000000.000000Z",
    ],
)
def test_a_backup_with_another_form_of_name_is_not_of_this_stack(stack: Tables, name: str) -> None:
    """Whoever may make backups picks their names, and another stack's may begin the same."""
    stack.backups[name] = MODELS[:1]
    assert run(stack).written == 6
    assert len(backups.known(stack)) == 1


def test_the_latest_is_told_by_dynamodbs_clock_and_said_before_it_is_taken(stack: Tables) -> None:
    old = "warmline-local-registry-99991231T000000.000000Z"
    stack.backups[old] = MODELS[:1]
    stack.made_at[old] = datetime(2026, 10, 1, tzinfo=UTC)
    said: list[str] = []
    arn = backups.chosen(stack, "latest", said.append)
    assert arn != f"arn:{old}"
    assert f"made of table {TABLE} at 2026-11-25T00:00:00+00:00" in said[0]


def test_without_a_backup_the_way_out_names_dynamodbs_own() -> None:
    with pytest.raises(Failure, match="warmline-local-registry-") as raised:
        run(Tables())
    assert "SYSTEM" in raised.value.way_out


def test_an_interrupted_restore_takes_the_table_that_is_there(stack: Tables) -> None:
    def stop(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    stack.before_put = stop
    with pytest.raises(KeyboardInterrupt):
        run(stack)
    assert len(stack.tables) == 2
    stack.before_put = lambda _count: None
    result = run(stack)
    assert (result.written, result.same) == (3, 3)
    assert stack.calls_made.count("restore") == 1
    assert stack.tables == {TABLE: MODELS}


def test_whoever_writes_meanwhile_wins_and_is_told(stack: Tables) -> None:
    mine = MODELS[2] | {"serving_group": {"S": "mine"}}

    def overtake(count: int) -> None:
        if count == 2:
            stack.tables[TABLE].append(mine)

    stack.before_put = overtake
    with pytest.raises(Failure, match="2 of 6 items are written"):
        run(stack)
    stack.before_put = lambda _count: None
    result = run(stack)
    assert mine in stack.tables[TABLE]
    assert (result.written, len(result.kept)) == (3, 1)


def test_a_table_that_never_becomes_ready_is_waited_for_again(
    stack: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backups, "LIMIT_SECONDS", -1)
    with pytest.raises(Failure, match="is not ready after") as raised:
        run(stack)
    assert "goes on from here" in raised.value.way_out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "give one of --from-backup and --to"),
        (("--from-backup", "latest", "--to", "2026-11-25T08:00:00Z"), "give one of"),
        (("--to", "yesterday"), "is no ISO 8601 time"),
        (("--to", "2026-11-25T08:00:00"), "has no time zone"),
        (("--from-backup", "latest", "--stack", "prod"), "lives on AWS"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(
    arguments: tuple[str, ...], said: str
) -> None:
    answer = CliRunner().invoke(
        cli.app, ["restore", "registry", *arguments], env={"COLUMNS": "300"}
    )
    assert answer.exit_code == 2
    assert said in answer.output
