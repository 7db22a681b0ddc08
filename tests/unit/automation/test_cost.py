"""What a preview tells of costs, from the resources and the settings of a stack."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from automation.cost import Estimate, estimate, text, total
from tests.unit.settings.stack_files import load, stack_file

pytestmark = pytest.mark.unit

KEYS: Mapping[str, Sequence[Mapping[str, Any]]] = {"aws:kms/key:Key": [{}, {}]}


def of(stack: str, changes: Mapping[str, Any] | None = None) -> Estimate:
    config = stack_file(stack)
    for section, values in (changes or {}).items():
        if isinstance(values, dict):
            config[section] |= values
        else:
            config[section] = values
    return estimate(KEYS, load(config, stack))


def told(found: Estimate) -> str:
    return "\n".join(text(found))


def test_the_warm_capacity_that_prods_release_owns_is_in_the_sum() -> None:
    found = of("prod")
    (line,) = (line for line in found.standing if line.theme == "warm capacity")
    assert line.usd == pytest.approx(2 * 3538 / 1024 * 0.0000033334 * 730 * 3600)
    assert "`warmline release`" in line.because
    assert total(found.standing) == pytest.approx(2.00 + line.usd)
    assert f"{2.00 + line.usd:8.2f}  in all" in told(found)


def test_dev_keeps_nothing_warm() -> None:
    assert {line.theme for line in of("dev").standing} == {"encryption keys"}


def test_without_settings_what_resources_tell_is_priced_and_the_rest_is_said_to_be_missing() -> (
    None
):
    found = estimate(KEYS, None)
    assert [line.what for line in found.standing] == ["keys"]
    assert found.per_tenant == []
    assert "encrypted values, so what only settings tell is missing: warm" in told(found)
    assert "missing" not in told(of("prod"))


def test_a_stack_elsewhere_is_told_that_the_prices_are_those_of_another_region() -> None:
    found = of("dev", {"aws:region": "eu-central-1"})
    assert "List prices of us-east-1" in told(found)
    assert "This stack is in eu-central-1" in told(found)
    assert "This stack is in" not in told(of("dev"))


def test_a_resource_of_unknown_price_is_named_beside_the_sums() -> None:
    found = estimate({**KEYS, "aws:redshift/cluster:Cluster": [{}]}, None)
    assert "Not in the sums: aws:redshift/cluster:Cluster" in told(found)


def test_a_file_system_is_told_with_its_price_when_full() -> None:
    efs = {"cache_mb": 10_240, "infrequent_access_days": 30, "backup": False, "stand_in": None}
    found = of("prod", {"warmline:storage": {"efs": efs}})
    (line,) = (line for line in found.standing if line.what == "model file system")
    assert "$3.00 when its 10,240 MB are full" in line.because


def test_tokens_are_priced_where_a_pool_issues_them_and_not_for_an_outside_issuer() -> None:
    assert of("dev").per_tenant[0].usd == pytest.approx(730 * 0.00225)
    issuer = {
        "kind": "issuer",
        "issuer": "https://login.example.com/",
        "audience": ["warmline-api"],
    }
    tenant = {"name": "demo", "claim_value": "app", "scopes": [], "models": ["magika"]}
    found = of("dev", {"warmline:identity": issuer, "warmline:tenants": [tenant]})
    assert found.per_tenant == []


def test_each_theme_has_its_sum_and_each_line_its_reason() -> None:
    alarms = {
        "aws:cloudwatch/metricAlarm:MetricAlarm": [{}] * 12,
        "aws:cloudwatch/dashboard:Dashboard": [{}],
    }
    lines = told(estimate({**KEYS, **alarms}, None)).splitlines()
    assert "    4.20  observability" in lines
    assert "        1.20  alarms: 12 that watch 12 metrics at $0.10" in lines
    assert "    2.00  encryption keys, keys: 2 at $1.00" in lines
    assert "    6.20  in all; an account's free tier may pay 4.00 of it" in lines


def test_the_json_has_the_sums_of_every_part() -> None:
    found = of("prod").as_json()
    assert found["prices"] == {"region": "us-east-1", "date": "2026-11", "currency": "USD"}
    for part in ("standing", "metrics", "per_million_requests", "per_model", "per_tenant"):
        lines = found[part]["lines"]
        assert lines, part
        assert found[part]["usd"] == pytest.approx(sum(line["usd"] for line in lines))
