"""Bootstrap on an emulator that enforces IAM, and what the real engine keeps in what it makes.

The emulator fills in no `iam:PermissionsBoundary`, so what hangs on that key is decided by
`tests.unit.automation.test_pipeline_rights`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pulumi.automation.errors import CommandError

from automation.bootstrap.run import Bootstrapped, made
from automation.errors import Failure
from components.documents import ci, document
from components.documents.footing import Footing
from components.documents.role import lambda_trust
from emulation.ministack import Emulator, Running
from tests.emulated.bootstrapped import PULL, PUSH, SECRET, Bench, silent, versions

pytestmark = pytest.mark.emulated


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    enforcing = Emulator(tmp_path_factory.mktemp("account"))
    yield enforcing.ensure(lambda _text: None, enforcing=True)
    enforcing.stop()


@pytest.fixture(scope="module")
def bench(emulator: Running) -> Bench:
    return Bench(running=emulator)


@pytest.fixture(scope="module")
def first(bench: Bench) -> Bootstrapped:
    """Stack `first`, made once for the module."""
    return bench.make("first")


def test_a_dry_run_says_everything_and_makes_nothing(bench: Bench) -> None:
    clients, lines = bench.clients(), list[str]()
    result = made(bench.wanted("dry", clients), dry_run=True, show=lines.append)
    assert {step["outcome"] for step in result.steps} <= {"made", "changed", "unchanged"}
    assert not result.unchanged
    assert any("bucket warmline-dry-state-" in line for line in lines)
    assert clients.changing == []


def test_the_bucket_is_versioned_locked_encrypted_and_closed(
    bench: Bench, first: Bootstrapped
) -> None:
    s3, bucket = bench.clients()("s3"), {"Bucket": bench.wanted("first").footing.bucket}
    key = bench.clients()("kms").describe_key(KeyId="alias/warmline-first-state")["KeyMetadata"]
    assert not first.unchanged
    assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    assert s3.get_object_lock_configuration(**bucket)["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled"
    }
    (rule,) = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key["Arn"]
    block = s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"]
    assert set(block.values()) == {True}
    sids = [
        each["Sid"] for each in json.loads(s3.get_bucket_policy(**bucket)["Policy"])["Statement"]
    ]
    assert {"DenyWithoutTls", "DenyOtherKey", "DenyLossOfState"} <= set(sids)
    for alias in ("state", "secrets"):
        described = bench.clients()("kms").describe_key(KeyId=f"alias/warmline-first-{alias}")
        rotation = bench.clients()("kms").get_key_rotation_status(
            KeyId=described["KeyMetadata"]["KeyId"]
        )
        assert rotation["KeyRotationEnabled"]


def test_a_second_bootstrap_changes_nothing(bench: Bench, first: Bootstrapped) -> None:
    clients, before = bench.clients(), versions(bench, "first")
    again = made(bench.wanted("first", clients), dry_run=False, show=pytest.fail)
    assert again.unchanged
    assert clients.operations
    assert clients.changing == []
    assert versions(bench, "first") == before
    assert replace(again, steps=[]) == replace(first, steps=[])


@pytest.mark.parametrize(
    "cut_at",
    [
        "alias/warmline-{}-state",
        "policy of alias/warmline-{}-secrets",
        "tags of the bucket",
        "encryption of the bucket",
        "policy warmline-{}-see",
        "policies attached to role warmline-{}-apply",
        "policy roles of role warmline-{}-apply",
    ],
)
def test_what_was_cut_off_is_completed_and_nothing_is_made_twice(bench: Bench, cut_at: str) -> None:
    stack = f"cut{abs(hash(cut_at)) % 10_000}"
    wanted = cut_at.format(stack)
    kms = bench.clients()("kms")
    keys_before = len(kms.list_keys(Limit=1000)["Keys"])

    def cut(line: str) -> None:
        if line.partition(": ")[2] == wanted:
            raise KeyboardInterrupt

    try:
        bench.make(stack, show=cut)
    except KeyboardInterrupt:
        bench.make(stack)
    assert bench.make(stack).unchanged
    assert len(kms.list_keys(Limit=1000)["Keys"]) == keys_before + 2


def test_a_bucket_of_that_name_with_somebody_elses_objects_is_refused(bench: Bench) -> None:
    clients, wanted = bench.clients(), bench.wanted("taken")
    s3 = bench.clients()("s3")
    s3.create_bucket(Bucket=wanted.footing.bucket)
    s3.put_object(Bucket=wanted.footing.bucket, Key="theirs", Body=b"x")
    with pytest.raises(Failure, match="not this bootstrap's") as failed:
        made(replace(wanted, clients=clients), dry_run=False, show=silent)
    assert wanted.footing.bucket in failed.value.cause
    assert clients.changing == []


def test_another_key_of_the_bucket_and_a_dying_key_are_refused_together(bench: Bench) -> None:
    bench.make("foreign")
    s3, kms = bench.clients()("s3"), bench.clients()("kms")
    footing = bench.wanted("foreign").footing
    other = kms.create_key()["KeyMetadata"]["Arn"]
    by = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": other}
    s3.put_bucket_encryption(
        Bucket=footing.bucket,
        ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": by}]},
    )
    dying = kms.describe_key(KeyId=footing.secrets_alias)["KeyMetadata"]["KeyId"]
    kms.schedule_key_deletion(KeyId=dying, PendingWindowInDays=7)
    clients = bench.clients()
    with pytest.raises(Failure) as failed:
        made(bench.wanted("foreign", clients), dry_run=False, show=silent)
    assert f"encrypts with {other}" in failed.value.cause
    assert "PendingDeletion" in failed.value.cause
    assert clients.changing == []


def test_access_logs_get_a_role_once_for_the_account_and_one_that_is_set_stays(
    bench: Bench,
) -> None:
    gateway, iam = bench.clients()("apigateway"), bench.clients()("iam")
    assert bench.make("rest").unchanged is False
    assert gateway.get_account().get("cloudwatchRoleArn") is None
    wanted = replace(bench.wanted("rest"), rest_api=True)
    result = made(wanted, dry_run=False, show=silent)
    arn = gateway.get_account()["cloudwatchRoleArn"]
    assert arn == wanted.footing.iam("role/warmline-api-gateway-logs")
    (attached,) = iam.list_attached_role_policies(RoleName="warmline-api-gateway-logs")[
        "AttachedPolicies"
    ]
    assert attached["PolicyArn"].endswith("/AmazonAPIGatewayPushToCloudWatchLogs")
    assert [s["outcome"] for s in result.steps if s["outcome"] != "unchanged"] == ["made"] * 3
    other = replace(bench.wanted("rest2"), rest_api=True)
    again = made(other, dry_run=False, show=silent)
    assert [s["outcome"] for s in again.steps[-3:]] == ["unchanged"] * 3

    theirs = iam.create_role(RoleName="theirs", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    chosen = [{"op": "replace", "path": "/cloudwatchRoleArn", "value": theirs}]
    gateway.update_account(patchOperations=chosen)
    assert made(other, dry_run=False, show=pytest.fail).unchanged
    assert gateway.get_account()["cloudwatchRoleArn"] == theirs


def test_what_somebody_changed_is_put_back(bench: Bench) -> None:
    bench.make("moved")
    footing, iam = bench.wanted("moved").footing, bench.clients()("iam")
    wide = ci.github_trust(footing.provider_arn, ["repo:stranger/repo:pull_request"])
    iam.update_assume_role_policy(RoleName=footing.apply, PolicyDocument=json.dumps(wide))
    bench.clients()("s3").put_bucket_lifecycle_configuration(
        Bucket=footing.bucket,
        LifecycleConfiguration={
            "Rules": [
                {
                    "ID": "x",
                    "Status": "Enabled",
                    "Filter": {"Prefix": ""},
                    "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
                }
            ]
        },
    )
    result = bench.make("moved")
    changed = [step["what"] for step in result.steps if step["outcome"] != "unchanged"]
    assert changed == ["lifecycle of the bucket", f"who takes role {footing.apply}"]
    assert bench.make("moved").unchanged


def test_rights_that_somebody_added_to_a_role_are_taken_away(bench: Bench) -> None:
    bench.make("added")
    iam, name = bench.clients()("iam"), bench.wanted("added").footing.plan
    wide = json.dumps(document({"Effect": "Allow", "Action": ["*"], "Resource": "*"}))
    iam.put_role_policy(RoleName=name, PolicyName="theirs", PolicyDocument=wide)
    iam.attach_role_policy(RoleName=name, PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    result = bench.make("added")
    changed = [step["what"] for step in result.steps if step["outcome"] != "unchanged"]
    assert changed == [
        f"policies attached to role {name}",
        f"policies that are no document of ours in role {name}",
    ]
    assert set(iam.list_role_policies(RoleName=name)["PolicyNames"]) == {"preview", "state"}
    assert iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"] == []
    assert bench.make("added").unchanged


def test_of_two_keys_with_the_tags_of_one_neither_is_taken(bench: Bench) -> None:
    bench.make("doubled")
    kms, wanted = bench.clients()("kms"), bench.wanted("doubled")
    alias = wanted.footing.secrets_alias
    tags = [
        {"TagKey": key, "TagValue": value} for key, value in (wanted.mark | {"Name": alias}).items()
    ]
    kms.create_key(Tags=tags)
    kms.delete_alias(AliasName=alias)
    with pytest.raises(Failure, match="carry its tags"):
        bench.make("doubled")


def test_an_account_with_another_stacks_pipeline_is_refused_unless_asked_for(
    bench: Bench, first: Bootstrapped
) -> None:
    clients = bench.clients()
    alone = replace(bench.wanted("second", clients), shared_account=False)
    with pytest.raises(Failure, match="--shared-account") as failed:
        made(alone, dry_run=False, show=silent)
    assert "the pipeline of stack first (role warmline-first-apply)" in failed.value.cause
    assert clients.changing == []


def test_a_real_up_keeps_its_state_in_the_bucket_and_its_secrets_under_the_key(
    bench: Bench, first: Bootstrapped, tmp_path: Path
) -> None:
    root = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    stack = bench.program("first", tmp_path, root, first.secrets_provider)
    stack.up()
    s3, footing = bench.clients()("s3"), bench.wanted("first").footing
    key = ".pulumi/stacks/small/first.json"
    stored = s3.get_object(Bucket=footing.bucket, Key=key)
    text = stored["Body"].read().decode()
    provider = json.loads(text)["checkpoint"]["latest"]["secrets_providers"]
    assert provider["state"]["url"] == first.secrets_provider
    assert SECRET not in text
    assert stored["ServerSideEncryption"] == "aws:kms"
    assert len([each for each in versions(bench, "first") if each[0] == key]) > 1
    assert stack.outputs()["word"].value == SECRET


def test_the_apply_role_deploys_and_the_plan_role_previews_and_writes_nothing(
    bench: Bench, tmp_path: Path
) -> None:
    bench.make("piped")
    secrets = bench.secrets_by_arn("piped")
    keys = bench.take("warmline-piped-apply", PUSH)
    bench.program("piped", tmp_path, keys, secrets).up()
    before = versions(bench, "piped")
    assert any(key == ".pulumi/stacks/small/piped.json" for key, _ in before)

    keys = bench.take("warmline-piped-plan", PULL)
    planned = bench.program("piped", tmp_path, keys, secrets)
    assert planned.preview().change_summary == {"same": 1}
    with pytest.raises(CommandError, match=r"(?i)accessdenied|not authorized"):
        planned.up()
    assert versions(bench, "piped") == before

    assert bench.make("piped").unchanged
    assert versions(bench, "piped") == before


def test_the_pipeline_deletes_no_version_of_the_state(bench: Bench, first: Bootstrapped) -> None:
    bucket = bench.wanted(first.stack).footing.bucket
    s3 = bench.clients()("s3")
    version = s3.put_object(Bucket=bucket, Key=".pulumi/x", Body=b"1")["VersionId"]
    for name, subject in (("plan", PULL), ("apply", PUSH)):
        held = bench.client("s3", bench.take(f"warmline-first-{name}", subject))
        with pytest.raises(ClientError, match="AccessDenied"):
            held.delete_object(Bucket=bucket, Key=".pulumi/x", VersionId=version)
    held.delete_object(Bucket=bucket, Key=".pulumi/x")
    assert s3.get_object(Bucket=bucket, Key=".pulumi/x", VersionId=version)["Body"].read() == b"1"


@pytest.mark.parametrize(
    ("role", "subject"),
    [
        ("plan", "repo:stranger/octo-repo:pull_request"),
        ("plan", "repo:octo-org/octo-repo:ref:refs/heads/other"),
        ("apply", PULL),
        ("apply", "repo:octo-org/octo-repo:ref:refs/heads/other"),
        ("apply", "repo:stranger/octo-repo:ref:refs/heads/main"),
        ("apply", "repo:octo-org/octo-repo:environment:prod"),
        ("apply", "repo:octo-org/octo-repo:ref:refs/tags/main"),
        ("apply", "repo:octo-org/octo-repo:ref:refs/pull/7/merge"),
        ("apply", "repo:octo-org/octo-repo:*"),
        ("plan", "repo:octo-org/octo-repo:ref:refs/tags/v1"),
    ],
)
def test_workflows_of_others_take_no_role(
    bench: Bench, first: Bootstrapped, role: str, subject: str
) -> None:
    assert not first.dry_run
    with pytest.raises(ClientError, match="AccessDenied"):
        bench.take(f"warmline-first-{role}", subject)


def test_not_even_an_administrator_takes_a_role_but_through_github(
    bench: Bench, first: Bootstrapped
) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        bench.clients()("sts").assume_role(
            RoleArn=first.roles["apply"], RoleSessionName="administrator"
        )


ANY = {"Effect": "Allow", "Action": ["iam:*", "kms:*", "s3:*", "sts:*"], "Resource": "*"}
TRUST_LAMBDA = json.dumps(lambda_trust())
Attempt = Callable[[Any, Any, Footing], Any]
ESCALATIONS: dict[str, Attempt] = {
    "a user": lambda iam, _s3, _f: iam.create_user(UserName="mallory"),
    "keys of a user": lambda iam, _s3, _f: iam.create_access_key(UserName="someone"),
    "the boundary's end": lambda iam, _s3, f: iam.delete_role_permissions_boundary(
        RoleName=f.apply
    ),
    "a wider boundary": lambda iam, _s3, f: iam.create_policy_version(
        PolicyArn=f.boundary_arn,
        PolicyDocument=json.dumps(document(ANY | {"Action": ["*"]})),
        SetAsDefault=True,
    ),
    "the apply role for others": lambda iam, _s3, f: iam.update_assume_role_policy(
        RoleName=f.apply, PolicyDocument=TRUST_LAMBDA
    ),
    "another issuer": lambda iam, _s3, _f: iam.create_open_id_connect_provider(
        Url="https://token.example.com", ClientIDList=["x"]
    ),
    "the state bucket without its policy": lambda _iam, s3, f: s3.delete_bucket_policy(
        Bucket=f.bucket
    ),
    "old state ended sooner": lambda _iam, s3, f: s3.delete_bucket_lifecycle(Bucket=f.bucket),
}


@pytest.fixture(scope="module")
def escalating(bench: Bench, first: Bootstrapped) -> Iterator[dict[str, str]]:
    """The apply role whose policies somebody widened to everything: only the boundary is left."""
    iam = bench.clients()("iam")
    name = {"RoleName": first.roles["apply"].rpartition("/")[2], "PolicyName": "everything"}
    iam.put_role_policy(**name, PolicyDocument=json.dumps(document(ANY)))
    yield bench.take(name["RoleName"], PUSH)
    iam.delete_role_policy(**name)


@pytest.mark.parametrize("attempt", ESCALATIONS.values(), ids=list(ESCALATIONS))
def test_the_boundary_refuses(bench: Bench, escalating: dict[str, str], attempt: Attempt) -> None:
    footing = bench.wanted("first").footing
    with pytest.raises(ClientError, match="AccessDenied"):
        attempt(bench.client("iam", escalating), bench.client("s3", escalating), footing)


def test_one_provider_for_github_serves_all_stacks_of_an_account(bench: Bench) -> None:
    bench.make("one")
    bench.make("another")
    iam = bench.clients()("iam")
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
