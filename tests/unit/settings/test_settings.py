"""Stack files: what they may say, and how a mistake is reported."""

import json
from collections.abc import Iterator
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import settings
from contracts.protocol import MAX_BODY_BYTES
from settings import limits
from settings.docs import page
from settings.section import Section, rule
from tests.unit.settings.stack_files import (
    ABSENT,
    PUBLISHER,
    STACKS,
    changed,
    load,
    refusal,
    stack_file,
)

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("stack", STACKS)
def test_the_committed_stack_files_load(stack: str) -> None:
    loaded = load(stack_file(stack), stack)
    assert loaded.naming.environment == stack
    assert loaded.endpoint_url is None


@pytest.mark.parametrize("stack", STACKS)
def test_reading_value_by_value_gives_what_pydantic_gives_for_the_whole(stack: str) -> None:
    config: dict[str, Any] = stack_file(stack)
    config["warmline:endpoint_url"] = "http://127.0.0.1:4566"
    config["warmline:functions"]["code_signing"] = "off"
    config["warmline:api"]["firewall"] = None
    plain = {key.partition(":")[2]: value for key, value in config.items()}
    whole = settings.Settings.model_validate_json(json.dumps(plain))
    assert load(config, stack) == whole
    assert load(config, stack).model_dump() == whole.model_dump()


def test_settings_cannot_be_changed_after_loading() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(stack_file()).groups[0].memory_mb = 1  # type: ignore[misc] - that is the point


def test_every_problem_is_reported_at_once_with_file_and_key() -> None:
    config = changed(
        ("groups.0.memry_mb", 512),
        ("api.rate_limit_per_second", 0),
        ("functions.log_retention_days", 15),
        ("typo", {}),
    )
    del config["warmline:naming"]
    config["aws:region"] = "Frankfurt"
    text = refusal(config)
    assert text.startswith("Pulumi.dev.yaml has 6 problem(s):")
    for key in (
        *("warmline:groups.0.memry_mb: ", "warmline:api.rate_limit_per_second: "),
        *("warmline:functions.log_retention_days: ", "warmline:typo: no such setting"),
        *("warmline:naming: field required", "aws:region: "),
    ):
        assert key in text, text


def test_two_broken_rules_of_one_section_are_both_reported() -> None:
    text = refusal(changed(("groups.0.memory_cache_mb", 5_000), ("groups.0.disk_cache_mb", 9_999)))
    assert "has 2 problem(s)" in text
    assert "warmline:groups.0.memory_cache_mb is 5000; it may be at most 1513" in text
    assert "warmline:groups.0.disk_cache_mb is 9999; it may be at most tmp_mb 512" in text


FAULTS: dict[str, tuple[str, Any]] = {
    "warmline:naming.owner: ": ("naming.owner", ""),
    "warmline:functions.log_retention_days: it is 15": ("functions.log_retention_days", 15),
    "warmline:functions.python_version is 'machine'": ("functions.python_version", "machine"),
    "warmline:functions.code_signing: it is false, which YAML makes of a bare off": (
        "functions.code_signing",
        False,
    ),
    "warmline:functions.extra_publishers.0: ": (
        "functions.extra_publishers",
        [PUBLISHER.rpartition("/")[0]],
    ),
    "warmline:groups.0.memory_mb: ": ("groups.0.memory_mb", 7),
    "warmline:groups.0.route_ttl_seconds: field required": ("groups.0.route_ttl_seconds", ABSENT),
    "warmline:groups.0.disk_cache_mb is 9999": ("groups.0.disk_cache_mb", 9_999),
    "warmline:groups.0.timeout_seconds is 25": ("api.integration_timeout_seconds", 20),
    "warmline:shadow.maximum_concurrency is 2": ("groups.0.reserved_concurrency", 1),
    "warmline:shadow.dead_letter_retention_seconds is 900": (
        "shadow.dead_letter_retention_seconds",
        900,
    ),
    "warmline:shadow.batch_size: ": ("shadow.batch_size", 0),
    "warmline:api.cors.allow_origins.0: ": (
        "api.cors",
        {"allow_origins": ["https://a.example/"], "max_age_seconds": 1},
    ),
    "warmline:identity.issuer is 'https://i.example'": ("identity.issuer", "https://i.example"),
    "warmline:identity.audience is ['a']": ("identity.audience", ["a"]),
    "warmline:tenants.0.name: ": ("tenants.0.name", "Not A Name"),
    "warmline:tenants.0.claim_value is 'x'": ("tenants.0.claim_value", "x"),
    "warmline:tenants.0.typo: no such key": ("tenants.0.typo", 1),
    "warmline:signing_keys is ['k', 'k']": ("signing_keys", ["k", "k"]),
    "warmline:protection.force_destroy is true": ("protection.protect", True),
    "warmline:storage.access_log_days: ": ("storage.access_log_days", 0),
    "warmline:observability: must be an object": ("observability", "soon"),
    "warmline:typo: no such setting": ("typo", {}),
}
"""Start of the report -> the change that alone brings it about."""


