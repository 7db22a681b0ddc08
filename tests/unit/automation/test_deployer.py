"""What a role that deploys may do, derived from the calls that are made."""

import json

import pytest

from automation import deployer
from tests.graph.linting import findings

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("call", "actions"),
    [
        ("sqs:CreateQueue", ["sqs:CreateQueue"]),
        ("s3:DeleteObjects", ["s3:DeleteObject", "s3:DeleteObjectVersion"]),
        ("apigatewayv2:UpdateStage", ["apigateway:PATCH"]),
        ("apigatewayv2:UntagResource", ["apigateway:DELETE"]),
        ("lambda:CreateFunction", ["iam:PassRole", "lambda:CreateFunction", "lambda:TagResource"]),
        ("lambda:GetAlias", ["lambda:GetAlias", "lambda:ListAliases"]),
    ],
)
def test_a_call_needs_the_actions_of_its_service(call: str, actions: list[str]) -> None:
    assert deployer.actions([call]) == actions


def test_every_action_of_the_role_is_one_of_iam() -> None:
    document = deployer.policy()
    statement = document["Statement"][0]
    own_names = set(deployer.EMULATED.values())
    statement["Action"] = [each for each in statement["Action"] if each not in own_names]
    assert findings(json.dumps(document)) == []


def test_no_call_stands_under_two_headings() -> None:
    assert not deployer.calls("up") & deployer.calls("more")


def test_the_page_tells_of_the_role_as_it_is() -> None:
    assert deployer.PAGE.read_text(encoding="utf-8") == deployer.page()
