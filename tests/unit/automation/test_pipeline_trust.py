"""Whose jobs take the pipeline's roles: GitHub's tokens against the trust, by IAM's logic."""

import pytest

from components.account import Account
from components.documents import Document, ci, document
from components.documents.footing import GITHUB, Footing
from tests.iam_evaluation import allowed

pytestmark = pytest.mark.unit

FOOTING = Footing(
    account=Account(id="123456789012", region="eu-central-1", partition="aws"),
    project="warmline",
    stack="dev",
)
REPOSITORY = "octo-org/octo-repo"
ROLES = ("plan", "apply")
MAIN = f"repo:{REPOSITORY}:ref:refs/heads/main"
PULL = f"repo:{REPOSITORY}:pull_request"
PRODUCTION = f"repo:{REPOSITORY}:environment:production"
STRANGERS = {
    "another repository of the owner": "repo:octo-org/other:ref:refs/heads/main",
    "a repository whose name goes on": "repo:octo-org/octo-repo-2:ref:refs/heads/main",
    "the owner's name in another case": "repo:Octo-Org/octo-repo:ref:refs/heads/main",
    "a fork": "repo:stranger/octo-repo:ref:refs/heads/main",
    "a pull request of a fork's own": "repo:stranger/octo-repo:pull_request",
    "another branch": f"repo:{REPOSITORY}:ref:refs/heads/other",
    "a branch whose name goes on": f"repo:{REPOSITORY}:ref:refs/heads/main-2",
    "a branch below it": f"repo:{REPOSITORY}:ref:refs/heads/main/x",
    "a tag": f"repo:{REPOSITORY}:ref:refs/tags/v1",
    "a tag of the branch's name": f"repo:{REPOSITORY}:ref:refs/tags/main",
    "the merge of a pull request": f"repo:{REPOSITORY}:ref:refs/pull/7/merge",
    "another environment": f"repo:{REPOSITORY}:environment:staging",
    "everything of the repository": f"repo:{REPOSITORY}:*",
    "everything": "*",
    "nothing": "",
}


def takes(
    role: str,
    subject: str,
    audience: str = ci.AUDIENCE,
    *,
    environment: str | None = None,
    ref: str = "refs/heads/main",
) -> bool:
    trusts = ci.trusts(FOOTING.provider_arn, REPOSITORY, branch="main", environment=environment)
    return admits(trusts[role], subject, audience, ref)


def admits(trust: Document, subject: str, audience: str, ref: str) -> bool:
    (statement,) = trust["Statement"]
    assert statement["Principal"] == {"Federated": FOOTING.provider_arn}
    # A trust is about the role that has it, and names no resource.
    asked = document({**statement, "Resource": "*"})
    context = {f"{GITHUB}:sub": subject, f"{GITHUB}:aud": audience, f"{GITHUB}:ref": ref}
    return allowed("sts:AssumeRoleWithWebIdentity", "*", [asked], context=context)


def test_the_branch_deploys_and_pull_requests_only_look() -> None:
    assert takes("apply", MAIN)
    assert takes("plan", MAIN)
    assert takes("plan", PULL)
    assert not takes("apply", PULL)


def test_with_an_environment_its_jobs_alone_deploy() -> None:
    assert takes("apply", PRODUCTION, environment="production")
    assert not takes("apply", MAIN, environment="production")
    assert not takes("apply", PRODUCTION)
    assert not takes("plan", PRODUCTION, environment="production")


@pytest.mark.parametrize("ref", ["refs/heads/other", "refs/tags/main", "refs/pull/7/merge", ""])
def test_a_job_of_another_ref_that_names_the_environment_does_not_deploy(ref: str) -> None:
    assert not takes("apply", PRODUCTION, environment="production", ref=ref)


@pytest.mark.parametrize("environment", [None, "production"])
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("subject", STRANGERS.values(), ids=list(STRANGERS))
def test_nobody_else_takes_a_role(role: str, subject: str, environment: str | None) -> None:
    assert not takes(role, subject, environment=environment)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "audience", ["https://github.com/octo-org", "sts.amazonaws.com.example.com", "*", ""]
)
def test_a_token_for_another_audience_takes_no_role(role: str, audience: str) -> None:
    assert takes(role, MAIN)
    assert not takes(role, MAIN, audience)


def test_a_trust_with_a_pattern_would_let_the_strangers_in() -> None:
    """So that the refusals above are the trust's, and not the evaluation's."""
    wide = ci.github_trust(FOOTING.provider_arn, [MAIN])
    (statement,) = wide["Statement"]
    statement["Condition"] = {"StringLike": {f"{GITHUB}:sub": f"repo:{REPOSITORY}:*"}}
    assert admits(document(statement), STRANGERS["a tag"], ci.AUDIENCE, "refs/tags/v1")
