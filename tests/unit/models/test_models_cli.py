"""`warmline models` on the command line: what it prints, and how it fails."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from automation import cli as warmline
from automation.models import cli, demo
from automation.models.registry import Registry
from contracts.manifest import ModelFile
from model_images import content_types
from model_images.files import LocalFile
from tests.tiny_models import linear, save
from tests.unit.models.fake_aws import ACTOR, FakeStack, refused

pytestmark = pytest.mark.unit


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    made = FakeStack()
    monkeypatch.setattr(cli, "connect", lambda _name: made)
    return made


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


def printed(*arguments: object) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def refusal(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 1, result.output
    assert "Traceback" not in result.output
    assert result.stdout == ""
    return result.stderr


@pytest.fixture
def pushed(stack: FakeStack, tmp_path: Path) -> FakeStack:
    """Three versions of `tiny`."""
    for version in (1, 2, 3):
        path = save(linear(float(version)), tmp_path / f"{version}.onnx")
        assert printed("push", "tiny", path)["version"] == version
    return stack


def test_push_tells_what_was_made_and_what_comes_next(stack: FakeStack, tmp_path: Path) -> None:
    path = save(linear(1.0), tmp_path / "m.onnx")
    result = run("push", "tiny", path)
    assert result.exit_code == 0
    assert "tiny version 1 is READY." in result.stdout
    assert "warmline models route tiny --to 1=10000" in result.stdout
    assert "was there already" in run("push", "tiny", path).stdout
    document = printed("push", "tiny", path, "--version", 1)
    assert (document["created"], document["signing_key"]) == (False, "2026a")
    assert document["manifest"]["resources"][0]["name"] == "m.onnx"


def test_a_bad_model_is_told_with_every_problem_and_exit_code_1(
    stack: FakeStack, tmp_path: Path
) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"[bold]nothing[/bold]")
    message = refusal("push", "tiny", path, "--memory-mb", 0)
    assert "2 problems" in message
    assert "--memory-mb is 0; it must be from 1 to" in message
    assert "Nothing was uploaded." in message


def test_an_illegal_name_is_told(stack: FakeStack, tmp_path: Path) -> None:
    path = save(linear(1.0), tmp_path / "m.onnx")
    assert "model is 'Tiny!'" in refusal("push", "Tiny!", path)


def test_list_shows_models_versions_and_routes(pushed: FakeStack) -> None:
    run("route", "tiny", "--to", "1=9000", "--to", "2=1000")
    [document] = printed("list")
    assert (document["model"], document["serving_group"]) == ("tiny", "default")
    assert [version["version"] for version in document["versions"]] == [1, 2, 3]
    assert document["route"]["weights"] == {"1": 9_000, "2": 1_000}
    text = run("list").stdout
    assert "revision 1: 1 90 %, 2 10 %" in text
    assert "signed with 2026a" in text


def test_list_of_nothing_says_how_to_begin(stack: FakeStack) -> None:
    assert printed("list") == []
    assert "warmline models push" in run("list").stdout


def test_route_prints_before_and_after(pushed: FakeStack) -> None:
    first = run("route", "tiny", "--to", "1=10000")
    assert "before  none (no version answers)" in first.stdout
    assert "after   revision 1: 1 100 %" in first.stdout
    options = ("--shadow", 3, "--standby", 1, "--sticky-header", "x-user", "--expect", 1)
    document = printed("route", "tiny", "--to", "2=10000", *options)
    assert document["before"]["weights"] == {"1": 10_000}
    assert document["after"] == {
        "revision": 2,
        "weights": {"2": 10_000},
        "shadow": 3,
        "standby": [1],
        "sticky_header": "x-user",
    }
    again = run("route", "tiny", "--to", "2=10000")
    assert "It is so already: revision 2: 2 100 %; shadow 3; standby 1; sticky by x-user" in (
        again.stdout
    )
    cleared = ("--no-shadow", "--no-standby", "--no-sticky-header")
    after = printed("route", "tiny", "--to", "2=10000", *cleared)["after"]
    assert (after["shadow"], after["standby"], after["sticky_header"]) == (None, [], None)


def test_a_conflict_names_the_present_revision(pushed: FakeStack) -> None:
    run("route", "tiny", "--to", "1=10000")
    run("route", "tiny", "--to", "2=10000")
    message = refusal("route", "tiny", "--to", "3=10000", "--expect", 1)
    assert "the registry has revision 2" in message
    assert "--expect 2" in message


@pytest.mark.parametrize(
    "arguments",
    [
        ("--to", "1"),
        ("--to", "1=0.5"),
        ("--to", "1=90%"),
        ("--to", "1=-5"),
        ("--to", "1=5000", "--to", "1=5000"),
        ("--to", "1=10000", "--shadow", "2", "--no-shadow"),
        ("--to", "1=10000", "--standby", "2", "--no-standby"),
        ("--to", "1=10000", "--sticky-header", "x", "--no-sticky-header"),
        (),
    ],
)
def test_a_command_line_that_makes_no_sense_ends_with_2(
    pushed: FakeStack, arguments: tuple[str, ...]
) -> None:
    assert run("route", "tiny", *arguments).exit_code == 2
    assert Registry.of(pushed).route("tiny") is None


@pytest.mark.parametrize("weights", [("1=9999",), ("1=9000", "2=1001"), ("1=0", "2=10000")])
def test_weights_that_do_not_fit_are_told(pushed: FakeStack, weights: tuple[str, ...]) -> None:
    options = [option for weight in weights for option in ("--to", weight)]
    assert "weight" in refusal("route", "tiny", *options)
    assert Registry.of(pushed).route("tiny") is None


def test_rollback_and_retire_say_what_they_did(pushed: FakeStack) -> None:
    run("route", "tiny", "--to", "1=10000")
    run("route", "tiny", "--to", "2=10000")
    assert "after   revision 3: 1 100 %" in run("rollback", "tiny").stdout
    assert "It is so already" in run("rollback", "tiny").stdout
    assert printed("rollback", "tiny", "--to", 1)["changed"] is False
    assert "weighted with 10000" in refusal("retire", "tiny", 1)
    assert "tiny version 2 is retired." in run("retire", "tiny", 2).stdout
    assert printed("retire", "tiny", 2)["changed"] is False


def test_show_tells_the_history_with_actors_newest_first(pushed: FakeStack) -> None:
    run("route", "tiny", "--to", "1=10000")
    run("route", "tiny", "--to", "2=10000")
    run("rollback", "tiny")
    history = printed("show", "tiny")["history"]
    assert [entry["route"]["revision"] for entry in history] == [3, 2, 1]
    assert [entry["action"] for entry in history] == ["rollback", "route", "route"]
    assert {entry["actor"] for entry in history} == {ACTOR}
    assert f"by {ACTOR}" in run("show", "tiny").stdout


def test_times_are_shown_to_the_second(pushed: FakeStack) -> None:
    assert re.search(r"  \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  signed", run("list").stdout)


def test_show_of_a_version_prints_its_manifest(pushed: FakeStack) -> None:
    document = printed("show", "tiny", "--version", 2)
    assert document["manifest"]["version"] == 2
    assert document["state"] == "READY"
    assert "it has 1, 2, 3" in refusal("show", "tiny", "--version", 9)


def test_an_unknown_model_names_those_that_are_there(pushed: FakeStack) -> None:
    assert "registered are: tiny" in refusal("show", "other")
    assert "no route yet" in refusal("rollback", "other")


def test_missing_rights_are_told_without_a_traceback(pushed: FakeStack) -> None:
    def deny() -> None:
        raise refused("AccessDeniedException", 400)

    pushed.calls.before_name["query"] = deny
    message = refusal("list")
    assert "AccessDenied" in message
    assert "rights" in message


def test_a_file_that_may_not_be_read_is_told_without_a_traceback(
    stack: FakeStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(linear(1.0), tmp_path / "m.onnx")

    def deny(_file: LocalFile) -> ModelFile:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(LocalFile, "hashed", deny)
    message = refusal("push", "tiny", path)
    assert "Permission denied" in message
    assert "may read the file" in message


def test_the_commands_are_part_of_warmline() -> None:
    result = CliRunner().invoke(warmline.app, ["models", "--help"])
    assert result.exit_code == 0
    for command in ("push", "list", "show", "route", "rollback", "retire"):
        assert f" {command} " in result.output


def test_a_tampered_item_is_told_without_a_traceback(pushed: FakeStack) -> None:
    del pushed.items["MODEL#tiny", "VERSION#0000000002"]["state"]
    assert "version item is misshapen" in refusal("show", "tiny")


def test_the_demo_model_is_registered_and_routed_once(stack: FakeStack) -> None:
    texts: list[str] = []
    assert demo.ensure(stack, texts.append) == "magika version 1 registered"
    route = Registry.of(stack).route("magika")
    assert route is not None
    assert route.weights == ((1, 10_000),)
    record = Registry.of(stack).require_version("magika", 1)
    manifest = json.loads(record.manifest)
    assert manifest["inputs"] == [{"datatype": "INT32", "name": "bytes", "shape": [-1, 2048]}]
    assert manifest["max_batch_size"] >= 16
    assert manifest["resources"][0]["size_bytes"] == (
        (content_types.model_folder() / "model.onnx").stat().st_size
    )
    items, objects = dict(stack.items), dict(stack.objects)
    assert demo.ensure(stack, texts.append) == "magika is there, version 1 answers"
    assert (stack.items, stack.objects) == (items, objects)


def test_the_demo_model_goes_on_after_a_stop_between_push_and_route(stack: FakeStack) -> None:
    demo.ensure(stack, lambda _text: None)
    for key in [key for key in stack.items if key[1] == "ROUTE" or key[1].startswith("AUDIT")]:
        del stack.items[key]
    assert demo.ensure(stack, lambda _text: None) == "magika version 1 registered"
    assert Registry.of(stack).route("magika") is not None
