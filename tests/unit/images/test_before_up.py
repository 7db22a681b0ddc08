"""`up` and `preview --account` of a stack file that names images ask first who signed them."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from automation import deployment, outputs, preview, up
from automation.errors import Failure, StageFailure
from automation.images import before_up, check
from automation.outputs import NotUp, Outputs
from automation.report import Report
from emulation.paths import ROOT
from tests.unit.images.in_memory import IMAGE, InMemory, Kms, serve

pytestmark = pytest.mark.unit

OURS, NEXT = Kms(), Kms()
KEYRING = {"images": OURS.public, "images-next": NEXT.public}
KEY = "groups.0.launch.image"
Asked = Callable[..., str]


def source(*images: str | None, keys: tuple[str, ...] = ("images", "images-next")) -> Any:
    """The settings of dev, with one group for each image."""
    found = yaml.safe_load((ROOT / "Pulumi.dev.yaml").read_text(encoding="utf-8"))
    group = found["config"]["warmline:groups"][0]
    found["config"]["warmline:groups"] = [
        group
        | {"launch": group["launch"] | {"package": "image" if image else "zip", "image": image}}
        for image in images
    ]
    found["config"]["warmline:functions"]["images"]["signing_keys"] = list(keys)
    return found


def deployed(stack: str) -> Outputs:
    return Outputs(stack=stack, values={"region": IMAGE.region, "images": {"keyring": KEYRING}})


def not_up(stack: str) -> Outputs:
    raise NotUp(stack)


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> InMemory:
    """Of a stack that is up, and trusts two keys."""
    monkeypatch.setattr(outputs, "read", deployed)
    made = InMemory()
    serve(made, monkeypatch)
    return made


def refusal(found: Any) -> Failure:
    with pytest.raises(Failure) as refused:
        before_up.signed("dev", found)
    return refused.value


@pytest.mark.usefixtures("repository")
def test_an_unsigned_image_is_refused_with_its_key_its_value_the_reason_and_the_way_out() -> None:
    refused = refusal(source(str(IMAGE)))
    assert refused.cause == (f"{KEY} is {str(IMAGE)!r}, which may not run: nobody signed {IMAGE}")
    assert f"warmline images sign {IMAGE}" in refused.way_out


def test_a_signature_that_was_tagged_from_another_image_is_refused(repository: InMemory) -> None:
    repository.retag_signature_of_another(OURS)
    refused = refusal(source(str(IMAGE)))
    assert f"{KEY} is {str(IMAGE)!r}" in refused.cause
    assert "is one of another image" in refused.cause
    assert "Somebody moved it there" in refused.way_out


def test_an_image_that_is_named_by_a_tag_is_refused(repository: InMemory) -> None:
    """The settings refuse it before, where they can be read."""
    repository.sign(OURS)
    refused = refusal(source(f"{IMAGE.registry}/{IMAGE.repository}:latest"))
    assert "is no image of ECR by its digest" in refused.cause


@pytest.mark.usefixtures("repository")
def test_all_images_that_may_not_run_are_told_at_once() -> None:
    absent = str(IMAGE).replace(IMAGE.digest, f"sha256:{'0' * 64}")
    cause = refusal(source(str(IMAGE), None, absent)).cause.splitlines()
    assert [line.partition(" is ")[0] for line in cause] == [KEY, "groups.2.launch.image"]
    assert "nobody signed" in cause[0]
    assert "there is no image" in cause[1]


def test_a_signed_image_passes_and_its_key_is_told(repository: InMemory) -> None:
    repository.sign(NEXT)
    assert before_up.signed("dev", source(str(IMAGE))) == (f"{KEY} is signed with images-next")


def test_a_key_that_the_stack_file_no_longer_lists_counts_no_more(repository: InMemory) -> None:
    repository.sign(NEXT)
    cause = refusal(source(str(IMAGE), keys=("images",))).cause
    assert cause.endswith("trusted are images")


@pytest.mark.parametrize(
    ("read", "because"),
    [
        (not_up, "stack dev is not up"),
        (
            lambda stack: Outputs(stack=stack, values={"images": {}}),
            "this stack has no keys for images",
        ),
    ],
)
def test_a_stack_that_has_no_keys_yet_is_told_how_the_first_image_comes_in(
    repository: InMemory,
    monkeypatch: pytest.MonkeyPatch,
    read: Callable[[str], Outputs],
    because: str,
) -> None:
    repository.sign(OURS)
    monkeypatch.setattr(outputs, "read", read)
    refused = refusal(source(str(IMAGE)))
    assert f"{KEY} is {str(IMAGE)!r}" in refused.cause
    assert refused.cause.endswith(because)
    assert "bring it up with package 'zip'" in refused.way_out


def test_a_registry_that_cannot_be_asked_lets_nothing_pass(
    repository: InMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.sign(OURS)

    def silent(_stack: object, _image: object) -> InMemory:
        raise Failure("the registry cannot be asked", "Check the network.")

    monkeypatch.setattr(check, "repository_of", silent)
    assert "cannot be asked" in refusal(source(str(IMAGE))).cause


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """`up` and `preview` of dev whose engine only notes that it was started."""
    started: list[str] = []

    class Engine:
        version = "v3"

    def note(name: str, result: Any = None) -> Callable[..., Any]:
        return lambda *_args, **_options: started.append(name) or result

    monkeypatch.setenv("WARMLINE_HOME", str(tmp_path))
    for module in (up, preview):
        monkeypatch.setattr(module, "read_stack_file", lambda _stack: source(str(IMAGE)))
        monkeypatch.setattr(module.engines, "ensure", lambda _show: Engine())
        monkeypatch.setattr(module, "open_stack", note("open"))
        monkeypatch.setattr(module.launchers, "write", lambda: None)
    monkeypatch.setattr(up, "prepare", lambda _stack: "")
    monkeypatch.setattr(up, "build", note("build", ""))
    monkeypatch.setattr(preview, "check_settings", lambda _stack, _source: None)
    monkeypatch.setattr(preview.cost, "estimate", lambda _types, _settings: [])
    monkeypatch.setattr(deployment, "deploy", note("deploy", Report(lambda _text: None)))
    monkeypatch.setattr(deployment, "preview", note("preview", Report(lambda _text: None)))
    monkeypatch.setattr(deployment, "release_stale_locks", note("locks"))
    return started


def quiet() -> Console:
    return Console(file=StringIO())


@pytest.mark.parametrize("retagged", [False, True])
def test_up_refuses_before_anything_is_built_or_deployed(
    commands: list[str], repository: InMemory, retagged: bool
) -> None:
    if retagged:
        repository.retag_signature_of_another(OURS)
    with pytest.raises(StageFailure, match="may not run") as refused:
        up.up("dev", quiet())
    assert refused.value.stage == "images"
    assert commands == []
    repository.manifests.pop(IMAGE.signature_tag, None)
    repository.sign(OURS)
    up.up("dev", quiet())
    assert commands == ["build", "open", "deploy"]


def test_a_preview_with_an_account_refuses_before_the_engine_looks(
    commands: list[str], repository: InMemory
) -> None:
    with pytest.raises(StageFailure, match="may not run") as refused:
        preview.preview("dev", quiet(), account=True)
    assert refused.value.stage == "images"
    assert commands == []
    repository.sign(OURS)
    assert preview.preview("dev", quiet(), account=True).not_asked == []
    assert "preview" in commands


def test_a_preview_without_an_account_says_that_it_could_not_ask(commands: list[str]) -> None:
    [line] = preview.preview("dev", quiet()).not_asked
    assert line.startswith(f"who signed {KEY}: asked with --account")
    assert "preview" in commands
