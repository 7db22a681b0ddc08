"""`warmline preview` of the stacks that live on AWS: the real engine, no account."""

import json
import re
from pathlib import Path

import pytest

from emulation.paths import ROOT
from tests.stack import warmline

pytestmark = pytest.mark.engine


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_a_preview_needs_no_credentials_passes_the_pack_and_changes_no_committed_file(
    stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a-profile-that-does-not-exist")
    monkeypatch.setenv("PULUMI_ACCESS_TOKEN", "not-a-token")
    before = committed()
    ran = warmline(tmp_path, "preview", "--stack", stack, "--json")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    found = json.loads(ran.stdout)
    assert found["passes"]
    assert found["policy_packs"]
    assert found["unchecked"] == found["tolerated"] == []
    assert found["resources"]["aws:lambda/function:Function"] == 2
    assert found["changes"]["create"] > sum(found["resources"].values())
    costs = found["costs"]
    assert costs["unpriced"] == []
    page = (ROOT / "docs" / "costs.md").read_text(encoding="utf-8")
    (shown,) = re.findall(rf"--stack {stack}\n\n```text\n(.*?)```", page, re.DOTALL)
    for part in ("standing", "metrics", "per_million_requests"):
        assert f"{costs[part]['usd']:8.2f}  in all" in shown, part
    assert committed() == before


def test_a_preview_of_a_stack_without_a_file_says_which_there_are(tmp_path: Path) -> None:
    ran = warmline(tmp_path, "preview", "--stack", "staging")
    assert ran.returncode == 1
    assert "Pulumi.staging.yaml does not exist" in ran.stderr
    assert "dev, local, prod" in ran.stderr


def committed() -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in ROOT.glob("Pulumi*.yaml")}