@given(planted=st.sets(st.sampled_from(sorted(FAULTS)), min_size=1))
def test_any_number_of_faults_is_reported_whole_rules_included(planted: set[str]) -> None:
    text = refusal(changed(*(FAULTS[fault] for fault in planted)))
    first, *lines = text.splitlines()
    assert first == f"Pulumi.dev.yaml has {len(planted)} problem(s):"
    for fault in planted:
        assert any(line.startswith(f"  {fault}") for line in lines), f"{fault} is not in {text}"


def test_a_rule_is_judged_although_another_value_of_its_section_is_wrong() -> None:
    text = refusal(changed(("groups.0.memory_mb", 7), ("groups.0.timeout_seconds", 2_000)))
    assert "warmline:groups.0.memory_mb: " in text
    assert "warmline:groups.0.timeout_seconds is 2000; it must be below" in text


def test_a_rule_is_silent_where_a_value_that_it_needs_is_wrong() -> None:
    text = refusal(changed(("groups.0.memory_mb", 7), ("groups.0.memory_cache_mb", 9_999)))
    assert "has 1 problem(s)" in text
    assert "memory_cache_mb" not in text


def test_a_fault_within_a_rule_itself_is_not_hidden() -> None:
    class Broken(Section):
        @rule
        def _broken(self) -> Iterator[str]:
            yield self.no_such_field  # type: ignore[attr-defined] - that is the point

    with pytest.raises(AttributeError, match="no_such_field"):
        list(Broken.model_construct().findings())


@pytest.mark.parametrize("name", ["my_stack", "Dev", "a.b", "x" * 41])
def test_a_stack_whose_name_fits_no_alias_is_refused(name: str) -> None:
    with pytest.raises(pulumi.RunError, match="its name must match"):
        load(stack_file(), name)


def test_a_serving_group_is_one_group() -> None:
    assert "warmline:groups.0.name: " in refusal(changed(("groups.0.name", "*")))


def test_no_claim_or_audience_is_blank() -> None:
    tenants = [{"name": "a", "claim_value": "", "scopes": [], "models": ["*"]}]
    text = refusal(changed(*ISSUER, ("tenants", tenants), ("identity.audience", [""])))
    assert "warmline:tenants.0.claim_value: " in text
    assert "warmline:identity.audience.0: " in text


def test_a_pool_has_no_more_clients_than_an_authorizer_takes() -> None:
    tenant = {"claim_value": None, "scopes": ["models/read"], "models": ["m"]}
    tenants = [{"name": f"t{index}", **tenant} for index in range(51)]
    assert "tenants has 51 entries; at most 50" in refusal(changed(("tenants", tenants)))
    assert len(load(changed(("tenants", tenants[:50]))).tenants) == 50


def test_a_value_of_the_wrong_type_is_not_converted() -> None:
    assert "warmline:groups.0.memory_mb: " in refusal(changed(("groups.0.memory_mb", "1024")))
    assert "warmline:functions.python_version: " in refusal(
        changed(("functions.python_version", 3.13))
    )


def test_a_section_that_is_no_mapping_is_named() -> None:
    assert "warmline:groups: " in refusal(changed(("groups", "fast")))


def test_a_function_that_outlives_the_gateway_is_refused_with_both_values() -> None:
    text = refusal(changed(("groups.0.timeout_seconds", 60)))
    assert "groups.0.timeout_seconds is 60; it must be below" in text
    assert "api.integration_timeout_seconds 29" in text
    assert "asynchronous" in text


def test_a_gateway_cannot_wait_for_more_than_29_seconds() -> None:
    text = refusal(changed(("api.integration_timeout_seconds", 30)))
    assert "integration_timeout_seconds is 30; it may be at most 29" in text


def test_the_timeout_may_come_right_below_the_gateways() -> None:
    loaded = load(changed(("groups.0.timeout_seconds", 28)))
    assert loaded.groups[0].timeout_seconds == 28


