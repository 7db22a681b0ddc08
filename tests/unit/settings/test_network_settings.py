"""The section on the private network: what goes together, and why the rest does not."""

from ipaddress import IPv4Network
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.derived import subnet_cidr
from components.documents.network import ACTIONS
from settings import limits
from settings.network import CALLS, GATEWAY_ENDPOINTS, InterfaceEndpoint, JoiningFunction
from tests.unit.settings.stack_files import changed, load, refusal, stack_file

pytestmark = pytest.mark.unit

CREATE: dict[str, Any] = stack_file("prod")["warmline:network"]
EXISTING: dict[str, Any] = stack_file("dev")["warmline:network"] | {
    "kind": "existing",
    "vpc_id": "vpc-0123456789abcdef0",
    "subnet_ids": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "functions": ["predict"],
}


@pytest.mark.parametrize("network", [CREATE, EXISTING], ids=["create", "existing"])
def test_a_network_that_is_made_and_one_that_exists_are_both_accepted(
    network: dict[str, Any],
) -> None:
    assert load(changed(("network", network))).network.kind == network["kind"]


@pytest.mark.parametrize(
    ("base", "change", "says"),
    [
        (CREATE, {"cidr": None}, "network.cidr is null; kind 'create' needs it"),
        (CREATE, {"zones": None}, "network.zones is null; kind 'create' needs it"),
        (CREATE, {"flow_log_retention_days": None}, "flow_log_retention_days is null"),
        (CREATE, {"vpc_id": "vpc-01234567"}, "vpc_id is 'vpc-01234567'; it must be null with kind"),
        (CREATE, {"subnet_ids": ["subnet-01234567"]}, "it must be [] with kind 'create'"),
        (CREATE, {"security_group_id": "sg-01234567"}, "it must be null with kind 'create'"),
        (CREATE, {"zones": 5}, "network.zones: input should be less than or equal to 4"),
        (CREATE, {"cidr": "10.0.0.0/26"}, "its prefix must be /16 to /25, because"),
        (CREATE, {"cidr": "10.0.0.1/20"}, "is no IPv4 range: 10.0.0.1/20 has host bits set"),
        (CREATE, {"cidr": "8.8.0.0/16"}, "it must lie in 10.0.0.0/8, "),
        (CREATE, {"interface_endpoints": []}, "egress 'endpoints' needs at least one"),
        (CREATE, {"egress": "nat"}, "it must be [] with egress 'nat'"),
        (CREATE, {"interface_endpoints": ["kms"]}, "function 'predict' calls 'sqs' and would wait"),
        (
            CREATE,
            {"egress": "none", "interface_endpoints": []},
            "with egress 'none'; function 'predict' calls 'sqs'",
        ),
        (CREATE, {"interface_endpoints": ["sqs", "sqs"]}, "each service once"),
        (CREATE, {"functions": ["predict", "predict"]}, "each function once"),
        (EXISTING, {"vpc_id": None}, "kind 'existing' needs the VPC's id"),
        (EXISTING, {"subnet_ids": []}, "needs at least one private subnet"),
        (EXISTING, {"subnet_ids": ["subnet-01234567"] * 2}, "each subnet once"),
        (EXISTING, {"cidr": "10.0.0.0/16"}, "it must be null with kind 'existing', which makes no"),
        (EXISTING, {"egress": "nat"}, "egress is 'nat'; it must be 'none' with kind 'existing'"),
        (EXISTING, {"kind": "none"}, "functions is ['predict']; it must be [] with kind 'none'"),
    ],
)
def test_what_does_not_go_together_is_refused_with_its_reason(
    base: dict[str, Any], change: dict[str, Any], says: str
) -> None:
    assert says in refusal(changed(("network", base | change)))


def test_the_laptop_has_no_network() -> None:
    config = stack_file("local")
    config["warmline:network"] = CREATE
    assert "network.kind is 'create' while functions.architecture is 'machine'" in refusal(config)


def test_every_function_that_may_join_says_what_it_calls() -> None:
    assert set(CALLS) == set(get_args(JoiningFunction))
    assert set().union(*CALLS.values()) <= {*GATEWAY_ENDPOINTS, *get_args(InterfaceEndpoint)}


def test_every_endpoint_has_its_policy() -> None:
    assert set(ACTIONS) == {*GATEWAY_ENDPOINTS, *get_args(InterfaceEndpoint)}


@given(
    prefix=st.integers(*limits.VPC_PREFIX),
    zones=st.integers(*limits.ZONES),
)
def test_subnets_of_every_size_of_vpc_are_apart_and_large_enough(prefix: int, zones: int) -> None:
    vpc = f"10.0.0.0/{prefix}"
    subnets = [
        IPv4Network(subnet_cidr(vpc, zone, public=public))
        for zone in range(zones)
        for public in (True, False)
    ]
    assert all(subnet.subnet_of(IPv4Network(vpc)) for subnet in subnets)
    assert all(subnet.prefixlen <= limits.SUBNET_PREFIX for subnet in subnets)
    assert not any(one.overlaps(two) for one in subnets for two in subnets if one is not two)


def test_another_zone_or_a_public_subnet_moves_no_other() -> None:
    assert [subnet_cidr("10.80.0.0/20", zone, public=False) for zone in range(4)] == [
        *("10.80.0.0/23", "10.80.2.0/23", "10.80.4.0/23", "10.80.6.0/23"),
    ]
    assert subnet_cidr("10.80.0.0/20", 0, public=True) == "10.80.8.0/23"


EFS: dict[str, Any] = {
    "cache_mb": 1024,
    "infrequent_access_days": 30,
    "backup": False,
    "stand_in": None,
}


def test_a_folder_of_this_machine_stands_in_for_efs_on_the_laptop_alone() -> None:
    folder = EFS | {"stand_in": "/var/cache/models"}
    local = stack_file("local")
    local["warmline:storage"]["efs"] = folder
    assert load(local, "local").storage.efs
    text = refusal(changed(("network", CREATE), ("storage.efs", folder)))
    assert "stand_in is '/var/cache/models' while functions.architecture is 'arm64'" in text


def test_days_that_efs_does_not_know_are_refused() -> None:
    text = refusal(
        changed(("network", CREATE), ("storage.efs", EFS | {"infrequent_access_days": 31}))
    )
    assert "storage.efs.infrequent_access_days" in text
