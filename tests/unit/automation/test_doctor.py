"""The doctor: each planted problem is named, and only it; what could not be asked is not passed."""

import json
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError
from rich.console import Console
from typer.testing import CliRunner

from automation import cli
from automation.doctor.account import SKEW_LIMIT_SECONDS
from automation.doctor.examine import (
    EVERYWHERE,
    IN_AN_ACCOUNT,
    ON_THE_LAPTOP,
    Diagnosis,
    examine,
)
from automation.doctor.finding import CannotAsk, Verdict
from automation.doctor.footing import ADDRESSES, VPCS
from automation.doctor.probes import Quota
from automation.doctor.show import show, summary
from tests.unit.automation.doctor_plants import PLANTS, SIGNED, Plant
from tests.unit.automation.doctor_world import (
    NO_ENGINE,
    SOURCE,
    USE,
    fails,
    gives,
    healthy,
    quotas,
    refused,
)

pytestmark = pytest.mark.unit


def planted(plant: Plant) -> Diagnosis:
    return examine(replace(healthy(plant.stack), **plant.probes))


@pytest.mark.parametrize("stack", ["local", "dev", "prod"])
def test_where_all_is_well_every_check_passes(stack: str) -> None:
    diagnosis = examine(healthy(stack))
    assert diagnosis.of(Verdict.OK) == list(diagnosis.findings)
    assert diagnosis.healthy
    assert summary(diagnosis) == "Nothing is wrong."


@pytest.mark.parametrize("plant", PLANTS.values(), ids=list(PLANTS))
def test_a_planted_problem_is_named_and_only_it(plant: Plant) -> None:
    diagnosis = planted(plant)
    assert diagnosis.of(Verdict.PROBLEM) == [plant.check]
    assert not diagnosis.healthy


@pytest.mark.parametrize("plant", PLANTS.values(), ids=list(PLANTS))
def test_a_problem_says_what_is_what_is_needed_why_and_what_to_do(plant: Plant) -> None:
    finding = planted(plant).findings[plant.check]
    assert plant.says in finding.found
    assert plant.do in finding.action
    assert finding.needed
    assert finding.why


@pytest.mark.parametrize("stack", ["local", "dev"])
def test_problems_of_every_kind_that_are_planted_at_once_are_all_named(stack: str) -> None:
    """One for each check, as far as they do not hide each other or answer one probe."""
    probes: dict[str, Any] = {}
    planned: list[str] = []
    for plant in PLANTS.values():
        alone = plant.stack == stack and len(plant.probes) == 1
        if alone and plant.check not in planned and not plant.probes.keys() & probes.keys():
            probes |= plant.probes
            planned.append(plant.check)
    diagnosis = examine(replace(healthy(stack), **probes))
    hidden = set(diagnosis.of(Verdict.NOT_ASKED))
    assert set(diagnosis.of(Verdict.PROBLEM)) == set(planned) - hidden
    assert len(set(planned) - hidden) >= {"local": 5, "dev": 10}[stack]


def test_more_than_ten_single_problems_are_planted() -> None:
    assert len({plant.check for plant in PLANTS.values()}) > 10
    assert all(plant.probes for plant in PLANTS.values())


def test_every_check_can_find_its_problem() -> None:
    checks = EVERYWHERE | ON_THE_LAPTOP | IN_AN_ACCOUNT
    assert {plant.check for plant in PLANTS.values()} == set(checks)


@pytest.mark.parametrize(
    ("probe", "check", "unknown"),
    [
        ("caller", "account", NoCredentialsError()),
        ("region_status", "region enabled", refused("AccessDenied", "not authorised")),
        ("lambda_quota", "lambda quota", refused("AccessDenied", "not authorised")),
        ("quota", "gpu quota", refused("AccessDenied", "not authorised")),
        ("network_use", "network quotas", refused("UnauthorizedOperation", "not authorised")),
        ("state_bucket", "state bucket", refused("AccessDenied", "not authorised")),
        ("key_state", "secrets key", refused("AccessDeniedException", "not authorised")),
        ("pipeline", "pipeline", NoCredentialsError()),
        ("plugins", "aws plugin", CannotAsk("there is no engine to ask")),
        ("clock_skew_seconds", "clock", CannotAsk("the answer carries no time")),
        ("emulator", "port", PermissionError("state.json")),
        ("engine", "language host", OSError("read-only file system")),
    ],
)
def test_what_cannot_be_asked_is_neither_passed_nor_a_problem(
    probe: str, check: str, unknown: Exception
) -> None:
    stack = "dev" if check in IN_AN_ACCOUNT else "local"
    diagnosis = examine(replace(healthy(stack), **{probe: fails(unknown)}))
    finding = diagnosis.findings[check]
    assert finding.verdict is Verdict.NOT_ASKED
    assert finding.why
    assert "not known:" in summary(diagnosis)
    assert check in summary(diagnosis).partition("not known:")[2]