@pytest.mark.parametrize("key", ["api.rate_limit_per_second", "api.burst_limit"])
@pytest.mark.parametrize("value", [0, -1, None])
def test_throttling_cannot_be_zero_or_blank(key: str, value: int | None) -> None:
    assert f"warmline:{key}: " in refusal(changed((key, value)))


def test_a_function_for_this_machine_takes_both_from_this_machine() -> None:
    assert "python_version is 'machine' and architecture is 'arm64'" in refusal(
        changed(("functions.python_version", "machine"))
    )


def test_deleting_buckets_and_protecting_data_exclude_each_other() -> None:
    assert "force_destroy is true while protect is True" in refusal(
        changed(("protection.protect", True))
    )


def test_a_dead_letter_outlives_the_queue_it_came_from() -> None:
    text = refusal(changed(("shadow.dead_letter_retention_seconds", 900)))
    assert "dead_letter_retention_seconds is 900; it must be above retention_seconds 900" in text


def test_a_copy_that_fails_reaches_the_dead_letters_before_it_expires() -> None:
    # Three deliveries, each hidden for 6 x 25 s.
    text = refusal(changed(("shadow.retention_seconds", 450)))
    assert "shadow.retention_seconds is 450; it must be above 450" in text
    assert load(changed(("shadow.retention_seconds", 451))).shadow.retention_seconds == 451


def test_copies_leave_executions_to_requests() -> None:
    text = refusal(changed(("groups.0.reserved_concurrency", 2)))
    assert (
        "shadow.maximum_concurrency is 2; it must be below groups.0.reserved_concurrency 2" in text
    )
    assert load(changed(("groups.0.reserved_concurrency", 3))).groups[0].reserved_concurrency == 3


ISSUER = (
    ("identity.kind", "issuer"),
    ("identity.issuer", "https://login.example.com/"),
    ("identity.audience", "warmline"),
    ("tenants", [{"name": "a", "claim_value": "a1", "scopes": [], "models": ["*"]}]),
)


def test_an_issuer_keeps_its_slash_and_one_audience_becomes_a_list() -> None:
    identity = load(changed(*ISSUER)).identity
    assert identity.issuer == "https://login.example.com/"
    assert identity.audience == ("warmline",)


def test_where_the_keys_are_is_said_only_to_a_front_door_that_listens() -> None:
    url = ("identity.jwks_url", "https://login.example.com/keys")
    text = refusal(changed(*ISSUER, url))
    assert "identity.jwks_url is 'https://login.example.com/keys' with api.kind 'http'" in text
    found = load(changed(*ISSUER, url, ("api.kind", "rest"))).identity.jwks_url
    assert found == "https://login.example.com/keys"


def test_the_audience_fits_into_the_environment_of_the_function_that_judges_tokens() -> None:
    full = ["a" * 246] * 10  # 2,500 characters as JSON: quotes, commas and brackets count
    assert load(changed(*ISSUER, ("identity.audience", full))).identity.audience == tuple(full)
    text = refusal(changed(*ISSUER, ("identity.audience", [*full[:-1], "a" * 248])))
    assert "audience takes 2502 characters as JSON; at most 2500" in text


def test_an_issuer_without_audience_is_refused() -> None:
    assert "audience is []" in refusal(changed(*ISSUER, ("identity.audience", [])))


def test_an_issuer_must_be_reached_through_tls() -> None:
    text = refusal(changed(*ISSUER, ("identity.issuer", "http://login.example.com")))
    assert "warmline:identity.issuer: " in text


def test_an_outside_issuer_needs_claim_values_and_grants_scopes_itself() -> None:
    tenants = [{"name": "a", "claim_value": None, "scopes": ["models/read"], "models": ["m"]}]
    text = refusal(changed(*ISSUER, ("tenants", tenants)))
    assert "tenants.0.claim_value is null" in text
    assert "tenants.0.scopes is ['models/read']; it must be []" in text


def test_a_pool_of_ours_takes_no_issuer_and_no_claim_values() -> None:
    tenants = [{"name": "a", "claim_value": "x", "scopes": [], "models": ["m"]}]
    text = refusal(changed(("tenants", tenants)))
    assert "tenants.0.claim_value is 'x'; it must be null" in text
    assert "tenants.0.scopes is []" in text
    assert "issuer is 'https://i.example.com'; it must be null" in refusal(
        changed(("identity.issuer", "https://i.example.com"))
    )
    assert "jwks_url is 'https://i.example.com/k'; it must be null" in refusal(
        changed(("identity.jwks_url", "https://i.example.com/k"))
    )
    assert "tenant_claim is 'sub'; it must be 'client_id'" in refusal(
        changed(("identity.tenant_claim", "sub"))
    )


