"""Which files the engine works with, and what is refused before it starts."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml

from automation import workspace
from automation.errors import Failure
from automation.workspace import Reach
from emulation.engine import Engine

pytestmark = pytest.mark.unit

PROJECT = {"name": "warmline", "runtime": {"name": "python", "options": {"virtualenv": ".venv"}}}
PROTECTED = {"aws:region": "eu-west-1", "warmline:protection": {"deletion_protection": True}}


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone with a project and three stacks, and a home of its own beside it."""
    root = tmp_path / "clone"
    root.mkdir()
    (root / "Pulumi.yaml").write_text(yaml.safe_dump(PROJECT))
    write(root, "local", {"config": {"aws:region": "us-east-1"}})
    write(root, "dev", {"config": {"aws:region": "us-east-1"}})
    write(root, "prod", {"config": PROTECTED})
    monkeypatch.setattr(workspace, "ROOT", root)
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path / "home"))
    return root


def write(root: Path, stack: str, content: dict) -> None:
    (root / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump(content))


def written(stack: str) -> dict:
    folder = workspace.workspace_folder(stack)
    return yaml.safe_load((folder / f"Pulumi.{stack}.yaml").read_text())


def engine() -> Engine:
    """An engine that fails the test when it is started."""
    return Engine(
        command=Path("/does/not/exist/pulumi"),
        version="3.274.1",
        origin="path",
        path_entries=(Path("/engine/host"),),
    )


def test_the_copy_runs_the_clones_own_program_with_this_virtual_environment(clone: Path) -> None:
    source = workspace.read_stack_file("local")
    folder = workspace.write_workspace("local", source, endpoint_url=None)
    project = yaml.safe_load((folder / "Pulumi.yaml").read_text())
    assert project["main"] == str(clone)
    assert project["name"] == "warmline"
    assert Path(project["runtime"]["options"]["virtualenv"]).is_absolute()


def test_the_emulators_address_is_written_into_the_copy_and_not_into_the_clone(clone: Path) -> None:
    before = (clone / "Pulumi.local.yaml").read_bytes()
    source = workspace.read_stack_file("local")
    workspace.write_workspace("local", source, endpoint_url="http://127.0.0.1:4599")
    assert written("local")["config"]["warmline:endpoint_url"] == "http://127.0.0.1:4599"
    assert (clone / "Pulumi.local.yaml").read_bytes() == before


def test_the_copy_has_neither_the_secrets_provider_nor_an_encrypted_value(clone: Path) -> None:
    settings = {
        "secretsprovider": "awskms://alias/key",
        "encryptedkey": "abc",
        "config": {
            "warmline:webhook": {"secure": "v1:abc"},
            "warmline:tenants": [{"name": "a", "key": {"secure": "v1:def"}}],
        },
    }
    write(clone, "dev", settings)
    workspace.write_workspace("dev", workspace.read_stack_file("dev"), endpoint_url=None)
    copy = written("dev")
    assert "secretsprovider" not in copy
    assert "encryptedkey" not in copy
    assert copy["config"]["warmline:webhook"] == workspace.UNREADABLE
    assert copy["config"]["warmline:tenants"] == [{"name": "a", "key": workspace.UNREADABLE}]


def test_a_second_run_keeps_the_salt_and_takes_over_a_changed_setting(clone: Path) -> None:
    folder = workspace.write_workspace(
        "local", workspace.read_stack_file("local"), endpoint_url=None
    )
    path = folder / "Pulumi.local.yaml"
    path.write_text(yaml.safe_dump(written("local") | {"encryptionsalt": "v1:salt"}))
    write(clone, "local", {"config": {"aws:region": "eu-north-1"}})
    workspace.write_workspace("local", workspace.read_stack_file("local"), endpoint_url=None)
    assert written("local") == {
        "config": {"aws:region": "eu-north-1"},
        "encryptionsalt": "v1:salt",
    }


