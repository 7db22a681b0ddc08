"""Two serving groups in one stack: what happens to one does not happen to the other."""

import copy
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any

import numpy as np
import pytest

from automation.models import push
from contracts.registry import ANY_MODEL
from emulation import processes
from tests import tiny_models
from tests.emulated.calls import Answer, Api, json_input, json_output
from tests.stack import OTHER_GROUP, LocalStack

pytestmark = pytest.mark.emulated
KINDS = ("http", "rest")
DEFAULT, OTHER = "default", OTHER_GROUP["name"]
REQUEST = {"inputs": [json_input("x", np.zeros((1, 4), np.float32), "FP32")]}
CLIENTS = 3

needs_proc = pytest.mark.skipif(
    sys.platform != "linux", reason="finds the process of a function in /proc"
)


@dataclass(frozen=True, kw_only=True)
class Group:
    """A serving group as the emulator has it, and a model of it."""

    model: str
    added: float
    """What the model adds to each element."""
    function: str
    role: str
    log_group: str
    reserved: int | None

    def pids(self) -> set[int]:
        """Its execution environments."""
        mine = f"AWS_LAMBDA_FUNCTION_NAME={self.function}".encode()
        return {int(p.name) for p in Path("/proc").glob("[0-9]*") if mine in _environ(p)}


def _environ(process: Path) -> list[bytes]:
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


@pytest.fixture(scope="module")
def groups(
    local_stack: LocalStack, push_linear: Callable[..., int], set_route: Callable[..., int]
) -> dict[str, Group]:
    """Both groups, each with a model that answers."""
    client, found = local_stack.client("lambda"), {}
    for name, about in local_stack.outputs["serving_groups"].items():
        model, added = ("fraud", 5.0) if name == OTHER else ("ordinary", 1.0)
        assert about["models"] == ([model] if name == OTHER else [ANY_MODEL])
        set_route(model, {push_linear(model, added=added): 10_000})
        seen = client.get_function(FunctionName=about["function_name"])
        found[name] = Group(
            model=model,
            added=added,
            function=about["function_name"],
            role=seen["Configuration"]["Role"],
            log_group=seen["Configuration"]["LoggingConfig"]["LogGroup"],
            reserved=seen.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        )
    assert found.keys() == {DEFAULT, OTHER}
    return found


def ask(api: Api, group: Group) -> Answer:
    return api.infer(group.model, REQUEST)


def answered(api: Api, group: Group) -> bool:
    """Whether the group's model answered, and with the right numbers."""
    answer = ask(api, group)
    return answer.status == 200 and bool((json_output(answer, "y") == group.added).all())


def test_a_group_has_a_function_role_log_group_and_capacity_of_its_own(
    groups: dict[str, Group], local_stack: LocalStack
) -> None:
    default, other = groups[DEFAULT], groups[OTHER]
    assert default.function != other.function
    assert default.role != other.role
    assert default.log_group != other.log_group
    assert (default.reserved, other.reserved) == (None, OTHER_GROUP["reserved_concurrency"])
    roles = {role["Arn"] for role in local_stack.client("iam").list_roles()["Roles"]}
    assert {default.role, other.role} <= roles


@pytest.mark.parametrize("name", [DEFAULT, OTHER])
def test_a_model_is_answered_by_the_function_of_its_group_alone(
    name: str, groups: dict[str, Group], api: Api, local_stack: LocalStack
) -> None:
    [group], [elsewhere] = [groups[name]], [g for n, g in groups.items() if n != name]
    since = time.time()
    assert answered(api, group)

    def mine(line: dict[str, Any]) -> bool:
        return line.get("model") == group.model and line.get("operation") == "infer"

    lines = local_stack.wait_for_log(mine, since=since, log_group=group.log_group)
    assert {line["serving_group"] for line in lines} == {name}
    assert not list(filter(mine, local_stack.log_lines(since, elsewhere.log_group)))


