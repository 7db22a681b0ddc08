"""Who moves the alias `live`: `up`, or `warmline release`."""

import pytest

from tests.graph.programs import graph_of, run, stack_file
from tests.harness import Graph

pytestmark = pytest.mark.graph

ALIAS = "aws:lambda/alias:Alias"
CAPACITY = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"


def test_prod_leaves_alias_and_warm_capacity_of_the_serving_group_to_the_release(
    prod: Graph,
) -> None:
    alias = prod.one(ALIAS, "serving-predict")
    assert set(alias.ignored_changes) == {"functionVersion", "routingConfig"}
    prod.none(CAPACITY)


def test_the_first_up_of_a_released_stack_makes_the_alias_on_the_first_version(prod: Graph) -> None:
    function = prod.one("aws:lambda/function:Function", "serving-predict")
    assert function.inputs["publish"] is True
    alias = prod.one(ALIAS, "serving-predict")
    assert alias.inputs["functionVersion"] == function.outputs["version"]


@pytest.mark.parametrize("stack", ["local", "dev"])
def test_local_and_dev_move_every_alias_with_up(stack: str) -> None:
    aliases = graph_of(stack).all(ALIAS)
    assert aliases
    assert not [alias.urn for alias in aliases if alias.ignored_changes]


def test_functions_without_models_move_with_up_in_every_stack(prod: Graph) -> None:
    assert prod.one(ALIAS, "health").ignored_changes == ()


def test_the_owner_is_what_the_stack_file_says_and_not_which_stack_it_is() -> None:
    config = stack_file("dev")
    config["warmline:release"]["owner"] = "release"
    assert run("dev", config).one(ALIAS, "serving-predict").ignored_changes


def test_the_command_finds_functions_and_rules_in_the_outputs(graph: Graph) -> None:
    function = graph.one("aws:lambda/function:Function", "serving-predict").outputs["name"]
    assert graph.outputs["serving_groups"]["default"]["function_name"] == function
    assert set(graph.outputs["release"]) == {
        *("owner", "ready_timeout_minutes", "bake_minutes", "alarms"),
        "tenant_claim",
    }


def test_releases_keep_warm_what_they_own_and_deployments_what_they_own() -> None:
    config = stack_file("dev")
    config["warmline:groups"][0]["launch"]["provisioned_concurrency"] = 3
    (kept,) = run("dev", config).all(CAPACITY)
    assert kept.inputs["provisionedConcurrentExecutions"] == 3
    config["warmline:release"]["owner"] = "release"
    released = run("dev", config)
    released.none(CAPACITY)
    assert released.outputs["serving_groups"]["default"]["provisioned_concurrency"] == 3
