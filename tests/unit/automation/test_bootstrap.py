"""Bootstrap's comparisons and refusals, and whom the roles' trust lets in."""

import copy
from typing import Any

import pytest
from botocore.exceptions import ClientError

from automation.bootstrap.run import Bootstrapped, check_words, reaching, refuse, tags_of
from automation.bootstrap.show import next_steps, summary
from automation.bootstrap.step import Outcome, Step, holds, same_document
from automation.errors import Failure
from components.account import Account
from components.documents import Document, ci
from components.documents.footing import Footing
from tests.iam_evaluation import allowed, applies

pytestmark = pytest.mark.unit

ACCOUNT = Account(id="111122223333", region="eu-central-1", partition="aws")
FOOTING = Footing(account=ACCOUNT, project="warmline", stack="prod")
REPOSITORY = "octo-org/octo-repo"


def step(found: Any, *, wanted: Any = None, against: str = "") -> Step:
    def read() -> Any:
        if isinstance(found, Exception):
            raise found
        return found

    return Step(
        what="a thing",
        read=read,
        wanted=lambda: wanted,
        write=lambda: pytest.fail("written while looking"),
        against=lambda _found: against,
    )


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetThing")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"Status": "Enabled"}, {"Status": "Enabled", "MFADelete": "Disabled"}),
        (["a", "b"], ["b", "a"]),
        (["a"], "a"),
        ("a", ["a"]),
        ([{"A": 1}], [{"A": 1, "Default": True}]),
        ({}, {"Arn": "x"}),
    ],
)
def test_what_aws_adds_or_spells_otherwise_is_no_difference(wanted: Any, found: Any) -> None:
    assert holds(wanted, found)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"Status": "Enabled"}, {"Status": "Suspended"}),
        ({"Status": "Enabled"}, {}),
        (["a"], ["a", "b"]),
        (["a", "b"], ["a"]),
        ("Enabled", None),
    ],
)
def test_another_value_is_a_difference(wanted: Any, found: Any) -> None:
    assert not holds(wanted, found)


def test_a_document_with_one_statement_or_condition_more_is_another_one() -> None:
    ours = ci.github_trust(FOOTING.provider_arn, ["repo:a/b:pull_request"])
    assert same_document(ours, copy.deepcopy(ours))
    wider, narrower = copy.deepcopy(ours), copy.deepcopy(ours)
    wider["Statement"].append({"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"})
    narrower["Statement"][0]["Condition"]["Bool"] = {"aws:MultiFactorAuthPresent": "true"}
    assert not same_document(ours, wider)
    assert not same_document(ours, narrower)


def test_what_is_not_there_is_made_and_what_may_not_be_seen_is_an_error() -> None:
    assert step(answered("NoSuchEntity")).outcome() is Outcome.MADE
    assert step({"a": 1}, wanted={"a": 1}).outcome() is Outcome.UNCHANGED
    assert step({"a": 2}, wanted={"a": 1}).outcome() is Outcome.CHANGED
    with pytest.raises(ClientError):
        step(answered("AccessDenied")).outcome()


def test_everything_that_may_not_be_touched_is_said_at_once() -> None:
    steps = [
        step("x", against="the key is disabled"),
        step(answered("NoSuchBucket"), against="never asked, for it is not there"),
        step("x", against="the bucket is somebody else's"),
    ]
    with pytest.raises(Failure) as failed:
        refuse("prod", steps)
    assert "the key is disabled\nthe bucket is somebody else's" in failed.value.cause
    assert "nothing was changed" in failed.value.cause
    assert "--dry-run" in failed.value.way_out


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ({"repository": "octo-org/*"}, "--repository"),
        ({"repository": "octo-repo"}, "--repository"),
        ({"repository": "octo-org@1/octo-repo"}, "--repository"),
        ({"repository": "octo-org@1/octo-repo@*"}, "--repository"),
        ({"repository": "octo-org/octo-repo:ref"}, "--repository"),
        ({"branch": "release/*"}, "--branch"),
        ({"branch": "main\n"}, "--branch"),
        ({"environment": "prod*"}, "--environment"),
        ({"environment": "a:b"}, "--environment"),
        ({"stack": "local"}, "--stack"),
    ],
)
def test_a_word_that_would_let_others_in_is_refused(words: dict[str, str], named: str) -> None:
    good: dict[str, Any] = {
        "stack": "prod",
        "repository": REPOSITORY,
        "branch": "main",
        "environment": None,
    }
    check_words(**good)
    with pytest.raises(Failure) as failed:
        check_words(**good | words)
    assert failed.value.cause.startswith(named)


