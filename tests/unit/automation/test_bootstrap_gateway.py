"""The role that API Gateway writes access logs with: who waits for whom, and whose stays."""

from collections.abc import Callable
from typing import Any, cast

import pytest
from botocore.exceptions import ClientError

from automation.bootstrap import gateway
from automation.bootstrap.step import Step
from automation.bootstrap.wanted import Bootstrap
from automation.clients import Clients
from components.account import Account
from components.documents.footing import Footing
from components.tags import Tags

pytestmark = pytest.mark.unit

ARN = "arn:aws:iam::111122223333:role/warmline-api-gateway-logs"


class FakeGateway:
    """API Gateway that hears of a new role after some calls."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.role: str | None = None

    def get_account(self) -> dict[str, Any]:
        return {} if self.role is None else {"cloudwatchRoleArn": self.role}

    def update_account(self, *, patchOperations: list[dict[str, str]]) -> None:  # noqa: N803 - boto3's
        code = self.answers.pop(0) if self.answers else ""
        if code:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "UpdateAccount")
        self.role = patchOperations[0]["value"]


class FakeIam:
    """IAM in which one role may be, with these tags."""

    def __init__(self, tags: dict[str, str] | None) -> None:
        self._tags = tags

    def get_role(self, *, RoleName: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        if self._tags is None:
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no"}}, "GetRole")
        pairs = [{"Key": key, "Value": value} for key, value in self._tags.items()]
        return {"Role": {"RoleName": RoleName, "Arn": ARN, "Tags": pairs}}


def steps(fake: FakeGateway, iam: FakeIam | None = None) -> list[Step]:
    clients: Callable[[str], Any] = {"apigateway": fake, "iam": iam or FakeIam(None)}.__getitem__
    wanted = Bootstrap(
        footing=Footing(
            account=Account(id="111122223333", region="us-east-1", partition="aws"),
            project="warmline",
            stack="prod",
        ),
        repository="octo-org/octo-repo",
        branch="main",
        environment=None,
        tags=Tags(project="warmline", stack="prod", environment="e", owner="o", cost_centre="c"),
        clients=cast(Clients, clients),
        rest_api=True,
    )
    return list(gateway.gateway_log(wanted))


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(gateway.time, "sleep", seconds.append)
    return seconds


def test_a_role_that_api_gateway_does_not_know_yet_is_offered_again(slept: list[float]) -> None:
    fake = FakeGateway("BadRequestException", "BadRequestException")
    steps(fake)[-1].write()
    assert fake.role == ARN
    assert slept == [gateway.PAUSE_SECONDS] * 2


def test_after_a_minute_api_gateways_own_words_are_the_error(slept: list[float]) -> None:
    fake = FakeGateway(*["BadRequestException"] * gateway.ATTEMPTS)
    with pytest.raises(ClientError, match="BadRequestException"):
        steps(fake)[-1].write()
    assert sum(slept) == (gateway.ATTEMPTS - 1) * gateway.PAUSE_SECONDS


def test_what_waiting_does_not_mend_is_not_waited_for(slept: list[float]) -> None:
    with pytest.raises(ClientError, match="AccessDenied"):
        steps(FakeGateway("AccessDeniedException"))[-1].write()
    assert slept == []


def test_a_role_that_somebody_set_meanwhile_stays(slept: list[float]) -> None:
    fake = FakeGateway()
    found = steps(fake)
    fake.role = "theirs"
    found[-1].write()
    assert fake.role == "theirs"
    assert {step.outcome() for step in found} == {"unchanged"}


@pytest.mark.parametrize(
    ("tags", "refused"),
    [({"project": "warmline", "stack": "dev"}, False), ({"project": "other"}, True), ({}, True)],
)
def test_a_role_of_that_name_is_taken_only_where_it_is_of_the_project(
    tags: dict[str, str], *, refused: bool
) -> None:
    fake = FakeGateway()
    role = steps(fake, FakeIam(tags))[0]
    reason = role.against(role.read())
    assert ("is not this bootstrap's" in reason) is refused
    fake.role = "theirs"
    assert role.against(role.read()) == ""