@pytest.mark.usefixtures("clone")
def test_the_passphrase_is_random_stays_the_same_and_is_for_its_owner_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workspace.passphrase_file()
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert workspace.passphrase_file().read_text() == first
    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path / "another"))
    assert workspace.passphrase_file().read_text() != first


@pytest.mark.usefixtures("clone")
def test_commands_that_start_together_have_one_passphrase() -> None:
    together = threading.Barrier(8)

    def ask(_number: int) -> str:
        together.wait()
        return workspace.passphrase_file().read_text()

    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(ask, range(8)))
    assert len(found) == 1
    assert len(found.pop()) > 30
    assert [path.name for path in workspace.home().iterdir()] == ["passphrase"]


@pytest.mark.usefixtures("clone")
def test_an_empty_passphrase_of_a_killed_command_is_made_anew() -> None:
    path = workspace.home() / "passphrase"
    path.touch()
    assert len(workspace.passphrase_file().read_text()) > 30


@pytest.mark.usefixtures("clone")
def test_a_stack_without_a_file_is_refused_with_the_names_of_those_that_exist() -> None:
    with pytest.raises(Failure, match=r"Pulumi\.staging\.yaml does not exist") as caught:
        workspace.open_stack("staging", engine(), Reach.NOTHING)
    assert "dev, local, prod" in caught.value.way_out


@pytest.mark.usefixtures("clone")
def test_a_protected_stack_without_a_secrets_provider_is_refused_before_the_engine_starts() -> None:
    with pytest.raises(Failure, match="secretsprovider is missing") as caught:
        workspace.open_stack("prod", engine(), Reach.ACCOUNT)
    line = "secretsprovider: awskms://alias/warmline-prod-secrets?region=eu-west-1"
    assert line in caught.value.way_out


def test_a_protected_stack_with_a_passphrase_is_refused_too(clone: Path) -> None:
    write(clone, "prod", {"secretsprovider": "passphrase", "config": PROTECTED})
    with pytest.raises(Failure, match="secretsprovider is 'passphrase'"):
        workspace.open_stack("prod", engine(), Reach.ACCOUNT)