def test_all_wrong_words_are_said_at_once() -> None:
    with pytest.raises(Failure) as failed:
        check_words("local", repository="*", branch="*", environment="*")
    assert len(failed.value.cause.splitlines()) == 4


def test_a_stack_file_without_an_owner_is_told_so() -> None:
    with pytest.raises(Failure, match="owner"):
        tags_of("prod", {"warmline:naming": {"environment": "prod", "cost_centre": "1"}})


def test_the_pipeline_reaches_the_zone_and_the_repositories_that_the_stack_file_names() -> None:
    image = f"111122223333.dkr.ecr.eu-central-1.amazonaws.com/team/predict@sha256:{64 * 'a'}"
    config = {
        "warmline:api": {"custom_domain": {"name": "models.example.com", "zone_id": "Z1"}},
        "warmline:groups": [{"launch": {"image": image}}, {"launch": {"image": None}}],
    }
    footing = reaching(FOOTING, config)
    assert footing.zone_id == "Z1"
    arn = "arn:aws:ecr:eu-central-1:111122223333:repository/team/predict"
    assert footing.repositories == (arn,)
    context = {"aws:RequestedRegion": "eu-central-1"}
    for action, granted in (("ecr:BatchGetImage", True), ("ecr:PutImage", False)):
        assert allowed(action, arn, [ci.preview(footing)], context=context) is granted
    assert not allowed("ecr:BatchGetImage", arn, [ci.preview(FOOTING)], context=context)
    assert reaching(FOOTING, {"warmline:api": {"custom_domain": None}}) == FOOTING


def admits(trust: Document, claims: dict[str, str], issuer: str = ci.GITHUB) -> bool:
    """Whether a role's trust lets a verified token of an issuer take the role."""
    context = {f"{issuer}:{name}": value for name, value in claims.items()}
    provider = FOOTING.iam(f"oidc-provider/{issuer}")
    return any(
        statement["Principal"] == {"Federated": provider}
        and applies(statement, "sts:AssumeRoleWithWebIdentity", "*", context)
        for statement in trust["Statement"]
    )


def trust_of(role: str, *, branch: str = "main", environment: str | None = None) -> Document:
    arn = FOOTING.provider_arn
    return ci.trusts(arn, REPOSITORY, branch=branch, environment=environment)[role]


def token(
    subject: str, audience: str = "sts.amazonaws.com", branch: str = "main"
) -> dict[str, str]:
    return {"aud": audience, "sub": subject, "ref": f"refs/heads/{branch}"}


PUSH = f"repo:{REPOSITORY}:ref:refs/heads/main"
PULL = f"repo:{REPOSITORY}:pull_request"
DEPLOYMENT = f"repo:{REPOSITORY}:environment:prod"


def test_the_branch_that_deploys_takes_the_apply_role() -> None:
    assert admits(trust_of("apply"), token(PUSH))
    assert admits(trust_of("apply", environment="prod"), token(DEPLOYMENT))


@pytest.mark.parametrize(
    "subject",
    [
        PULL,
        f"repo:{REPOSITORY}:ref:refs/heads/other",
        f"repo:{REPOSITORY}:ref:refs/heads/main2",
        f"repo:{REPOSITORY}:ref:refs/tags/main",
        f"repo:{REPOSITORY}-fork:ref:refs/heads/main",
        "repo:stranger/octo-repo:ref:refs/heads/main",
        "repo:octo-org/other:ref:refs/heads/main",
        PUSH.upper(),
        f"{PUSH} ",
        "",
    ],
)
def test_nobody_else_takes_the_apply_role(subject: str) -> None:
    assert not admits(trust_of("apply"), token(subject))
    assert not admits(trust_of("apply", environment="prod"), token(subject))


