"""Which serving group a model is pushed into."""

from pathlib import Path

import pytest

from automation.errors import Failure
from automation.models.groups import group_for
from automation.models.push import push
from tests import tiny_models
from tests.unit.models.fake_aws import FakeStack

pytestmark = pytest.mark.unit


@pytest.fixture
def stack() -> FakeStack:
    stack = FakeStack()
    default = stack.values["serving_groups"]["default"]
    stack.values["serving_groups"]["risk"] = default | {"models": ["fraud", "abuse"]}
    return stack


def test_a_listed_model_is_of_the_group_that_lists_it_and_any_other_of_the_default_group(
    stack: FakeStack,
) -> None:
    assert group_for(stack, "fraud") == group_for(stack, "fraud", "risk") == "risk"
    assert group_for(stack, "other") == group_for(stack, "other", "default") == "default"


@pytest.mark.parametrize(
    ("model", "asked", "serving"), [("fraud", "default", "risk"), ("other", "risk", "default")]
)
def test_a_group_that_does_not_get_the_models_requests_is_refused_with_both_names(
    stack: FakeStack, tmp_path: Path, model: str, asked: str, serving: str
) -> None:
    path = tmp_path / "model.onnx"
    tiny_models.save(tiny_models.linear(1.0), path)
    with pytest.raises(Failure, match=f"--group is '{asked}'; {model} is served by .*'{serving}'"):
        push(stack, model, path, group=asked)
    assert (stack.objects, stack.items) == ({}, {})


def test_a_group_that_the_stack_does_not_have_is_named_with_those_that_it_has(
    stack: FakeStack,
) -> None:
    with pytest.raises(Failure, match="no serving group 'riks'") as refused:
        group_for(stack, "fraud", "riks")
    assert refused.value.way_out == "Serving groups: default, risk"


def test_the_manifest_names_the_group(stack: FakeStack, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    tiny_models.save(tiny_models.linear(1.0), path)
    assert push(stack, "fraud", path).manifest.serving_group == "risk"
    assert push(stack, "other", path).manifest.serving_group == "default"