@pytest.fixture(scope="module")
def moved(
    local_stack: LocalStack, set_route: Callable[..., int], tmp_path_factory: pytest.TempPathFactory
) -> str:
    """A model that was pushed while the stack file listed it in the other group, as it does not
    any more: the API leads to the default group."""
    before = copy.deepcopy(local_stack.outputs)
    before.values["serving_groups"][OTHER]["models"].append("moved")
    path = tiny_models.save(tiny_models.linear(9.0), tmp_path_factory.mktemp("moved") / "m.onnx")
    manifest = push.push(before, "moved", path).manifest
    assert manifest.serving_group == OTHER
    set_route("moved", {manifest.version: 10_000})
    return "moved"


def test_the_function_of_another_group_refuses_a_model_and_says_which_group_has_it(
    moved: str, api: Api
) -> None:
    refused = api.infer(moved, REQUEST)
    assert refused.status == 404
    document = refused.problem()
    assert document["type"] == "urn:warmline:problem:wrong-serving-group"
    assert f"belongs to serving group {OTHER!r}; the request came to" in document["detail"]
    assert "list the model in the group that has it" in document["action"]


def test_a_tenant_without_the_model_is_not_told_where_it_is(
    moved: str, api: Api, local_stack: LocalStack, restricted_tenant: str
) -> None:
    stranger = Api(api.url, local_stack.token(tenant=restricted_tenant))
    there, nowhere = [stranger.infer(name, REQUEST).problem() for name in (moved, "not-there")]
    for document in (there, nowhere):
        del document["instance"], document["trace_id"]  # of the one request
    assert there == nowhere


@contextmanager
def in_flight(api: Api, group: Group) -> Iterator[tuple[int, Future[Answer], Answer]]:
    """A request that the group's only environment holds and cannot go on with, because its process
    is stopped; the process, and the answer that a second request got meanwhile."""
    assert answered(api, group)
    [pid] = group.pids()
    with ThreadPoolExecutor(2) as pool:
        os.kill(pid, signal.SIGSTOP)
        try:
            # One of the two takes the environment; the other finds none free and is answered.
            done, [held] = wait(
                [pool.submit(ask, api, group) for _ in range(2)], 10, FIRST_COMPLETED
            )
            yield pid, held, done.pop().result()
        finally:
            if processes.started(pid):
                os.kill(pid, signal.SIGCONT)


@contextmanager
def load(api: Api, group: Group) -> Iterator[list[bool]]:
    """Ask the group from several threads without a pause; whether each answer was right."""
    over, answers = Event(), list[bool]()

    def client() -> None:
        while not over.is_set():
            answers.append(answered(api, group))

    with ThreadPoolExecutor(CLIENTS) as pool:
        clients = [pool.submit(client) for _ in range(CLIENTS)]
        try:
            yield answers
        finally:
            over.set()
    for ran in clients:
        ran.result()


@needs_proc
def test_a_group_that_is_at_its_limit_takes_nothing_from_another(
    groups: dict[str, Group], api: Api
) -> None:
    with in_flight(api, groups[OTHER]) as (pid, held, refused):
        assert refused.status == 429
        assert all(answered(api, groups[DEFAULT]) for _ in range(5))
        assert not held.done()
        os.kill(pid, signal.SIGCONT)
        np.testing.assert_allclose(json_output(held.result(10), "y"), groups[OTHER].added)


@needs_proc
def test_a_process_that_dies_in_a_request_costs_another_group_none(
    groups: dict[str, Group], api: Api, local_stack: LocalStack
) -> None:
    default, other = groups[DEFAULT], groups[OTHER]
    assert answered(api, default)
    with load(api, default) as answers, in_flight(api, other) as (pid, held, _):
        before, count = default.pids(), len(answers)
        os.kill(pid, signal.SIGKILL)
        assert held.result(10).status >= 500
        since = time.time()
        assert answered(api, other), "the group has an environment again"
        while len(answers) < count + 10:
            time.sleep(0.05)
        assert before <= default.pids()
    assert all(answers)
    assert pid not in other.pids()
    [line, *_] = local_stack.wait_for_log(
        lambda line: line.get("model") == other.model, since=since, log_group=other.log_group
    )
    assert line["cold_starts"] == 1