def test_a_branch_is_not_enough_where_an_environment_deploys() -> None:
    assert not admits(trust_of("apply", environment="prod"), token(PUSH))
    other = f"repo:{REPOSITORY}:environment:dev"
    assert not admits(trust_of("apply", environment="prod"), token(other))


@pytest.mark.parametrize("ref", ["refs/heads/evil", "refs/heads/main2", "refs/pull/1/merge", None])
def test_another_branch_whose_workflow_names_the_environment_does_not_take_the_apply_role(
    ref: str | None,
) -> None:
    """GitHub makes an environment that a workflow names, without rules, and not every plan has
    rules: the claim of the branch is what holds."""
    trust, claims = trust_of("apply", environment="prod"), token(DEPLOYMENT)
    assert admits(trust, claims)
    del claims["ref"]
    assert not admits(trust, claims if ref is None else claims | {"ref": ref})


def test_the_subjects_of_newer_repositories_can_be_named() -> None:
    """Since 2026-07-15 they carry the ids of owner and repository, which nobody can take over."""
    named = "octo-org@123456/octo-repo@456789"
    check_words("prod", repository=named, branch="main", environment="prod")
    trusts = ci.trusts(FOOTING.provider_arn, named, branch="main", environment=None)
    assert admits(trusts["apply"], token(f"repo:{named}:ref:refs/heads/main"))
    assert not admits(trusts["apply"], token(PUSH))


@pytest.mark.parametrize("role", ["plan", "apply"])
def test_a_token_for_another_audience_takes_no_role(role: str) -> None:
    subject = PULL if role == "plan" else PUSH
    assert admits(trust_of(role), token(subject))
    assert not admits(trust_of(role), token(subject, "https://github.com/octo-org"))
    assert not admits(trust_of(role), {"sub": subject, "ref": "refs/heads/main"})
    assert not admits(trust_of(role), {"aud": "sts.amazonaws.com"})


def test_another_issuer_that_says_the_same_takes_no_role() -> None:
    assert not admits(trust_of("apply"), token(PUSH), issuer="token.example.com")


def test_pull_requests_take_the_plan_role_and_those_of_others_do_not() -> None:
    assert admits(trust_of("plan"), token(PULL))
    assert admits(trust_of("plan"), token(PUSH))
    assert not admits(trust_of("plan"), token("repo:stranger/octo-repo:pull_request"))
    assert not admits(trust_of("plan"), token(DEPLOYMENT))


def result(outcome: str, *, dry_run: bool = False) -> Bootstrapped:
    return Bootstrapped(
        stack="prod",
        account=ACCOUNT.id,
        region=ACCOUNT.region,
        dry_run=dry_run,
        steps=[{"what": "a thing", "outcome": outcome}],
        backend_url=FOOTING.backend_url,
        secrets_provider=FOOTING.secrets_provider,
        role_boundary=FOOTING.boundary_arn,
        roles={"plan": "arn:plan", "apply": "arn:apply"},
    )


def test_what_is_to_be_written_is_said_whole() -> None:
    text = next_steps(result("made"))
    assert "secretsprovider: awskms://alias/warmline-prod-secrets?region=eu-central-1" in text
    bucket = "warmline-prod-state-111122223333-eu-central-1"
    assert f"backend_url: s3://{bucket}?region=eu-central-1" in text
    assert "WARMLINE_PROD_APPLY_ROLE  arn:apply" in text


def test_a_run_that_changes_nothing_says_so_and_a_dry_one_says_would() -> None:
    assert summary(result("unchanged")) == "Everything was there: 1 steps, no changes."
    assert summary(result("made")) == "1 of 1 steps made or changed."
    assert "would be made" in summary(result("made", dry_run=True))
