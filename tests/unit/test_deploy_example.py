"""The example of a deployment workflow: least rights, pinned actions, bootstrap's names."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation.bootstrap.run import Bootstrapped
from automation.bootstrap.show import next_steps

pytestmark = pytest.mark.unit

FILE = Path(__file__).parent.parent.parent / ".github" / "deploy.example.yml"
TEXT = FILE.read_text(encoding="utf-8")
WORKFLOW: dict[str, Any] = yaml.safe_load(TEXT)


def test_every_action_is_pinned_to_a_commit() -> None:
    used = [s["uses"] for job in WORKFLOW["jobs"].values() for s in job["steps"] if "uses" in s]
    assert used
    assert not [each for each in used if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each)]


def test_only_the_jobs_may_ask_for_a_token_and_nothing_may_write() -> None:
    assert WORKFLOW["permissions"] == {"contents": "read"}
    for job in WORKFLOW["jobs"].values():
        assert job["permissions"] == {"contents": "read", "id-token": "write"}


def test_a_pull_request_never_takes_the_apply_role() -> None:
    plan, apply = (str(WORKFLOW["jobs"][name]) for name in ("plan", "apply"))
    assert "APPLY_ROLE" not in plan
    assert WORKFLOW["jobs"]["apply"]["if"] == "github.event_name == 'push'"
    assert "APPLY_ROLE" in apply
    assert "pull_request_target" not in TEXT


def test_a_running_update_is_not_cut_off_by_the_next_push() -> None:
    assert WORKFLOW["jobs"]["apply"]["concurrency"]["cancel-in-progress"] is False


def test_its_variables_are_those_that_bootstrap_prints() -> None:
    printed = next_steps(
        Bootstrapped(
            stack="dev",
            account="111122223333",
            region="eu-central-1",
            dry_run=False,
            steps=[],
            backend_url="s3://b",
            secrets_provider="awskms://k",
            role_boundary="arn",
            roles={"plan": "arn:plan", "apply": "arn:apply"},
        )
    )
    assert set(re.findall(r"vars\.(\w+)", TEXT)) == set(re.findall(r"WARMLINE_\w+", printed))
