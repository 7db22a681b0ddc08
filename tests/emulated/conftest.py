"""One deployed stack for the level, and tiny models whose answers show which version ran."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from onnx import TensorProto, helper

from automation.models import push, routes
from automation.models.registry import Registry
from emulation.ministack import Emulator
from tests import tiny_models
from tests.emulated.calls import Api
from tests.stack import LocalStack, local_stack

__all__ = ["local_stack"]  # the session fixture of the level
WIDE = 1_000_000
ONCE = pytest.StashKey[Counter[str]]()
"""How many tests of which module are not run again with IAM enforced."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """What only an emulator that enforces IAM can show is part of that pass alone."""
    alone = collection_path.name == "test_iam_enforced.py"
    return True if alone and not config.getoption("--enforce-iam") else None


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--enforce-iam", action="store_true", help="Let the emulator ask IAM policies, over TLS."
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What asks for no deployed stack meets the same in both passes: not again with IAM enforced.

    Such tests bring up by themselves what they need. pytest counts them as deselected, and
    the header of the run names their modules.
    """
    if not config.getoption("--enforce-iam"):
        return
    once = [item for item in items if _meets_the_same(item)]
    items[:] = [item for item in items if not _meets_the_same(item)]
    config.hook.pytest_deselected(items=once)
    config.stash[ONCE] = Counter(item.path.name for item in once)


def _meets_the_same(item: pytest.Item) -> bool:
    of_this_level = item.path.is_relative_to(Path(__file__).parent)
    return of_this_level and "local_stack" not in getattr(item, "fixturenames", ())


def pytest_report_collectionfinish(config: pytest.Config) -> list[str]:
    counted = config.stash.get(ONCE, None)
    if not counted:
        return []
    named = ", ".join(f"{module} ({count})" for module, count in sorted(counted.items()))
    return [f"not again with IAM enforced, for they use no deployed stack: {named}"]


@pytest.fixture(scope="session")
def bare_emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an emulator that nothing was deployed to."""
    emulator = Emulator(tmp_path_factory.mktemp("bare"))
    yield emulator.ensure(lambda _text: None).endpoint_url
    emulator.stop()


@pytest.fixture(scope="module")
def credentials() -> Iterator[None]:
    """Keys that open nothing, where the functions' client looks for them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_SESSION_TOKEN", raising=False)
        yield


@pytest.fixture(scope="session")
def api(local_stack: LocalStack) -> Api:
    """The API as the first tenant of the stack sees it, who may use every model."""
    return Api(local_stack.outputs["api_url"], local_stack.token())


@pytest.fixture(scope="session")
def restricted_tenant() -> str:
    """A tenant of the local stack file whose only model is the demo model."""
    return "restricted"


@pytest.fixture(scope="session")
def push_linear(
    local_stack: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., int]:
    """Push the next version of a model that adds a number to each element; its version."""

    def pushed(model: str, *, added: float) -> int:
        path = tmp_path_factory.mktemp(model) / "model.onnx"
        tiny_models.save(tiny_models.linear(added), path)
        return push.push(local_stack.outputs, model, path, max_batch_size=64).manifest.version

    return pushed


@pytest.fixture(scope="session")
def set_route(local_stack: LocalStack) -> Callable[..., int]:
    """Change a route and wait until every function reads it; the new revision."""

    def changed(
        model: str,
        weights: Mapping[int, int],
        *,
        shadow: int | None = None,
        standby: Sequence[int] = (),
        sticky_header: str | None = None,
    ) -> int:
        registry = Registry.of(local_stack.outputs)
        wanted = routes.edited(
            model,
            registry.route(model),
            weights,
            shadow=shadow,
            standby=standby,
            sticky_header=sticky_header,
            keep_shadow=False,
            keep_sticky_header=False,
        )
        outcome = routes.change_route(registry, wanted)
        local_stack.wait_for_routes()
        return outcome.after.revision

    return changed


@pytest.fixture(scope="session")
def linear_model(push_linear: Callable[..., int], set_route: Callable[..., int]) -> str:
    """`y = x + 1`, FP32 [-1, 4], at most 64 rows."""
    set_route("linear", {push_linear("linear", added=1.0): 10_000})
    return "linear"


@pytest.fixture(scope="session")
def wide_model(
    local_stack: LocalStack, set_route: Callable[..., int], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Sums each row of a million numbers: a request of 4 MB, an answer of 4 bytes."""
    proto = tiny_models.model(
        [helper.make_node("ReduceSum", ["x"], ["total"], keepdims=0)],
        [tiny_models.tensor("x", TensorProto.FLOAT, [1, WIDE])],
        [tiny_models.tensor("total", TensorProto.FLOAT, [])],
    )
    path: Path = tmp_path_factory.mktemp("wide") / "model.onnx"
    tiny_models.save(proto, path)
    set_route("wide", {push.push(local_stack.outputs, "wide", path).manifest.version: 10_000})
    return "wide"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A module that names `KINDS` meets a stack of each of these kinds of front door."""
    if "local_stack" in metafunc.fixturenames:
        kinds = getattr(metafunc.module, "KINDS", ("http",))
        metafunc.parametrize("local_stack", kinds, indirect=True, scope="session")
