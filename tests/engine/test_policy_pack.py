"""The real engine runs the pack: one violation stops a deployment, its repair lets it through."""

import os
import subprocess
from pathlib import Path

import pytest

from emulation import launchers
from emulation.engine import Engine, ensure
from emulation.paths import ROOT

pytestmark = pytest.mark.engine

PROGRAM = """
import json
import pulumi_aws as aws

key = "arn:aws:kms:eu-west-1:111122223333:key/0000"
tags = {"owner": "a", "environment": "dev", "cost-centre": "b", "data-class": "logs"}
refusal = {
    "Effect": "Deny", "Principal": "*", "Action": "s3:*",
    "Resource": ["arn:aws:s3:::models", "arn:aws:s3:::models/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
aws.cloudwatch.LogGroup("audit", retention_in_days=30, kms_key_id=key, tags=tags)
bucket = aws.s3.Bucket("models", tags=tags)
aws.s3.BucketVersioning(
    "models", bucket=bucket.bucket, versioning_configuration={"status": "Enabled"}
)
aws.s3.BucketServerSideEncryptionConfiguration("models", bucket=bucket.bucket, rules=[
    {"apply_server_side_encryption_by_default":
        {"sse_algorithm": "aws:kms", "kms_master_key_id": key}},
])
aws.s3.BucketPublicAccessBlock(
    "models", bucket=bucket.bucket, block_public_acls=True, block_public_policy=True,
    ignore_public_acls=True, restrict_public_buckets=True,
)
aws.s3.BucketPolicy("models", bucket=bucket.bucket, policy=json.dumps({"Statement": [refusal]}))
"""
UNKNOWN_KEY = """
import pulumi_aws as aws

key = aws.kms.ReplicaKey(
    "logs", primary_key_arn="arn:aws:kms:eu-central-1:111122223333:key/mrk-0000"
)
aws.cloudwatch.LogGroup("audit", retention_in_days=30, kms_key_id=key.arn)
"""
PROJECT = f"""
name: warmline
runtime: {{name: python, options: {{virtualenv: {ROOT / ".venv"}}}}}
config: {{"aws:region": {{value: eu-west-1}}}}
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    launchers.write()
    return ensure(print)


def preview(engine: Engine, folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    (folder / "state").mkdir()
    (folder / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    (folder / "__main__.py").write_text(program, encoding="utf-8")
    first = [*engine.path_entries, launchers.PREVIEW]
    kept = {name: os.environ[name] for name in ("HOME", "XDG_CACHE_HOME") if name in os.environ}
    environment = kept | {
        "PULUMI_HOME": str(folder / "home"),
        "PATH": os.pathsep.join([*map(str, first), os.environ["PATH"]]),
        "PULUMI_BACKEND_URL": (folder / "state").as_uri(),
        "PULUMI_CONFIG_PASSPHRASE": "not-a-secret",
        "PULUMI_SKIP_UPDATE_CHECK": "1",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(engine.command), *arguments, "--non-interactive"],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    started = run("stack", "init", "dev")
    assert started.returncode == 0, started.stderr
    return run("preview", "--policy-pack", str(ROOT / "policies"))


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        (
            "retention_in_days=30, ",
            "",
            "audit: retentionInDays is not above zero (0). Fix: retentionInDays above zero. [logs-",
        ),
        (
            'aws.s3.BucketPolicy("models"',
            'dict(name="models"',
            "models: bucket has no policy, which has to refuse plain HTTP. Fix: ",
        ),
    ],
    ids=["of a resource", "of the stack"],
)
def test_a_violation_stops_the_deployment_with_the_rules_message(
    engine: Engine, tmp_path: Path, written: str, instead: str, said: str
) -> None:
    assert PROGRAM.count(written) == 1
    result = preview(engine, tmp_path, PROGRAM.replace(written, instead))
    shown = result.stdout + result.stderr
    assert result.returncode != 0, shown
    assert "[mandatory]" in shown
    assert said in shown


def test_the_repaired_program_passes_every_rule(engine: Engine, tmp_path: Path) -> None:
    result = preview(engine, tmp_path, PROGRAM)
    shown = result.stdout + result.stderr
    assert result.returncode == 0, shown
    assert "warmline@" in shown
    assert "[mandatory]" not in shown
    assert "[advisory]" not in shown


def test_a_value_unknown_at_preview_is_said_aloud(engine: Engine, tmp_path: Path) -> None:
    result = preview(engine, tmp_path, UNKNOWN_KEY)
    assert "can't run policy 'logs-group-customer-key'" in result.stdout + result.stderr