def test_out_of_reach_aws_leaves_its_other_questions_open() -> None:
    diagnosis = planted(PLANTS["AWS is out of reach"])
    open_ones = ["clock", "credentials", "account", "region enabled", "lambda quota"]
    open_ones += ["network quotas", "gpu quota", "gateway log"]
    open_ones += ["state bucket", "secrets key", "pipeline"]
    assert diagnosis.of(Verdict.NOT_ASKED) == open_ones


def test_encrypted_settings_are_not_called_judged() -> None:
    diagnosis = examine(replace(healthy("dev"), judge=gives(False)))
    assert diagnosis.of(Verdict.NOT_ASKED) == ["stack file"]


def test_a_stack_file_that_names_no_account_agrees_with_none() -> None:
    source = {"config": {"aws:region": "eu-central-1"}}
    diagnosis = examine(replace(healthy("dev"), source=gives(source)))
    nothing_named = ["account", "state bucket", "secrets key", "pipeline"]
    assert diagnosis.of(Verdict.NOT_ASKED) == nothing_named
    assert "aws:allowedAccountIds" in diagnosis.findings["account"].why


@pytest.mark.parametrize(
    ("config", "verdict"),
    [
        ({"aws:allowedAccountIds": '["111122223333"]'}, Verdict.OK),
        ({"aws:allowedAccountIds": [111122223333]}, Verdict.OK),
        ({"aws:allowedAccountIds": "444455556666"}, Verdict.PROBLEM),
        ({"aws:forbiddenAccountIds": ["444455556666"]}, Verdict.OK),
        ({"aws:forbiddenAccountIds": ["111122223333"]}, Verdict.PROBLEM),
    ],
)
def test_accounts_are_compared_however_the_file_writes_them(
    config: dict[str, Any], verdict: Verdict
) -> None:
    diagnosis = examine(replace(healthy("dev"), source=gives({"config": config})))
    assert diagnosis.findings["account"].verdict is verdict


def test_a_stack_file_with_text_for_a_section_stops_no_other_check() -> None:
    sections = {"warmline:groups": "text", "warmline:protection": "text"}
    source = {**SOURCE, "config": SOURCE["config"] | sections}
    diagnosis = examine(replace(healthy("dev"), source=gives(source)))
    assert diagnosis.of(Verdict.NOT_ASKED) == ["lambda quota", "secrets provider"]


@pytest.mark.parametrize("skew", [-SKEW_LIMIT_SECONDS, SKEW_LIMIT_SECONDS])
def test_a_clock_at_the_limit_is_well(skew: float) -> None:
    assert examine(replace(healthy("dev"), clock_skew_seconds=gives(float(skew)))).healthy


def test_a_region_without_signer_is_well_where_no_code_is_signed() -> None:
    functions = {"warmline:functions": {"code_signing": "off"}}
    source = {**SOURCE, "config": SOURCE["config"] | functions}
    there = healthy("dev").services_there() - {"signer"}
    probes = replace(healthy("dev"), source=gives(source), services_there=gives(there))
    findings = examine(probes).findings
    assert findings["region"].verdict is Verdict.OK
    assert findings["region enabled"].verdict is Verdict.OK


def test_a_quota_that_just_holds_the_reservation_is_well() -> None:
    assert examine(replace(healthy("dev"), lambda_quota=gives(Quota(executions=150)))).healthy


def test_a_small_quota_is_said_where_nothing_is_reserved() -> None:
    config = SOURCE["config"] | {"warmline:groups": [{"reserved_concurrency": None}]}
    probes = replace(
        healthy("dev"),
        source=gives({"config": config}),
        lambda_quota=gives(Quota(executions=10)),
    )
    finding = examine(probes).findings["lambda quota"]
    assert finding.verdict is Verdict.OK
    assert "429" in finding.found