def test_tenant_names_and_signing_keys_are_unique() -> None:
    tenant = {"name": "a", "claim_value": None, "scopes": ["models/read"], "models": ["m"]}
    assert "each name once" in refusal(changed(("tenants", [tenant, tenant])))
    assert "signing_keys is ['k', 'k']; each name once" in refusal(
        changed(("signing_keys", ["k", "k"]))
    )


def test_a_tenants_models_are_legal_names() -> None:
    tenant = {"name": "a", "claim_value": None, "scopes": ["models/read"], "models": ["Not This"]}
    assert "warmline:tenants.0.models.0: " in refusal(changed(("tenants", [tenant])))


def test_the_laptops_endpoint_is_on_the_loopback_interface() -> None:
    config = stack_file("local") | {"warmline:endpoint_url": "http://127.0.0.1:4566"}
    assert load(config, "local").endpoint_url == "http://127.0.0.1:4566"
    assert "warmline:endpoint_url: " in refusal(
        config | {"warmline:endpoint_url": "http://10.0.0.1:4566"}
    )


def test_our_body_limit_is_the_one_that_the_protocol_has() -> None:
    assert limits.LAMBDA_BODY_BYTES == MAX_BODY_BYTES


@given(timeout=st.integers(1, 60), gateway=st.integers(1, 60))
def test_a_timeout_is_accepted_exactly_when_it_ends_before_the_gateway(
    timeout: int, gateway: int
) -> None:
    config = changed(
        ("groups.0.timeout_seconds", timeout), ("api.integration_timeout_seconds", gateway)
    )
    legal = timeout < gateway <= limits.GATEWAY_INTEGRATION_SECONDS
    if legal:
        assert load(config).groups[0].timeout_seconds == timeout
    else:
        assert "problem(s)" in refusal(config)


@given(
    memory=st.integers(*limits.LAMBDA_MEMORY_MB),
    memory_cache=st.integers(16, 12_000),
    tmp=st.integers(*limits.LAMBDA_TMP_MB),
    disk_cache=st.integers(16, 12_000),
)
def test_caches_are_accepted_exactly_when_they_fit(
    memory: int, memory_cache: int, tmp: int, disk_cache: int
) -> None:
    config = changed(
        ("groups.0.memory_mb", memory),
        ("groups.0.memory_cache_mb", memory_cache),
        ("groups.0.tmp_mb", tmp),
        ("groups.0.disk_cache_mb", disk_cache),
    )
    fits = memory_cache <= memory - limits.RUNTIME_HEADROOM_MB and disk_cache <= tmp
    if fits:
        assert load(config).groups[0].memory_cache_mb == memory_cache
    else:
        assert "problem(s)" in refusal(config)


def test_every_key_has_a_meaning_on_the_page_of_settings() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(rows) > 40
    assert not [row for row in rows if row.endswith("|  |")]


def test_the_page_of_settings_shows_which_retentions_and_group_names_are_allowed() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| `")]
    allowed = {row.split(" | ")[0]: row.split(" | ")[1] for row in rows}
    assert "`1`, `3`, `5`" in allowed["| `log_retention_days`"]
    assert "| `name` | `^[a-z0-9][a-z0-9_-]{0,31}$` |" in page()


@pytest.mark.parametrize("origin", ["https://*", "https://*.a.example", "http://a.example", "*"])
def test_an_origin_that_stands_for_many_or_is_not_https_is_refused(origin: str) -> None:
    with pytest.raises(ValidationError, match="allow_origins"):
        settings.Cors(allow_origins=(origin,), max_age_seconds=1)


def test_mail_addresses_without_a_budget_are_refused() -> None:
    text = refusal(changed(("budget.monthly_usd", None), ("budget.notify", ["ops@example.com"])))
    assert "notify is ['ops@example.com'] while monthly_usd is null" in text
    assert load(changed(("budget.monthly_usd", None))).budget.monthly_usd is None


@pytest.mark.parametrize("address", ["ops", "ops@example", "a b@example.com", "@example.com"])
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    assert "warmline:budget.notify" in refusal(changed(("budget.notify", [address])))