def test_every_selection_of_a_protected_stack_names_the_same_provider(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider = "awskms://alias/warmline-prod-secrets"
    write(clone, "prod", {"secretsprovider": provider, "config": PROTECTED})
    seen = []

    def select(stack: str, work_dir: str, opts: workspace.auto.LocalWorkspaceOptions) -> None:
        seen.append((stack, work_dir, opts.secrets_provider))

    monkeypatch.setattr(workspace.auto, "create_or_select_stack", select)
    workspace.open_stack("prod", engine(), Reach.ACCOUNT)
    workspace.open_stack("prod", engine(), Reach.ACCOUNT)
    assert seen == [("prod", str(clone), provider)] * 2


@pytest.mark.usefixtures("clone")
def test_only_a_run_against_an_account_sees_the_users_credentials(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "prod")
    environments = {reach: workspace.command_for(engine(), reach, {}).environ for reach in Reach}
    assert environments[Reach.ACCOUNT]["AWS_PROFILE"] == "prod"
    assert "AWS_PROFILE" not in environments[Reach.NOTHING]
    assert "AWS_PROFILE" not in environments[Reach.EMULATOR]


@pytest.mark.usefixtures("clone")
def test_each_reach_has_its_own_launchers_first_on_the_path() -> None:
    def first(reach: Reach) -> list[str]:
        return workspace.command_for(engine(), reach, {}).environ["PATH"].split(":")[:2]

    assert first(Reach.EMULATOR) == [str(workspace.RUNTIME / "bin" / "local"), "/engine/host"]
    assert first(Reach.NOTHING) == [str(workspace.RUNTIME / "bin" / "preview"), "/engine/host"]
    assert first(Reach.ACCOUNT)[0] == "/engine/host"


@pytest.mark.parametrize("text", ["config:\n  x: [\n", "", "[]", "config:\n", "config: text\n"])
def test_a_file_that_is_no_stack_file_is_refused_by_name(text: str, clone: Path) -> None:
    (clone / "Pulumi.local.yaml").write_text(text)
    with pytest.raises(
        Failure, match=r"Pulumi\.local\.yaml (is not YAML|has no settings)"
    ) as caught:
        workspace.read_stack_file("local")
    assert "Correct Pulumi.local.yaml" in caught.value.way_out


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_the_settings_of_every_committed_stack_are_right(stack: str) -> None:
    assert workspace.check_settings(stack, workspace.read_stack_file(stack)) is not None


def test_all_problems_of_the_settings_are_told_without_an_engine() -> None:
    source = workspace.read_stack_file("local")
    config = source["config"]
    config["warmline:groups"][0] |= {"memory_mb": 64, "tmp_mbb": 512}
    del config["warmline:storage"]
    with pytest.raises(Failure, match=r"Pulumi\.local\.yaml has 3 problem") as caught:
        workspace.check_settings("local", source)
    for key in ("groups.0.memory_mb", "groups.0.tmp_mbb", "warmline:storage"):
        assert key in caught.value.cause
    assert "docs/settings.md" in caught.value.way_out


def test_archives_of_this_machine_do_not_go_to_an_account() -> None:
    source = workspace.read_stack_file("local")
    workspace.check_settings("local", source)
    with pytest.raises(Failure, match=r"'machine' in Pulumi\.dev\.yaml; only stack local may"):
        workspace.check_settings("dev", source)


def test_settings_with_an_encrypted_value_are_left_to_the_engine() -> None:
    source = workspace.read_stack_file("dev")
    source["config"]["warmline:naming"]["owner"] = {"secure": "v1:abc"}
    assert workspace.check_settings("dev", source) is None


@pytest.mark.usefixtures("clone")
def test_an_account_without_a_backend_is_told_where_state_may_be_kept(tmp_path: Path) -> None:
    script = tmp_path / "pulumi"
    script.write_text("#!/bin/sh\necho 'error: PULUMI_ACCESS_TOKEN must be set' >&2\nexit 3\n")
    script.chmod(0o755)
    broken = Engine(command=script, version="3.274.1", origin="path", path_entries=())
    with pytest.raises(Failure) as caught:
        workspace.open_stack("dev", broken, Reach.ACCOUNT)
    said = "the engine cannot reach the state of stack dev: error: PULUMI_ACCESS_TOKEN must be set"
    assert caught.value.cause == said
    assert "PULUMI_BACKEND_URL" in caught.value.way_out


HERE = {"config": {"warmline:deployment": {"backend_url": "s3://of-the-file"}}}


@pytest.mark.parametrize(
    ("source", "shell", "backend"),
    [
        (HERE, None, "s3://of-the-file"),
        (HERE, "s3://of-the-file", "s3://of-the-file"),
        ({"config": {"warmline:deployment": {"backend_url": None}}}, "s3://of-the-shell", None),
        ({"config": {"warmline:deployment": "text"}}, "s3://of-the-shell", None),
        ({}, None, None),
    ],
)
def test_state_is_where_the_stack_file_says_or_else_where_the_shell_says(
    source: dict[str, Any], shell: str | None, backend: str | None
) -> None:
    assert workspace.backend_of(source, shell) == backend


def test_a_shell_that_names_the_state_of_another_stack_is_refused_before_the_engine_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://of-another-stack")
    with pytest.raises(Failure) as failed:
        workspace.command_for(engine(), Reach.ACCOUNT, HERE)
    assert "s3://of-the-file" in failed.value.cause
    assert "s3://of-another-stack" in failed.value.cause
    assert "PULUMI_BACKEND_URL" in failed.value.way_out


def test_the_engine_is_told_where_the_stack_file_keeps_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PULUMI_BACKEND_URL", raising=False)
    command = workspace.command_for(engine(), Reach.ACCOUNT, HERE)
    assert command.environ["PULUMI_BACKEND_URL"] == "s3://of-the-file"