def test_a_machine_that_can_build_its_engine_is_well_and_says_so() -> None:
    facts = replace(NO_ENGINE, go=Path("/bin/go"))
    diagnosis = examine(replace(healthy("local"), engine=gives(facts)))
    assert diagnosis.healthy
    assert "/bin/go" in diagnosis.findings["engine"].found
    assert diagnosis.of(Verdict.NOT_ASKED) == ["language host"]


def test_the_local_stack_asks_nothing_of_aws_or_of_a_backend() -> None:
    asked = AssertionError("asked for the local stack")
    names = ("backend", "plugins", "clock_skew_seconds", *SIGNED)
    probes = replace(healthy("local"), **{name: fails(asked) for name in names})
    assert examine(probes).healthy


@pytest.mark.parametrize("plant", PLANTS.values(), ids=list(PLANTS))
def test_the_table_fits_80_columns_and_tells_everything(plant: Plant) -> None:
    page = StringIO()
    diagnosis = planted(plant)
    show(diagnosis, Console(file=page, width=80))
    lines = page.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    text = " ".join(page.getvalue().split())
    for check in diagnosis.findings:
        assert check in text
    for word in ("needed:", "why:", "do:"):
        assert word in text


def as_json(monkeypatch: pytest.MonkeyPatch, diagnosis: Diagnosis) -> tuple[int, Any]:
    monkeypatch.setattr("automation.doctor.examine.doctor", lambda _stack: diagnosis)
    result = CliRunner().invoke(cli.app, ["doctor", "--stack", diagnosis.stack, "--json"])
    return result.exit_code, json.loads(result.stdout)


def test_json_lists_each_check_with_its_six_fields(monkeypatch: pytest.MonkeyPatch) -> None:
    code, listed = as_json(monkeypatch, planted(PLANTS["the clock is late"]))
    assert code == 1
    assert [one["check"] for one in listed] == list(EVERYWHERE | IN_AN_ACCOUNT)
    for one in listed:
        assert set(one) == {"check", "verdict", "found", "needed", "why", "action"}
        assert all(isinstance(value, str) for value in one.values())
    assert [one["check"] for one in listed if one["verdict"] == "problem"] == ["clock"]


def test_a_check_that_was_not_asked_is_in_the_json_and_no_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    diagnosis = examine(replace(healthy("dev"), plugins=fails(CannotAsk("no engine"))))
    code, listed = as_json(monkeypatch, diagnosis)
    assert code == 0
    assert [one["why"] for one in listed if one["verdict"] == "not asked"] == ["no engine"]


@pytest.mark.parametrize(
    "network",
    [
        {"kind": "none"},
        {"kind": "create", "zones": 2, "egress": "endpoints", "interface_endpoints": []},
    ],
)
def test_quotas_count_only_what_the_network_takes(network: dict[str, Any]) -> None:
    source = {**SOURCE, "config": SOURCE["config"] | {"warmline:network": network}}
    no_addresses = replace(healthy("dev"), source=gives(source), quota=quotas(ADDRESSES, 0))
    assert examine(no_addresses).healthy


@pytest.mark.parametrize(("left", "healthy_then"), [(0, False), (1, True)])
def test_one_gateway_for_all_zones_takes_one_address(left: int, healthy_then: bool) -> None:
    network = SOURCE["config"]["warmline:network"] | {"egress": "nat"}
    source = {**SOURCE, "config": SOURCE["config"] | {"warmline:network": network}}
    room = quotas(ADDRESSES, USE.addresses + left)
    assert (
        examine(replace(healthy("dev"), source=gives(source), quota=room)).healthy is healthy_then
    )


def test_a_network_that_is_there_already_needs_no_room() -> None:
    full = replace(healthy("dev"), quota=quotas(VPCS, 2))
    assert examine(replace(full, network_use=gives(replace(USE, own_vpc=True)))).healthy


def test_a_backend_and_a_key_elsewhere_are_not_called_well() -> None:
    config = {**SOURCE["config"], "warmline:deployment": {"backend_url": None}}
    source = {"secretsprovider": "hashivault://mykey", "config": config}
    diagnosis = examine(replace(healthy("dev"), source=gives(source)))
    assert diagnosis.of(Verdict.NOT_ASKED) == ["state bucket", "secrets key", "pipeline"]
